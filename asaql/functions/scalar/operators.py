"""Arithmetic and bitwise operators.

Numbers keep to their types: bigint with bigint gives bigint, and a float on either side makes both floats. Text that
holds a number counts as that number, and a bit as 1 or 0.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from asaql.functions.registry import Example, Function, FunctionError, Kernel, Parameter, register
from asaql.functions.scalar.kernels import (
    bounds,
    column_of,
    fits,
    is_finite,
    mixed_rows,
    number_series,
    strict,
)
from asaql.functions.scalar.types import as_number, describe, finite, in_range
from asaql.model import BIGINT_MIN, Column, Kind, Value

_DIVISION_HELP = "NULLIF(..., 0) as the right operand gives NULL instead"


def _add(left: Value, right: Value) -> Value:
    if type(left) is str and type(right) is str:
        return left + right
    return _computed("+", operator.add, left, right)


def _subtract(left: Value, right: Value) -> Value:
    return _computed("-", operator.sub, left, right)


def _multiply(left: Value, right: Value) -> Value:
    return _computed("*", operator.mul, left, right)


def _computed(symbol: str, compute: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
    x, y = _operands(symbol, left, right)
    result = compute(x, y)
    return finite(result, f'"{symbol}"') if type(result) is float else in_range(result, f'"{symbol}"')


def _divide(left: Value, right: Value) -> Value:
    x, y = _operands("/", left, right)
    _check_divisor("/", y)
    if type(x) is float or type(y) is float:
        return finite(float(x) / float(y), '"/"')
    return in_range(_cut_quotient(int(x), int(y)), '"/"')


def _cut_quotient(x: int, y: int) -> int:
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def _remainder(left: Value, right: Value) -> Value:
    x, y = _operands("%", left, right)
    _check_divisor("%", y)
    if type(x) is float or type(y) is float:
        return math.fmod(finite(x, '"%"'), finite(y, '"%"'))
    rest = abs(x) % abs(y)
    return -rest if x < 0 else rest


def _negate(operand: Value) -> Value:
    if type(operand) is float:
        return -operand
    number = as_number(operand, '"-"')
    return -number if type(number) is float else in_range(int(-number), '"-"')


def _operands(symbol: str, left: Value, right: Value) -> tuple[int | float, int | float]:
    quoted = f'"{symbol}"'
    try:
        x, y = as_number(left, quoted), as_number(right, quoted)
    except FunctionError as error:
        if symbol == "+" and (type(left) is str or type(right) is str):
            error.help = "CONCAT(..., ...) joins texts and numbers"
        raise
    if type(x) is float or type(y) is float:
        return float(x), float(y)
    return x, y


def _check_divisor(symbol: str, divisor: int | float) -> None:
    if divisor == 0:
        message = f'the right operand of "{symbol}" is zero'
        raise FunctionError(message, "AQ304", help=_DIVISION_HELP)


def _series_of(arguments: Sequence[Column]) -> tuple[pl.Series, pl.Series] | None:
    """Return two columns as series of one number type."""
    left, right = number_series(arguments[0]), number_series(arguments[1])
    if left is None or right is None:
        return None
    if left.dtype != right.dtype:
        return left.cast(pl.Float64), right.cast(pl.Float64)
    return left, right


def _float_result(compute: Callable[[Any, Any], Any], left: pl.Series, right: pl.Series) -> pl.Series:
    """Compute over Float64 series of equal length or length one.

    A single value is repeated before: Polars computes with one value by other formulas, which round otherwise.
    """
    height = max(len(left), len(right))
    left, right = (each.new_from_index(0, max(height, 2)) if len(each) == 1 else each for each in (left, right))
    result: pl.Series = compute(left, right)
    return result.head(height)


def _arithmetic(
    compute: Callable[[Any, Any], Any], reach: Callable[[tuple[int, int], tuple[int, int]], tuple[int, int]]
) -> Kernel:
    """Return the kernel of + - *.

    Args:
        compute: The operator, over series and over Python numbers.
        reach: The range of the exact results for two ranges of operands.
    """

    def kernel(arguments: Sequence[Column], height: int) -> Column | None:
        pair = _series_of(arguments)
        if pair is None:
            return mixed_rows(compute, arguments, height)
        left, right = pair
        if left.dtype == pl.Float64:
            result = _float_result(compute, left, right)
            return column_of(Kind.FLOAT, result, arguments) if is_finite(result) else None
        if not fits(*reach(bounds(left), bounds(right))):
            return None
        return column_of(Kind.BIGINT, compute(left, right), arguments)

    return strict(kernel)


def _sum_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    if arguments[0].kind is Kind.NVARCHAR and arguments[1].kind is Kind.NVARCHAR:
        return column_of(Kind.NVARCHAR, arguments[0].series + arguments[1].series, arguments)
    return _plain_sum_kernel(arguments, height)


def _product_reach(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    products = [x * y for x in left for y in right]
    return min(products), max(products)


_plain_sum_kernel = _arithmetic(operator.add, lambda x, y: (x[0] + y[0], x[1] + y[1]))


def _quotient_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    pair = _series_of(arguments)
    if pair is None:
        return mixed_rows(_divide, arguments, height)
    if (pair[1] == 0).any():
        return None
    left, right = pair
    if left.dtype == pl.Float64:
        result = _float_result(operator.truediv, left, right)
        return column_of(Kind.FLOAT, result, arguments) if is_finite(result) else None
    if bounds(left)[0] == BIGINT_MIN:
        return None
    return column_of(Kind.BIGINT, _truncated(left, right), arguments)


def _truncated(left: pl.Series, right: pl.Series) -> pl.Series:
    """Return the quotients cut off towards zero; Polars rounds down."""
    quotient = left // right
    if bounds(left)[0] >= 0 and bounds(right)[0] >= 0:
        return quotient
    is_cut = (quotient * right != left) & ((left < 0) != (right < 0))
    return quotient + is_cut.cast(pl.Int64)


def _remainder_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    pair = _series_of(arguments)
    if pair is None or (pair[1] == 0).any():
        return None
    left, right = pair
    if left.dtype == pl.Float64:
        return _float_remainder(left, right, arguments, height)
    least = bounds(left)[0]
    if least == BIGINT_MIN:
        return None
    # Without signs to mind, one native operation is enough.
    is_plain = least >= 0 and bounds(right)[0] > 0
    rest = left % right if is_plain else left - _truncated(left, right) * right
    return column_of(Kind.BIGINT, rest, arguments)


def _float_remainder(left: pl.Series, right: pl.Series, arguments: Sequence[Column], height: int) -> Column | None:
    if not is_finite(left) or not is_finite(right):
        return None
    rows = 1 if arguments[0].is_constant and arguments[1].is_constant else height
    dividends = left.to_list() * (rows if arguments[0].is_constant else 1)
    divisors = right.to_list() * (rows if arguments[1].is_constant else 1)
    values = [None if x is None or y is None else math.fmod(x, y) for x, y in zip(dividends, divisors, strict=True)]
    return column_of(Kind.FLOAT, pl.Series(values, dtype=pl.Float64), arguments)


def _negate_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    series = number_series(arguments[0])
    if series is None or (series.dtype == pl.Int64 and bounds(series)[0] == BIGINT_MIN):
        return None
    kind = Kind.FLOAT if series.dtype == pl.Float64 else Kind.BIGINT
    return column_of(kind, -series, arguments)


def _bits(symbol: str, compute: Callable[[Any, Any], Any]) -> tuple[Callable[[Value, Value], Value], Kernel]:
    """Return the body and the kernel of a bitwise operator of two operands."""
    quoted = f'"{symbol}"'

    def body(left: Value, right: Value) -> Value:
        result = compute(_bit_operand(left, quoted), _bit_operand(right, quoted))
        return result if type(left) is bool and type(right) is bool else int(result)

    def kernel(arguments: Sequence[Column], height: int) -> Column | None:
        kinds = {each.kind for each in arguments}
        if not kinds <= {Kind.BIT, Kind.BIGINT}:
            return None
        # As numbers in any case: on Boolean series Polars has a logic of three values, where NULL or true is true.
        left, right = (each.series.cast(pl.Int64) for each in arguments)
        result = compute(left, right)
        if kinds == {Kind.BIT}:
            return column_of(Kind.BIT, result != 0, arguments)
        return column_of(Kind.BIGINT, result, arguments)

    return body, strict(kernel)


def _bit_operand(value: Value, quoted: str) -> int:
    if type(value) is int or type(value) is bool:
        return value
    message = f"{quoted} takes bigint or bit, not {describe(value)}"
    raise FunctionError(message, help="CAST the operand AS bigint")


def _invert(operand: Value) -> Value:
    return not operand if type(operand) is bool else ~_bit_operand(operand, '"~"')


def _invert_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    column = arguments[0]
    if column.kind is Kind.BIT:
        return column_of(Kind.BIT, ~column.series, arguments)
    return column_of(Kind.BIGINT, -column.series - 1, arguments) if column.kind is Kind.BIGINT else None


_NUMBERS = (Parameter("left", "bigint or float"), Parameter("right", "bigint or float"))
_BITS = (Parameter("left", "bigint or bit"), Parameter("right", "bigint or bit"))
_NUMBER = "bigint, or float if an operand is float"
_and, _and_kernel = _bits("&", operator.and_)
_or, _or_kernel = _bits("|", operator.or_)
_xor, _xor_kernel = _bits("^", operator.xor)

register(
    Function(
        "+",
        (Parameter("left", "bigint, float or nvarchar(max)"), Parameter("right", "bigint, float or nvarchar(max)")),
        "bigint, float or nvarchar(max)",
        _add,
        "Adds numbers, or joins two texts.",
        (Example("2 + 3", 5), Example("2 + 0.5", 2.5), Example("'Make: ' + 'Contoso'", "Make: Contoso")),
        kernel=strict(_sum_kernel),
        category="Operators",
        notes=("A bigint that does not fit 64 bits fails the job.", "Text with a number: the text must hold a number."),
    ),
    Function(
        "-",
        _NUMBERS,
        _NUMBER,
        _subtract,
        "Subtracts the right operand from the left.",
        (Example("2 - 3", -1), Example("2.5 - 1", 1.5)),
        kernel=_arithmetic(operator.sub, lambda x, y: (x[0] - y[1], x[1] - y[0])),
        category="Operators",
    ),
    Function(
        "*",
        _NUMBERS,
        _NUMBER,
        _multiply,
        "Multiplies.",
        (Example("2 * 3", 6), Example("2 * 1.5", 3.0)),
        kernel=_arithmetic(operator.mul, _product_reach),
        category="Operators",
    ),
    Function(
        "/",
        _NUMBERS,
        _NUMBER,
        _divide,
        "Divides; a quotient of two bigints is cut off to a bigint.",
        (Example("7 / 2", 3), Example("-7 / 2", -3), Example("7 / 2.0", 3.5)),
        kernel=strict(_quotient_kernel),
        category="Operators",
        notes=("Division by zero fails the job, for floats too.",),
    ),
    Function(
        "%",
        _NUMBERS,
        _NUMBER,
        _remainder,
        "The remainder of the division, with the sign of the left operand.",
        (Example("7 % 3", 1), Example("-7 % 3", -1), Example("7 % -3", 1)),
        kernel=strict(_remainder_kernel),
        category="Operators",
    ),
    Function(
        "NEGATE",
        (Parameter("operand", "bigint or float"),),
        "the type of the operand",
        _negate,
        "Changes the sign; written as `-` before its operand.",
        (Example("-(2 + 3)", -5),),
        kernel=strict(_negate_kernel),
        category="Operators",
    ),
    Function(
        "&",
        _BITS,
        "bit if both operands are bit, else bigint",
        _and,
        "The bits that both operands have.",
        (Example("170 & 75", 10),),
        kernel=_and_kernel,
        category="Operators",
        notes=("A float must be cast first.",),
    ),
    Function(
        "|",
        _BITS,
        "bit if both operands are bit, else bigint",
        _or,
        "The bits that one or both operands have.",
        (Example("170 | 75", 235),),
        kernel=_or_kernel,
        category="Operators",
    ),
    Function(
        "^",
        _BITS,
        "bit if both operands are bit, else bigint",
        _xor,
        "The bits that just one operand has.",
        (Example("170 ^ 75", 225),),
        kernel=_xor_kernel,
        category="Operators",
    ),
    Function(
        "~",
        (Parameter("operand", "bigint or bit"),),
        "the type of the operand",
        _invert,
        "Inverts every bit; of a bit, the other bit.",
        (Example("~ 170", -171),),
        kernel=strict(_invert_kernel),
        category="Operators",
    ),
)
