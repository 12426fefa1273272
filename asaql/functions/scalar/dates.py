"""Date and time functions. Everything is computed in ticks, UTC."""

import calendar
from collections.abc import Callable, Sequence

import polars as pl

from asaql.functions.registry import Example, Function, FunctionError, Kernel, Parameter, register
from asaql.functions.scalar.dateparts import (
    UNIT_MONTHS,
    UNIT_TICKS,
    boundary_number,
    boundary_series,
    calendar_date,
    dates_of,
    days_of,
    part_of,
    part_series,
)
from asaql.functions.scalar.datetimes import parse_ticks_series
from asaql.functions.scalar.kernels import bounds, column_of, strict
from asaql.functions.scalar.types import as_bigint, as_ticks
from asaql.model import MAX_TICKS, TICKS_PER_DAY, TICKS_PER_MILLISECOND, Column, Instant, Kind, Value, ticks_from_parts

_MONTHS = tuple(calendar.month_name)[1:]
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def ticks_series(column: Column) -> pl.Series | None:
    """Return a column of datetimes, or of texts that all are ISO 8601, as ticks; None for any other."""
    if column.kind is Kind.DATETIME:
        return column.series
    if column.kind is not Kind.NVARCHAR:
        return None
    ticks = parse_ticks_series(column.series)
    return ticks if ticks.null_count() == column.series.null_count() else None


def _date_add(part: Value, number: Value, value: Value) -> Value:
    count, ticks = as_bigint(number, "DATEADD"), as_ticks(value, "DATEADD")
    if part in UNIT_MONTHS:
        moved = _add_months(count * UNIT_MONTHS[str(part)], ticks)
    else:
        moved = ticks + count * UNIT_TICKS[str(part)]
    if moved is None or not 0 <= moved <= MAX_TICKS:
        message = "the result of DATEADD lies outside of the years 1 to 9999"
        raise FunctionError(message, "AQ303")
    return Instant(moved)


def _add_months(months: int, ticks: int) -> int | None:
    day = calendar_date(ticks)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    first = ticks_from_parts(year, month + 1, min(day.day, last))
    return None if first is None else first + ticks % TICKS_PER_DAY


def _date_add_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    part, number, value = arguments
    ticks = ticks_series(value)
    if ticks is None or number.kind is not Kind.BIGINT:
        return None
    name = str(part.series[0])
    least, greatest = bounds(number.series)
    if name in UNIT_MONTHS:
        if max(-least, greatest) > 120_000:
            return None
        moved = _add_months_series(number.series * UNIT_MONTHS[name], ticks)
    else:
        unit = UNIT_TICKS[name]
        if max(-least, greatest) * unit > 2 * MAX_TICKS:
            return None
        moved = number.series * unit + ticks
    least, greatest = bounds(moved)
    return column_of(Kind.DATETIME, moved, arguments) if least >= 0 and greatest <= MAX_TICKS else None


def _add_months_series(months: pl.Series, ticks: pl.Series) -> pl.Series:
    dates = dates_of(ticks)
    total = dates.dt.year().cast(pl.Int64) * 12 + dates.dt.month().cast(pl.Int64) + months - 1
    years = total // 12
    first, following = days_of(years, total % 12 + 1), days_of((total + 1) // 12, (total + 1) % 12 + 1)
    day = first + dates.dt.day().cast(pl.Int64) - 1
    day = day.zip_with(day < following, following - 1)
    moved = day * TICKS_PER_DAY + ticks % TICKS_PER_DAY
    # Outside of the calendar the ticks could come out within it by overflow.
    is_possible = (years >= 1) & (years <= 9999)
    return moved.zip_with(is_possible | moved.is_null(), pl.Series([-1]))


def _date_difference(part: Value, start: Value, end: Value) -> Value:
    name = str(part)
    return boundary_number(name, as_ticks(end, "DATEDIFF")) - boundary_number(name, as_ticks(start, "DATEDIFF"))


def _date_difference_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    start, end = ticks_series(arguments[1]), ticks_series(arguments[2])
    if start is None or end is None:
        return None
    name = str(arguments[0].series[0])
    return column_of(Kind.BIGINT, boundary_series(name, end) - boundary_series(name, start), arguments)


def _date_part(part: Value, value: Value) -> Value:
    return part_of(str(part), as_ticks(value, "DATEPART"))


def _date_part_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    ticks = ticks_series(arguments[1])
    if ticks is None:
        return None
    return column_of(Kind.BIGINT, part_series(str(arguments[0].series[0]), ticks), arguments)


def _date_name(part: Value, value: Value) -> Value:
    name = str(part)
    number = part_of(name, as_ticks(value, "DATENAME"))
    if name == "month":
        return _MONTHS[number - 1]
    return _WEEKDAYS[number - 1] if name == "weekday" else str(number)


def _date_name_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    ticks = ticks_series(arguments[1])
    if ticks is None:
        return None
    name = str(arguments[0].series[0])
    numbers = part_series(name, ticks)
    if name not in ("month", "weekday"):
        return column_of(Kind.NVARCHAR, numbers.cast(pl.String), arguments)
    names = pl.Series(_MONTHS if name == "month" else _WEEKDAYS)
    return column_of(Kind.NVARCHAR, names.gather(numbers - 1), arguments)


def _part_function(name: str) -> tuple[Callable[[Value], Value], Kernel]:
    """Return the body and the kernel of YEAR, MONTH or DAY."""
    part = name.lower()

    def body(value: Value) -> Value:
        return part_of(part, as_ticks(value, name))

    def kernel(arguments: Sequence[Column], height: int) -> Column | None:
        ticks = ticks_series(arguments[0])
        return None if ticks is None else column_of(Kind.BIGINT, part_series(part, ticks), arguments)

    return body, strict(kernel)


def _from_parts(*parts: Value) -> Value:
    numbers = [as_bigint(each, "DATETIMEFROMPARTS") for each in parts]
    year, month, day, hour, minute, second, millisecond = numbers
    ticks = None
    if 0 <= millisecond <= 999 and hour <= 23:
        ticks = ticks_from_parts(year, month, day, hour, minute, second, millisecond * TICKS_PER_MILLISECOND)
    if ticks is None:
        message = f"DATETIMEFROMPARTS({', '.join(map(str, numbers))}) is no date and time"
        raise FunctionError(message, "AQ306")
    return Instant(ticks)


def _from_parts_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    if any(each.kind is not Kind.BIGINT for each in arguments):
        return None
    for each, (least, greatest) in zip(arguments, _PART_BOUNDS, strict=True):
        lowest, highest = bounds(each.series) if each.series.null_count() < len(each) else (least, least)
        if lowest < least or highest > greatest:
            return None
    year, month, day, hour, minute, second, millisecond = (each.series for each in arguments)
    days = days_of(year, month) + day - 1
    if (day > 28).any():
        following = month + 1
        is_december = (following > 12).cast(pl.Int64)
        if (days >= days_of(year + is_december, following - is_december * 12)).any():
            return None
    ticks = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millisecond
    return column_of(Kind.DATETIME, ticks * TICKS_PER_MILLISECOND, arguments)


_PART_BOUNDS = ((1, 9999), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59), (0, 999))
_PART = Parameter("datepart", "datepart")
_DATE = Parameter("date", "datetime")
_JANUARY = "'2024-01-31T10:00:00Z'"

register(
    Function(
        "DATEADD",
        (_PART, Parameter("number", "bigint"), _DATE),
        "datetime",
        _date_add,
        "Moves a datetime by a number of units.",
        (
            Example(f"DATEADD(month, 1, {_JANUARY})", Instant(638_447_976_000_000_000)),
            Example("DATEADD(millisecond, 1704067200123, '1970-01-01')", Instant(638_396_640_001_230_000)),
        ),
        kernel=strict(_date_add_kernel),
        category="Date and time",
        notes=(
            "A fraction of the number is cut off.",
            "Adding months, quarters or years keeps to the last day of a shorter month.",
        ),
    ),
    Function(
        "DATEDIFF",
        (_PART, Parameter("start", "datetime"), Parameter("end", "datetime")),
        "bigint",
        _date_difference,
        "The number of boundaries of a datepart between two datetimes; negative if the end is earlier.",
        (Example("DATEDIFF(year, '2023-12-31T23:59:59Z', '2024-01-01T00:00:00Z')", 1),),
        kernel=strict(_date_difference_kernel),
        category="Date and time",
        notes=("A week turns on Sunday; dayofyear and weekday count days.",),
    ),
    Function(
        "DATENAME",
        (_PART, _DATE),
        "nvarchar(max)",
        _date_name,
        "A part of a datetime as text: months and weekdays by their English names, the rest in digits.",
        (Example(f"DATENAME(month, {_JANUARY})", "January"), Example(f"DATENAME(hour, {_JANUARY})", "10")),
        kernel=strict(_date_name_kernel),
        category="Date and time",
    ),
    Function(
        "DATEPART",
        (_PART, _DATE),
        "bigint",
        _date_part,
        "A part of a datetime as a number.",
        (Example(f"DATEPART(weekday, {_JANUARY})", 4), Example(f"DATEPART(week, {_JANUARY})", 5)),
        kernel=strict(_date_part_kernel),
        category="Date and time",
        notes=("Weeks begin on Sunday, which is weekday 1; 1 January lies in week 1.",),
    ),
    Function(
        "DATETIMEFROMPARTS",
        tuple(
            Parameter(each, "bigint") for each in ("year", "month", "day", "hour", "minute", "second", "millisecond")
        ),
        "datetime",
        _from_parts,
        "The datetime of seven numbers.",
        (Example("DATETIMEFROMPARTS(2024, 1, 31, 10, 0, 0, 0)", Instant(638_422_920_000_000_000)),),
        kernel=strict(_from_parts_kernel),
        category="Date and time",
        notes=("Numbers that make no datetime fail the job.",),
    ),
)

for _name, _value in (("YEAR", 2024), ("MONTH", 1), ("DAY", 31)):
    _body, _kernel = _part_function(_name)
    register(
        Function(
            _name,
            (_DATE,),
            "bigint",
            _body,
            f"The {_name.lower()} of a datetime, in UTC.",
            (Example(f"{_name}({_JANUARY})", _value),),
            kernel=_kernel,
            category="Date and time",
        )
    )
