"""Rows that wait for the end of their stream, and come nearly in the order of event time.

Recordings are like that: few events lie behind those before them, and not far. So only the latest rows are kept to be
put in order, the window. Those that leave it make one long run, the trunk, which nothing has to touch again. A row that
comes when the trunk is past it is a straggler; all stragglers are sorted at the end and merged into the trunk.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from asaql.model import Batch, Kind
from asaql.operators.batch_queue import sorted_by_time
from asaql.operators.spilled_runs import Spill, SpilledRuns, memory_of

_WINDOW_ROWS: Final = 1 << 16
"""Rows at which the window is full."""
_WINDOW_SHARE: Final = 8
"""The window is full too when it takes this part of the memory that there is."""
_LEAST_ROWS: Final = 1 << 10
"""Shorter batches, on average, are sorted at once rather than one after the other."""
_KEPT_SHARE: Final = 5
"""This part of a full window stays: so far back a row may lie without being a straggler."""


class NearlySorted:
    """Takes rows in the order of arrival, and gives them all at the end in the order of event time.

    Args:
        spill: Takes what memory shall not hold; None to hold everything.
        most_held: Bytes of memory.
    """

    def __init__(self, spill: Spill | None, most_held: int) -> None:
        self._runs = SpilledRuns(spill)
        self._has_spill = spill is not None
        self._most_held = most_held
        self._floor: int | None = None
        self._window: list[Batch] = []
        self._window_rows = self._window_bytes = 0
        self._stragglers: list[Batch] = []
        self._straggler_bytes = 0

    @property
    def height(self) -> int:
        """Rows that wait."""
        return self._runs.height + self._window_rows + sum(each.height for each in self._stragglers)

    def push(self, batch: Batch) -> None:
        """Add rows."""
        if not batch.height:
            return
        # Rows as late as the last one of the trunk may still follow it: those of that time in it came before.
        if self._floor is not None and batch.times.min() < self._floor:  # type: ignore[operator]
            is_late = batch.times < self._floor
            self._add_stragglers(batch.filter(is_late))
            batch = batch.filter(~is_late)
        if batch.height:
            self._window.append(batch)
            self._window_rows += batch.height
            self._window_bytes += memory_of(batch)
        if self._window_rows >= _WINDOW_ROWS or self._window_bytes > self._most_held // _WINDOW_SHARE:
            self._shift()

    def drain(self) -> Iterator[Batch]:
        """Remove and yield all rows."""
        for each in in_order(self._window):
            self._runs.append(each)
        late = in_order(self._stragglers)
        self._window, self._stragglers = [], []
        self._window_rows = self._window_bytes = self._straggler_bytes = 0
        return self._runs.take(None, late)

    def batches(self) -> list[Batch]:
        """Return all rows in an order from which `push` finds the same order again."""
        return [*self._runs.batches(), *self._stragglers, *self._window]

    def _shift(self) -> None:
        """Move the earliest rows of the window to the trunk."""
        ordered = in_order(self._window)
        leaving = self._window_rows - self._window_rows // _KEPT_SHARE
        self._window = []
        self._window_rows -= leaving
        for each in ordered:
            gone = min(leaving, each.height)
            leaving -= gone
            if gone:
                self._runs.append(each if gone == each.height else each.slice(0, gone))
                self._floor = int(each.times[gone - 1])
            if gone < each.height:
                self._window.append(each.slice(gone, each.height - gone))
        self._window_bytes = sum(map(memory_of, self._window))
        if self._has_spill and self._runs.bytes_held + self._straggler_bytes + self._window_bytes > self._most_held:
            self._runs.lay_off()

    def _add_stragglers(self, batch: Batch) -> None:
        self._stragglers.append(batch)
        self._straggler_bytes += memory_of(batch)
        if self._has_spill and self._straggler_bytes > self._most_held // 2:
            self._runs.add(in_order(self._stragglers))
            self._stragglers, self._straggler_bytes = [], 0


def in_order(batches: Sequence[Batch]) -> list[Batch]:
    """Return the rows of batches in the order of event time, those of one time in their present order.

    Only batches that overlap in time are brought together, or that are alike and of plain kinds. The others stay as
    they are, and so do the kinds of their columns. None is longer than a window.
    """
    if not batches:
        return []
    latest = list(accumulate((int(each.times.max()) for each in batches), max))  # type: ignore[arg-type]
    earliest = list(accumulate((int(each.times.min()) for each in reversed(batches)), min))[::-1]  # type: ignore[arg-type]
    ordered: list[Batch] = []
    alike: list[Batch] = []
    overlapping: list[Batch] = []
    kinds: dict[str, Kind] | None = {}
    for batch, last, following in zip(batches, latest, [*earliest[1:], None], strict=True):
        overlapping.append(batch)
        if following is not None and last > following:
            continue
        for rows in _interleaved(overlapping):
            kinds = None if kinds is None else _plain_kinds(rows, kinds)
            if alike and kinds is None:
                ordered.append(Batch.concat(alike))
                alike = []
                kinds = _plain_kinds(rows, {})
            alike.append(rows)
        overlapping = []
    ordered.append(Batch.concat(alike))
    return [
        each.slice(start, _WINDOW_ROWS) if each.height > _WINDOW_ROWS else each
        for each in ordered
        for start in range(0, each.height, _WINDOW_ROWS)
    ]


def _interleaved(batches: Sequence[Batch]) -> list[Batch]:
    """Return the rows of batches in the order of event time, in parts; only rows that overlap in time are sorted."""
    to_sort = sum(each.height for each in batches)
    if to_sort < _LEAST_ROWS * len(batches):
        return [sorted_by_time(batches)]
    parts: list[Batch] = []
    for rows in map(Batch.sort_by_time, batches):
        later = _cut_behind(parts, int(rows.times[0]))
        if later:
            earlier = bisect_left(rows.times, later[-1].times[-1])
            to_sort -= earlier + sum(each.height for each in later)
            if to_sort < 0:
                return [sorted_by_time(batches)]
            parts.append(sorted_by_time([*later, rows.slice(0, earlier)]))
            rows = rows.slice(earlier, rows.height - earlier)
        if rows.height:
            parts.append(rows)
    return parts


def _cut_behind(parts: list[Batch], ticks: int) -> list[Batch]:
    """Remove and return the rows later than a time; `parts` and the rows of each are in the order of event time."""
    later: list[Batch] = []
    while parts and parts[-1].times[-1] > ticks:
        part = parts.pop()
        kept = bisect_right(part.times, ticks)
        later.append(part.slice(kept, part.height - kept))
        if kept:
            parts.append(part.slice(0, kept))
    return later[::-1]


def _plain_kinds(batch: Batch, before: dict[str, Kind]) -> dict[str, Kind] | None:
    """Return the kinds of a batch's columns below others, None unless each column is of one plain kind throughout.

    Args:
        batch: Rows.
        before: The kinds of the columns above; empty if there is nothing above.
    """
    kinds = {}
    for name, column in batch.columns.items():
        above = Kind.NULL if not before else before[name]
        kinds[name] = kind = column.kind if above is Kind.NULL else above
        if kind.is_object or column.kind not in (kind, Kind.NULL):
            return None
    return kinds
