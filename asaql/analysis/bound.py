"""Bound expressions: every name resolved to a column of the incoming batch, every call to its declaration.

They are plain data, so a plan can be compared, printed, pickled and sent to another process. Spans point into the
query, for the errors that only a run can find.

Predicates are two-valued: a comparison with NULL is false. `Logical`, `Negation` and `NullTest` take and give bits.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TypeAlias

from asaql.diagnostics import Placed, Span
from asaql.functions.registry import Function
from asaql.model import Value

NOWHERE = Span(0, 0)


class BoundNode(Placed, frozen=True, kw_only=True):
    """Anything with a place in the query."""

    span: Span = NOWHERE


class Constant(BoundNode, frozen=True, eq=False):
    """A value known before the run; constants are equal if value and type are: 1 is not 1.0."""

    value: Value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Constant):
            return NotImplemented
        return type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


class ColumnRef(BoundNode, frozen=True):
    """A column of the incoming batch, by its slot name."""

    slot: str


class EventTime(BoundNode, frozen=True):
    """`System.Timestamp()`: the event time of the row, a datetime."""


class FieldOf(BoundNode, frozen=True):
    """A field of a record, found without regard to case; NULL where there is no record or no such field."""

    operand: "BoundExpression"
    name: str


class Invoke(BoundNode, frozen=True):
    """A built-in function or operator applied to its arguments."""

    function: Function
    arguments: tuple["BoundExpression", ...]


class ScriptCall(BoundNode, frozen=True):
    """A JavaScript function applied to its arguments."""

    name: str
    arguments: tuple["BoundExpression", ...]


class LogicalOperator(StrEnum):
    """AND and OR."""

    AND = "AND"
    OR = "OR"


class Logical(BoundNode, frozen=True):
    """AND or OR over two or more operands; an operand is evaluated only for rows that those before it leave open."""

    operator: LogicalOperator
    operands: tuple["BoundExpression", ...]


class Negation(BoundNode, frozen=True):
    """NOT: true where the operand is false or NULL."""

    operand: "BoundExpression"


class NullTest(BoundNode, frozen=True):
    """IS NULL, or IS NOT NULL when negated."""

    operand: "BoundExpression"
    is_negated: bool = False


class Branch(BoundNode, frozen=True):
    """A condition and what the CASE gives where it is the first to be true."""

    condition: "BoundExpression"
    result: "BoundExpression"


class Conditional(BoundNode, frozen=True):
    """CASE: branches are evaluated only for the rows that reach them. COALESCE is one too."""

    branches: tuple[Branch, ...]
    otherwise: "BoundExpression"


class RecordItem(BoundNode, frozen=True):
    """An entry of a `MakeRecord`: a named field, or, without a name, all fields of a record."""

    name: str | None
    value: "BoundExpression"


class MakeRecord(BoundNode, frozen=True):
    """A record made of the row: fields in order; of two with the same name, case aside, the first stays."""

    items: tuple[RecordItem, ...]


BoundExpression: TypeAlias = (
    Constant
    | ColumnRef
    | EventTime
    | FieldOf
    | Invoke
    | ScriptCall
    | Logical
    | Negation
    | NullTest
    | Conditional
    | MakeRecord
)


class OrderKey(BoundNode, frozen=True):
    """A key of ORDER BY inside OVER."""

    key: BoundExpression
    is_descending: bool = False


class AggregateCall(BoundNode, frozen=True):
    """An aggregate of a grouped SELECT.

    Attributes:
        name: The aggregate's registered name; for a JavaScript aggregate its alias.
        argument: What is aggregated; None for COUNT(*), a record of the row for Collect() and TopOne().
        is_distinct: COUNT(DISTINCT ..).
        order_by: Keys of TopOne, CollectTop and the percentiles.
        parameter: The literal parameter: n of CollectTop, p of a percentile.
        is_script: Whether this is a JavaScript aggregate (`uda.`).
        is_text: Whether MIN and MAX compare as text instead of reading text as numbers.
    """

    name: str
    argument: BoundExpression | None
    is_distinct: bool = False
    order_by: tuple[OrderKey, ...] = ()
    parameter: int | float | None = None
    is_script: bool = False
    is_text: bool = False


def children(expression: BoundExpression) -> Iterator[BoundExpression]:
    """Yield the expressions directly below one."""
    match expression:
        case FieldOf(operand) | Negation(operand) | NullTest(operand):
            yield operand
        case Invoke(_, arguments) | ScriptCall(_, arguments):
            yield from arguments
        case Logical(_, operands):
            yield from operands
        case Conditional(branches, otherwise):
            for branch in branches:
                yield branch.condition
                yield branch.result
            yield otherwise
        case MakeRecord(items):
            yield from (item.value for item in items)
        case _:
            return


def with_children(expression: BoundExpression, change: Callable[[BoundExpression], BoundExpression]) -> BoundExpression:
    """Return an expression with `change` applied to each of the expressions directly below it."""
    span = expression.span
    match expression:
        case Invoke(function, arguments):
            return Invoke(function, tuple(map(change, arguments)), span=span)
        case ScriptCall(name, arguments):
            return ScriptCall(name, tuple(map(change, arguments)), span=span)
        case Logical(operator, operands):
            return Logical(operator, tuple(map(change, operands)), span=span)
        case Negation(operand):
            return Negation(change(operand), span=span)
        case NullTest(operand, is_negated):
            return NullTest(change(operand), is_negated, span=span)
        case FieldOf(operand, name):
            return FieldOf(change(operand), name, span=span)
        case Conditional(branches, otherwise):
            inner = tuple(Branch(change(each.condition), change(each.result), span=each.span) for each in branches)
            return Conditional(inner, change(otherwise), span=span)
        case MakeRecord(items):
            return MakeRecord(tuple(RecordItem(x.name, change(x.value), span=x.span) for x in items), span=span)
        case _:
            return expression


def slots_of(expression: BoundExpression) -> frozenset[str]:
    """Return the slots that an expression reads."""
    if isinstance(expression, ColumnRef):
        return frozenset((expression.slot,))
    return frozenset[str]().union(*(slots_of(each) for each in children(expression)))
