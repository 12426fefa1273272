"""Random recordings, as a job would read them and as the oracle sees them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from oracle.drive import Event
from oracle.policies import accepted

from asaql.model import Instant

COLUMNS = ("id", "k", "s", "v", "x")
"""A number of its own, a key, a short text, a number or NULL, and anything."""

_MISSING = object()
_KEYS = st.sampled_from([_MISSING, None, "a", "a", "a", "a", "b", 1, 1.0, 2, True, {"x": 1}, {"x": 1.0}])
_NUMBERS = st.sampled_from([_MISSING, None, *range(-3, 6), -1.5, 0.1, 0.2, 0.3, 2.0, 2.5, 1e16, 2**53 + 1])
_ANYTHING = st.sampled_from([_MISSING, None, 0, 1, 1.0, "1", "", False, True, [1, "a"], [], {"x": {"y": 1}}, 0.5])


@dataclass(frozen=True)
class Scale:
    """What the oracle's clock counts in, and how queries say it.

    Attributes:
        names: Spellings of the unit.
        ticks: Ticks in a unit.
        steps: Steps of the oracle's clock in a unit.
        largest: The largest number of units in a query.
    """

    names: tuple[str, ...]
    ticks: int
    steps: int
    largest: int

    @property
    def base(self) -> int:
        """Ticks at the oracle's zero: all grids of whole units up to the largest meet there."""
        lcm = math.lcm(*range(1, self.largest + 1)) * self.ticks
        return -(-620_000_000_000_000_000 // lcm) * lcm

    def text(self, steps: int) -> str:
        """Return an instant of the oracle's clock as the dialect writes it."""
        ticks = self.base + steps * self.ticks // self.steps
        instant = datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
        return f"{instant.replace(tzinfo=None).isoformat(timespec='microseconds')}{ticks % 10}Z"


SECONDS = Scale(("second", "ss", "s"), 10_000_000, 4, 20)
SCALES = (
    SECONDS,
    SECONDS,
    SECONDS,
    Scale(("microsecond", "mcs"), 10, 10, 20),
    Scale(("millisecond", "ms"), 10_000, 2, 20),
    Scale(("minute", "mi", "n"), 600_000_000, 4, 20),
    Scale(("hour", "hh"), 36_000_000_000, 2, 12),
    Scale(("day", "dd", "d"), 864_000_000_000, 4, 7),
)


@dataclass(frozen=True)
class Policies:
    """Tolerances in steps; None where a policy is off."""

    late: int | None = None
    out_of_order: int | None = None
    early: int | None = None
    is_adjusting: bool = True

    @property
    def are_on(self) -> bool:
        return any(each is not None for each in (self.late, self.out_of_order, self.early))


@st.composite
def policies(draw: st.DrawFn, scale: Scale) -> Policies:
    """Draw time policies; only seconds can be said in the options of a job exactly."""
    if scale is not SECONDS or draw(st.booleans()):
        return Policies()
    tolerance = st.one_of(st.none(), st.integers(0, 6).map(lambda units: units * scale.steps))
    return Policies(draw(tolerance), draw(tolerance), draw(tolerance), draw(st.booleans()))


@st.composite
def recordings(draw: st.DrawFn, scale: Scale, rules: Policies, most: int) -> tuple[list[dict[str, Any]], list[Event]]:
    """Draw events in the order of arrival; return them as they are read, and as the oracle sees them."""
    spread = draw(st.sampled_from([2, 20, 40]))
    count = max(draw(st.integers(0, most)), draw(st.integers(0, most)))
    is_disordered = draw(st.booleans())
    units = draw(st.lists(st.integers(1, spread), min_size=count, max_size=count))
    read: list[dict[str, Any]] = []
    seen: list[Event] = []
    for number, unit in enumerate(units if is_disordered else sorted(units)):
        time = unit * scale.steps + draw(st.sampled_from([0, 0, 1, -1]))
        arrival = max([0, *(each["arrival"].ticks for each in seen)], default=0)
        arrival = max(arrival, time + draw(st.integers(-3, 6)) * scale.steps) if rules.are_on else 0
        drawn = (draw(_KEYS), draw(st.sampled_from("xy")), draw(_NUMBERS), draw(_ANYTHING))
        values = dict(zip(COLUMNS, (number, *drawn), strict=True))
        event = {name: value for name, value in values.items() if value is not _MISSING}
        if draw(st.integers(0, 19)) == 0:
            read.append({**event, **draw(st.sampled_from([{}, {"t": None}, {"t": "soon"}, {"t": 7}]))})
            continue
        read.append({"t": scale.text(time), **event})
        if rules.are_on:
            read[-1]["EventEnqueuedUtcTime"] = scale.text(arrival)
        seen.append({"t": time, "arrival": Instant(arrival), **{name: event.get(name) for name in COLUMNS}})
    kept = accepted(
        seen, late=rules.late, out_of_order=rules.out_of_order, early=rules.early, is_adjusting=rules.is_adjusting
    )
    return read, numbered(kept)


def numbered(events: Sequence[Event]) -> list[Event]:
    """Return events, which are in order, with their places as `n`."""
    return [{**event, "n": place} for place, event in enumerate(events)]
