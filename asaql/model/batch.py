"""Batches of events and the promises between them."""

from collections.abc import Mapping, Sequence

import polars as pl
from msgspec import Struct

from asaql.model.column import Column
from asaql.model.kinds import Kind


class Batch:
    """Some rows of one stream: named columns and the event time of each row; immutable.

    Attributes:
        columns: Slot name to column, in order. Every column has `height` rows or is constant.
        times: Event time of each row in ticks, an Int64 series without nulls.
        height: Number of rows.
    """

    __slots__ = ("columns", "height", "times")

    def __init__(self, columns: Mapping[str, Column], times: pl.Series) -> None:
        self.columns: dict[str, Column] = dict(columns)
        self.times = times
        self.height = len(times)

    def __repr__(self) -> str:
        return f"Batch({self.height} rows: {', '.join(self.columns)})"

    def __len__(self) -> int:
        return self.height

    def with_columns(self, columns: Mapping[str, Column]) -> "Batch":
        """Return this batch with further columns, or with columns replaced."""
        return Batch({**self.columns, **columns}, self.times)

    def with_times(self, times: pl.Series) -> "Batch":
        """Return this batch with other event times."""
        return Batch(self.columns, times)

    def select(self, names: Sequence[str]) -> "Batch":
        """Return this batch with these columns only, in this order."""
        return Batch({name: self.columns[name] for name in names}, self.times)

    def filter(self, mask: pl.Series) -> "Batch":
        """Return the rows where the Boolean `mask` is true."""
        return Batch({k: v.filter(mask) for k, v in self.columns.items()}, self.times.filter(mask))

    def gather(self, indices: pl.Series) -> "Batch":
        """Return the rows at `indices` (UInt32)."""
        return Batch({k: v.gather(indices) for k, v in self.columns.items()}, self.times[indices])

    def slice(self, offset: int, length: int) -> "Batch":
        """Return `length` rows from `offset` on, fewer at the end."""
        return Batch({k: v.slice(offset, length) for k, v in self.columns.items()}, self.times.slice(offset, length))

    def sort_by_time(self) -> "Batch":
        """Return the rows in the order of event time, equal times in their present order."""
        if self.times.is_sorted():
            return self
        return self.gather(_stable_order(self.times))

    @staticmethod
    def concat(batches: Sequence["Batch"]) -> "Batch":
        """Return the rows of batches with equal column names, one batch below the other; at least one batch."""
        if len(batches) == 1:
            return batches[0]
        columns = {}
        for name, first in batches[0].columns.items():
            if all(each.columns[name].is_constant and each.columns[name].kind is Kind.NULL for each in batches):
                columns[name] = first
            else:
                columns[name] = Column.concat([each.columns[name].expand(each.height) for each in batches])
        return Batch(columns, pl.concat([each.times for each in batches], rechunk=True))


def _stable_order(times: pl.Series) -> pl.Series:
    """Return the indices that sort `times`, equal times in their present order."""
    frame = pl.DataFrame({"time": times, "row": pl.int_range(len(times), dtype=pl.UInt32, eager=True)})
    return frame.sort("time", maintain_order=True).get_column("row")


class Watermark(Struct, frozen=True, order=True):
    """The promise that no row with an earlier event time will follow on this stream.

    Attributes:
        ticks: Rows still to come have `time >= ticks`.
    """

    ticks: int
