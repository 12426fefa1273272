"""Which rows of two sides belong together: equal keys, and a right time within the range of the left row.

Keys are compared by their hashes first, whatever their kind, and the few pairs found are then held to the keys
themselves. Where keys repeat little, rows are paired by hash and pairs out of range are left out. Where they repeat
much on both sides, that could give any number of pairs to leave out: then each left row gets its range of right rows.
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import polars as pl
from msgspec import Struct

from asaql.functions.value_codes import joint_equality_series
from asaql.model import Column

Pairs: TypeAlias = tuple[pl.Series, pl.Series]
"""Left rows and right rows that belong together, pair by pair, both UInt32."""

_PAIRS: Final = 1 << 20
"""How many pairs may be made at once."""
_FEW: Final = 4
"""Rows of one key on one side, up to which most pairs of equal keys are expected to be in range."""
_MIXER: Final = 0x9E3779B97F4A7C15


class PairSearch(Struct, frozen=True):
    """Two sides and what pairs them.

    Attributes:
        keys: For each equality the left and the right column; NULL equals nothing.
        low: For each left row the earliest time of its right rows, ticks.
        high: For each left row the latest time of its right rows, ticks.
        times: The times of the right rows, nondecreasing.
        old_left: That many left rows at the start were paired before with
        old_right: that many right rows at the start, and those pairs are not wanted again.
    """

    keys: Sequence[tuple[Column, Column]]
    low: pl.Series
    high: pl.Series
    times: pl.Series
    old_left: int = 0
    old_right: int = 0

    def pairs(self) -> Iterator[Pairs]:
        """Yield all pairs, each once, a bounded number at a time; in no order across or within these parts."""
        if not self.keys:
            rows = pl.int_range(len(self.low), dtype=pl.UInt32, eager=True)
            yield from _expanded(rows, *self._places(rows))
            return
        keys = [joint_equality_series(left, right) for left, right in self.keys]
        if any(left.dtype == pl.Null for left, _ in keys):
            return
        asked, given = (_hashed([each[side] for each in keys]) for side in (0, 1))
        found = self._paired(asked, given) if _repeats_little(asked, given) else self._ranged(asked, given)
        for left, right in found:
            is_equal = [mine[left] == other[right] for mine, other in keys]
            yield _kept(left, right, is_equal)

    def _paired(self, asked: pl.DataFrame, given: pl.DataFrame) -> Iterator[Pairs]:
        found = asked.join(given, on="hash", how="inner", suffix=".right", maintain_order="left_right")
        left, right = found.get_column("row"), found.get_column("row.right")
        times = self.times[right]
        conditions = [times >= self.low[left], times <= self.high[left]]
        if self.old_left and self.old_right:
            conditions.append((left >= self.old_left) | (right >= self.old_right))
        yield _kept(left, right, conditions)

    def _ranged(self, asked: pl.DataFrame, given: pl.DataFrame) -> Iterator[Pairs]:
        """Find ranges in the right rows ordered by hash: there, hash and row together are one ascending number."""
        given = given.sort("hash", maintain_order=True)
        number = given.get_column("hash").rle_id()
        groups = pl.DataFrame({"hash": given.get_column("hash"), "number": number}).unique("hash", keep="any")
        asked = asked.join(groups, on="hash", how="inner")
        rows = asked.get_column("row")
        width = len(self.times) + 1
        start = asked.get_column("number").cast(pl.Int64) * width
        places = number.cast(pl.Int64) * width + given.get_column("row").cast(pl.Int64)
        first, behind = (
            places.search_sorted(start + place.cast(pl.Int64), side="left") for place in self._places(rows)
        )
        for left, place in _expanded(rows, first, behind):
            yield left, given.get_column("row")[place]

    def _places(self, rows: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Return for each of the left rows the first right row in its range of time and the first one behind it."""
        first = self.times.search_sorted(self.low[rows], side="left")
        behind = self.times.search_sorted(self.high[rows], side="right")
        if self.old_left and self.old_right:
            is_old = (rows < self.old_left) & (first < self.old_right)
            first = first.zip_with(~is_old, pl.Series([self.old_right], dtype=first.dtype))
        return first, behind


def _hashed(keys: Sequence[pl.Series]) -> pl.DataFrame:
    """Return the rows without NULL among their keys, each with a hash of them."""
    combined = keys[0].hash()
    for key in keys[1:]:
        combined = combined * _MIXER + key.hash()
    frame = pl.DataFrame({"hash": combined, "row": pl.int_range(len(combined), dtype=pl.UInt32, eager=True)})
    for key in keys:
        if key.has_nulls():
            rows = frame.get_column("row")
            frame = frame.filter(key.is_not_null().gather(rows))
    return frame


def _repeats_little(*sides: pl.DataFrame) -> bool:
    """Return whether on one of the sides no hash stands in more than a few rows."""
    for side in sides:
        ordered = side.get_column("hash").sort()
        if not (ordered.slice(_FEW) == ordered.slice(0, max(len(ordered) - _FEW, 0))).any():
            return True
    return False


def _kept(left: pl.Series, right: pl.Series, conditions: Sequence[pl.Series]) -> Pairs:
    """Return the pairs for which all conditions hold."""
    is_kept = conditions[0]
    for each in conditions[1:]:
        is_kept = is_kept & each
    return (left, right) if is_kept.all() else (left.filter(is_kept), right.filter(is_kept))


def _expanded(rows: pl.Series, first: pl.Series, behind: pl.Series) -> Iterator[Pairs]:
    """Yield each of the rows with each place of its range, a bounded number of pairs or one range at a time."""
    ranges = pl.DataFrame({"row": rows, "first": first, "behind": behind})
    ranges = ranges.filter(ranges.get_column("behind") > ranges.get_column("first"))
    lengths = (ranges.get_column("behind") - ranges.get_column("first")).cast(pl.Int64).cum_sum()
    parts = [ranges]
    if len(lengths) and lengths[-1] > _PAIRS:
        numbered = ranges.with_columns((lengths // _PAIRS).alias("part"))
        parts = numbered.partition_by("part", maintain_order=True)
    for part in parts:
        places = part.select("row", pl.int_ranges("first", "behind", dtype=pl.UInt32).alias("place"))
        pairs = places.explode("place", empty_as_null=False, keep_nulls=False)
        yield pairs.get_column("row"), pairs.get_column("place")
