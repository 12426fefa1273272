"""Rows kept as Polars frames although the kinds of their values are known only batch by batch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import polars as pl

from asaql.functions.value_codes import decode_column, encode_column, equality_codes
from asaql.model import Column, Kind
from asaql.operators.chunks import ChunkReader, ChunkWriter

GROUP: Final = ".group"
"""Column of the numbers of groups."""
SHOWN: Final = ".shown"
"""Suffix of the column that holds the values of a key whose own column holds equality codes."""


class RowStore:
    """Rows in the order of arrival, as frames of native columns.

    Plain columns have a fixed data type, and may be missing from some of the rows, where they are null. Keys and
    values are columns of the dialect. As long as one of them holds values of a single scalar kind it is kept in that
    kind's own data type. From the first other value on, the whole column is kept as codes, so that a frame can
    always be grouped by its key columns: the codes of equal keys are equal. The values of such keys are in a second
    column, named with the suffix `SHOWN`.

    Args:
        keys: Names of the columns that rows are grouped by.
        values: Names of further columns of the dialect.
    """

    def __init__(self, keys: Sequence[str] = (), values: Sequence[str] = ()) -> None:
        self.keys = tuple(keys)
        self.values = tuple(values)
        self._kinds: dict[str, Kind] = dict.fromkeys((*keys, *values), Kind.NULL)
        self._frames: list[pl.DataFrame] = []
        self.height = 0

    @property
    def shown(self) -> list[str]:
        """The columns that hold the values of keys kept as codes."""
        return [name + SHOWN for name in self.keys if self._kinds[name] is Kind.ANY]

    def append(
        self,
        plain: Mapping[str, pl.Series],
        columns: Mapping[str, Column],
        reduce: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
    ) -> None:
        """Add rows.

        Args:
            plain: Plain columns.
            columns: Keys and values, none of them constant.
            reduce: Makes of the frame of the new rows the one to keep.
        """
        if self.height == 0:
            self._frames = []
            self._kinds = dict.fromkeys(self._kinds, Kind.NULL)
        series = dict(plain)
        for name, kind in self._kinds.items():
            series |= self._adopt(name, kind, columns[name])
        frame = pl.DataFrame(series)
        if reduce is not None:
            frame = reduce(frame)
        self._frames.append(frame)
        self.height += frame.height

    def frame(self) -> pl.DataFrame:
        """Return all rows."""
        if len(self._frames) > 1:
            self._frames = [pl.concat(self._frames, how="diagonal", rechunk=True)]
        return self._frames[0] if self._frames else pl.DataFrame()

    def replace(self, frame: pl.DataFrame) -> None:
        """Keep the rows of `frame`, which is made of rows of this store, instead of all rows."""
        self._frames = [frame]
        self.height = frame.height

    def column(self, frame: pl.DataFrame, name: str) -> Column:
        """Return a key or value of a frame of this store's rows as a column of the dialect."""
        kind = self._kinds[name]
        if kind is not Kind.ANY:
            return Column(kind, frame.get_column(name))
        return decode_column(frame.get_column(name + SHOWN if name in self.keys else name))

    def snapshot(self, writer: ChunkWriter, name: str) -> None:
        """Write the rows under `name`."""
        writer.add_json(f"{name}.kinds", self._kinds)
        writer.add_frame(name, self.frame())

    def restore(self, reader: ChunkReader, name: str) -> None:
        """Read what `snapshot` wrote."""
        self._kinds = {each: Kind(kind) for each, kind in reader.get_json(f"{name}.kinds").items()}
        self.replace(reader.get_frame(name))

    def _adopt(self, name: str, kind: Kind, column: Column) -> dict[str, pl.Series]:
        """Return the native form of new values, after changing that of the earlier ones if need be."""
        wanted = _common(kind, column.kind)
        if wanted is not kind:
            self._frames = [self._converted(frame, name, kind, wanted) for frame in self._frames]
            self._kinds[name] = wanted
        return self._native(name, column, wanted)

    def _native(self, name: str, column: Column, kind: Kind) -> dict[str, pl.Series]:
        if kind is not Kind.ANY:
            return {name: column.cast_null(kind).series}
        if name in self.keys:
            return {name: equality_codes(column), name + SHOWN: encode_column(column)}
        return {name: encode_column(column)}

    def _converted(self, frame: pl.DataFrame, name: str, kind: Kind, wanted: Kind) -> pl.DataFrame:
        return frame.with_columns(**self._native(name, Column(kind, frame.get_column(name)), wanted))


def _common(left: Kind, right: Kind) -> Kind:
    """Return the kind in which values of both kinds are kept; ANY stands for codes."""
    kinds = {left, right} - {Kind.NULL}
    if len(kinds) > 1 or any(each.is_object for each in kinds):
        return Kind.ANY
    return kinds.pop() if kinds else Kind.NULL


def number_groups(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return `frame` with a column `GROUP` that numbers the distinct combinations of `keys`, by first appearance."""
    if not keys:
        return frame.with_columns(pl.lit(0, dtype=pl.Int64).alias(GROUP))
    distinct = frame.select(keys).unique(maintain_order=True)
    distinct = distinct.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(GROUP))
    return frame.join(distinct, on=list(keys), how="left", nulls_equal=True, maintain_order="left")


def rows_up_to(rows: pl.DataFrame, column: str, groups: pl.Series, places: pl.Series) -> pl.Series:
    """Return, for each group and place, how many of `rows` come up to and including it.

    Args:
        rows: Sorted by `GROUP` and then by `column`.
        column: What says where in its group a row stands, Int64.
        groups: The group of each question.
        places: The place in the group of each question.
    """
    asked = pl.DataFrame({GROUP: groups, "place": places}).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("question"), pl.lit(0, dtype=pl.Int64).alias("is_row")
    )
    given = rows.select(
        GROUP,
        pl.col(column).alias("place"),
        pl.lit(None, dtype=pl.Int64).alias("question"),
        pl.lit(1, dtype=pl.Int64).alias("is_row"),
    )
    both = pl.concat([given, asked]).sort(GROUP, "place", maintain_order=True)
    counted = both.with_columns(pl.col("is_row").cum_sum().alias("count")).filter(pl.col("is_row") == 0)
    return counted.sort("question").get_column("count")


def whole(value: object) -> int:
    """Return what an aggregate of an integer series gave, as the integer it is."""
    assert isinstance(value, int)
    return value
