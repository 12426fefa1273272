"""Columns to JSON lines.

Columns of plain kinds are written by Polars. Rows with records, arrays or values of several kinds are written by
orjson, and so are few rows, which it writes while Polars prepares. Both give the same text: a float always has a point
or an exponent, NaN and the infinities become null, a datetime is text with seven fraction digits, and NULL is written
as null.
"""

import json
import math
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import orjson
import polars as pl

from asaql.formats.datetimes import text_of_ticks
from asaql.model import Column, Instant, Kind

FEW_ROWS = 100
"""How many rows cost less one by one than as columns."""

_LINE_BREAK = orjson.Fragment(b"\n")


class JsonEncoder:
    """Encodes rows as JSON lines; see `asaql.formats.events.Encoder`.

    Args:
        names: The columns in order; None if the only column holds whole rows as records.
    """

    def __init__(self, names: Sequence[str] | None) -> None:
        self._names = None if names is None else tuple(names)

    def header(self) -> bytes:
        """Return nothing: lines need no header."""
        return b""

    def encode(self, columns: Mapping[str, Column], height: int) -> bytes:
        """Return one line a row."""
        if not height:
            return b""
        if self._names is None:
            (column,) = columns.values()
            return encode_lines(column.expand(height).to_values())
        chosen = {name: columns[name].expand(height) for name in self._names}
        if not chosen:
            return b"{}\n" * height
        if height <= FEW_ROWS or any(column.kind.is_object for column in chosen.values()):
            return _encode_rows(chosen)
        frame = pl.DataFrame({name: _as_written(column).alias(name) for name, column in chosen.items()})
        buffer = BytesIO()
        frame.write_ndjson(buffer)
        return buffer.getvalue()

    def footer(self) -> bytes:
        """Return nothing: lines need no footer."""
        return b""


def _as_written(column: Column) -> pl.Series:
    return text_of_ticks(column.series) if column.kind is Kind.DATETIME else column.series


def _encode_rows(columns: Mapping[str, Column]) -> bytes:
    names = tuple(columns)
    rows = zip(*(_as_written(column).to_list() for column in columns.values()), strict=True)
    return encode_lines([dict(zip(names, row, strict=True)) for row in rows])


def encode_lines(values: Sequence[Any]) -> bytes:
    """Return each value as one line of JSON."""
    if not values:
        return b""
    # One call for all values costs a tenth of one for each. JSON that orjson writes has no line break of its own, so
    # those put between the values can be told from everything else.
    parts: list[Any] = [_LINE_BREAK] * (2 * len(values) - 1)
    parts[::2] = values
    try:
        return orjson.dumps(parts, default=str)[1:-1].replace(b",\n,", b"\n") + b"\n"
    except TypeError:
        return b"".join(map(_encode_line, values))


def _encode_line(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # What orjson refuses: half of a surrogate pair, nesting beyond 254.
        return encode_text(value).encode() + b"\n"


def encode_text(value: Any) -> str:
    """Return any value as JSON text, half surrogate pairs as escapes, nested however deeply."""
    parts: list[str] = []
    pending: list[Any] = [value]
    while pending:
        each = pending.pop()
        if type(each) is _Text:
            parts.append(each)
        elif type(each) is dict:
            pending.append(_Text("}"))
            for position, (name, inner) in reversed(list(enumerate(each.items()))):
                pending += [inner, _Text(f"{',' if position else ''}{json.dumps(name)}:")]
            parts.append("{")
        elif type(each) is list:
            pending.append(_Text("]"))
            for position, inner in reversed(list(enumerate(each))):
                pending += [inner, _Text("," if position else "")]
            parts.append("[")
        elif isinstance(each, Instant):
            parts.append(f'"{each}"')
        else:
            parts.append("null" if isinstance(each, float) and not math.isfinite(each) else json.dumps(each))
    return "".join(parts)


class _Text(str):
    """JSON text that stands as it is."""

    __slots__ = ()
