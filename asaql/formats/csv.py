"""CSV to columns. Every value is text unless CREATE TABLE declares another kind.

A value between two delimiters is text, the empty one too: only a value whose column is missing at the end of its
record is NULL (and an empty value of a declared kind other than nvarchar(max)).
"""

import csv
import io
from collections.abc import Sequence

import polars as pl

from asaql.diagnostics import Diagnostic, JobError
from asaql.formats.csv_records import grammar_of, values_of, without_line_break
from asaql.formats.events import Chunk, Decoded
from asaql.formats.names import matching_key
from asaql.formats.projection import Projection, ReadOptions
from asaql.formats.table import Declaration, Table, to_decoded
from asaql.model import Column, Kind

_BOM = b"\xef\xbb\xbf"
_Row = Sequence[str | None]


class CsvDecoder:
    """Decodes chunks of CSV; see `asaql.formats.events.Decoder`."""

    def __init__(self, projection: Projection, options: ReadOptions) -> None:
        self._options = options
        self._declaration = Declaration(projection, options)
        self._fields = projection.fields + self._declaration.fields
        self._record_slot = projection.record_slot
        self._grammar = grammar_of(options.delimiter)
        self._header: bytes | None = None
        self._names: tuple[str, ...] = ()

    def decode(self, chunk: Chunk) -> Decoded:
        """Return the columns of a chunk.

        Raises:
            JobError: The header has a name twice.
        """
        if chunk.header != self._header or not self._names:
            self._names = self._read_header(chunk)
            self._header = chunk.header
        table = self._read_plain(chunk)
        if table is None:
            table = self._read_strictly(chunk) or self._read_slowly(chunk)
        decoded = to_decoded(self._declaration.fit(table, is_text=True), chunk)
        if chunk.dropped:
            problems = (*decoded.problems, *chunk.dropped)
            decoded.problems = tuple(sorted(problems, key=lambda each: each.line))
        return decoded

    def _read_header(self, chunk: Chunk) -> tuple[str, ...]:
        first = [text.decode("utf-8", "replace").strip() for text in values_of(chunk.header, self._grammar)]
        names = first if self._options.has_header else list(self._options.declared or [""] * len(first))
        names = [name or f"column{position}" for position, name in enumerate(names, start=1)]
        if self._options.lowers_names:
            names = [name.lower() for name in names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f'the header of "{chunk.source}" has the name "{twice[0]}" twice'
            raise JobError(Diagnostic("AQ711", message, help="give every column a name of its own"))
        return tuple(names)

    def _index(self, path: tuple[str, ...]) -> int | None:
        key = matching_key(dict.fromkeys(self._names), path[0]) if len(path) == 1 else None
        return None if key is None else self._names.index(key)

    def _read_plain(self, chunk: Chunk) -> Table | None:
        """Return the records of a chunk without quotation marks in which all have as many values as there are names.

        The names are at least two, so that no blank line can pass for a record.
        """
        data = chunk.data
        if len(self._names) < 2 or not data or b'"' in data or data.startswith(_BOM):
            return None
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        height = data.count(b"\n") + (not data.endswith(b"\n"))
        if b"\r" in data or data.count(self._options.delimiter.encode()) != height * (len(self._names) - 1):
            return None
        indices = sorted({index for _, path in self._fields if (index := self._index(path)) is not None})
        if self._record_slot is not None:
            indices = list(range(len(self._names)))
        try:
            frame = pl.read_csv(
                data,
                has_header=False,
                separator=self._options.delimiter,
                quote_char=None,
                columns=indices or [0],
                infer_schema=False,
                empty_string_is_null=False,
            )
        except pl.exceptions.PolarsError:
            return None
        if frame.height != height:
            return None
        columns = {}
        if self._record_slot is not None:
            columns[self._record_slot] = Column.from_values(
                [dict(zip(self._names, row, strict=True)) for row in frame.rows()]
            )
        for slot, path in self._fields:
            index = self._index(path)
            if index is None:
                columns[slot] = Column.nulls(height)
            else:
                columns[slot] = Column(Kind.NVARCHAR, frame.to_series(indices.index(index)).rename(""))
        return Table(columns, chunk.lines or range(chunk.first_line, chunk.first_line + height))

    def _read_strictly(self, chunk: Chunk) -> Table | None:
        """Return the records of a chunk if all quotation marks are where they should be."""
        if chunk.data.count(b"\r") != chunk.data.count(b"\r\n"):
            return None
        try:
            text = chunk.data.decode()
            reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=self._options.delimiter, strict=True)
            rows: list[tuple[int, list[str]]] = []
            line = 0
            for row in reader:
                if row:
                    rows.append((line, row))
                line = reader.line_num
        except (UnicodeDecodeError, csv.Error):
            return None
        if chunk.lines is not None:
            return self._rows(list(zip(chunk.lines, (row for _, row in rows), strict=True)), [])
        return self._rows([(chunk.first_line + line, row) for line, row in rows], [])

    def _read_slowly(self, chunk: Chunk) -> Table:
        rows = []
        problems: list[tuple[int, str]] = []
        at = number = 0
        data = chunk.data if chunk.data.endswith(b"\n") else chunk.data + b"\n"
        while at < len(data):
            match = self._grammar.record.match(data, at)
            end = match.end() if match else data.index(b"\n", at) + 1
            record = without_line_break(data[at:end])
            line = chunk.lines[number] if chunk.lines else chunk.first_line + data.count(b"\n", 0, at)
            number += 1
            if match is None:
                problems.append((line, "a quoted value has no end"))
            elif record:
                try:
                    rows.append((line, [each.decode() for each in values_of(record, self._grammar)]))
                except UnicodeDecodeError:
                    problems.append((line, "not UTF-8"))
            at = end
        return self._rows(rows, problems)

    def _rows(self, rows: list[tuple[int, list[str]]], problems: list[tuple[int, str]]) -> Table:
        width = len(self._names)
        lines = []
        kept: list[_Row] = []
        for line, row in rows:
            if len(row) > width:
                problems.append((line, f"{len(row)} values where the header has {width} names"))
                continue
            lines.append(line)
            kept.append(row if len(row) == width else (*row, *[None] * (width - len(row))))
        columns = {}
        if self._record_slot is not None:
            columns[self._record_slot] = Column.from_values([dict(zip(self._names, row, strict=True)) for row in kept])
        for slot, path in self._fields:
            index = self._index(path)
            columns[slot] = Column.from_values([None if index is None else row[index] for row in kept])
        return Table(columns, lines, problems)
