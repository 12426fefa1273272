"""Parts of a date: their spellings, and what each is of an instant, for one value and for a column."""

from collections.abc import Callable
from datetime import date
from typing import Final

import polars as pl

from asaql.model import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MICROSECOND,
    TICKS_PER_MILLISECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
)

_SPELLINGS = {
    "year": ("yy", "yyyy", "years"),
    "quarter": ("qq", "q", "quarters"),
    "month": ("mm", "m", "months"),
    "dayofyear": ("dy", "y"),
    "day": ("dd", "d", "days"),
    "week": ("wk", "ww", "weeks"),
    "weekday": ("dw", "w", "dayofweek"),
    "hour": ("hh", "h", "hours"),
    "minute": ("mi", "n", "minutes"),
    "second": ("ss", "s", "seconds"),
    "millisecond": ("ms", "milliseconds"),
    "microsecond": ("mcs", "microseconds"),
}
DATEPARTS: Final = tuple(_SPELLINGS)
"""The canonical names of the parts."""

_CANONICAL = {spelling: part for part, others in _SPELLINGS.items() for spelling in (part, *others)}

UNIT_TICKS: Final = {
    "week": 7 * TICKS_PER_DAY,
    "day": TICKS_PER_DAY,
    "dayofyear": TICKS_PER_DAY,
    "weekday": TICKS_PER_DAY,
    "hour": TICKS_PER_HOUR,
    "minute": TICKS_PER_MINUTE,
    "second": TICKS_PER_SECOND,
    "millisecond": TICKS_PER_MILLISECOND,
    "microsecond": TICKS_PER_MICROSECOND,
}
"""The parts of fixed length, as units of DATEADD."""

UNIT_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
"""The parts whose length is a number of months."""

_UNIX_DAYS = 719_162


def find_datepart(text: str) -> str | None:
    """Return the canonical name of a datepart, or None; abbreviations and plurals are taken, in any case."""
    return _CANONICAL.get(text.casefold())


def calendar_date(ticks: int) -> date:
    """Return the UTC date of an instant."""
    return date.fromordinal(ticks // TICKS_PER_DAY + 1)


def _week(ticks: int) -> int:
    day = calendar_date(ticks)
    first = date(day.year, 1, 1).toordinal()
    return (day.toordinal() - first + first % 7) // 7 + 1


_PARTS: dict[str, Callable[[int], int]] = {
    "year": lambda ticks: calendar_date(ticks).year,
    "quarter": lambda ticks: (calendar_date(ticks).month + 2) // 3,
    "month": lambda ticks: calendar_date(ticks).month,
    "dayofyear": lambda ticks: calendar_date(ticks).timetuple().tm_yday,
    "day": lambda ticks: calendar_date(ticks).day,
    "week": _week,
    "weekday": lambda ticks: (ticks // TICKS_PER_DAY + 1) % 7 + 1,
    "hour": lambda ticks: ticks // TICKS_PER_HOUR % 24,
    "minute": lambda ticks: ticks // TICKS_PER_MINUTE % 60,
    "second": lambda ticks: ticks // TICKS_PER_SECOND % 60,
    "millisecond": lambda ticks: ticks // TICKS_PER_MILLISECOND % 1000,
    "microsecond": lambda ticks: ticks // TICKS_PER_MICROSECOND % 1_000_000,
}


def part_of(part: str, ticks: int) -> int:
    """Return a part of an instant; weeks begin on Sunday, which is weekday 1, and 1 January lies in week 1."""
    return _PARTS[part](ticks)


def boundary_number(part: str, ticks: int) -> int:
    """Return how many boundaries of a part lie between the first instant and this one.

    The difference of two such numbers is DATEDIFF.
    """
    if part in UNIT_MONTHS:
        day = calendar_date(ticks)
        return (day.year * 12 + day.month - 1) // UNIT_MONTHS[part]
    if part == "week":
        return (ticks // TICKS_PER_DAY + 1) // 7
    return ticks // UNIT_TICKS[part]


def dates_of(ticks: pl.Series) -> pl.Series:
    """Return the UTC dates of a series of ticks, as Polars dates."""
    return (ticks // TICKS_PER_DAY - _UNIX_DAYS).cast(pl.Int32).cast(pl.Date)


def part_series(part: str, ticks: pl.Series) -> pl.Series:
    """Return a part of each instant of an Int64 series, as Int64."""
    if part == "weekday":
        return (ticks // TICKS_PER_DAY + 1) % 7 + 1
    if part in ("hour", "minute", "second", "millisecond", "microsecond"):
        return ticks // UNIT_TICKS[part] % _CYCLES[part]
    dates = dates_of(ticks)
    if part == "week":
        days = dates.dt.ordinal_day().cast(pl.Int64)
        first_weekday = (ticks // TICKS_PER_DAY + 1 - days + 1) % 7
        return (days - 1 + first_weekday) // 7 + 1
    accessor = dates.dt
    series = {
        "year": accessor.year,
        "quarter": accessor.quarter,
        "month": accessor.month,
        "day": accessor.day,
        "dayofyear": accessor.ordinal_day,
    }[part]()
    return series.cast(pl.Int64)


_CYCLES = {"hour": 24, "minute": 60, "second": 60, "millisecond": 1000, "microsecond": 1_000_000}


def boundary_series(part: str, ticks: pl.Series) -> pl.Series:
    """Return `boundary_number` of each instant of an Int64 series."""
    if part in UNIT_MONTHS:
        dates = dates_of(ticks)
        months = dates.dt.year().cast(pl.Int64) * 12 + (dates.dt.month().cast(pl.Int64) - 1)
        return months // UNIT_MONTHS[part]
    if part == "week":
        return (ticks // TICKS_PER_DAY + 1) // 7
    return ticks // UNIT_TICKS[part]


def days_of(years: pl.Series, months: pl.Series) -> pl.Series:
    """Return the days from 0001-01-01 to the first day of months, by the rules of the Gregorian calendar.

    Args:
        years: Int64.
        months: 1 to 12, Int64.
    """
    # A year that begins in March has its leap day at the end, which makes the length of all months regular.
    is_early = (months <= 2).cast(pl.Int64)
    year = years - is_early
    days_before_month = ((months + is_early * 12 - 3) * 153 + 2) // 5
    return year * 365 + year // 4 - year // 100 + year // 400 + days_before_month - 306
