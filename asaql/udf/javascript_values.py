"""Columns as the JSON text that the driver takes and gives.

JSON has neither datetimes nor texts with half a surrogate pair, and V8 prints large numbers rounded. Columns without
such values take the short way; the driver flags the others, and only they are walked value by value.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from asaql.model import (
    BIGINT_MAX,
    BIGINT_MIN,
    TICKS_PER_DAY,
    TICKS_PER_MILLISECOND,
    Column,
    Instant,
    Kind,
)
from asaql.model.column import from_native

_EPOCH_TICKS: Final = 719_162 * TICKS_PER_DAY
"""1970-01-01T00:00:00Z."""
_SAFE: Final = 2**53

IS_DATE, HAS_ENCODED, IS_CONSTANT = 1, 2, 4
"""How a column of arguments is written, as the driver knows it."""
IS_ENCODED, HAS_BIG, HAS_BOOLEAN = 1, 2, 4
"""What results hold beyond plain JSON, as the driver tells it."""
_WHOLE, _FRACTION, _TEXT, _BOOLEAN, _DATE, _RECORD, _ARRAY = 1, 2, 4, 8, 16, 32, 64
_NATIVE: Final = {
    _WHOLE: Kind.BIGINT,
    _FRACTION: Kind.FLOAT,
    _TEXT: Kind.NVARCHAR,
    _BOOLEAN: Kind.BIT,
    _RECORD: Kind.RECORD,
    _ARRAY: Kind.ARRAY,
}


class Encoded(NamedTuple):
    """A column of arguments as the driver reads it: how it is written, and a JSON array."""

    code: int
    text: bytes


def milliseconds(ticks: int) -> int:
    """Return the milliseconds since 1970 of an instant, finer ticks cut off."""
    return (ticks - _EPOCH_TICKS) // TICKS_PER_MILLISECOND


def encode_column(column: Column, height: int, *, has_bits: bool) -> Encoded:
    """Return a column of arguments for `height` rows.

    Args:
        column: The arguments.
        height: The number of rows.
        has_bits: Whether a bit is a Boolean to scripts, as from level 1.2 on, or a number.
    """
    if column.kind.is_object:
        return encode_values(column.expand(height).series.to_list(), has_bits=has_bits)
    series, code = column.series, IS_CONSTANT if column.is_constant else 0
    if column.kind is Kind.DATETIME:
        series, code = (series - _EPOCH_TICKS) // TICKS_PER_MILLISECOND, code | IS_DATE
    elif column.kind is Kind.BIT and not has_bits:
        series = series.cast(pl.Int64)
    return Encoded(code, orjson.dumps(series.to_list()))


def encode_ticks(ticks: Sequence[int]) -> Encoded:
    """Return a column of datetimes."""
    return Encoded(IS_DATE, orjson.dumps([milliseconds(each) for each in ticks]))


def encode_values(values: Sequence[Any], *, has_bits: bool) -> Encoded:
    """Return a column of values of any kinds."""
    if not has_bits:
        values = [_without_bits(each) for each in values]
    try:
        return Encoded(0, orjson.dumps(values))
    except TypeError:
        # A datetime, half a surrogate pair, or more levels than orjson goes down.
        text = json.dumps([_escaped(each) for each in values], allow_nan=False, separators=(",", ":"))
        return Encoded(HAS_ENCODED, text.encode())


def _escaped(value: Any) -> Any:
    """Return a value with each datetime as `{"$": milliseconds}` and a record that looks like that as `{"$": [..]}`."""
    if type(value) is Instant:
        return {"$": milliseconds(value.ticks)}
    if type(value) is list:
        return [_escaped(each) for each in value]
    if type(value) is dict:
        copy = {name: _escaped(each) for name, each in value.items()}
        return {"$": [copy["$"]]} if len(copy) == 1 and "$" in copy else copy
    return None if type(value) is float and not math.isfinite(value) else value


def _without_bits(value: Any) -> Any:
    if type(value) is bool:
        return int(value)
    if type(value) is list:
        return [_without_bits(each) for each in value]
    if type(value) is dict:
        return {name: _without_bits(each) for name, each in value.items()}
    return value


def parse_answer(text: str) -> Any:
    """Return the answer of the driver as Python values; half a surrogate pair becomes U+FFFD."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _mended(json.loads(text), _well_formed)


def _well_formed(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _mended(value: Any, mend: Callable[[str], str]) -> Any:
    if type(value) is str:
        return mend(value)
    if type(value) is list:
        return [_mended(each, mend) for each in value]
    if type(value) is dict:
        return {mend(name): _mended(each, mend) for name, each in value.items()}
    return value


def decode_column(kinds: int, flags: int, values: list[Any], *, has_bits: bool) -> Column:
    """Return the results of a batch.

    Args:
        kinds: The kinds of the results, as the driver tells them.
        flags: What they hold beyond plain JSON.
        values: The results, as JSON gives them.
        has_bits: Whether a Boolean is a bit, as from level 1.2 on, or a bigint.
    """
    if kinds == _DATE:
        ticks = pl.Series(values, dtype=pl.Int64) * TICKS_PER_MILLISECOND + _EPOCH_TICKS
        return Column(Kind.DATETIME, ticks)
    if kinds & _BOOLEAN and not has_bits:
        kinds, flags = kinds & ~_BOOLEAN | _WHOLE, flags | HAS_BOOLEAN
    if flags & (IS_ENCODED | HAS_BIG) or (flags & HAS_BOOLEAN and not has_bits):
        values = _restored(values, flags, has_bits=has_bits)
    if kinds == 0:
        return Column.nulls(len(values))
    if kinds in _NATIVE:
        return from_native(_NATIVE[kinds], values)
    return Column.from_values(values)


def _restored(value: Any, flags: int, *, has_bits: bool) -> Any:
    type_ = type(value)
    if type_ is list:
        return [_restored(each, flags, has_bits=has_bits) for each in value]
    if type_ is dict:
        if flags & IS_ENCODED and len(value) == 1 and "$" in value:
            inner = value["$"]
            if type(inner) is int:
                return Instant(inner * TICKS_PER_MILLISECOND + _EPOCH_TICKS)
            value = {"$": inner[0]}
        return {name: _restored(each, flags, has_bits=has_bits) for name, each in value.items()}
    if flags & HAS_BIG and type_ in (int, float) and not -_SAFE <= value <= _SAFE:
        return _exact(value)
    return int(value) if type_ is bool and not has_bits else value


def _exact(value: int | float) -> int | float:
    """Return the large number that V8 printed as `value`, its digits after the seventeenth rounded to zeros."""
    number = float(value)
    whole = int(number)
    return whole if BIGINT_MIN <= whole <= BIGINT_MAX else number
