"""Batches that wait, and batches in snapshots."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from asaql.functions.value_codes import decode_value, encode_column
from asaql.model import Batch, Column, Kind
from asaql.operators.chunks import ChunkReader, ChunkWriter

_TIMES = ".times"


class BatchQueue:
    """Rows in the order of event time that wait for a watermark."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self.height = 0

    def push(self, batch: Batch) -> None:
        """Add rows, none of them earlier than those before."""
        if batch.height:
            self._batches.append(batch)
            self.height += batch.height

    def take(self, until: int | None) -> list[Batch]:
        """Remove and return the rows earlier than `until`; all rows if it is None."""
        taken: list[Batch] = []
        while self._batches:
            batch = self._batches[0]
            if until is not None and batch.times[-1] >= until:
                early = bisect_left(batch.times, until)
                if early:
                    taken.append(batch.slice(0, early))
                    self._batches[0] = batch.slice(early, batch.height - early)
                break
            taken.append(self._batches.popleft())
        self.height -= sum(each.height for each in taken)
        return taken

    def snapshot(self, writer: ChunkWriter, name: str) -> None:
        """Write the rows under `name`."""
        write_batches(writer, name, self._batches)

    def restore(self, reader: ChunkReader, name: str) -> None:
        """Read what `snapshot` wrote."""
        self._batches = deque(read_batches(reader, name))
        self.height = sum(each.height for each in self._batches)


def write_batches(writer: ChunkWriter, name: str, batches: Iterable[Batch]) -> None:
    """Write batches under `name`."""
    kinds = []
    for number, batch in enumerate(batches):
        columns, frame = frame_of_batch(batch)
        kinds.append(columns)
        writer.add_frame(f"{name}.{number}", frame)
    writer.add_json(f"{name}.kinds", kinds)


def read_batches(reader: ChunkReader, name: str) -> list[Batch]:
    """Return the batches that `write_batches` wrote."""
    return [
        batch_of_frame(columns, reader.get_frame(f"{name}.{number}"))
        for number, columns in enumerate(reader.get_json(f"{name}.kinds"))
    ]


def frame_of_batch(batch: Batch) -> tuple[list[Any], pl.DataFrame]:
    """Return the rows of a batch as a frame of native columns, and what JSON can say of the columns besides."""
    columns = [[slot, column.kind, column.is_constant] for slot, column in batch.columns.items()]
    series = [_native(column.expand(batch.height)).alias(str(at)) for at, column in enumerate(batch.columns.values())]
    return columns, pl.DataFrame([batch.times.alias(_TIMES), *series])


def batch_of_frame(columns: Iterable[Any], frame: pl.DataFrame) -> Batch:
    """Return the batch of which `frame_of_batch` gave this."""
    restored = {
        slot: _column(Kind(kind), frame.get_column(str(at)), is_constant=is_constant)
        for at, (slot, kind, is_constant) in enumerate(columns)
    }
    return Batch(restored, frame.get_column(_TIMES))


def sorted_by_time(batches: Sequence[Batch]) -> Batch:
    """Return the rows of one batch or more in the order of event time, equal times in their present order."""
    return Batch.concat(batches).sort_by_time()


def _native(column: Column) -> pl.Series:
    return encode_column(column) if column.kind.is_object else column.series


def _column(kind: Kind, series: pl.Series, *, is_constant: bool) -> Column:
    if is_constant:
        series = series.head(1)
    if not kind.is_object:
        return Column(kind, series, is_constant=is_constant)
    values = pl.Series([decode_value(each) for each in series.to_list()], dtype=pl.Object)
    return Column(kind, values, is_constant=is_constant)
