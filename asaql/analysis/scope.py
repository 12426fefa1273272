"""Which names a SELECT sees, and what they mean.

1. `System.Timestamp` is the event time, whatever sources there are.
2. A path whose first part is the name of a source of FROM is a column of that source, if more parts follow.
3. Any other path is a column of the one source, or of the one source that is known to have it. A step has the columns
   of its SELECT list; an input, or a step with `*`, may have any.
4. A source's name by itself is the whole row as a record where a record is at home (an argument of a user-defined
   function, say); elsewhere it is so only if the source has no such column.
5. Names compare without case. Aliases of the SELECT list are not visible here.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from asaql.analysis.bound import BoundExpression, ColumnRef, FieldOf, MakeRecord, RecordItem
from asaql.diagnostics import Span
from asaql.model import Kind
from asaql.syntax.ast import Identifier


class ColumnFact(Struct, frozen=True):
    """A column of a step: its name, and its kind where the query fixes it."""

    name: str
    kind: Kind | None = None


class SourceScope(Struct):
    """One source of FROM: what it is called and which columns it has; collects what is read of it.

    Attributes:
        name: What the SELECT calls it.
        columns: The columns it has, or None when it may have any.
        declared: Kinds by folded column name, where they are declared.
        is_input: Whether it is an input, whose nested fields can be read one by one.
        is_reference: Whether it is reference data.
        span: Where it stands.
        fields: Slot to path of everything read so far.
        uses_record: Whether the whole row is read.
    """

    name: str
    columns: tuple[ColumnFact, ...] | None
    declared: dict[str, Kind | None]
    is_input: bool
    span: Span
    is_reference: bool = False
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    uses_record: bool = False

    @property
    def folded(self) -> str:
        """The name as names are compared."""
        return self.name.casefold()

    @property
    def record_slot(self) -> str:
        """The slot of the whole row of a source without fixed columns."""
        return f"{self.folded}.*"

    @property
    def time_slot(self) -> str:
        """The slot of the source's own event time, behind a join."""
        return f"$time.{self.folded}"

    def has(self, name: str) -> bool:
        """Whether the source is known to have this column."""
        if self.columns is None:
            return name.casefold() in self.declared
        return any(each.name.casefold() == name.casefold() for each in self.columns)

    def path(self, parts: Sequence[Identifier], span: Span) -> BoundExpression:
        """Return the column that `parts` name, nested fields included; the first part must be a column."""
        if self.is_input:
            slot = ".".join((self.folded, *(_escape(each.folded) for each in parts)))
            self.fields.setdefault(slot, tuple(each.name for each in parts))
            return ColumnRef(slot, span=span)
        first, *rest = parts
        expression: BoundExpression
        if self.columns is None:
            self.uses_record = True
            expression, rest = ColumnRef(self.record_slot, span=span), list(parts)
        else:
            column = next(each for each in self.columns if each.name.casefold() == first.folded)
            slot = f"{self.folded}.{_escape(first.folded)}"
            self.fields.setdefault(slot, (column.name,))
            expression = ColumnRef(slot, span=span)
        for each in rest:
            expression = FieldOf(expression, each.name, span=span)
        return expression

    def record(self, span: Span) -> BoundExpression:
        """Return the whole row as a record."""
        if self.columns is None:
            self.uses_record = True
            return ColumnRef(self.record_slot, span=span)
        items = tuple(RecordItem(name, value) for name, value in self.spread(span))
        return MakeRecord(items, span=span)

    def spread(self, span: Span) -> Iterator[tuple[str, BoundExpression]]:
        """Yield the columns of a source that has fixed ones."""
        for each in self.columns or ():
            yield each.name, self.path((Identifier(each.name, span=span),), span)

    def kind_of(self, slot: str) -> Kind | None:
        """Return the kind that the column in `slot` is declared to have."""
        name = slot.removeprefix(f"{self.folded}.")
        if self.columns is None:
            return self.declared.get(name)
        return next((each.kind for each in self.columns if _escape(each.name.casefold()) == name), None)


def _escape(name: str) -> str:
    return f"[{name}]" if "." in name or name == "*" else name
