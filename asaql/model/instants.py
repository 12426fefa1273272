"""Datetimes as 100 ns ticks since 0001-01-01T00:00:00Z, exact over the years 1 to 9999.

Ticks are plain integers wherever they are computed with; an `Instant` is a datetime among other values, so that it
can be told from a bigint.
"""

import re
from datetime import date
from functools import total_ordering
from typing import Final

TICKS_PER_MICROSECOND: Final = 10
TICKS_PER_MILLISECOND: Final = 10_000
TICKS_PER_SECOND: Final = 10_000_000
TICKS_PER_MINUTE: Final = 60 * TICKS_PER_SECOND
TICKS_PER_HOUR: Final = 60 * TICKS_PER_MINUTE
TICKS_PER_DAY: Final = 24 * TICKS_PER_HOUR
MAX_TICKS: Final = 3_652_059 * TICKS_PER_DAY - 1
"""9999-12-31T23:59:59.9999999Z."""


@total_ordering
class Instant:
    """One datetime value: ticks, UTC."""

    __slots__ = ("ticks",)

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instant) and self.ticks == other.ticks

    def __lt__(self, other: "Instant") -> bool:
        return self.ticks < other.ticks

    def __hash__(self) -> int:
        return hash(("instant", self.ticks))

    def __repr__(self) -> str:
        return f"Instant({format_ticks(self.ticks)})"

    def __str__(self) -> str:
        return format_ticks(self.ticks)

    def __reduce__(self) -> tuple[type["Instant"], tuple[int]]:
        return Instant, (self.ticks,)


_ISO = re.compile(
    r"""\s*
    (?P<year>\d{4})-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?
    (?:(?:[Tt]|[ ]+)
        (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?
        [ ]*(?P<zone>[Zz]|[+-]\d{2}(?::?\d{2})?)?
    )?
    \s*""",
    re.VERBOSE | re.ASCII,
)
_BASIC = re.compile(
    r"""\s*(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})
    (?:[Tt](?P<hour>\d{2})(?P<minute>\d{2})(?:(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?
        (?P<zone>[Zz]|[+-]\d{2}(?::?\d{2})?)?
    )?\s*""",
    re.VERBOSE | re.ASCII,
)


def parse_ticks(text: str) -> int | None:
    """Return the ticks of an ISO 8601 text, or None if it is none.

    A text without a zone is UTC, a date without a time is midnight, a blank may stand for the T. A fraction is kept
    to seven digits, further ones are cut off. `24:00:00` is the end of its day.
    """
    match = _ISO.fullmatch(text) or _BASIC.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = (int(match[each] or 0) for each in ("hour", "minute", "second"))
    fraction = int((match["fraction"] or "")[:7].ljust(7, "0"))
    ticks = ticks_from_parts(
        int(match["year"]), int(match["month"]), int(match["day"] or 1), hour, minute, second, fraction
    )
    if ticks is None:
        return None
    ticks -= _zone_ticks(match["zone"])
    return ticks if 0 <= ticks <= MAX_TICKS else None


def ticks_from_parts(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, fraction: int = 0
) -> int | None:
    """Return the ticks of a calendar date and time of day, or None if there is no such instant.

    Args:
        year: 1 to 9999.
        month: 1 to 12.
        day: Day of the month, from 1.
        hour: 0 to 23, or 24 at midnight sharp.
        minute: 0 to 59.
        second: 0 to 59.
        fraction: Ticks within the second.
    """
    end_of_day = hour == 24 and minute == second == fraction == 0
    if not (end_of_day or hour <= 23) or minute > 59 or second > 59 or min(hour, minute, second, fraction) < 0:
        return None
    try:
        days = date(year, month, day).toordinal() - 1
    except ValueError:
        return None
    ticks = days * TICKS_PER_DAY + ((hour * 60 + minute) * 60 + second) * TICKS_PER_SECOND + fraction
    return ticks if ticks <= MAX_TICKS else None


def _zone_ticks(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    ticks = int(digits[:2]) * TICKS_PER_HOUR + int(digits[2:]) * TICKS_PER_MINUTE
    return -ticks if zone[0] == "-" else ticks


def format_ticks(ticks: int) -> str:
    """Return the text the dialect writes: `yyyy-MM-ddTHH:mm:ss.fffffffZ`, always seven fraction digits."""
    days, rest = divmod(ticks, TICKS_PER_DAY)
    seconds, fraction = divmod(rest, TICKS_PER_SECOND)
    day = date.fromordinal(days + 1)
    hours, seconds = divmod(seconds, 3600)
    return (
        f"{day.year:04d}-{day.month:02d}-{day.day:02d}"
        f"T{hours:02d}:{seconds // 60:02d}:{seconds % 60:02d}.{fraction:07d}Z"
    )
