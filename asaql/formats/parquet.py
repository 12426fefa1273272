"""Parquet to columns and back.

Types are native: whole numbers are bigint, fractions float, dates and timestamps datetime, structs records, lists
arrays. Known limit: a Parquet file ends with its index, so it is held in memory, compressed, while it is read; and a
file that is written is held in memory until its end.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from io import BytesIO
from typing import Any

import polars as pl

from asaql.diagnostics import Diagnostic, JobError
from asaql.formats.conversion import adapt, adapt_column
from asaql.formats.datetimes import instant_of, microseconds_of_ticks, ticks_of_dates
from asaql.formats.events import Chunk, Decoded
from asaql.formats.json_encoder import encode_text
from asaql.formats.names import matching_key, value_at
from asaql.formats.projection import Projection, ReadOptions
from asaql.formats.table import Declaration, Table, to_decoded
from asaql.model import BIGINT_MAX, BIGINT_MIN, Column, Kind, Value

CHUNK_ROWS = 1 << 14
"""Events in a chunk of Parquet."""


class ParquetSplitter:
    """Cuts a Parquet file into chunks of rows; see `asaql.formats.events.Splitter`. All chunks come at the end."""

    def __init__(self, source: str = "", *, rows: int | None = None) -> None:
        self._source = source
        self._rows = rows or CHUNK_ROWS
        self._pieces: list[bytes] = []

    def feed(self, piece: bytes) -> list[Chunk]:
        """Take the next bytes."""
        self._pieces.append(piece)
        return []

    def finish(self) -> list[Chunk]:
        """Take the end; return all chunks, each a slice of the rows as an Arrow IPC stream.

        Raises:
            JobError: The bytes are no Parquet file.
        """
        data = b"".join(self._pieces)
        self._pieces = []
        if not data:
            return []
        chunks = []
        try:
            height = pl.scan_parquet(data).select(pl.len()).collect().item()
            for offset in range(0, height, self._rows):
                buffer = BytesIO()
                pl.scan_parquet(data).slice(offset, self._rows).collect().write_ipc_stream(buffer)
                chunks.append(Chunk(buffer.getvalue(), offset + 1, self._source))
        except (pl.exceptions.PolarsError, OSError) as error:
            message = f'the input "{self._source}" is not Parquet'
            raise JobError(Diagnostic("AQ711", message, notes=(str(error).splitlines()[0],))) from None
        return chunks


class ParquetDecoder:
    """Decodes chunks of Parquet; see `asaql.formats.events.Decoder`."""

    def __init__(self, projection: Projection, options: ReadOptions) -> None:
        self._options = options
        self._declaration = Declaration(projection, options)
        self._fields = projection.fields + self._declaration.fields
        self._record_slot = projection.record_slot

    def decode(self, chunk: Chunk) -> Decoded:
        """Return the columns of a chunk."""
        frame = pl.read_ipc_stream(chunk.data)
        problems: list[tuple[int, str]] = []
        frame, lines = _without_overflow(frame, range(chunk.first_line, chunk.first_line + frame.height), problems)
        tops: dict[str, Column] = {}
        columns = {}
        if self._record_slot is not None:
            every = {name: self._top(frame, name, tops).to_values() for name in frame.columns}
            names = [name.lower() if self._options.lowers_names else name for name in every]
            rows = zip(*every.values(), strict=True) if every else ()
            columns[self._record_slot] = Column.from_values([dict(zip(names, row, strict=True)) for row in rows])
        for slot, path in self._fields:
            key = matching_key(dict.fromkeys(frame.columns), path[0])
            if key is None:
                columns[slot] = Column.nulls(frame.height)
                continue
            top = self._top(frame, key, tops)
            columns[slot] = top if len(path) == 1 else top.map(partial(value_at, path=path[1:]))
        return to_decoded(self._declaration.fit(Table(columns, lines, problems), is_text=False), chunk)

    def _top(self, frame: pl.DataFrame, name: str, known: dict[str, Column]) -> Column:
        if name not in known:
            column = adapt_column(_column(frame.get_column(name).rename("")), self._options)
            if column.kind.is_object:
                column = column.map(lambda value: adapt(value, self._options))
            known[name] = column
        return known[name]


def _without_overflow(
    frame: pl.DataFrame, lines: Sequence[int], problems: list[tuple[int, str]]
) -> tuple[pl.DataFrame, Sequence[int]]:
    """Drop the rows with whole numbers beyond 64 bits or instants beyond the years 1 to 9999, at the top of the row."""
    fits = pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True)
    for series in frame.get_columns():
        if series.dtype in (pl.UInt64, pl.Int128, pl.UInt128):
            fits &= series.cast(pl.Int64, strict=False).is_not_null() | series.is_null()
        elif series.dtype.is_temporal() and series.dtype in (pl.Date, pl.Datetime):
            fits &= series.dt.year().is_between(1, 9999).fill_null(True)
    if fits.all():
        return frame, lines
    for line, fit in zip(lines, fits.to_list(), strict=True):
        if not fit:
            problems.append((line, "a value fits neither a bigint nor a datetime"))
    return frame.filter(fits), [line for line, fit in zip(lines, fits.to_list(), strict=True) if fit]


def _column(series: pl.Series) -> Column:
    dtype = series.dtype
    if dtype == pl.Null:
        return Column.nulls(len(series))
    if dtype.is_integer():
        return Column(Kind.BIGINT, series.cast(pl.Int64))
    if dtype.is_float() or dtype.is_decimal():
        return Column(Kind.FLOAT, series.cast(pl.Float64))
    if dtype == pl.Boolean:
        return Column(Kind.BIT, series)
    if dtype == pl.String or dtype in (pl.Categorical, pl.Enum):
        return Column(Kind.NVARCHAR, series.cast(pl.String))
    if dtype in (pl.Date, pl.Datetime):
        return Column(Kind.DATETIME, ticks_of_dates(series))
    if dtype == pl.Duration:
        return Column(Kind.NVARCHAR, series.dt.to_string("iso"))
    return Column.from_values([_value(each) for each in series.to_list()])


def _value(value: Any) -> Value:
    """Return a value inside a struct or list, or bytes, as one of the dialect."""
    if isinstance(value, dict):
        return {name: _value(each) for name, each in value.items()}
    if isinstance(value, (list, pl.Series)):
        return [_value(each) for each in value]
    if isinstance(value, (date, datetime)):
        return instant_of(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if value is None or isinstance(value, (bool, float, str)):
        return value
    if isinstance(value, int):
        return value if BIGINT_MIN <= value <= BIGINT_MAX else float(value)
    return float(value) if hasattr(value, "is_finite") else str(value)


class ParquetEncoder:
    """Encodes rows as one Parquet file; see `asaql.formats.events.Encoder`.

    A column whose values are all of one kind has its type, datetimes as timestamps in microseconds (the seventh digit
    is cut off); bigint beside float is float; records, arrays and all other mixtures are JSON text.

    Args:
        names: The columns in order; None if the only column holds whole rows as records: then every field of any row
            is a column, in the order in which they first appear.
    """

    def __init__(self, names: Sequence[str] | None) -> None:
        self._is_open = names is None
        self._columns: dict[str, list[Column]] = {name: [] for name in names or ()}
        self._height = 0

    def header(self) -> bytes:
        """Return nothing: the file is written at its end."""
        return b""

    def encode(self, columns: Mapping[str, Column], height: int) -> bytes:
        """Take rows and return nothing."""
        if height and self._is_open:
            (column,) = columns.values()
            records = column.expand(height).to_values()
            for name in dict.fromkeys(name for record in records for name in record):
                self._columns.setdefault(name, [Column.nulls(self._height)] if self._height else [])
            columns = {name: Column.from_values([each.get(name) for each in records]) for name in self._columns}
        if height:
            for name, parts in self._columns.items():
                parts.append(columns[name].expand(height))
            self._height += height
        return b""

    def footer(self) -> bytes:
        """Return the file."""
        buffer = BytesIO()
        pl.DataFrame({name: _written(parts) for name, parts in self._columns.items()}).write_parquet(buffer)
        return buffer.getvalue()


def _written(parts: list[Column]) -> pl.Series:
    kinds = {part.kind for part in parts} - {Kind.NULL}
    if not kinds:
        return pl.Series([None] * sum(map(len, parts)), dtype=pl.String)
    if kinds == {Kind.BIGINT, Kind.FLOAT}:
        return pl.concat([part.cast_null(Kind.FLOAT).series.cast(pl.Float64) for part in parts])
    column = Column.concat(parts)
    if column.kind is Kind.DATETIME:
        return microseconds_of_ticks(column.series).dt.replace_time_zone("UTC")
    if column.kind.is_object:
        return pl.Series([_text(value) for value in column.to_values()], dtype=pl.String)
    return column.series


def _text(value: Value) -> str | None:
    return value if value is None or isinstance(value, str) else encode_text(value)
