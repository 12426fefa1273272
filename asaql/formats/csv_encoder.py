"""Columns to CSV with a header.

Values that hold a comma, a quotation mark or a line break are quoted as RFC 4180 has it, and so is empty text, which
tells it from NULL: that is nothing at all. Lines end with a line feed. A record is written as the word `Record` and an
array as `Array`, as the service does; NaN and the infinities are written like NULL.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import polars as pl

from asaql.formats.datetimes import text_of_ticks
from asaql.formats.json_encoder import encode_text
from asaql.model import Column, Kind


class CsvEncoder:
    """Encodes rows as CSV; see `asaql.formats.events.Encoder`.

    Args:
        names: The columns in order. None if the only column holds whole rows as records: then the fields of the first
            row are the columns, and fields that it has not are left out of the rows that follow.
        delimiter: The character between values.
    """

    def __init__(self, names: Sequence[str] | None, delimiter: str = ",") -> None:
        self._names = None if names is None else tuple(names)
        self._is_open = names is None
        self._delimiter = delimiter

    def header(self) -> bytes:
        """Return the line of names; nothing while they are not known."""
        if not self._names:
            return b""
        return self._written(pl.DataFrame({name: [] for name in self._names}), has_header=True)

    def encode(self, columns: Mapping[str, Column], height: int) -> bytes:
        """Return one record a row, behind the header if it is only known now."""
        if not height:
            return b""
        header = b""
        if self._is_open:
            (column,) = columns.values()
            records = column.expand(height).to_values()
            if self._names is None:
                self._names = tuple(records[0])
                header = self.header()
            columns = {name: Column.from_values([each.get(name) for each in records]) for name in self._names}
        chosen = {name: columns[name].expand(height) for name in self._names or ()}
        if not chosen:
            return header
        frame = pl.DataFrame({name: _as_written(column).alias(name) for name, column in chosen.items()})
        return header + self._written(frame, has_header=False)

    def footer(self) -> bytes:
        """Return nothing: CSV has no end."""
        return b""

    def _written(self, frame: pl.DataFrame, *, has_header: bool) -> bytes:
        buffer = BytesIO()
        # A line with nothing on it is no record, so the only value of one cannot be nothing at all.
        null = '""' if frame.width == 1 else None
        frame.write_csv(
            buffer, include_header=has_header, separator=self._delimiter, quote_style="necessary", null_value=null
        )
        return buffer.getvalue()


def _as_written(column: Column) -> pl.Series:
    if column.kind is Kind.DATETIME:
        return text_of_ticks(column.series)
    if column.kind is Kind.FLOAT:
        series = column.series
        return series.set(~series.is_finite(), None)
    if column.kind.is_object:
        return pl.Series([_text(value) for value in column.to_values()], dtype=pl.String)
    return column.series


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "Record"
    if isinstance(value, list):
        return "Array"
    text = encode_text(value)
    return None if text == "null" else text.strip('"')
