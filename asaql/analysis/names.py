"""Names of functions that are no scalar functions, and walks over expressions."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from asaql.syntax import ast

AGGREGATES: dict[str, tuple[int, int]] = {
    "avg": (1, 1),
    "collect": (0, 1),
    "collecttop": (1, 2),
    "count": (0, 1),
    "max": (1, 1),
    "min": (1, 1),
    "percentile_cont": (1, 1),
    "percentile_disc": (1, 1),
    "stdev": (1, 1),
    "stdevp": (1, 1),
    "sum": (1, 1),
    "topone": (0, 1),
    "var": (1, 1),
    "varp": (1, 1),
}
"""Aggregate to its least and greatest number of arguments."""

ORDERED_AGGREGATES = frozenset({"collecttop", "percentile_cont", "percentile_disc", "topone"})
"""Aggregates that take OVER (ORDER BY ..) beside GROUP BY."""

ANALYTICS: dict[str, tuple[int, int]] = {
    "anomalydetection_changepoint": (3, 3),
    "anomalydetection_spikeanddip": (4, 4),
    "isfirst": (2, 2),
    "lag": (1, 3),
    "last": (1, 2),
}
"""Analytic function to its least and greatest number of arguments."""

TABLE_FUNCTIONS = {
    "getarrayelements": "GetArrayElements",
    "getelements": "GetArrayElements",
    "getrecordproperties": "GetRecordProperties",
}
"""Functions of APPLY; GetElements is the old name of GetArrayElements."""


def calls_in(node: Any) -> Iterator[ast.Call]:
    """Yield every call in an expression, the outermost first."""
    if isinstance(node, ast.Call):
        yield node
    if isinstance(node, tuple):
        for each in node:
            yield from calls_in(each)
    elif isinstance(node, Struct):
        for name in node.__struct_fields__:
            if name != "span":
                yield from calls_in(getattr(node, name))


def is_aggregate(call: ast.Call) -> bool:
    """Return whether a call is an aggregate over a group: by name, and without the OVER that makes it analytic."""
    prefix = [part.folded for part in call.prefix]
    if prefix == ["uda"]:
        return True
    if prefix or call.name.folded not in AGGREGATES:
        return False
    return not is_analytic(call)


def is_analytic(call: ast.Call) -> bool:
    """Return whether a call gives one value per event from the events before it."""
    if call.prefix:
        return False
    name = call.name.folded
    if name in ANALYTICS:
        return True
    if call.over is None or name not in AGGREGATES:
        return False
    return call.over.limit is not None or name not in ORDERED_AGGREGATES


def has_aggregate(expression: Any) -> bool:
    """Return whether an aggregate over a group stands anywhere in an expression."""
    return any(is_aggregate(call) for call in calls_in(expression))


def default_name(expression: ast.Expression) -> str | None:
    """Return the name of a column without AS, or None where the dialect gives it none.

    A path is named after its last part, as written; a call of a built-in function after the function, in lower case.
    """
    match expression:
        case ast.Path(parts):
            return parts[-1].name
        case ast.FieldAccess(_, name):
            return name.name
        case ast.Call(name, _, prefix):
            return name.name if prefix and prefix[0].folded in ("udf", "uda") else name.name.lower()
        case ast.Cast(_, _, is_safe):
            return "try_cast" if is_safe else "cast"
        case _:
            return None
