"""Windows as arithmetic on ticks: which windows an instant belongs to, and when a window is complete.

A window excludes its start and includes its end. Windows are aligned to tick 0, which is 0001-01-01T00:00:00Z.
Everything here works on whole Int64 series of ticks and is exact to the tick.
"""

from math import gcd
from typing import TypeAlias

import polars as pl
from msgspec import Struct


def ceil_to_grid(times: pl.Series, step: int, offset: int = 0) -> pl.Series:
    """Return, for each instant, the first `offset + k * step` that is not earlier."""
    return -((offset - times) // step) * step + offset


class Hopping(Struct, frozen=True):
    """Windows of `size` ticks whose ends lie on the grid `offset + k * hop`.

    Rows are kept by pane: the largest interval of which every window holds all or nothing.

    Attributes:
        size: Length of a window in ticks.
        hop: Distance between window ends in ticks; with a hop above `size` some instants are in no window.
        offset: Shift of the grid in ticks; it shifts the ends that are reported, too.
    """

    size: int
    hop: int
    offset: int = 0

    @property
    def pane(self) -> int:
        """Length of a pane in ticks."""
        return gcd(self.size, self.hop)

    @property
    def windows_per_pane(self) -> int:
        """The greatest number of windows that a pane belongs to."""
        return -(-self.size // self.hop)

    def as_hopping(self) -> "Hopping":
        """Return these windows."""
        return self

    def pane_ends(self, times: pl.Series) -> pl.Series:
        """Return the end of the pane of each instant."""
        return ceil_to_grid(times, self.pane, self.offset)

    def first_ends(self, panes: pl.Series) -> pl.Series:
        """Return the end of the first window that may hold each pane; later ones follow at every hop."""
        return panes if self.pane == self.hop else ceil_to_grid(panes, self.hop, self.offset)


class Tumbling(Struct, frozen=True):
    """Windows of `size` ticks, one after the other; ends lie on the grid `offset + k * size`."""

    size: int
    offset: int = 0

    def as_hopping(self) -> Hopping:
        """Return the same windows as hopping ones."""
        return Hopping(self.size, self.size, self.offset)


class Snapshot(Struct, frozen=True):
    """One window for each instant at which there are events."""

    def as_hopping(self) -> Hopping:
        """Return the same windows as hopping ones: an instant is the only one in (t - 1 tick, t]."""
        return Hopping(1, 1)


class Sliding(Struct, frozen=True):
    """For each group, a window that ends wherever its content changes: as an event enters, and `size` ticks later.

    Attributes:
        size: Length of a window in ticks.
    """

    size: int


class Session(Struct, frozen=True):
    """Windows that last as long as events follow one another.

    A session ends `timeout` after its last event, or at a check point if that comes first. Check points are the
    multiples of `maximum`, and the first one that counts is the first at which the session is at least `maximum` old.
    An event at a check point belongs to the session that ends there. A session that follows a forced end while events
    go on counts as opened at that end, so from there on every check point ends one.

    Attributes:
        timeout: The greatest gap between two events of a session, in ticks; a gap of exactly this is none.
        maximum: Distance of the check points in ticks.
    """

    timeout: int
    maximum: int

    def first_checks(self, starts: pl.Series) -> pl.Series:
        """Return the first check point that can end a session opened at each of `starts`."""
        return ceil_to_grid(starts + self.maximum, self.maximum)

    def check_of(self, times: pl.Series, first_checks: pl.Series) -> pl.Series:
        """Return the check point that limits the session of each event.

        Args:
            times: Event times.
            first_checks: For each event, the first check point of the unbroken run of events that it belongs to.
        """
        beyond = times > first_checks
        return first_checks + beyond.cast(pl.Int64) * (-((first_checks - times) // self.maximum) * self.maximum)

    def ends(self, last_events: pl.Series, checks: pl.Series) -> pl.Series:
        """Return the end of each session from its last event and its check point."""
        natural = last_events + self.timeout
        return natural.zip_with(natural <= checks, checks)


Windower: TypeAlias = Tumbling | Hopping | Sliding | Session | Snapshot
