"""Sorted rows outside of memory: what does not fit is laid off in runs, and read back a slice of each at a time."""

import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

import polars as pl
from msgspec import Struct

from asaql.functions.value_codes import encode_value
from asaql.model import Batch, Column
from asaql.model.column import lengthened, shortened
from asaql.operators.batch_queue import batch_of_frame, frame_of_batch, sorted_by_time

SLICE_ROWS: Final = 1 << 14
"""Rows in a slice of a run: what is read back at once."""

_BATCH_BYTES: Final = 2048
_COLUMN_BYTES: Final = 1024
_OBJECT_FACTOR: Final = 8
_SAMPLES: Final = 16


class Spill(Protocol):
    """Keeps byte strings outside of memory for one operator."""

    def write(self, data: bytes) -> int:
        """Keep a byte string; return the number under which `read` gives it."""
        ...

    def read(self, number: int) -> bytes:
        """Return the byte string of a number."""
        ...

    def forget(self, number: int) -> None:
        """Give up the byte string of a number."""
        ...

    def close(self) -> None:
        """Give up all byte strings; may be called more than once."""
        ...


def memory_of(batch: Batch) -> int:
    """Return about how many bytes of memory a batch takes; objects are estimated from a few of them."""
    columns = [batch.times, *(each.series for each in batch.columns.values() if not each.kind.is_object)]
    objects = [each for each in batch.columns.values() if each.kind.is_object]
    return (
        _BATCH_BYTES
        + _COLUMN_BYTES * len(batch.columns)
        + sum(int(each.estimated_size()) for each in columns)
        + sum(map(_memory_of_objects, objects))
    )


def _memory_of_objects(column: Column) -> int:
    height = len(column)
    samples = column.gather(pl.Series(range(0, height, height // _SAMPLES + 1), dtype=pl.UInt32)).to_values()
    codes = sum(len(encode_value(each) or b"") for each in samples)
    return codes * _OBJECT_FACTOR * height // max(len(samples), 1)


class _Slice(Struct):
    """Rows of a run in order: in memory, or at a number of the spill with the kinds of its columns.

    Attributes:
        first: The time of the first row.
        last: The time of the last row.
        height: Number of rows.
        rows: The rows, None while they are laid off.
        number: Where they are laid off.
        kinds: What `frame_of_batch` says of their columns.
    """

    first: int
    last: int
    height: int
    rows: Batch | None
    number: int = -1
    kinds: Any = None


class SpilledRuns:
    """Runs of rows, each in the order of event time; of equal times, those of a run arrived before those of the next.

    The first run, the trunk, grows at its end and stays in memory until `lay_off` is called. It may be empty.

    Args:
        spill: Keeps the rows; None if nothing is ever laid off.
    """

    def __init__(self, spill: Spill | None) -> None:
        self._spill = spill
        self._runs: list[list[_Slice]] = [[]]
        self._laid_off = 0
        self.bytes_held = 0

    @property
    def height(self) -> int:
        """Rows of all runs, in memory or not."""
        return sum(each.height for run in self._runs for each in run)

    def append(self, batch: Batch) -> None:
        """Add rows in the order of event time to the trunk, none of them earlier than those there."""
        self._runs[0].append(_in_memory(batch))
        self.bytes_held += memory_of(batch)

    def lay_off(self) -> None:
        """Lay off what is in memory of the trunk."""
        for each in self._runs[0][self._laid_off :]:
            self._write(each)
        self._laid_off = len(self._runs[0])
        self.bytes_held = 0

    def add(self, batches: Iterable[Batch]) -> None:
        """Lay off a run."""
        run = []
        for batch in _in_even_parts(batches):
            run.append(_in_memory(batch))
            self._write(run[-1])
        if run:
            self._runs.append(run)

    def take(self, until: int | None, newest: Sequence[Batch]) -> Iterator[Batch]:
        """Remove and yield the rows earlier than `until`, all rows if it is None, by event time and then arrival.

        Args:
            until: Ticks.
            newest: Rows in the order of event time that arrived after all runs and are earlier than `until`.
        """
        runs = [*self._runs, [_in_memory(each) for each in newest if each.height]]
        while fronts := [(run[0].first, place) for place, run in enumerate(runs) if run]:
            time, lowest = min(fronts)
            if until is not None and time >= until:
                break
            self._load(runs[lowest][0])
            bounds = [
                (run[0].first if run[0].rows is None else run[0].last, place) for place, run in enumerate(runs) if run
            ]
            bound = min(bounds if until is None else [*bounds, (until, -1)])
            parts = [rows for place, run in enumerate(runs) if (rows := _cut(run, place, bound)) is not None]
            yield sorted_by_time(parts)
        self._runs = [self._runs[0], *(run for run in runs[1:] if run)]

    def batches(self) -> list[Batch]:
        """Return all rows, run by run."""
        return [self._read(each) for run in self._runs for each in run]

    def _write(self, each: _Slice) -> None:
        assert self._spill is not None
        assert each.rows is not None
        each.kinds, frame = frame_of_batch(each.rows)
        buffer = io.BytesIO()
        pl.DataFrame([shortened(series) for series in frame.get_columns()]).write_ipc_stream(buffer)
        each.rows, each.number = None, self._spill.write(buffer.getvalue())

    def _load(self, each: _Slice) -> None:
        if each.rows is None:
            each.rows = self._read(each)
            assert self._spill is not None
            self._spill.forget(each.number)

    def _read(self, each: _Slice) -> Batch:
        if each.rows is not None:
            return each.rows
        assert self._spill is not None
        frame = pl.read_ipc_stream(io.BytesIO(self._spill.read(each.number)))
        return batch_of_frame(each.kinds, pl.DataFrame([lengthened(series) for series in frame.get_columns()]))


def _in_memory(batch: Batch) -> _Slice:
    return _Slice(int(batch.times[0]), int(batch.times[-1]), batch.height, batch)


def _cut(run: list[_Slice], place: int, bound: tuple[int, int]) -> Batch | None:
    """Remove and return the rows of a run's first slice up to a time and, of that time, of the runs up to a place.

    Rows of equal times go by their runs, so those of a run after the bound's have to wait. Slices that are not loaded
    begin at the bound or after it.
    """
    rows = run[0].rows if run else None
    if rows is None:
        return None
    ticks, last_place = bound
    taken = (bisect_right if place <= last_place else bisect_left)(rows.times, ticks)
    if taken == rows.height:
        run.pop(0)
        return rows
    if taken:
        run[0] = _in_memory(rows.slice(taken, rows.height - taken))
        return rows.slice(0, taken)
    return None


def _in_even_parts(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield the rows of batches in parts of `SLICE_ROWS`, the last one smaller."""
    waiting: list[Batch] = []
    height = 0
    for batch in batches:
        waiting.append(batch)
        height += batch.height
        if height >= SLICE_ROWS:
            rows = Batch.concat(waiting)
            whole = height - height % SLICE_ROWS
            for start in range(0, whole, SLICE_ROWS):
                yield rows.slice(start, SLICE_ROWS)
            height -= whole
            waiting = [rows.slice(whole, height)] if height else []
    if height:
        yield Batch.concat(waiting)
