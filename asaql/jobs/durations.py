"""Durations and instants as people write them in options and job files."""

import re
from typing import Final

from asaql.model import (
    MAX_TICKS,
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MILLISECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
)

_UNITS: Final = {
    "ms": TICKS_PER_MILLISECOND,
    "s": TICKS_PER_SECOND,
    "m": TICKS_PER_MINUTE,
    "min": TICKS_PER_MINUTE,
    "h": TICKS_PER_HOUR,
    "d": TICKS_PER_DAY,
    "": TICKS_PER_SECOND,
}
_PART = re.compile(r"(\d+)(?:\.(\d+))?\s*(ms|s|min|m|h|d|)", re.ASCII | re.IGNORECASE)
_PARTS = re.compile(rf"(?:{_PART.pattern}\s*)+", re.ASCII | re.IGNORECASE)
_CLOCK = re.compile(r"(?:(?P<days>\d+)\.)?(?P<hours>\d+):(?P<minutes>\d{2}):(?P<seconds>\d{2})(?:\.(?P<fraction>\d+))?")

DURATION_PATTERN: Final = (
    r"^\s*(([0-9]+(\.[0-9]+)?\s*([mM][sS]|[sS]|[mM][iI][nN]|[mM]|[hH]|[dD])?\s*)+"
    r"|([0-9]+\.)?[0-9]+:[0-9]{2}:[0-9]{2}(\.[0-9]+)?)\s*$"
)
"""The forms of a duration as an ECMA regular expression, for JSON Schema."""

DURATION_FORMS: Final = "5s, 500ms, 2m, 1h30m, 1d or 00:00:05"
"""What to show a user whose duration could not be read."""


def parse_duration(text: str) -> int | None:
    """Return the ticks of a duration, or None if `text` is none.

    The forms are numbers with units (`5s`, `500ms`, `2m`, `1.5h`, `1h30m`, `2d`; no unit means seconds) and the
    service's own `[days.]hours:minutes:seconds[.fraction]`. Fractions finer than a tick are cut off.
    """
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        ticks = (
            int(clock["days"] or 0) * TICKS_PER_DAY
            + int(clock["hours"]) * TICKS_PER_HOUR
            + int(clock["minutes"]) * TICKS_PER_MINUTE
            + int(clock["seconds"]) * TICKS_PER_SECOND
            + int((clock["fraction"] or "")[:7].ljust(7, "0"))
        )
    elif _PARTS.fullmatch(text):
        ticks = sum(_part_ticks(*part) for part in _PART.findall(text))
    else:
        return None
    return ticks if ticks <= MAX_TICKS else None


def _part_ticks(whole: str, fraction: str, unit: str) -> int:
    size = _UNITS[unit.lower()]
    return int(whole) * size + (int(fraction) * size // 10 ** len(fraction) if fraction else 0)
