"""JOIN of a stream with reference data."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import polars as pl
from msgspec import Struct

from asaql.functions.value_codes import joint_equality_series
from asaql.model import Batch, Column, Kind, Watermark
from asaql.operators.batch_queue import BatchQueue, read_batches, write_batches
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator
from asaql.operators.join import LEFT, RIGHT, Predicate

_FORMAT: Final = ("reference_join", 1)
_PAIRS: Final = 1 << 20
"""How many candidate pairs may be made at once."""


class ReferenceJoinPlan(Struct, frozen=True):
    """What a `ReferenceJoinOperator` computes.

    Attributes:
        left_slots: Columns of the stream that are given.
        right_slots: Columns of the reference data that are given.
        keys: For each equality the slot of the left and of the right value; NULL equals nothing.
        is_left: Whether a row of the stream without a match gives a row with NULLs.
    """

    left_slots: tuple[str, ...]
    right_slots: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    is_left: bool = False


class ReferenceJoinOperator(Operator):
    """Joins each row of a stream with the rows of a table of equal key.

    Port 0 is the stream, port 1 the table; rows of the stream wait until the table is complete. The time of a row of
    the table says from when on its version of the table counts; a row of the stream is joined with the last version
    that is not later than itself. Event times and the order of the stream stay; several matches stand in the order of
    the table. All versions are kept as a whole.

    Args:
        plan: What to compute.
        predicate: The further conditions of ON, over batches with the columns of both sides.
    """

    def __init__(self, plan: ReferenceJoinPlan, predicate: Predicate | None = None) -> None:
        self._plan = plan
        self._predicate = predicate
        self._parts: list[Batch] = []
        self._versions: list[_Version] = []
        self._is_complete = False
        self._waiting = BatchQueue()
        self._watermark: int | None = None

    @property
    def rows_held(self) -> int:
        """Rows of the table, and rows of the stream that wait for it."""
        return sum(each.height for each in self._parts) + self._waiting.height

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Take rows of the stream or of the table; return joined rows as soon as the table is complete."""
        if batch.height == 0:
            return ()
        if port == RIGHT:
            self._parts.append(Batch({k: v.expand(batch.height) for k, v in batch.columns.items()}, batch.times))
            return ()
        if not self._is_complete:
            self._waiting.push(batch)
            return ()
        return self._joined(batch)

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterable[Emission]:
        """Pass the watermarks of the stream on; those of the table mean nothing."""
        if port == RIGHT:
            return ()
        self._watermark = watermark.ticks
        return (watermark,) if self._is_complete else ()

    def on_port_end(self, port: int) -> Iterable[Emission]:
        """Take the end of the table; return the rows that waited for it."""
        if port == LEFT or self._is_complete:
            return ()
        self._is_complete = True
        emissions: list[Emission] = [joined for batch in self._waiting.take(None) for joined in self._joined(batch)]
        if self._watermark is not None:
            emissions.append(Watermark(self._watermark))
        return emissions

    def on_end(self) -> Iterable[Emission]:
        """Return the rows that still wait."""
        self._is_complete = True
        return [joined for batch in self._waiting.take(None) for joined in self._joined(batch)]

    def snapshot(self) -> dict[str, bytes]:
        """Return the table and the rows that wait for it."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("state", [self._is_complete, self._watermark])
        write_batches(writer, "table", self._parts)
        self._waiting.snapshot(writer, "waiting")
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the state of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        self._is_complete, self._watermark = reader.get_json("state")
        self._parts = read_batches(reader, "table")
        self._waiting.restore(reader, "waiting")

    def _joined(self, batch: Batch) -> list[Batch]:
        """Return the joined rows of a batch, part by part as versions of the table follow each other."""
        if not self._versions and self._parts:
            table = Batch.concat(self._parts)
            self._parts = [table]
            self._versions = _versions_of(table)
        batch = Batch({name: column.expand(batch.height) for name, column in batch.columns.items()}, batch.times)
        starts = [version.start for version in self._versions]
        cuts = [0, *(bisect_left(batch.times, start) for start in starts), batch.height]
        versions = (None, *self._versions)
        parts = [
            self._joined_with(version, batch.slice(start, end - start))
            for version, (start, end) in zip(versions, pairwise(cuts), strict=True)
            if end > start
        ]
        return [part for part in parts if part is not None]

    def _joined_with(self, version: "_Version | None", batch: Batch) -> Batch | None:
        pairs = [] if version is None else self._pairs(batch, version)
        rows = pl.concat([pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32}), *pairs])
        if self._plan.is_left:
            every = pl.DataFrame({"left": pl.int_range(batch.height, dtype=pl.UInt32, eager=True)})
            lonely = every.join(rows, on="left", how="anti")
            rows = pl.concat([rows, lonely], how="diagonal").sort("left", maintain_order=True)
        if not rows.height:
            return None
        left, right = rows.get_column("left"), rows.get_column("right")
        columns = {name: batch.columns[name].gather(left) for name in self._plan.left_slots}
        for name in self._plan.right_slots:
            columns[name] = Column.nulls(rows.height) if version is None else version.rows.columns[name].gather(right)
        return Batch(columns, batch.times[left])

    def _pairs(self, batch: Batch, version: "_Version") -> list[pl.DataFrame]:
        """Return the rows of stream and table that belong together, in the order of output."""
        table = version.rows
        left = {"left": pl.int_range(batch.height, dtype=pl.UInt32, eager=True)}
        right = {"right": pl.int_range(table.height, dtype=pl.UInt32, eager=True)}
        names = []
        for number, (left_slot, right_slot) in enumerate(self._plan.keys):
            name = f"key{number}"
            names.append(name)
            left[name], right[name] = version.key(number, batch.columns[left_slot], right_slot)
        asked, given = pl.DataFrame(left), pl.DataFrame(right)
        if names:
            found = asked.join(given, on=names, how="inner", maintain_order="left_right").select("left", "right")
            parts = [found]
        else:
            step = max(_PAIRS // table.height, 1)
            parts = [asked.slice(start, step).join(given, how="cross") for start in range(0, batch.height, step)]
        return [self._satisfying(each, batch, table) for each in parts]

    def _satisfying(self, pairs: pl.DataFrame, batch: Batch, table: Batch) -> pl.DataFrame:
        if self._predicate is None or not pairs.height:
            return pairs
        left, right = pairs.get_column("left"), pairs.get_column("right")
        columns = {name: batch.columns[name].gather(left) for name in self._plan.left_slots}
        columns |= {name: table.columns[name].gather(right) for name in self._plan.right_slots}
        return pairs.filter(self._predicate(Batch(columns, batch.times[left])))


class _Version:
    """The rows of a table from one time on.

    Args:
        start: Ticks from which it counts.
        rows: Its rows, at least one.
    """

    def __init__(self, start: int, rows: Batch) -> None:
        self.start = start
        self.rows = rows
        self._keys: dict[tuple[int, Kind], pl.Series] = {}

    def key(self, number: int, left: Column, slot: str) -> tuple[pl.Series, pl.Series]:
        """Return both sides of an equality so that they can be joined; those of the table are worked out once."""
        right = self.rows.columns[slot]
        cached = self._keys.get((number, left.kind))
        if cached is None:
            series, cached = joint_equality_series(left, right)
            self._keys[number, left.kind] = cached
            return series, cached
        return joint_equality_series(left, right.slice(0, 0))[0], cached


def _versions_of(table: Batch) -> list[_Version]:
    starts = table.times.unique().sort().to_list()
    return [_Version(start, table.filter(table.times == start)) for start in starts]
