"""The first of two phases of GROUP BY with a window: groups of one batch, before events of all batches are sorted."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import gcd
from typing import Final

import polars as pl
from msgspec import Struct

from asaql.functions.aggregates_summary import Merge
from asaql.functions.value_codes import equality_series
from asaql.functions.windowers import Hopping, Session, Sliding, Windower
from asaql.model import Batch, Column, Kind
from asaql.operators.aggregation import AggregateColumn, Aggregation
from asaql.operators.contract import Emission, Operator

ROWS: Final = ".rows"
"""Slot of the number of rows that a state is made of."""

_ONE: Final = Column.constant(1)
_WORTHWHILE: Final = 0.7
"""The greatest share of groups among rows at which grouping saves more than it costs."""
_BATCHES_BETWEEN: Final = 15
_FEW_GROUPS: Final = 256
"""The number of groups up to which it is cheaper to sort rows by group than to hash them."""
_GREATEST_CODE: Final = 1 << 62
_U32_CODES: Final = 1 << 32
"""The number of groups up to which shorter numbers do: they are hashed and sorted faster."""
_PANE: Final = ".pane"
_FIRST: Final = ".first"
_GROUP: Final = ".group"
_COUNT: Final = pl.len().alias(ROWS)


class PartialWindowSpec(Struct, frozen=True):
    """Give the states of groups of rows instead of the rows.

    Attributes:
        panes: The panes that rows are grouped by: every window holds all or nothing of each.
        keys: Slots of the grouping keys.
        aggregates: What will be computed; none that needs rows.
    """

    panes: Hopping
    keys: tuple[str, ...]
    aggregates: tuple[AggregateColumn, ...]


def common_panes(windowers: Sequence[Windower]) -> Hopping | None:
    """Return panes of which all windows are made; None if some windows have no ends on a grid."""
    grids: list[Hopping] = []
    for each in windowers:
        if isinstance(each, Sliding | Session):
            return None
        grids.append(each.as_hopping())
    offset = grids[0].offset
    length = gcd(*(each.pane for each in grids), *(each.offset - offset for each in grids))
    return Hopping(length, length, offset)


class PartialWindowOperator(Operator):
    """Groups the rows of each batch by pane and keys, and gives their states as rows.

    A state has the event time of the first row of its group, by event time and then arrival, and the keys of that row.
    States come out in the order of these first rows, so that after a stable sort by time the first state of a group
    stands where the first row of the group would. Where groups are hardly fewer than rows, each row is given as a
    state of its own, in the order of arrival; so it is where rows cannot be added up without rounding.

    Args:
        spec: What to group by.
    """

    def __init__(self, spec: PartialWindowSpec) -> None:
        self._spec = spec
        self._aggregation = Aggregation(spec.aggregates)
        self._keys = tuple(dict.fromkeys(spec.keys))
        self._inputs = tuple(dict.fromkeys((*spec.keys, *(a.argument for a in spec.aggregates if a.argument))))
        self._passes = 0
        self._groups = _FEW_GROUPS + 1

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Return states."""
        if batch.height == 0:
            return ()
        batch = batch.select(self._inputs)
        if self._passes or batch.height == 1:
            self._passes = max(self._passes - 1, 0)
            return (self._ungrouped(batch, self._aggregation.pack(batch)),)
        places = _places(batch.times)
        if places is None:
            batch = batch.sort_by_time()
            places = _row_numbers(batch.height)
        columns = self._aggregation.pack(batch)
        foldable = self._aggregation.foldable(columns)
        return (self._ungrouped(batch, columns) if foldable is None else self._grouped(batch, places, foldable),)

    def _ungrouped(self, batch: Batch, states: Mapping[str, Column]) -> Batch:
        keys = {name: batch.columns[name] for name in self._keys}
        return Batch({**keys, ROWS: _ONE, **states}, batch.times)

    def _grouped(self, batch: Batch, places: pl.Series, states: Mapping[str, tuple[Column, Merge]]) -> Batch:
        by = self._group_columns(batch)
        sources = {name: each for name, each in states.items() if not each[0].is_constant}
        frame = pl.DataFrame(
            [
                *(series.alias(name) for name, series in by.items()),
                places.alias(_FIRST),
                *(column.series.alias(name) for name, (column, _) in sources.items()),
            ]
        )
        if self._groups <= _FEW_GROUPS and list(by) == [_GROUP]:
            frame = frame.sort(_GROUP)
        merged = [_merged(name, merge) for name, (_, merge) in sources.items()]
        # In the order of their first rows in the batch, groups are nearly in that of time: cheap to sort.
        grouped = frame.group_by(list(by), maintain_order=True)
        groups = grouped.agg(_merged(_FIRST, Merge.MIN), _COUNT, *merged).sort(_FIRST)
        self._groups = groups.height
        if groups.height > _WORTHWHILE * batch.height:
            self._passes = _BATCHES_BETWEEN
        rows = (groups.get_column(_FIRST) % batch.height).cast(pl.UInt32)
        columns = {name: batch.columns[name].gather(rows) for name in self._keys}
        columns[ROWS] = Column(Kind.BIGINT, groups.get_column(ROWS).cast(pl.Int64))
        for name, (column, _) in states.items():
            columns[name] = Column(column.kind, groups.get_column(name)) if name in sources else column
        return Batch(columns, batch.times[rows])

    def _group_columns(self, batch: Batch) -> dict[str, pl.Series]:
        """Return columns to group by: pane and keys, as a single column of integers if that is possible."""
        columns: dict[str, pl.Series] = {}
        panes = self._panes(batch.times)
        if panes is not None:
            columns[_PANE] = panes
        for name in self._keys:
            key = batch.columns[name].expand(batch.height)
            if key.kind is not Kind.NULL:
                columns[name] = equality_series(key)
        if not columns:
            return {_GROUP: pl.repeat(0, batch.height, dtype=pl.Int64, eager=True)}
        code = _one_code(list(columns.values()))
        return columns if code is None else {_GROUP: code}

    def _panes(self, times: pl.Series) -> pl.Series | None:
        """Return the numbers of panes counted from the first one, None if all rows are in it."""
        length, offset = self._spec.panes.pane, self._spec.panes.offset
        first, last = _extent(times)
        end = -((offset - first) // length) * length + offset
        if last <= end:
            return None
        return (times - (end - length + 1)) // length


def _places(times: pl.Series) -> pl.Series | None:
    """Return numbers that order rows by time and then arrival, each the row's own number modulo their count.

    Returns:
        None if times are too far apart for that.
    """
    numbers = _row_numbers(len(times))
    if times.is_sorted():
        return numbers
    first, last = _extent(times)
    if (last - first + 1) * len(times) > _GREATEST_CODE:
        return None
    return (times - first) * len(times) + numbers


def _row_numbers(height: int) -> pl.Series:
    return pl.int_range(height, dtype=pl.Int64, eager=True)


def _one_code(columns: Sequence[pl.Series]) -> pl.Series | None:
    """Return numbers that are equal where all the columns are; None unless these are integers of small ranges."""
    code, size = None, 1
    for column in columns:
        if column.dtype != pl.Int64 or column.null_count():
            return None
        first, last = _extent(column)
        size *= last - first + 1
        if size > _GREATEST_CODE:
            return None
        code = column - first if code is None else code * (last - first + 1) + (column - first)
    return code.cast(pl.UInt32) if code is not None and size <= _U32_CODES else code


def _extent(values: pl.Series) -> tuple[int, int]:
    first, last = values.min(), values.max()
    assert isinstance(first, int)
    assert isinstance(last, int)
    return first, last


@cache
def _merged(name: str, merge: Merge) -> pl.Expr:
    match merge:
        case Merge.SUM:
            return pl.col(name).sum()
        case Merge.MIN:
            return pl.col(name).min()
        case Merge.MAX:
            return pl.col(name).max()
