"""Scoring calls of one SELECT: each becomes a column that arrives before the clause that reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from asaql.analysis.bound import BoundExpression, ColumnRef
from asaql.analysis.bound_query import ScoreCall
from asaql.diagnostics import Span


class ScoreStage(Enum):
    """When a SELECT scores; what an earlier stage scored of an event stays at hand until the events are grouped."""

    WHERE = auto()
    ROWS = auto()
    GROUPS = auto()


STAGES = {
    "WHERE": ScoreStage.WHERE,
    "HAVING": ScoreStage.WHERE,
    "SELECT": ScoreStage.ROWS,
    "GROUP BY": ScoreStage.ROWS,
    "an aggregate": ScoreStage.ROWS,
}
"""The stage of each clause that is bound row by row; HAVING is one of them where there is no GROUP BY."""


class ScoreCalls:
    """The scoring calls of one SELECT by stage; equal calls share a column."""

    def __init__(self) -> None:
        self._calls: dict[ScoreStage, list[ScoreCall]] = {stage: [] for stage in ScoreStage}
        self._count = 0

    def at(self, stage: ScoreStage) -> tuple[ScoreCall, ...]:
        """Return the calls of a stage, a call in an argument before the call around it."""
        return tuple(self._calls[stage])

    def column(self, name: str, argument: BoundExpression, stage: ScoreStage, span: Span) -> ColumnRef:
        """Return the column in which the results of a call arrive."""
        known = list(self._calls[stage])
        if stage is ScoreStage.ROWS:
            known = self._calls[ScoreStage.WHERE] + known
        for each in known:
            if each.name == name and each.argument == argument:
                return ColumnRef(each.slot, span=span)
        self._count += 1
        call = ScoreCall(f"$score.{self._count}", name, argument, span=span)
        self._calls[stage].append(call)
        return ColumnRef(call.slot, span=span)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Forget, at the end of the block, the calls that were added inside it."""
        before = {stage: list(calls) for stage, calls in self._calls.items()}
        yield
        self._calls = before
