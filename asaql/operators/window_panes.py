"""Tumbling, hopping and snapshot windows: partial aggregates by pane, put together as windows close."""

from typing import Final

import polars as pl

from asaql.functions.windowers import Hopping, ceil_to_grid
from asaql.operators.aggregation import ORDER, TIME, Aggregation
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.row_store import RowStore, whole
from asaql.operators.window_state import END, ClosedWindows, WindowRows, WindowState, closed_windows

_PANE: Final = ".pane"
_SPREAD_STATES: Final = 1 << 21
"""How many states of panes may be spread over overlapping windows at once."""
_SMALL: Final = 4096
_MANY: Final = 1 << 17
"""How many states may wait unmerged, of rows and of groups: the latter are merged once, as their windows close."""


class PaneWindows(WindowState):
    """Windows with ends on a grid.

    New rows are grouped by pane and key at once. The resulting states are put in a list, and merged when a window
    closes or when the list has grown to twice its merged size, so a row costs a constant number of merges.

    Args:
        windower: The windows.
        keys: The grouping keys.
        aggregation: What to compute.
    """

    def __init__(self, windower: Hopping, keys: tuple[str, ...], aggregation: Aggregation) -> None:
        self._windower = windower
        self._keys = keys
        self._aggregation = aggregation
        self._states = RowStore(keys)
        self._rows = RowStore(keys, aggregation.values)
        self._merged_height = 0
        self._compacted_height = 0
        self._next_end: int | None = None

    @property
    def rows_held(self) -> int:
        """Groups and rows now kept."""
        return self._states.height + self._rows.height

    def add(self, rows: WindowRows) -> None:
        """Take new rows."""
        if not len(rows.times):
            return
        panes = self._windower.pane_ends(rows.times)
        first_end = int(self._windower.first_ends(panes.head(1))[0])
        self._next_end = first_end if self._next_end is None else min(self._next_end, first_end)
        reduce = None if rows.is_grouped else self._merged
        self._states.append({_PANE: panes, ORDER: rows.order, **rows.partials}, rows.keys, reduce)
        if self._states.height > 2 * self._merged_height + (_MANY if rows.is_grouped else _SMALL):
            self._states.replace(self._merged(self._states.frame()))
            self._merged_height = self._states.height
        if self._aggregation.needs_rows:
            self._rows.append({_PANE: panes, ORDER: rows.order, TIME: rows.times}, {**rows.keys, **rows.values})
            self._compact()

    def close(self, until: int | None) -> list[ClosedWindows]:
        """Return what windows that end before `until` give, and forget them."""
        if self._next_end is None or (until is not None and self._next_end >= until):
            return []
        states = self._merged(self._states.frame())
        self._states.replace(states)
        panes = states.get_column(_PANE)
        last = whole(panes.max()) + self._windower.size
        until = last if until is None else min(until, last)
        if self._spreads_wide(panes, until) and until - self._next_end > self._windower.hop:
            ends = (until - self._next_end) // self._windower.hop
            middle = self._next_end + (ends // 2 + 1) * self._windower.hop
            if middle < until:
                return [*self.close(middle), *self.close(until)]
        closed = self._closed(states, until)
        self._forget(until)
        return [closed] if len(closed.ends) else []

    def snapshot(self, writer: ChunkWriter, name: str) -> None:
        """Write the state under `name`."""
        writer.add_json(f"{name}.next", [self._next_end, self._merged_height])
        self._states.snapshot(writer, f"{name}.states")
        self._rows.snapshot(writer, f"{name}.rows")

    def restore(self, reader: ChunkReader, name: str) -> None:
        """Read what `snapshot` wrote."""
        self._next_end, self._merged_height = reader.get_json(f"{name}.next")
        self._states.restore(reader, f"{name}.states")
        self._rows.restore(reader, f"{name}.rows")

    def _merged(self, frame: pl.DataFrame) -> pl.DataFrame:
        return self._aggregation.merge(frame, (_PANE, *self._keys), self._states.shown)

    def _first_ends(self, panes: pl.Series) -> pl.Series:
        """Return, for each pane, the end of the first window that holds it and has not been given yet."""
        assert self._next_end is not None
        first = self._windower.first_ends(panes)
        return first.zip_with(first > self._next_end, pl.Series([self._next_end]))

    def _last_ends(self, panes: pl.Series, until: int) -> pl.Series:
        """Return, for each pane, an instant that no window to be given now ends after."""
        last = panes + (self._windower.size - self._windower.pane)
        return last.zip_with(last < until, pl.Series([until - 1]))

    def _counts(self, panes: pl.Series, until: int) -> pl.Series:
        """Return how many windows to be given now hold each pane."""
        spans = self._last_ends(panes, until) - self._first_ends(panes)
        return (spans // self._windower.hop + 1).clip(0)

    def _spreads_wide(self, panes: pl.Series, until: int) -> bool:
        if len(panes) * self._windower.windows_per_pane <= _SPREAD_STATES:
            return False
        return int(self._counts(panes, until).sum()) > _SPREAD_STATES

    def _spread(self, frame: pl.DataFrame, until: int) -> pl.DataFrame:
        """Return the rows of a frame once for each window to be given now, with its end."""
        panes = frame.get_column(_PANE)
        first = self._first_ends(panes)
        if self._windower.windows_per_pane == 1:
            is_closing = first <= self._last_ends(panes, until)
            return frame.with_columns(first.alias(END)).filter(is_closing)
        counts = self._counts(panes, until)
        steps = pl.DataFrame({"count": counts}).select(pl.int_ranges(0, "count")).to_series()
        spread = frame.with_columns(first.alias(END), steps.alias(".step")).filter(counts > 0)
        spread = spread.explode(".step", empty_as_null=False, keep_nulls=False)
        return spread.with_columns(pl.col(END) + pl.col(".step") * self._windower.hop).drop(".step")

    def _closed(self, states: pl.DataFrame, until: int) -> ClosedWindows:
        by = (END, *self._keys)
        windows = self._spread(states, until)
        if self._windower.size > self._windower.pane:
            windows = self._aggregation.merge(windows, by, self._states.shown)
        # States stand in the order of their first rows; so do tumbling windows.
        if self._windower.size > self._windower.hop or not windows.get_column(ORDER).is_sorted():
            windows = windows.sort(END, ORDER)
        rows = self._spread(self._rows.frame(), until) if self._aggregation.needs_rows else None
        return closed_windows(self._aggregation, windows, self._states, rows, self._rows, by)

    def _compact(self) -> None:
        """Drop rows that cannot have a bearing any more, whenever their number has doubled."""
        if self._rows.height > 2 * self._compacted_height + _SMALL:
            self._rows.replace(self._aggregation.compacted(self._rows.frame(), (_PANE, *self._keys)))
            self._compacted_height = self._rows.height

    def _forget(self, until: int) -> None:
        """Drop the panes that no window from `until` on holds."""
        keep = pl.col(_PANE) >= until - self._windower.size + self._windower.pane
        self._states.replace(self._states.frame().filter(keep))
        self._merged_height = self._states.height
        if self._aggregation.needs_rows:
            self._rows.replace(self._rows.frame().filter(keep))
        if self._states.height == 0:
            self._next_end = None
            return
        grid = int(ceil_to_grid(pl.Series([until]), self._windower.hop, self._windower.offset)[0])
        first = self._windower.first_ends(self._states.frame().get_column(_PANE)).min()
        self._next_end = max(whole(first), grid)
