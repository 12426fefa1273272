"""Sliding windows: a row wherever the content of a group's window changes."""

import polars as pl

from asaql.functions.windowers import Sliding
from asaql.operators.aggregation import ORDER, TIME, Aggregation
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.row_store import GROUP, RowStore, number_groups, rows_up_to, whole
from asaql.operators.window_state import END, ClosedWindows, WindowRows, WindowState


class SlidingWindows(WindowState):
    """Windows that end at the instants of a group's events, and one window size after them.

    Rows are kept until they have left. The content of every window is a range of the rows sorted by group and time.

    Args:
        windower: The windows.
        keys: The grouping keys.
        aggregation: What to compute.
    """

    def __init__(self, windower: Sliding, keys: tuple[str, ...], aggregation: Aggregation) -> None:
        self._size = windower.size
        self._keys = keys
        self._aggregation = aggregation
        self._rows = RowStore(keys, aggregation.values)
        self._given_until: int | None = None
        self._next_end: int | None = None

    @property
    def rows_held(self) -> int:
        """Rows now kept."""
        return self._rows.height

    def add(self, rows: WindowRows) -> None:
        """Take new rows."""
        if not len(rows.times):
            return
        first = int(rows.times[0])
        self._next_end = first if self._next_end is None else min(self._next_end, first)
        plain = {TIME: rows.times, ORDER: rows.order, **rows.partials}
        self._rows.append(plain, {**rows.keys, **rows.values})

    def close(self, until: int | None) -> list[ClosedWindows]:
        """Return what windows that end before `until` give, and forget the rows that have left by then."""
        if self._next_end is None or (until is not None and self._next_end >= until):
            return []
        rows = number_groups(self._rows.frame(), self._keys).sort(GROUP, TIME, maintain_order=True)
        ends = pl.concat([rows.select(GROUP, TIME), rows.select(GROUP, pl.col(TIME) + self._size)]).unique()
        if until is not None:
            ends = ends.filter(pl.col(TIME) < until)
        if self._given_until is not None:
            ends = ends.filter(pl.col(TIME) >= self._given_until)
        low = rows_up_to(rows, TIME, ends.get_column(GROUP), ends.get_column(TIME) - self._size)
        high = rows_up_to(rows, TIME, ends.get_column(GROUP), ends.get_column(TIME))
        windows = ends.select(pl.col(TIME).alias(END)).with_columns(low.alias("low"), high.alias("high"))
        windows = windows.filter(pl.col("high") > pl.col("low"))
        windows = windows.with_columns(rows.get_column(ORDER).gather(windows["low"]).alias(ORDER)).sort(END, ORDER)
        closed = self._closed(rows, windows)
        self._forget(until)
        return [closed] if windows.height else []

    def snapshot(self, writer: ChunkWriter, name: str) -> None:
        """Write the state under `name`."""
        writer.add_json(f"{name}.next", [self._given_until, self._next_end])
        self._rows.snapshot(writer, f"{name}.rows")

    def restore(self, reader: ChunkReader, name: str) -> None:
        """Read what `snapshot` wrote."""
        self._given_until, self._next_end = reader.get_json(f"{name}.next")
        self._rows.restore(reader, f"{name}.rows")

    def _closed(self, rows: pl.DataFrame, windows: pl.DataFrame) -> ClosedWindows:
        first_rows = rows[windows.get_column("low")]
        columns = {name: self._rows.column(first_rows, name) for name in self._keys}
        results = self._aggregation.over_ranges(
            rows, windows["low"], windows["high"], lambda name: self._rows.column(rows, name)
        )
        return ClosedWindows(windows.get_column(END), windows.get_column(ORDER), {**columns, **results})

    def _forget(self, until: int | None) -> None:
        if until is None:
            self._rows.replace(self._rows.frame().clear())
            self._next_end = None
            return
        rows = self._rows.frame().filter(pl.col(TIME) + self._size >= until)
        self._rows.replace(rows)
        self._given_until = until
        # Rows may have come that lie behind the watermark; then these enter next, else the oldest leaves next.
        times = rows.get_column(TIME)
        entering, leaving = times.filter(times >= until).min(), times.min()
        candidates = [] if entering is None else [whole(entering)]
        if leaving is not None:
            candidates.append(whole(leaving) + self._size)
        self._next_end = min(candidates, default=None)
