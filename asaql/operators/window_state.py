"""What the states of the different kinds of windows have in common."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
from msgspec import Struct

from asaql.model import Column
from asaql.operators.aggregation import ORDER, TIME, Aggregation, GatheredRows
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.row_store import GROUP, RowStore

END: Final = ".end"
"""Column of window ends."""


class WindowRows(Struct, frozen=True):
    """New rows, prepared once for all windows.

    Attributes:
        times: Event times, ascending.
        order: The number of each row, counted over the whole stream.
        keys: The grouping keys by output slot.
        session_keys: The keys of sessions, by slot.
        partials: The rows' own states as partial columns.
        values: What has to be kept of every row.
        is_grouped: Whether the rows are states of groups, so that few of them will be of one group.
    """

    times: pl.Series
    order: pl.Series
    keys: Mapping[str, Column]
    session_keys: Mapping[str, Column]
    partials: Mapping[str, pl.Series]
    values: Mapping[str, Column]
    is_grouped: bool = False


class ClosedWindows(Struct, frozen=True):
    """The rows that closed windows give, in the order of window end and first appearance of the group.

    Attributes:
        ends: Window ends.
        order: The number of the first row of each group.
        columns: Keys and aggregates by output slot.
    """

    ends: pl.Series
    order: pl.Series
    columns: Mapping[str, Column]


class WindowState:
    """The open windows of one windower."""

    def add(self, rows: WindowRows) -> None:
        """Take new rows, none of them earlier than those before."""
        raise AssertionError(type(self))

    def close(self, until: int | None) -> list[ClosedWindows]:
        """Return what windows that end before `until` give, and forget them; of all windows if it is None.

        Of several results, no window end of one is later than those of the next.
        """
        raise AssertionError(type(self))

    @property
    def rows_held(self) -> int:
        """Rows and groups now kept."""
        raise AssertionError(type(self))

    def snapshot(self, writer: ChunkWriter, name: str) -> None:
        """Write the state under `name`."""
        raise AssertionError(type(self))

    def restore(self, reader: ChunkReader, name: str) -> None:
        """Read what `snapshot` wrote."""
        raise AssertionError(type(self))


def closed_windows(
    aggregation: Aggregation,
    windows: pl.DataFrame,
    states: RowStore,
    rows: pl.DataFrame | None,
    row_store: RowStore,
    by: Sequence[str],
) -> ClosedWindows:
    """Return what closed windows give.

    Args:
        aggregation: What to compute.
        windows: One row a window and group, in the order of output: `END`, `ORDER`, keys, partial columns.
        states: Where the keys of `windows` come from.
        rows: The rows of the windows if they are needed, each row once for every window it is in.
        row_store: Where the keys and values of `rows` come from.
        by: The columns that make a group.
    """
    gathered = None
    if rows is not None:
        numbered = windows.select(by).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(GROUP))
        # Kinds of keys were met by both stores alike, so their columns can be joined.
        rows = rows.join(numbered, on=list(by), nulls_equal=True).sort(GROUP, ORDER)
        columns = {name: row_store.column(rows, name) for name in aggregation.values}
        gathered = GatheredRows(rows.get_column(GROUP), rows.get_column(TIME), columns)
    keys = {name: states.column(windows, name) for name in states.keys}
    return ClosedWindows(
        windows.get_column(END), windows.get_column(ORDER), {**keys, **aggregation.results(windows, gathered)}
    )
