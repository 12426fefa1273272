"""Type names, and the conversions that functions make by themselves.

A function that takes text takes numbers too, one that takes a datetime takes ISO 8601 text, and one that takes a
number takes text that holds one. Everything else fails, and the message names the function.
"""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

from asaql.functions.registry import FunctionError
from asaql.model import BIGINT_MAX, BIGINT_MIN, Instant, Kind, Value, format_ticks, kind_of, parse_ticks

_DOCUMENTED = {
    "bigint": Kind.BIGINT,
    "float": Kind.FLOAT,
    "nvarchar": Kind.NVARCHAR,
    "datetime": Kind.DATETIME,
    "bit": Kind.BIT,
    "record": Kind.RECORD,
    "array": Kind.ARRAY,
}
_PLAIN_MEANING = {
    "int": Kind.BIGINT,
    "integer": Kind.BIGINT,
    "smallint": Kind.BIGINT,
    "tinyint": Kind.BIGINT,
    "decimal": Kind.FLOAT,
    "numeric": Kind.FLOAT,
    "real": Kind.FLOAT,
    "double": Kind.FLOAT,
    "varchar": Kind.NVARCHAR,
    "nchar": Kind.NVARCHAR,
    "char": Kind.NVARCHAR,
    "string": Kind.NVARCHAR,
    "datetime2": Kind.DATETIME,
    "boolean": Kind.BIT,
}
TYPE_NAMES = ("bigint", "float", "nvarchar(max)", "datetime", "bit", "record", "array")
"""The documented types as they are written."""


def type_kind(type_name: str, arguments: Sequence[object] = ()) -> Kind | None:
    """Return the kind that a type name means, or None if it means none.

    Names of other dialects with a plain meaning are taken too: `int` is bigint, `decimal(5, 2)` is float, `varchar(8)`
    is nvarchar(max). Lengths and precisions have no effect. `is_documented_type` tells them apart.

    Args:
        type_name: The name without arguments, in any case.
        arguments: What stands in parentheses behind it: `("max",)`, `(20,)`.
    """
    name = type_name.casefold()
    kind = _DOCUMENTED.get(name) or _PLAIN_MEANING.get(name)
    takes_arguments = kind is Kind.NVARCHAR or name in ("float", "decimal", "numeric", "datetime2")
    return None if arguments and not takes_arguments else kind


def is_documented_type(type_name: str, arguments: Sequence[object] = ()) -> bool:
    """Return whether a type is written as the dialect documents it, not as other dialects write it."""
    name = type_name.casefold()
    if name == "nvarchar":
        return [str(each).casefold() for each in arguments] == ["max"]
    return name in _DOCUMENTED and not arguments


def describe(value: Value) -> str:
    """Return a value for a message: its type, and what it is if that is short."""
    kind = kind_of(value)
    if kind is Kind.NVARCHAR:
        text = str(value)
        return f'the text "{text}"' if len(text) <= 40 else f'the text "{text[:37]}..."'
    if kind.is_number or kind is Kind.BIT or kind is Kind.DATETIME:
        return f"the {kind} {text_of(value)}"
    return "NULL" if kind is Kind.NULL else f"{'an' if kind is Kind.ARRAY else 'a'} {kind}"


def float_text(number: float) -> str:
    """Return the shortest text that reads back as the same float, whole numbers without a point.

    From 1E+15 on and below 0.0001 with an exponent, as .NET writes it.
    """
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if 1e-4 <= abs(number) < 1e15:
        return repr(number).removesuffix(".0")
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    figures = "".join(map(str, digits))
    power = len(figures) + int(exponent) - 1
    text = "0" if number == 0 else f"{figures[0]}{'.' if len(figures) > 1 else ''}{figures[1:]}E{power:+03d}"
    return f"-{text}" if sign else text


_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_DECIMAL = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*", re.ASCII)


def bigint_of_text(text: str) -> int | None:
    """Return the bigint that a text holds, or None: digits with an optional sign, blanks around it."""
    if _WHOLE.fullmatch(text) is None or len(text) > 400:
        return None
    number = int(text)
    return number if BIGINT_MIN <= number <= BIGINT_MAX else None


def float_of_text(text: str) -> float | None:
    """Return the float that a text holds, or None: no NaN, no Infinity, no thousands separators."""
    if _DECIMAL.fullmatch(text) is None:
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def number_of_text(text: str) -> int | float | None:
    """Return the bigint that a text holds, else the float, else None."""
    number = bigint_of_text(text)
    return float_of_text(text) if number is None else number


def text_of(value: Value) -> str | None:
    """Return a bigint, float, bit, datetime or text as text; None for other kinds."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return float_text(value)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is Instant:
        return format_ticks(value.ticks)
    return None


def as_text(value: Value, function: str) -> str:
    """Return an argument that must be text; numbers, bits and datetimes are written as CAST writes them.

    Raises:
        FunctionError: A record or an array.
    """
    text = text_of(value)
    if text is None:
        message = f"{function} takes nvarchar(max), not {describe(value)}"
        raise FunctionError(message, help="CAST(... AS nvarchar(max)) gives the JSON text of a record or an array")
    return text


def as_bigint(value: Value, function: str) -> int:
    """Return an argument that must be a whole number; a fraction is cut off, text is converted.

    Raises:
        FunctionError: It is no number, or does not fit.
    """
    number = value if type(value) is int else as_number(value, function)
    if type(number) is float:
        number = int(number) if math.isfinite(number) else BIGINT_MAX + 1
        if not BIGINT_MIN <= number <= BIGINT_MAX:
            message = f"{function} takes a bigint, and {describe(value)} does not fit one"
            raise FunctionError(message, "AQ303")
    return int(number)


def as_number(value: Value, function: str) -> int | float:
    """Return an argument that must be a number; text that holds one is converted, a bit counts as 1 or 0.

    Raises:
        FunctionError: It is none.
    """
    if type(value) is int or type(value) is float:
        return value
    if type(value) is bool:
        return int(value)
    number = number_of_text(value) if type(value) is str else None
    if number is None:
        message = f"{function} takes bigint or float, not {describe(value)}"
        raise FunctionError(message)
    return number


def as_float(value: Value, function: str) -> float:
    """Return an argument that must be a number, as a float."""
    return float(as_number(value, function))


def as_ticks(value: Value, function: str) -> int:
    """Return the ticks of an argument that must be a datetime or ISO 8601 text.

    Raises:
        FunctionError: It is neither.
    """
    if type(value) is Instant:
        return value.ticks
    ticks = parse_ticks(value) if type(value) is str else None
    if ticks is None:
        message = f"{function} takes datetime or text in ISO 8601 form, not {describe(value)}"
        raise FunctionError(message, "AQ302", help="'2024-12-31T23:59:59Z'")
    return ticks


def finite(number: float, function: str) -> float:
    """Return a float result.

    Raises:
        FunctionError: It is infinite or not a number.
    """
    if not math.isfinite(number):
        message = f"the result of {function} does not fit a float"
        raise FunctionError(message, "AQ303")
    return number


def in_range(number: int, function: str) -> int:
    """Return a bigint result.

    Raises:
        FunctionError: It does not fit 64 bits.
    """
    if not BIGINT_MIN <= number <= BIGINT_MAX:
        message = f"the result of {function} does not fit a bigint"
        raise FunctionError(message, "AQ303", help="CAST an operand AS float")
    return number
