"""What is known of an expression's kind before the run: enough for UNION and for MIN and MAX over text."""

from collections.abc import Callable

from asaql.analysis.bound import BoundExpression, ColumnRef, Conditional, Constant, EventTime, Invoke, MakeRecord
from asaql.model import Kind, kind_of

_RETURNS = {str(kind): kind for kind in Kind if kind not in (Kind.NULL, Kind.ANY)}


def kind_hint(expression: BoundExpression, kind_of_slot: Callable[[str], Kind | None]) -> Kind | None:
    """Return the kind that every value of `expression` has unless it is NULL, or None if that is not fixed."""
    match expression:
        case Constant(value):
            return None if value is None else kind_of(value)
        case ColumnRef(slot):
            return kind_of_slot(slot)
        case EventTime():
            return Kind.DATETIME
        case MakeRecord():
            return Kind.RECORD
        case Conditional(branches, otherwise):
            results = [branch.result for branch in branches] + [otherwise]
            hints = {kind_hint(each, kind_of_slot) for each in results if each != Constant(None)}
            return hints.pop() if len(hints) == 1 else None
        case Invoke(function, _):
            return _RETURNS.get(function.returns)
        case _:
            return None
