"""The one place that asks for the time."""

import time
from datetime import UTC, datetime
from typing import Protocol

from asaql.model import TICKS_PER_MICROSECOND, TICKS_PER_SECOND, ticks_from_parts

_EPOCH_TICKS = ticks_from_parts(1970, 1, 1) or 0


class Clock(Protocol):
    """What tells the time to the host of a job."""

    def now(self) -> int:
        """Return the present instant in ticks."""
        ...

    def seconds(self) -> float:
        """Return seconds of a clock that never goes back, for durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the present instant in ticks."""
        elapsed = datetime.now(UTC) - datetime.fromtimestamp(0, UTC)
        whole = elapsed.days * 86_400 + elapsed.seconds
        return _EPOCH_TICKS + whole * TICKS_PER_SECOND + elapsed.microseconds * TICKS_PER_MICROSECOND

    def seconds(self) -> float:
        """Return seconds since some fixed point."""
        return time.perf_counter()


class ManualClock:
    """A clock that tests move by hand."""

    def __init__(self, ticks: int = _EPOCH_TICKS) -> None:
        self.ticks = ticks

    def now(self) -> int:
        """Return the instant it was set to."""
        return self.ticks

    def seconds(self) -> float:
        """Return the instant it was set to, in seconds."""
        return self.ticks / TICKS_PER_SECOND

    def advance(self, ticks: int) -> None:
        """Move on."""
        self.ticks += ticks
