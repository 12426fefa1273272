"""From what a format holds to what the dialect has: compatibility levels and the kinds that CREATE TABLE declares."""

import math
from collections.abc import Callable
from typing import Any

import polars as pl

from asaql.formats.projection import ReadOptions
from asaql.model import BIGINT_MAX, BIGINT_MIN, Column, Instant, Kind, Value, kind_of, parse_ticks
from asaql.model.column import from_native

_ISO_LENGTH = len("2024-01-01T00:00")
_PLAIN_NUMBERS = {Kind.BIGINT: r"^-?[0-9]{1,18}$", Kind.FLOAT: r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$"}
"""Text that is a number beyond doubt, so that a whole column of it is converted at once."""


class UnfitValueError(ValueError):
    """A value does not fit the kind declared for its column; the text is the reason."""


def adapt(value: Any, options: ReadOptions) -> Any:
    """Return a value as the compatibility level has it.

    Below 1.2 booleans become 1 and 0, at every depth. At 1.0 names become lower case, and text that begins like
    `2024-01-01T00:00` and is ISO 8601 becomes a datetime; a date alone stays text.

    Raises:
        ValueError: At 1.0 a record has two names that differ in case only; the text is the reason.
    """
    if options.has_bit:
        return value
    if type(value) is bool:
        return int(value)
    if type(value) is dict:
        return _adapt_record(value, options)
    if type(value) is list:
        return [adapt(each, options) for each in value]
    if type(value) is str and options.lowers_names:
        return _datetime_or_text(value)
    return value


def _adapt_record(record: dict[str, Any], options: ReadOptions) -> dict[str, Any]:
    adapted = {}
    for name, value in record.items():
        key = name.lower() if options.lowers_names else name
        if key in adapted:
            message = f'the name "{name}" stands twice in a record, case aside'
            raise ValueError(message)
        adapted[key] = adapt(value, options)
    return adapted


def _datetime_or_text(text: str) -> Value:
    if len(text) >= _ISO_LENGTH and text[4] == "-" and text[10] in "Tt":
        ticks = parse_ticks(text)
        if ticks is not None:
            return Instant(ticks)
    return text


def adapt_column(column: Column, options: ReadOptions) -> Column:
    """Return a column as levels 1.1 and 1.2 have it; the values of level 1.0 are adapted with their events."""
    if options.has_bit or not (column.kind is Kind.BIT or column.kind.is_object):
        return column
    if column.kind is Kind.BIT:
        return Column(Kind.BIGINT, column.series.cast(pl.Int64))
    return column.map(lambda value: adapt(value, options))


def fit_column(
    name: str, column: Column, kind: Kind, options: ReadOptions, *, is_text: bool
) -> tuple[Column, dict[int, str]]:
    """Return a column as one of the declared kind, and the rows whose values do not fit it with the reasons.

    Only what loses nothing is converted: bigint to float, ISO 8601 text to datetime; and, where a format has nothing
    but text, text to any of the kinds. NULL fits every kind.

    Args:
        name: The column's name for the reasons.
        column: The values as read.
        kind: The kind declared.
        options: The rules of reading.
        is_text: Whether the format has text only, as CSV.
    """
    if column.kind is Kind.NULL or (column.kind is kind and kind is not Kind.FLOAT):
        return column, {}
    if column.kind is Kind.FLOAT and kind is Kind.FLOAT and not column.series.is_nan().any():
        return column, {}
    if column.kind is Kind.BIGINT and kind is Kind.FLOAT:
        return Column(kind, column.series.cast(pl.Float64)), {}
    plain = _PLAIN_NUMBERS.get(kind) if is_text and column.kind is Kind.NVARCHAR else None
    if plain and column.series.str.contains(plain).all():
        return Column(kind, column.series.cast(pl.Int64 if kind is Kind.BIGINT else pl.Float64)), {}
    fitted: list[Value] = []
    unfit: dict[int, str] = {}
    for row, value in enumerate(column.to_values()):
        try:
            fitted.append(None if value is None else fit_value(name, value, kind, options, is_text=is_text))
        except UnfitValueError as error:
            fitted.append(None)
            unfit[row] = str(error)
    if kind is Kind.DATETIME:
        return from_native(kind, [each.ticks if isinstance(each, Instant) else None for each in fitted]), unfit
    return from_native(kind, fitted), unfit


def fit_value(name: str, value: Value, kind: Kind, options: ReadOptions, *, is_text: bool) -> Value:
    """Return a value, not NULL, as one of the declared kind.

    Raises:
        UnfitValueError: It cannot be converted without loss.
    """
    if is_text and isinstance(value, str) and kind is not Kind.NVARCHAR:
        fitted = _parse(value, kind)
        if fitted is None and not _is_null(value, kind):
            message = f'the text {_quoted(value)} of column "{name}" is no {kind}'
            raise UnfitValueError(message)
    else:
        fitted = _convert(value, kind)
        if fitted is None:
            message = f'the {kind_of(value)} value of column "{name}" is no {kind}'
            raise UnfitValueError(message)
    if isinstance(fitted, float) and not math.isfinite(fitted) and not options.lowers_names:
        message = f'the float of column "{name}" is {fitted}'
        raise UnfitValueError(message)
    return fitted


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= 40 else f'"{text[:40]}..."'


def _convert(value: Value, kind: Kind) -> Value:
    have = kind_of(value)
    if have is kind:
        return value
    if have is Kind.BIGINT and kind is Kind.FLOAT:
        return float(value)  # type: ignore[arg-type]
    if have is Kind.NVARCHAR and kind is Kind.DATETIME:
        ticks = parse_ticks(value)  # type: ignore[arg-type]
        return None if ticks is None else Instant(ticks)
    # Below level 1.2 there is no bit: what was declared as one arrives as 1 or 0.
    if have is Kind.BIGINT and kind is Kind.BIT and value in (0, 1):
        return bool(value)
    return None


def _bigint(text: str) -> int | None:
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(text) - len(digits) > 1 or len(digits) > 40:
        return None
    number = int(text)
    return number if BIGINT_MIN <= number <= BIGINT_MAX else None


def _float(text: str) -> float | None:
    if "_" in text or not text.isascii():
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isinf(number) and text.strip("+-")[0].isdigit() else number


def _bit(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())


def _datetime(text: str) -> Instant | None:
    ticks = parse_ticks(text)
    return None if ticks is None else Instant(ticks)


_PARSERS: dict[Kind, Callable[[str], Value]] = {
    Kind.BIGINT: _bigint,
    Kind.FLOAT: _float,
    Kind.BIT: _bit,
    Kind.DATETIME: _datetime,
}


def _is_null(text: str, kind: Kind) -> bool:
    return not text.strip() or (kind is Kind.BIT and text.strip().lower() == "null")


def _parse(text: str, kind: Kind) -> Value:
    """Return the value a text stands for, or None."""
    stripped = text.strip()
    parser = _PARSERS.get(kind)
    return parser(stripped) if parser and stripped else None
