"""JSON lines to columns.

Ordinary lines, one object each, are read many at once: single fields through a `FieldReader`, whole events as dicts.
Whatever is not ordinary (a malformed line, an array of events, a name written with an escape) is narrowed down by
halving until few lines are left, and these are read by the rules in `json_events`, which hold for all.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from asaql.formats.conversion import adapt, adapt_column
from asaql.formats.events import Chunk, Decoded
from asaql.formats.json_events import DECODE_ERRORS, MalformedEvent, all_numbers_fit, bare_line, events_of_line
from asaql.formats.json_fields import CannotReadFieldsError, FieldReader
from asaql.formats.json_search import Scan
from asaql.formats.names import value_at
from asaql.formats.projection import Projection, ReadOptions
from asaql.formats.table import Declaration, Table, to_decoded
from asaql.model import Column

_FEW_LINES = 16


class JsonDecoder:
    """Decodes chunks of JSON lines; see `asaql.formats.events.Decoder`."""

    def __init__(self, projection: Projection, options: ReadOptions) -> None:
        self._options = options
        self._declaration = Declaration(projection, options)
        self._fields = projection.fields + self._declaration.fields
        self._record_slot = projection.record_slot
        self._whole = msgspec.json.Decoder(dict[str, Any])
        self._reader = FieldReader(path for _, path in self._fields)
        self._needs_events = projection.record_slot is not None or options.lowers_names

    def decode(self, chunk: Chunk) -> Decoded:
        """Return the columns of a chunk."""
        table = None
        scan = Scan(chunk.data)
        count = scan.count_objects()
        if count:
            numbers: Sequence[int] = chunk.lines or range(chunk.first_line, chunk.first_line + count)
            table = self._read_ordinary(scan, numbers)
        if table is None:
            table = self._read(*_lines(chunk))
        return to_decoded(self._declaration.fit(table, is_text=False), chunk)

    def _read(self, lines: list[bytes], numbers: list[int]) -> Table:
        if len(lines) <= _FEW_LINES:
            return self._read_slowly(lines, numbers)
        if all(each.startswith(b"{") and each.endswith(b"}") for each in lines):
            table = self._read_ordinary(Scan(b"\n".join(lines)), numbers)
            if table is not None:
                return table
        middle = len(lines) // 2
        return Table.concat(
            [self._read(lines[:middle], numbers[:middle]), self._read(lines[middle:], numbers[middle:])]
        )

    def _read_ordinary(self, scan: Scan, numbers: Sequence[int]) -> Table | None:
        """Return the events of lines that each begin and end as an object, or None if they are not ordinary."""
        if not scan.is_utf8():
            return None
        if self._needs_events or not self._reader.is_possible:
            return self._read_events(scan, numbers)
        try:
            columns, height = self._reader.read(scan)
        except CannotReadFieldsError:
            return None
        if height != len(numbers) or not all_numbers_fit(scan):
            return None
        options = self._options
        return Table({slot: adapt_column(columns[path], options) for slot, path in self._fields}, numbers)

    def _read_events(self, scan: Scan, numbers: Sequence[int]) -> Table | None:
        try:
            events = self._whole.decode_lines(scan.data)
        except DECODE_ERRORS:
            return None
        if len(events) != len(numbers) or not all_numbers_fit(scan):
            return None
        return self._table(events, numbers, [])

    def _read_slowly(self, lines: list[bytes], numbers: list[int]) -> Table:
        events = []
        numbers_of_events = []
        problems = []
        for line, number in zip(lines, numbers, strict=True):
            for event in events_of_line(line):
                if isinstance(event, MalformedEvent):
                    problems.append((number, str(event)))
                else:
                    events.append(event)
                    numbers_of_events.append(number)
        return self._table(events, numbers_of_events, problems)

    def _table(self, events: list[dict[str, Any]], numbers: Sequence[int], problems: list[tuple[int, str]]) -> Table:
        """Return the table of whole events with their lines; `problems` are those of other lines."""
        if not self._options.has_bit:
            events, numbers = self._adapted(events, numbers, problems)
        columns = {}
        if self._record_slot is not None:
            columns[self._record_slot] = Column.from_values(events)
        for slot, path in self._fields:
            columns[slot] = Column.from_values(_values_at(events, path))
        return Table(columns, numbers, problems)

    def _adapted(
        self, events: list[dict[str, Any]], numbers: Sequence[int], problems: list[tuple[int, str]]
    ) -> tuple[list[dict[str, Any]], list[int]]:
        adapted = []
        kept = []
        for number, event in zip(numbers, events, strict=True):
            try:
                adapted.append(adapt(event, self._options))
                kept.append(number)
            except ValueError as error:
                problems.append((number, str(error)))
        return adapted, kept


def _values_at(events: list[dict[str, Any]], path: tuple[str, ...]) -> list[Any]:
    values: list[Any] = events
    try:
        for name in path:
            values = [value[name] for value in values]
    except (KeyError, TypeError):
        # Somewhere the name is missing or spelled otherwise, or leads through what is no record.
        return [value_at(event, path) for event in events]
    return values


def _lines(chunk: Chunk) -> tuple[list[bytes], list[int]]:
    """Return the lines of a chunk that are not blank, without what surrounds their values, and their numbers."""
    lines = []
    numbers = []
    for offset, line in enumerate(chunk.data.split(b"\n")):
        text = bare_line(line)
        if text:
            lines.append(text)
            numbers.append(chunk.lines[offset] if chunk.lines else chunk.first_line + offset)
    return lines, numbers
