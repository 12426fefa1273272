"""Decoded events on their way from values to the columns a query asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from msgspec import Struct, field

from asaql.formats.conversion import fit_column
from asaql.formats.events import Chunk, Decoded, Problem
from asaql.formats.names import fold, matching_key
from asaql.formats.projection import Projection, ReadOptions
from asaql.model import Column, Kind

_DECLARED = "\0declared "
"""Begins the slots of columns that are read only because CREATE TABLE declares them; no query can name them."""


class Table(Struct):
    """Events of consecutive lines.

    Attributes:
        columns: Slot to column, none of them constant.
        lines: The line of each event.
        problems: Line and reason of each dropped event.
    """

    columns: dict[str, Column]
    lines: Sequence[int]
    problems: list[tuple[int, str]] = field(default_factory=list)

    @staticmethod
    def concat(tables: Sequence["Table"]) -> "Table":
        """Return the events of tables with equal slots, at least one table."""
        if len(tables) == 1:
            return tables[0]
        return Table(
            {slot: Column.concat([each.columns[slot] for each in tables]) for slot in tables[0].columns},
            [line for each in tables for line in each.lines],
            [problem for each in tables for problem in each.problems],
        )


class Declaration:
    """The columns of CREATE TABLE: read with every event, whatever the query needs, and held against their kinds."""

    def __init__(self, projection: Projection, options: ReadOptions) -> None:
        self._record_slot = projection.record_slot
        self._options = options
        self._declared: Mapping[str, Kind] = options.declared or {}
        self._slots: dict[str, list[str]] = {}
        for name in self._declared:
            slots = [slot for slot, path in projection.fields if len(path) == 1 and fold(path[0]) == fold(name)]
            self._slots[name] = slots or [_DECLARED + name]

    @property
    def fields(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The slots that must be read beside those of the projection, with their paths."""
        return tuple((_DECLARED + name, (name,)) for name, slots in self._slots.items() if slots == [_DECLARED + name])

    def fit(self, table: Table, *, is_text: bool) -> Table:
        """Return the events that fit, as the kinds declared; `is_text` if the format has nothing but text."""
        if not self._declared:
            return table
        unfit: dict[int, str] = {}
        columns = dict(table.columns)
        converted = {}
        for name, kind in self._declared.items():
            for slot in self._slots[name]:
                column, reasons = fit_column(name, table.columns[slot], kind, self._options, is_text=is_text)
                unfit = {**reasons, **unfit}
                if column is not table.columns[slot]:
                    columns[slot] = converted[name] = column
        if self._record_slot is not None and converted:
            columns[self._record_slot] = _converted_records(columns[self._record_slot], converted)
        table = Table(
            {slot: column for slot, column in columns.items() if not slot.startswith(_DECLARED)},
            table.lines,
            table.problems,
        )
        return _without(table, unfit)


def _converted_records(records: Column, converted: Mapping[str, Column]) -> Column:
    values = {name: column.to_values() for name, column in converted.items()}
    changed: list[Any] = []
    for row, record in enumerate(records.to_values()):
        keys = {matching_key(record, name): name for name in values}
        changed.append({key: values[keys[key]][row] if key in keys else value for key, value in record.items()})
    return Column.from_values(changed)


def _without(table: Table, unfit: Mapping[int, str]) -> Table:
    if not unfit:
        return table
    keep = pl.Series([row not in unfit for row in range(len(table.lines))], dtype=pl.Boolean)
    return Table(
        {slot: column.filter(keep) for slot, column in table.columns.items()},
        [line for row, line in enumerate(table.lines) if row not in unfit],
        table.problems + [(table.lines[row], reason) for row, reason in unfit.items()],
    )


def to_decoded(table: Table, chunk: Chunk) -> Decoded:
    """Return the events of a chunk with the chunk's source on every problem."""
    problems = sorted(table.problems, key=lambda each: each[0])
    told = tuple(Problem(chunk.source, line, reason, chunk.offset) for line, reason in problems)
    return Decoded(table.columns, len(table.lines), told)
