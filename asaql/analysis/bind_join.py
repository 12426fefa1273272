"""ON conditions: equalities, time bounds, and the rest."""

from msgspec import Struct

from asaql.analysis.bind import Binder
from asaql.analysis.bind_operators import chain
from asaql.analysis.bound import BoundExpression, ColumnRef, Constant, Invoke, Logical, LogicalOperator, slots_of
from asaql.analysis.bound_query import TimeBound
from asaql.analysis.scope import SourceScope
from asaql.analysis.units import bind_count, bind_unit
from asaql.functions import function_named
from asaql.syntax import ast

_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class JoinCondition(Struct):
    """What an ON condition says, by what a join can do with it."""

    keys: list[tuple[BoundExpression, BoundExpression]]
    bounds: list[TimeBound]
    residual: list[BoundExpression]

    @property
    def rest(self) -> BoundExpression | None:
        """The further conditions as one."""
        if not self.residual:
            return None
        return self.residual[0] if len(self.residual) == 1 else Logical(LogicalOperator.AND, tuple(self.residual))


class ConditionBinder(Binder):
    """Binds ON, where DATEDIFF takes the names of two sources and reads their event times."""

    def call(self, call: ast.Call) -> BoundExpression:
        """Bind a call; `DATEDIFF(unit, source, source)` compares event times."""
        distance = source_distance(call, self)
        if distance is None:
            return super().call(call)
        unit, left, right = distance
        times = (ColumnRef(left.time_slot, span=call.span), ColumnRef(right.time_slot, span=call.span))
        return Invoke(function_named("DATEDIFF"), (Constant(unit), *times), span=call.span)

    def is_distance(self, call: ast.Call) -> bool:
        """Report nothing: two sources are at home here, and a wrong unit is reported already."""
        return False


def source_distance(call: ast.Expression, binder: Binder) -> tuple[str, SourceScope, SourceScope] | None:
    """Return unit and sources of a DATEDIFF over two sources, or None if this is none."""
    if not (
        isinstance(call, ast.Call) and call.name.folded == "datediff" and not call.prefix and len(call.arguments) == 3
    ):
        return None
    sources: list[SourceScope] = []
    for argument in call.arguments[1:]:
        if not (isinstance(argument, ast.Path) and len(argument.parts) == 1):
            return None
        source = binder.source(argument.parts[0])
        if source is None:
            return None
        sources.append(source)
    unit = bind_unit(call.arguments[0], binder.findings)
    return (unit, sources[0], sources[1]) if unit is not None else None


def bind_condition(condition: ast.Expression, binder: ConditionBinder, right: set[str]) -> JoinCondition:
    """Return the parts of an ON condition.

    Args:
        condition: The condition.
        binder: Binds in the scope of all sources up to here.
        right: Folded names of the sources that are being joined.
    """
    parts = JoinCondition([], [], [])
    for conjunct in chain(condition, ast.BinaryOperator.AND):
        bound = binder.bind(conjunct)
        bounds = _time_bound(conjunct, binder)
        if bounds is not None:
            if (bounds.left in right) != (bounds.right in right):
                parts.bounds.append(_from_left(bounds) if bounds.left in right else bounds)
            else:
                parts.residual.append(bound)
            continue
        key = _key(bound, right)
        if key is not None:
            parts.keys.append(key)
        else:
            parts.residual.append(bound)
    return parts


def _from_left(bound: TimeBound) -> TimeBound:
    """Return the same limits for the distance in the other direction."""
    lower = None if bound.upper is None else -bound.upper
    upper = None if bound.lower is None else -bound.lower
    return TimeBound(bound.unit, bound.right, bound.left, lower, upper, span=bound.span)


def _key(bound: BoundExpression, right: set[str]) -> tuple[BoundExpression, BoundExpression] | None:
    """Return the two sides of an equality between a left and a right expression."""
    if not (isinstance(bound, Invoke) and bound.function.name == "="):
        return None
    sides = [
        {slot.removeprefix("$time.").split(".")[0] in right for slot in slots_of(each)} for each in bound.arguments
    ]
    first, second = bound.arguments
    if sides == [{False}, {True}]:
        return first, second
    return (second, first) if sides == [{True}, {False}] else None


def _time_bound(conjunct: ast.Expression, binder: Binder) -> TimeBound | None:
    """Return the limits that one conjunct sets on the DATEDIFF of two sources."""
    if isinstance(conjunct, ast.Between) and not conjunct.is_negated:
        distance = source_distance(conjunct.operand, binder)
        if distance is None:
            return None
        low, high = bind_count(conjunct.low, binder.findings), bind_count(conjunct.high, binder.findings)
        return _bound(distance, low, high, conjunct)
    if not (isinstance(conjunct, ast.Binary) and conjunct.operator.value in _FLIPPED):
        return None
    operator: str = conjunct.operator.value
    operand, other = conjunct.left, conjunct.right
    distance = source_distance(operand, binder)
    if distance is None:
        distance, other, operator = source_distance(other, binder), operand, _FLIPPED[operator]
    if distance is None or not _is_number(other):
        return None
    count = bind_count(other, binder.findings)
    if count is None:
        return None
    low = count if operator in ("=", ">=") else count + 1 if operator == ">" else None
    high = count if operator in ("=", "<=") else count - 1 if operator == "<" else None
    return _bound(distance, low, high, conjunct)


def _bound(
    distance: tuple[str, SourceScope, SourceScope], low: float | None, high: float | None, node: ast.Expression
) -> TimeBound:
    unit, left, right = distance
    lower = None if low is None else int(low)
    upper = None if high is None else int(high)
    return TimeBound(unit, left.folded, right.folded, lower, upper, span=node.span)


def _is_number(expression: ast.Expression) -> bool:
    if isinstance(expression, ast.Unary):
        return _is_number(expression.operand)
    return isinstance(expression, ast.IntegerLiteral | ast.FloatLiteral)
