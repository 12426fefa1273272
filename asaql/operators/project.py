"""The operators that look at one row at a time and keep nothing: filter, compute, project, rename."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from asaql.analysis.bound import BoundExpression
from asaql.model import Batch, Column
from asaql.operators.contract import Emission, Operator
from asaql.operators.evaluate import EvaluationError, Evaluator, first_failure

_T = TypeVar("_T")

Named = Sequence[tuple[str, BoundExpression]]


class FilterSpec(Struct, frozen=True):
    """Keep the rows for which the predicate is true."""

    predicate: BoundExpression


class ComputeSpec(Struct, frozen=True):
    """Add columns."""

    columns: tuple[tuple[str, BoundExpression], ...]


class ProjectSpec(Struct, frozen=True):
    """Give these columns and no others."""

    columns: tuple[tuple[str, BoundExpression], ...]


class FilterOperator(Operator):
    """Keeps the rows for which a predicate is true."""

    def __init__(self, spec: FilterSpec, evaluator: Evaluator) -> None:
        self._predicate = spec.predicate
        self._evaluator = evaluator

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Return the rows that stay, if any."""
        mask = guarded(lambda rows: self._evaluator.mask(self._predicate, rows), batch)
        if mask.all():
            return (batch,)
        return (batch.filter(mask),) if mask.any() else ()


class ComputeOperator(Operator):
    """Adds columns to its rows."""

    def __init__(self, spec: ComputeSpec, evaluator: Evaluator) -> None:
        self._columns = spec.columns
        self._evaluator = evaluator

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Return the rows with the columns added."""
        return (batch.with_columns(guarded(lambda rows: columns(self._columns, rows, self._evaluator), batch)),)


class ProjectOperator(Operator):
    """Gives new columns in place of those it takes."""

    def __init__(self, spec: ProjectSpec, evaluator: Evaluator) -> None:
        self._columns = spec.columns
        self._evaluator = evaluator

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Return the rows with the new columns."""
        return (Batch(guarded(lambda rows: columns(self._columns, rows, self._evaluator), batch), batch.times),)


class RenameOperator(Operator):
    """Gives some columns under other names: how a SELECT reads a step.

    Args:
        names: New name and old name of each column.
    """

    def __init__(self, names: Sequence[tuple[str, str]]) -> None:
        self._names = tuple(names)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Return the rows with the columns renamed."""
        return (Batch({new: batch.columns[old] for new, old in self._names}, batch.times),)


def columns(named: Named, batch: Batch, evaluator: Evaluator) -> Mapping[str, Column]:
    """Return the values of named expressions, constants repeated for every row."""
    return {slot: evaluator.column(value, batch).expand(batch.height) for slot, value in named}


def guarded(compute: Callable[[Batch], _T], batch: Batch) -> _T:
    """Return what `compute` gives for a batch; a failure is that of the first row that fails, however rows are cut."""
    try:
        return compute(batch)
    except EvaluationError as error:
        raise first_failure(compute, batch, error) from error
