"""What a SELECT sees of the script around it."""

from typing import Protocol

from msgspec import Struct

from asaql.analysis.catalog import Catalog
from asaql.analysis.findings import Findings
from asaql.analysis.scope import ColumnFact
from asaql.diagnostics import Span
from asaql.model import Kind
from asaql.syntax import ast


class StepFact(Struct, frozen=True):
    """What later SELECTs see of a step.

    Attributes:
        name: As written where it is defined.
        columns: Its columns, or None when they differ event by event.
        query: As written.
        is_reference: Whether it only passes reference data on.
    """

    name: str
    columns: tuple[ColumnFact, ...] | None
    query: ast.Query
    is_reference: bool


class ScriptScope(Protocol):
    """Steps and declarations, as far as they stand before the SELECT that asks."""

    catalog: Catalog
    findings: Findings

    @property
    def step_names(self) -> list[str]:
        """The names of the steps defined so far."""
        ...

    def step(self, name: str) -> StepFact | None:
        """Return the step of this name that is defined so far."""
        ...

    def step_name(self, name: str) -> str:
        """Return a step's name as it is defined."""
        ...

    def later_step(self, name: str) -> Span | None:
        """Return where a step of this name is defined, if that is still to come."""
        ...

    def declared(self, name: str) -> dict[str, Kind | None] | None:
        """Return the columns that CREATE TABLE declares for an input."""
        ...

    def projection(self, name: str) -> ast.Select | None:
        """Return a step's SELECT if each of its rows is made of one event of one source."""
        ...

    def root(self, name: str) -> str:
        """Return the folded name of the input or step that a chain of plain projections starts from."""
        ...
