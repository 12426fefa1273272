"""CAST and TRY_CAST to each type, GetType, COALESCE and NULLIF."""

import math
from collections.abc import Callable, Sequence

import orjson
import polars as pl

from asaql.functions.registry import (
    Example,
    Function,
    FunctionError,
    Kernel,
    Parameter,
    Scalar,
    function_named,
    register,
)
from asaql.functions.scalar.comparisons import equals
from asaql.functions.scalar.datetimes import format_ticks_series, parse_ticks_series
from asaql.functions.scalar.kernels import column_of, is_finite, mixed_floats, nulls_for, strict
from asaql.functions.scalar.types import bigint_of_text, describe, float_of_text, text_of
from asaql.model import Column, Instant, Kind, Value, kind_of, parse_ticks

_BITS = {"true": True, "false": False, "1": True, "0": False}
_LEAST_FLOAT, _END_FLOAT = -(2.0**63), 2.0**63
"""The floats between which a bigint lies, the end not included."""


def cast_function(kind: Kind, *, is_safe: bool = False) -> Function:
    """Return the function that CAST, or TRY_CAST when `is_safe`, stands for with a target kind."""
    return function_named(f"{'TRY_CAST' if is_safe else 'CAST'} AS {kind}")


def json_text(value: Value) -> str:
    """Return the JSON text of a record or an array, datetimes in it as text."""
    return orjson.dumps(value, default=_json_default).decode()


def _json_default(value: object) -> str:
    if isinstance(value, Instant):
        return str(value)
    raise TypeError(type(value))


def _to_bigint(value: Value) -> Value:
    if type(value) is int:
        return value
    if type(value) is bool:
        return int(value)
    if type(value) is float:
        return int(value) if _LEAST_FLOAT <= value < _END_FLOAT else None
    return bigint_of_text(value) if type(value) is str else None


def _to_float(value: Value) -> Value:
    if type(value) in (int, bool, float):
        return float(value)  # type: ignore[arg-type]
    return float_of_text(value) if type(value) is str else None


def _to_text(value: Value) -> Value:
    return json_text(value) if type(value) in (dict, list) else text_of(value)


def _to_datetime(value: Value) -> Value:
    if type(value) is Instant:
        return value
    ticks = parse_ticks(value) if type(value) is str else None
    return None if ticks is None else Instant(ticks)


def _to_bit(value: Value) -> Value:
    if type(value) is bool:
        return value
    if type(value) is int or type(value) is float:
        return value != 0 if not math.isnan(value) else None
    return _BITS.get(value.strip().lower()) if type(value) is str else None


def _to_record(value: Value) -> Value:
    return value if type(value) is dict else None


def _to_array(value: Value) -> Value:
    return value if type(value) is list else None


_CONVERSIONS: dict[Kind, Callable[[Value], Value]] = {
    Kind.BIGINT: _to_bigint,
    Kind.FLOAT: _to_float,
    Kind.NVARCHAR: _to_text,
    Kind.DATETIME: _to_datetime,
    Kind.BIT: _to_bit,
    Kind.RECORD: _to_record,
    Kind.ARRAY: _to_array,
}


def _cast(kind: Kind) -> Scalar:
    convert = _CONVERSIONS[kind]

    def cast(value: Value) -> Value:
        result = convert(value)
        if result is None:
            message = f"{describe(value)} cannot be converted to {kind}"
            raise FunctionError(message, "AQ302", help=_advice(kind, value))
        return result

    return cast


def _advice(kind: Kind, value: Value) -> str:
    if kind in (Kind.RECORD, Kind.ARRAY) and type(value) is str:
        return "JSON_PARSE(...) reads a record from text"
    return f"TRY_CAST(... AS {kind}) gives NULL instead"


def convert_series(kind: Kind, column: Column) -> pl.Series | None:
    """Return a column converted, null where it cannot be; None if there is no kernel for its kind."""
    series, source = column.series, column.kind
    if source is kind:
        return series
    if kind is Kind.BIGINT:
        return _bigint_series(source, series)
    if kind is Kind.FLOAT:
        return mixed_floats(column) if source is Kind.ANY else _float_series(source, series)
    if kind is Kind.NVARCHAR:
        return _text_series(source, series)
    if kind is Kind.DATETIME and source is Kind.NVARCHAR:
        return parse_ticks_series(series)
    if kind is Kind.BIT and source is Kind.BIGINT:
        return series != 0
    if kind is Kind.BIT and source is Kind.FLOAT:
        return series != 0 if is_finite(series) else None
    return None


def _bigint_series(source: Kind, series: pl.Series) -> pl.Series | None:
    if source is Kind.BIT:
        return series.cast(pl.Int64)
    if source is Kind.FLOAT:
        return series.cast(pl.Int64, strict=False)
    if source is Kind.NVARCHAR:
        is_plain = series.str.contains(r"^-?[0-9]{1,18}$")
        return series.cast(pl.Int64, strict=False) if is_plain.all() else None
    return None


def _float_series(source: Kind, series: pl.Series) -> pl.Series | None:
    if source in (Kind.BIT, Kind.BIGINT):
        return series.cast(pl.Float64)
    if source is Kind.NVARCHAR:
        is_plain = series.str.contains(r"^-?[0-9]{1,18}(?:\.[0-9]{1,18})?$")
        return series.cast(pl.Float64, strict=False) if is_plain.all() else None
    return None


def _text_series(source: Kind, series: pl.Series) -> pl.Series | None:
    if source is Kind.BIGINT:
        return series.cast(pl.String)
    if source is Kind.DATETIME:
        return format_ticks_series(series)
    if source is Kind.BIT:
        return series.cast(pl.String)
    if source is Kind.FLOAT:
        size = series.abs()
        least, greatest = size.filter(size > 0).min() or 1.0, size.max() or 1.0
        if least >= 1e-4 and greatest < 1e15 and is_finite(series):  # type: ignore[operator]
            return series.cast(pl.String).str.strip_suffix(".0")
    return None


def _cast_kernel(kind: Kind, *, is_safe: bool) -> Kernel:
    def kernel(arguments: Sequence[Column], height: int) -> Column | None:
        column = arguments[0]
        if column.kind is kind:
            return column
        series = convert_series(kind, column)
        if series is None or (not is_safe and series.null_count() != column.series.null_count()):
            return None
        return column_of(kind, series, arguments)

    return strict(kernel)


_EXAMPLES: dict[Kind, tuple[Example, ...]] = {
    Kind.BIGINT: (Example("CAST('12' AS bigint)", 12), Example("CAST(1.7 AS bigint)", 1)),
    Kind.FLOAT: (Example("CAST('1.5' AS float)", 1.5),),
    Kind.NVARCHAR: (Example("CAST(1.5 AS nvarchar(max))", "1.5"),),
    Kind.DATETIME: (Example("CAST('2024-03-01T02:00:00+05:00' AS datetime)", Instant(638448372000000000)),),
    Kind.BIT: (Example("CAST(-0.5 AS bit)", True),),
    Kind.RECORD: (),
    Kind.ARRAY: (),
}
_RULES: dict[Kind, str] = {
    Kind.BIGINT: "float loses its fraction; bit gives 1 or 0; text must hold a whole number.",
    Kind.FLOAT: "bigint, bit, and text that holds a number; not NaN.",
    Kind.NVARCHAR: "Numbers in their shortest form, datetime in ISO 8601 form, bit as true or false, record and array "
    "as JSON.",
    Kind.DATETIME: "Text in ISO 8601 form; without a zone it is UTC.",
    Kind.BIT: "Zero is false, every other number true; text must be true, false, 1 or 0.",
    Kind.RECORD: "Only a record is one; JSON_PARSE reads a record from text.",
    Kind.ARRAY: "Only an array is one.",
}

for _kind, _conversion in _CONVERSIONS.items():
    register(
        Function(
            f"CAST AS {_kind}",
            (Parameter("expression"),),
            str(_kind),
            _cast(_kind),
            f"Converts to {_kind}; a value that cannot be converted fails the job.",
            _EXAMPLES[_kind],
            kernel=_cast_kernel(_kind, is_safe=False),
            category="Conversions",
            notes=(_RULES[_kind],),
        ),
        Function(
            f"TRY_CAST AS {_kind}",
            (Parameter("expression"),),
            str(_kind),
            _conversion,
            f"Converts to {_kind}; a value that cannot be converted gives NULL.",
            (Example(f"TRY_CAST('none' AS {_kind})", "none" if _kind is Kind.NVARCHAR else None),),
            kernel=_cast_kernel(_kind, is_safe=True),
            category="Conversions",
        ),
    )


def _get_type(value: Value) -> Value:
    return str(kind_of(value))


def _get_type_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    column = arguments[0]
    if column.kind is Kind.ANY:
        return None
    name = pl.Series([str(column.kind)]).new_from_index(0, len(column))
    nulls = column.is_null()
    return column_of(Kind.NVARCHAR, name.zip_with(~nulls, pl.Series([None], dtype=pl.String)), arguments)


def _coalesce(*values: Value) -> Value:
    return next((each for each in values if each is not None), None)


def _nullif(value: Value, other: Value) -> Value:
    return None if equals(value, other) else value


def _nullif_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    value, other = arguments
    if value.kind is Kind.NULL:
        return nulls_for(arguments, height)
    is_equal = _equal_mask(arguments, height)
    if is_equal is None or value.kind.is_object:
        return None
    series = value.expand(height).series if not other.is_constant else value.series
    return column_of(value.kind, series.zip_with(~is_equal, pl.Series([None], dtype=series.dtype)), arguments)


def _equal_mask(arguments: Sequence[Column], height: int) -> pl.Series | None:
    kernel = function_named("=").kernel
    column = None if kernel is None else kernel(arguments, height)
    return None if column is None else column.series


register(
    Function(
        "GetType",
        (Parameter("expression"),),
        "nvarchar(max)",
        _get_type,
        "The name of the type that the value has in this event.",
        (Example("GetType(1)", "bigint"), Example("GetType('a')", "nvarchar(max)")),
        kernel=strict(_get_type_kernel),
        category="Conversions",
    ),
    Function(
        "COALESCE",
        (Parameter("expression"), Parameter("expression", is_repeated=True)),
        "the type of the value it gives",
        _coalesce,
        "The first value that is not NULL; later ones are not evaluated.",
        (Example("COALESCE(NULL, 2, 3)", 2),),
        is_strict=False,
        category="Conversions",
    ),
    Function(
        "NULLIF",
        (Parameter("expression"), Parameter("other")),
        "the type of the first argument",
        _nullif,
        "NULL if both arguments are equal, else the first.",
        (Example("NULLIF(1, 1)", None), Example("NULLIF(1, 2)", 1)),
        is_strict=False,
        kernel=_nullif_kernel,
        category="Conversions",
    ),
)
