"""Comparisons: two-valued, and never an error.

With NULL every comparison is false, the negative ones too. bigint, float and bit compare as numbers; a datetime
compares with ISO 8601 text as a datetime. Other values of unlike types are different and neither is less.
"""

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import polars as pl

from asaql.functions.registry import Example, Function, Kernel, Parameter, Scalar, register
from asaql.functions.scalar.datetimes import parse_ticks_series
from asaql.functions.scalar.kernels import EXACT, bounds, column_of, falses_for, has_null, is_finite, mixed_floats
from asaql.functions.scalar.patterns import Pattern, compile_pattern
from asaql.functions.scalar.texts import upper, upper_series
from asaql.functions.scalar.types import text_of
from asaql.model import Column, Instant, Kind, Value, parse_ticks

IGNORE_CASE = " (ignore case)"
"""Ends the name of a comparison that takes upper and lower case of text for the same."""

_NUMBERS = (int, float, bool)
_Compare = Callable[[Any, Any], Any]


def equals(left: Value, right: Value) -> bool:
    """Return whether two values are the same; never if one is NULL."""
    pair = _alike(left, right)
    return pair is not None and pair[0] == pair[1]


def _alike(left: Value, right: Value) -> tuple[Any, Any] | None:
    """Return two values in one type, or None if they have none in common."""
    kind, other = type(left), type(right)
    if kind in _NUMBERS and other in _NUMBERS:
        return (float(left), float(right)) if kind is not other and float in (kind, other) else (left, right)  # type: ignore[arg-type]
    if kind is other:
        return None if left is None else (left, right)
    if kind is Instant and other is str:
        ticks = parse_ticks(right)  # type: ignore[arg-type]
        return None if ticks is None else (left, Instant(ticks))
    if kind is str and other is Instant:
        ticks = parse_ticks(left)  # type: ignore[arg-type]
        return None if ticks is None else (Instant(ticks), right)
    return None


def _ordered(left: Value, right: Value) -> tuple[Any, Any] | None:
    """Return two values in one type that has an order, or None."""
    pair = _alike(left, right)
    return None if pair is None or isinstance(pair[0], (dict, list)) else pair


def _comparison(symbol: str) -> Scalar:
    if symbol == "=":
        return equals
    if symbol == "<>":
        return lambda left, right: left is not None and right is not None and not equals(left, right)
    compare = _COMPARES[symbol]

    def ordered(left: Value, right: Value) -> bool:
        pair = _ordered(left, right)
        return pair is not None and bool(compare(*pair))

    return ordered


_COMPARES: dict[str, _Compare] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _between(value: Value, low: Value, high: Value) -> bool:
    above, below = _ordered(value, low), _ordered(value, high)
    return above is not None and below is not None and bool(above[0] >= above[1] and below[0] <= below[1])


def _not_between(value: Value, low: Value, high: Value) -> bool:
    return value is not None and low is not None and high is not None and not _between(value, low, high)


def _is_in(value: Value, *items: Value) -> bool:
    return any(equals(value, item) for item in items)


def _is_not_in(value: Value, *items: Value) -> bool:
    return value is not None and None not in items and not any(equals(value, item) for item in items)


def _like(value: Value, pattern: Value) -> bool:
    text, wanted = text_of(value), text_of(pattern)
    return text is not None and wanted is not None and compile_pattern(wanted).matches(text)


def _not_like(value: Value, pattern: Value) -> bool:
    return value is not None and pattern is not None and not _like(value, pattern)


def _mask(symbol: str, left: Column, right: Column) -> pl.Series | None:
    """Return the rows where a comparison holds, null or false elsewhere; None to leave them to the scalar body."""
    pair = _pair(left, right)
    if pair is not None:
        return _COMPARES[symbol](*pair)  # type: ignore[no-any-return]
    if left.kind in _UNLIKE and right.kind in _UNLIKE and not _may_be_alike(left.kind, right.kind):
        if symbol == "<>":
            return _present(left, right)
        return pl.Series([False]).new_from_index(0, max(len(left), len(right)))
    return None


_UNLIKE = (Kind.BIGINT, Kind.FLOAT, Kind.NVARCHAR, Kind.DATETIME, Kind.BIT)


def _may_be_alike(left: Kind, right: Kind) -> bool:
    return (
        left is right or {left, right} == {Kind.DATETIME, Kind.NVARCHAR} or (_is_numeric(left) and _is_numeric(right))
    )


def _is_numeric(kind: Kind) -> bool:
    return kind.is_number or kind is Kind.BIT


def _present(*columns: Column) -> pl.Series:
    """Return the rows where no column is NULL."""
    return ~reduce(operator.or_, [each.is_null() for each in columns])


def _pair(left: Column, right: Column) -> tuple[pl.Series, pl.Series] | None:
    """Return two columns as series of one comparable type."""
    kinds = left.kind, right.kind
    if kinds in ((Kind.NVARCHAR, Kind.NVARCHAR), (Kind.DATETIME, Kind.DATETIME), (Kind.BIGINT, Kind.BIGINT)):
        return left.series, right.series
    if kinds == (Kind.DATETIME, Kind.NVARCHAR):
        ticks = parse_ticks_series(right.series)
        return None if ticks.null_count() else (left.series, ticks)
    if kinds == (Kind.NVARCHAR, Kind.DATETIME):
        ticks = parse_ticks_series(left.series)
        return None if ticks.null_count() else (ticks, right.series)
    x, y = _numeric(left), _numeric(right)
    if x is None or y is None:
        return None
    if Kind.ANY in kinds and not all(each.dtype == pl.Float64 or _is_exact(each) for each in (x, y)):
        return None
    if x.dtype != y.dtype:
        x, y = x.cast(pl.Float64), y.cast(pl.Float64)
    if x.dtype == pl.Float64 and not (is_finite(x) and is_finite(y)):
        return None
    return x, y


def _numeric(column: Column) -> pl.Series | None:
    if column.kind.is_number:
        return column.series
    if column.kind is Kind.BIT:
        return column.series.cast(pl.Int64)
    return mixed_floats(column) if column.kind is Kind.ANY else None


def _is_exact(series: pl.Series) -> bool:
    least, greatest = bounds(series)
    return least >= -EXACT and greatest <= EXACT


def _filled(mask: pl.Series | None, arguments: Sequence[Column]) -> Column | None:
    if mask is None:
        return None
    return column_of(Kind.BIT, mask.fill_null(value=False) if mask.null_count() else mask, arguments)


def _comparison_kernel(symbol: str) -> Kernel:
    def kernel(arguments: Sequence[Column], height: int) -> Column | None:
        if has_null(arguments):
            return falses_for(arguments, height)
        return _filled(_mask(symbol, *arguments), arguments)

    return kernel


def _between_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    if has_null(arguments):
        return falses_for(arguments, height)
    value, low, high = arguments
    above, below = _mask(">=", value, low), _mask("<=", value, high)
    return None if above is None or below is None else _filled(above & below, arguments)


def _not_between_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    within = _between_kernel(arguments, height)
    if within is None or has_null(arguments):
        return within
    return column_of(Kind.BIT, ~within.series & _present(*arguments), arguments)


def _in_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    value = arguments[0]
    items = [each for each in arguments[1:] if each.kind is not Kind.NULL]
    if value.kind is Kind.NULL or not items:
        return falses_for(arguments, height)
    kind = value.kind
    if len(items) > 3 and kind in (Kind.NVARCHAR, Kind.BIGINT) and all(x.is_constant and x.kind is kind for x in items):
        wanted = pl.concat([each.series for each in items])
        return _filled(value.series.is_in(wanted.to_list()), (value,))
    masks = [_filled(_mask("=", value, each), (value, each)) for each in items]
    if any(each is None for each in masks):
        return None
    found = reduce(operator.or_, [each.series for each in masks if each is not None])
    return column_of(Kind.BIT, found, (value, *items))


def _not_in_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    if has_null(arguments):
        return falses_for(arguments, height)
    found = _in_kernel(arguments, height)
    if found is None or any(each.kind.is_object for each in arguments):
        return None
    return column_of(Kind.BIT, ~found.series & _present(*arguments), arguments)


def _like_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    if has_null(arguments):
        return falses_for(arguments, height)
    value, pattern = arguments
    if value.kind is not Kind.NVARCHAR or pattern.kind is not Kind.NVARCHAR or not pattern.is_constant:
        return None
    return _filled(_like_mask(value.series, compile_pattern(pattern.series[0])), arguments)


def _like_mask(texts: pl.Series, pattern: Pattern) -> pl.Series:
    literal = pattern.literal
    if literal is None:
        return texts.is_null() & False if pattern.rust is None else texts.str.contains(pattern.rust)
    if pattern.is_open_left and pattern.is_open_right:
        return texts.str.contains(literal, literal=True)
    if pattern.is_open_left:
        return texts.str.ends_with(literal)
    return texts.str.starts_with(literal) if pattern.is_open_right else texts == pl.Series([literal])


def _not_like_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    found = _like_kernel(arguments, height)
    if found is None or has_null(arguments):
        return found
    return column_of(Kind.BIT, ~found.series & _present(*arguments), arguments)


def _folded(value: Value) -> Value:
    return upper(value) if type(value) is str else value


def _ignoring_case(scalar: Scalar) -> Scalar:
    return lambda *values: scalar(*map(_folded, values))


def _kernel_ignoring_case(kernel: Kernel) -> Kernel:
    def folded(column: Column) -> Column:
        if column.kind is Kind.NVARCHAR:
            return Column(column.kind, upper_series(column.series), is_constant=column.is_constant)
        return column

    return lambda arguments, height: kernel([folded(each) for each in arguments], height)


def _register(
    name: str, names: tuple[str, ...], scalar: Scalar, kernel: Kernel, summary: str, *examples: Example
) -> None:
    types = dict.fromkeys(("text", "pattern"), "nvarchar(max)")
    parameters = tuple(Parameter(each, types.get(each, "any"), is_repeated=each == "item") for each in names)
    notes = ("False when an operand is NULL.",)
    register(
        Function(name, parameters, "bit", scalar, summary, examples, False, kernel, "Comparisons", notes),
        Function(
            name + IGNORE_CASE,
            parameters,
            "bit",
            _ignoring_case(scalar),
            summary,
            is_strict=False,
            kernel=_kernel_ignoring_case(kernel),
            category="",
        ),
    )


_SUMMARIES: dict[str, tuple[str, tuple[Example, ...]]] = {
    "=": ("The operands are equal.", (Example("1 = 1.0", True), Example("'a' = 'A'", False))),
    "<>": (
        "The operands differ; `!=` is the same.",
        (
            Example("1 <> 2", True),
            Example("1 <> NULL", False),
        ),
    ),
    "<": ("The left operand is less.", (Example("1 < 1.5", True),)),
    "<=": ("The left operand is less or equal; `!>` is the same.", (Example("2 <= 2", True),)),
    ">": ("The left operand is greater.", (Example("'b' > 'a'", True),)),
    ">=": ("The left operand is greater or equal; `!<` is the same.", (Example("2 >= NULL", False),)),
}

for _symbol, (_summary, _examples) in _SUMMARIES.items():
    _register(_symbol, ("left", "right"), _comparison(_symbol), _comparison_kernel(_symbol), _summary, *_examples)

_register(
    "BETWEEN",
    ("value", "low", "high"),
    _between,
    _between_kernel,
    "The value lies between two bounds, both included.",
    Example("5 BETWEEN 5 AND 7", True),
)
_register(
    "NOT BETWEEN",
    ("value", "low", "high"),
    _not_between,
    _not_between_kernel,
    "The value lies outside of two bounds.",
    Example("5 NOT BETWEEN 6 AND 7", True),
)
_register(
    "IN",
    ("value", "item"),
    _is_in,
    _in_kernel,
    "The value equals one of the items.",
    Example("'b' IN ('a', 'b')", True),
)
_register(
    "NOT IN",
    ("value", "item"),
    _is_not_in,
    _not_in_kernel,
    "The value equals none of the items; false if an item is NULL.",
    Example("'b' NOT IN ('a', 'c')", True),
)
_register(
    "LIKE",
    ("text", "pattern"),
    _like,
    _like_kernel,
    "The whole text matches a pattern: `%` stands for any text, `_` for one character, `[a-f]` and `[^a-f]` for one of"
    " a set or out of it.",
    Example("'Contoso' LIKE 'C%o'", True),
    Example("'A7' LIKE '[A-F]_'", True),
)
_register(
    "NOT LIKE",
    ("text", "pattern"),
    _not_like,
    _not_like_kernel,
    "The text does not match the pattern of LIKE.",
    Example("'Contoso' NOT LIKE 'c%'", True),
)
