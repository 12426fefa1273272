"""Parts of texts: LEFT, RIGHT, SUBSTRING, STUFF. Positions begin at 1 and count UTF-16 units."""

from collections.abc import Sequence

from asaql.functions.registry import Example, FunctionError, Parameter
from asaql.functions.scalar.declare import declare
from asaql.functions.scalar.kernels import column_of, is_basic, rowwise, strict
from asaql.functions.scalar.texts import LONGEST, from_units, is_basic_text, units
from asaql.model import Column, Kind


def _left(text: str, count: int) -> str:
    _check_length(count, "LEFT")
    return text[:count] if is_basic_text(text) else from_units(units(text)[:count])


def _right(text: str, count: int) -> str:
    _check_length(count, "RIGHT")
    all_units = units(text)
    return from_units(all_units[max(len(all_units) - count, 0) :])


def _substring(text: str, start: int, count: int) -> str:
    _check_length(count, "SUBSTRING")
    begin, end = max(start - 1, 0), max(start - 1 + count, 0)
    return text[begin:end] if is_basic_text(text) else from_units(units(text)[begin:end])


def _stuff(text: str, start: int, count: int, inserted: str) -> str | None:
    _check_length(count, "STUFF")
    if start < 1:
        return None
    all_units = units(text)
    if start > len(all_units):
        return ""
    return from_units(all_units[: start - 1] + inserted + all_units[start - 1 + count :])


def _check_length(count: int, function: str) -> None:
    if count < 0:
        message = f"{function} takes no negative length, and this is {count}"
        raise FunctionError(message, "AQ306")


def _substring_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    text, start, count = arguments
    if (
        text.kind is Kind.NVARCHAR
        and start.is_constant
        and count.is_constant
        and start.kind is count.kind is Kind.BIGINT
    ):
        begin, length = start.series[0] - 1, count.series[0]
        if length < 0 or max(abs(begin), length) > LONGEST or not is_basic(text.series):
            return None
        end = max(begin + length, 0)
        begin = max(begin, 0)
        return column_of(Kind.NVARCHAR, text.series.str.slice(begin, end - begin), arguments)
    return _substring_rows(arguments, height)


_substring_rows = rowwise(Kind.NVARCHAR, _substring, Kind.NVARCHAR, Kind.BIGINT)


def _left_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    one = Column.constant(1)
    return _substring_kernel((arguments[0], one, arguments[1]), height)


def _right_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    text, count = arguments
    if text.kind is not Kind.NVARCHAR or count.kind is not Kind.BIGINT or not count.is_constant:
        return _right_rows(arguments, height)
    length = count.series[0]
    if not 0 <= length <= LONGEST or not is_basic(text.series):
        return None
    return column_of(Kind.NVARCHAR, text.series.str.tail(length), arguments)


_right_rows = rowwise(Kind.NVARCHAR, _right, Kind.NVARCHAR, Kind.BIGINT)


_TEXT = Parameter("text", "nvarchar(max)")
_COUNT = Parameter("length", "bigint")
_START = Parameter("start", "bigint")


declare(
    "LEFT",
    (_TEXT, _COUNT),
    Kind.NVARCHAR,
    _left,
    "The first characters of a text.",
    Example("LEFT('abcdef', 2)", "ab"),
    kernel=strict(_left_kernel),
    notes=("A negative length fails the job.",),
)
declare(
    "RIGHT",
    (_TEXT, _COUNT),
    Kind.NVARCHAR,
    _right,
    "The last characters of a text.",
    Example("RIGHT('abcdef', 2)", "ef"),
    kernel=strict(_right_kernel),
    notes=("A negative length fails the job.",),
)
declare(
    "STUFF",
    (_TEXT, _START, _COUNT, Parameter("new", "nvarchar(max)")),
    Kind.NVARCHAR,
    _stuff,
    "The text with a number of characters deleted and another text put in their place.",
    Example("STUFF('abcdef', 2, 3, 'ijklmn')", "aijklmnef"),
    notes=("A start beyond the end gives an empty text, one before the beginning NULL.",),
)
declare(
    "SUBSTRING",
    (_TEXT, _START, _COUNT),
    Kind.NVARCHAR,
    _substring,
    "A part of a text.",
    Example("SUBSTRING('abcdef', 2, 3)", "bcd"),
    Example("SUBSTRING('abcdef', -1, 3)", "a"),
    kernel=strict(_substring_kernel),
    notes=("A negative length fails the job.",),
)
