"""Mathematical functions."""

import math
from collections.abc import Callable, Sequence

import polars as pl

from asaql.functions.registry import Example, Function, FunctionError, Kernel, Parameter, register
from asaql.functions.scalar.kernels import bounds, column_of, is_finite, mixed_rows, number_series, rowwise, strict
from asaql.functions.scalar.types import as_bigint, as_float, as_number, finite, in_range
from asaql.model import BIGINT_MIN, Column, Kind, Value

_WHOLE_FROM = 2.0**52
"""Floats of this size and above have no fraction."""


def _absolute(value: Value) -> Value:
    number = as_number(value, "ABS")
    return abs(number) if type(number) is float else in_range(int(abs(number)), "ABS")


def _sign(value: Value) -> Value:
    number = as_number(value, "SIGN")
    sign = (number > 0) - (number < 0)
    return float(sign) if type(number) is float else sign


def _ceiling(value: Value) -> Value:
    number = as_number(value, "CEILING")
    if type(number) is not float or abs(number) >= _WHOLE_FROM:
        return number
    return float(math.ceil(number))


def _floor(value: Value) -> Value:
    number = as_number(value, "FLOOR")
    if type(number) is not float or abs(number) >= _WHOLE_FROM:
        return number
    return float(math.floor(number))


def _exponential(value: Value) -> Value:
    return _exp(as_float(value, "EXP"))


def _exp(number: float) -> float:
    try:
        return finite(math.exp(number), "EXP")
    except OverflowError:
        return finite(math.inf, "EXP")


def _square_root(value: Value) -> Value:
    number = as_float(value, "SQRT")
    if number < 0:
        message = f"SQRT takes no negative number, and this is {as_number(value, 'SQRT')}"
        raise FunctionError(message, "AQ306")
    return finite(math.sqrt(number), "SQRT")


def _square(value: Value) -> Value:
    number = as_float(value, "SQUARE")
    return finite(number * number, "SQUARE")


def _power(base: Value, exponent: Value) -> Value:
    x, y = as_number(base, "POWER"), as_number(exponent, "POWER")
    if x == 0 and y < 0:
        message = "zero has no negative power"
        raise FunctionError(message, "AQ304")
    if type(x) is int and type(y) is int:
        return _whole_power(x, y)
    try:
        result = math.pow(x, y)
    except OverflowError:
        result = math.inf
    except ValueError as error:
        message = f"a negative number has no power {y}"
        raise FunctionError(message, "AQ306") from error
    finite(result, "POWER")
    return in_range(int(result), "POWER") if type(x) is int else result


def _whole_power(x: int, y: int) -> int:
    if y < 0:
        return x ** (-y % 2 or 2) if abs(x) == 1 else 0
    if abs(x) > 1 and y > 63:
        return in_range(2**64, "POWER")
    return in_range(x ** (y if abs(x) > 1 else min(y, 2 + y % 2)), "POWER")


def _round(value: Value, length: Value) -> Value:
    number, places = as_number(value, "ROUND"), as_bigint(length, "ROUND")
    return _round_float(number, places) if type(number) is float else _round_whole(int(number), places)


def _round_whole(number: int, places: int) -> int:
    if places >= 0:
        return number
    if places < -19:
        return 0
    unit = 10**-places
    size = (abs(number) + unit // 2) // unit * unit
    return in_range(size if number >= 0 else -size, "ROUND")


def _round_float(number: float, places: int) -> float:
    finite(number, "ROUND")
    if places > 300:
        return number
    if places < -308:
        return 0.0
    unit = 10.0 ** abs(places)
    size = abs(number) * unit if places >= 0 else abs(number) / unit
    if size >= _WHOLE_FROM:
        return number
    whole = math.floor(size)
    rounded = float(whole + 1 if size - whole >= 0.5 else whole)
    result = rounded / unit if places >= 0 else finite(rounded * unit, "ROUND")
    return -result if number < 0 and result else result


def _absolute_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    column = arguments[0]
    series = number_series(column)
    if series is None or (series.dtype == pl.Int64 and bounds(series)[0] == BIGINT_MIN):
        return None
    return column_of(_kind_of(series), series.abs(), arguments)


def _kind_of(series: pl.Series) -> Kind:
    return Kind.FLOAT if series.dtype == pl.Float64 else Kind.BIGINT


def _sign_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    series = number_series(arguments[0])
    if series is None or (series.dtype == pl.Float64 and not is_finite(series)):
        return None
    sign = (series > 0).cast(pl.Int64) - (series < 0).cast(pl.Int64)
    return column_of(_kind_of(series), sign.cast(series.dtype), arguments)


def _whole_kernel(compute: Callable[[pl.Series], pl.Series]) -> Kernel:
    """Return the kernel of CEILING and FLOOR."""

    def kernel(arguments: Sequence[Column], height: int) -> Column | None:
        series = number_series(arguments[0])
        if series is None:
            return None
        if series.dtype == pl.Int64:
            return column_of(Kind.BIGINT, series, arguments)
        if not is_finite(series):
            return None
        return column_of(Kind.FLOAT, _without_minus_zero(compute(series)), arguments)

    return strict(kernel)


def _without_minus_zero(series: pl.Series) -> pl.Series:
    return series.zip_with((series != 0).fill_null(value=True), pl.Series([0.0])) if (series == 0).any() else series


def _square_root_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    series = number_series(arguments[0])
    if series is None:
        return None
    numbers = series.cast(pl.Float64)
    if (numbers < 0).any() or not is_finite(numbers):
        return None
    return column_of(Kind.FLOAT, numbers.sqrt(), arguments)


def _square_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    series = number_series(arguments[0])
    if series is None:
        return None
    numbers = series.cast(pl.Float64)
    result = numbers * numbers
    return column_of(Kind.FLOAT, result, arguments) if is_finite(result) else None


def _round_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    column, length = arguments
    if length.kind is not Kind.BIGINT or not length.is_constant:
        return None
    if column.kind is Kind.ANY:
        return mixed_rows(_round, arguments, height)
    places = int(length.series[0])
    if column.kind is Kind.BIGINT and places >= 0:
        return column_of(Kind.BIGINT, column.series, arguments)
    if column.kind is not Kind.FLOAT or not 0 <= places <= 22 or not is_finite(column.series):
        return None
    unit = 10.0**places
    size = column.series.abs() * unit
    whole = size.floor()
    rounded = whole + (size - whole >= 0.5).cast(pl.Float64)
    units = pl.Series([unit]).new_from_index(0, max(len(rounded), 2))
    result = rounded / units if len(rounded) > 1 else (rounded.new_from_index(0, 2) / units).head(1)
    result = _without_minus_zero(result.zip_with(column.series >= 0, -result))
    is_whole = size >= _WHOLE_FROM
    result = result.zip_with(~is_whole, column.series) if is_whole.any() else result
    return column_of(Kind.FLOAT, result, arguments)


_NUMBER = Parameter("number", "bigint or float")
_FLOAT = Parameter("number", "float")
_SAME = "the type of the number"

register(
    Function(
        "ABS",
        (_NUMBER,),
        _SAME,
        _absolute,
        "The number without its sign.",
        (Example("ABS(-5)", 5), Example("ABS(-1.5)", 1.5)),
        kernel=strict(_absolute_kernel),
        category="Mathematics",
    ),
    Function(
        "CEILING",
        (_NUMBER,),
        _SAME,
        _ceiling,
        "The least whole number that is not less.",
        (Example("CEILING(1.5)", 2.0), Example("CEILING(-1.5)", -1.0)),
        kernel=_whole_kernel(pl.Series.ceil),
        category="Mathematics",
    ),
    Function(
        "EXP",
        (_FLOAT,),
        "float",
        _exponential,
        "e to the power of the number.",
        (Example("EXP(0)", 1.0),),
        kernel=rowwise(Kind.FLOAT, _exp, Kind.FLOAT),
        category="Mathematics",
    ),
    Function(
        "FLOOR",
        (_NUMBER,),
        _SAME,
        _floor,
        "The greatest whole number that is not greater.",
        (Example("FLOOR(1.5)", 1.0), Example("FLOOR(-1.5)", -2.0)),
        kernel=_whole_kernel(pl.Series.floor),
        category="Mathematics",
    ),
    Function(
        "POWER",
        (Parameter("base", "bigint or float"), Parameter("exponent", "bigint or float")),
        "the type of the base",
        _power,
        "The base to the power of the exponent.",
        (Example("POWER(2, 10)", 1024), Example("POWER(2.0, -1)", 0.5), Example("POWER(2, -1)", 0)),
        kernel=rowwise(Kind.FLOAT, _power, Kind.FLOAT, (Kind.FLOAT, Kind.BIGINT)),
        category="Mathematics",
        notes=("With a bigint base the fraction of the result is cut off.",),
    ),
    Function(
        "ROUND",
        (_NUMBER, Parameter("length", "bigint")),
        _SAME,
        _round,
        "The number rounded to a number of places, halves away from zero.",
        (Example("ROUND(123.9995, 3)", 124.0), Example("ROUND(-0.5, 0)", -1.0), Example("ROUND(123.4, -1)", 120.0)),
        kernel=strict(_round_kernel),
        category="Mathematics",
        notes=("A negative length rounds to the left of the decimal point.",),
    ),
    Function(
        "SIGN",
        (_NUMBER,),
        _SAME,
        _sign,
        "1, 0 or -1 for a positive number, zero or a negative number.",
        (Example("SIGN(-5)", -1), Example("SIGN(0.5)", 1.0)),
        kernel=strict(_sign_kernel),
        category="Mathematics",
    ),
    Function(
        "SQRT",
        (_FLOAT,),
        "float",
        _square_root,
        "The square root; a negative number fails the job.",
        (Example("SQRT(9)", 3.0),),
        kernel=strict(_square_root_kernel),
        category="Mathematics",
    ),
    Function(
        "SQUARE",
        (_FLOAT,),
        "float",
        _square,
        "The number times itself.",
        (Example("SQUARE(-3)", 9.0),),
        kernel=strict(_square_kernel),
        category="Mathematics",
    ),
)
