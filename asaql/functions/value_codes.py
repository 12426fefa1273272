"""Dialect values as bytes: one code that keeps a value exactly, and one that is equal for equal values.

Columns of kind RECORD, ARRAY and ANY hold Python objects, which cannot be grouped, joined or written to a snapshot.
Their codes can.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import polars as pl

from asaql.model import BIGINT_MAX, BIGINT_MIN, Column, Instant, Kind, Value

_INSTANT: Final = 1


def _to_extension(value: object) -> msgspec.msgpack.Ext:
    if isinstance(value, Instant):
        return msgspec.msgpack.Ext(_INSTANT, value.ticks.to_bytes(8, "big"))
    raise AssertionError(type(value))


def _from_extension(_code: int, data: memoryview) -> Instant:
    return Instant(int.from_bytes(data, "big"))


_encoder: Final = msgspec.msgpack.Encoder(enc_hook=_to_extension)
_decoder: Final = msgspec.msgpack.Decoder(ext_hook=_from_extension)


def encode_value(value: Value) -> bytes | None:
    """Return the code that `decode_value` turns back into this very value; None for NULL."""
    return None if value is None else _encoder.encode(value)


def decode_value(code: bytes | None) -> Value:
    """Return the value of a code of `encode_value`."""
    if code is None:
        return None
    value: Value = _decoder.decode(code)
    return value


def equality_code(value: Value) -> bytes | None:
    """Return a code that two values share exactly if they are equal; None for NULL.

    A bigint equals a float of the same value, records are equal in whatever order their fields stand, and values of
    other kinds are never equal.
    """
    return None if value is None else _encoder.encode(_canonical(value))


def _canonical(value: Any) -> Any:
    if type(value) is float and value.is_integer() and BIGINT_MIN <= value <= BIGINT_MAX:
        return int(value)
    if isinstance(value, Mapping):
        return {name: _canonical(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    return value


def encode_column(column: Column) -> pl.Series:
    """Return the codes of a column's values as a Binary series."""
    return pl.Series([encode_value(each) for each in column.to_values()], dtype=pl.Binary)


def equality_codes(column: Column) -> pl.Series:
    """Return the equality codes of a column's values as a Binary series."""
    return pl.Series([equality_code(each) for each in column.to_values()], dtype=pl.Binary)


def decode_column(codes: pl.Series) -> Column:
    """Return the column of values that a Binary series of codes stands for, its kind found from them."""
    return Column.from_values([decode_value(each) for each in codes.to_list()])


def equality_series(column: Column) -> pl.Series:
    """Return a series that groups and joins as the values of one column do: native, or codes where it is not."""
    return equality_codes(column) if column.kind.is_object else column.series


def joint_equality_series(left: Column, right: Column) -> tuple[pl.Series, pl.Series]:
    """Return two series of one data type in which equal values of two columns are equal; NULL stays null."""
    if left.kind is Kind.NULL or right.kind is Kind.NULL:
        kind = left.kind if right.kind is Kind.NULL else right.kind
        return equality_series(left.cast_null(kind)), equality_series(right.cast_null(kind))
    if left.kind is right.kind and not left.kind.is_object:
        return left.series, right.series
    if {left.kind, right.kind} == {Kind.BIGINT, Kind.FLOAT}:
        return _whole(left), _whole(right)
    return equality_codes(left), equality_codes(right)


def _whole(column: Column) -> pl.Series:
    """Return numbers as Int64; a float that no bigint equals is null, as it can match nothing."""
    if column.kind is Kind.BIGINT:
        return column.series
    whole = column.series.cast(pl.Int64, strict=False)
    return whole.zip_with(whole.cast(pl.Float64) == column.series, pl.Series([None], dtype=pl.Int64))
