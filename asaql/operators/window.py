"""GROUP BY with a window: any windows times any aggregates."""

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl
from msgspec import Struct

from asaql.functions.windowers import Hopping, Session, Sliding, Windower
from asaql.model import Batch, Column, Watermark
from asaql.operators.aggregation import AggregateColumn, Aggregation, ScriptAggregates
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator
from asaql.operators.partial_window import ROWS
from asaql.operators.window_panes import PaneWindows
from asaql.operators.window_sessions import SessionWindows
from asaql.operators.window_sliding import SlidingWindows
from asaql.operators.window_state import ClosedWindows, WindowRows, WindowState

_FORMAT: Final = ("window", 1)


class KeyColumn(Struct, frozen=True):
    """A grouping key, evaluated into a column of the batch.

    Attributes:
        slot: Name of the column that the operator gives.
        source: Slot of the key in incoming batches.
    """

    slot: str
    source: str


class Window(Struct, frozen=True):
    """A window of GROUP BY.

    Attributes:
        windower: The windows.
        identity: The id that `Window('id', ..)` gives it inside `Windows()`, if any.
        session_keys: Slots in incoming batches of the keys after `OVER (PARTITION BY ..)`; of sessions only.
    """

    windower: Windower
    identity: str | None = None
    session_keys: tuple[str, ...] = ()


class WindowPlan(Struct, frozen=True):
    """What a `WindowAggregateOperator` computes.

    Attributes:
        keys: The grouping keys.
        windows: One window, or the members of `Windows()`.
        aggregates: What to compute for each group.
        identity_slot: Name of the column with the window's id (text or NULL), if wanted.
        takes_states: Whether rows are states that a `PartialWindowOperator` has made of the rows.
    """

    keys: tuple[KeyColumn, ...]
    windows: tuple[Window, ...]
    aggregates: tuple[AggregateColumn, ...]
    identity_slot: str | None = None
    takes_states: bool = False

    @property
    def disjoint_windows(self) -> Hopping | None:
        """The windows, if there is one kind of them, every instant is in exactly one, and no JavaScript is called."""
        if len(self.windows) > 1 or any(each.is_script for each in self.aggregates):
            return None
        windower = self.windows[0].windower
        if isinstance(windower, Sliding | Session):
            return None
        hopping = windower.as_hopping()
        return hopping if hopping.size == hopping.hop else None


class WindowAggregateOperator(Operator):
    """Groups rows by window and keys.

    Gives one row for each window and group that holds a row, with the window's end as event time. Rows come out in
    the order of event time, then of the windows in the query, then of the first appearance of the group. State is
    one partial result per open window and group, and the rows of open windows where an aggregate needs them.

    Attributes:
        plan: What is computed.

    Args:
        plan: What to compute.
        scripts: Computes JavaScript aggregates.
    """

    def __init__(self, plan: WindowPlan, scripts: ScriptAggregates | None = None) -> None:
        self.plan = plan
        self._aggregation = Aggregation(plan.aggregates, scripts)
        keys = tuple(each.slot for each in plan.keys)
        self._windows = [_state_of(each, keys, self._aggregation) for each in plan.windows]
        self._row_count = 0

    @property
    def rows_held(self) -> int:
        """Rows and groups now kept."""
        return sum(each.rows_held for each in self._windows)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Take rows in the order of event time; nothing comes out before the next watermark."""
        if batch.height == 0:
            return ()
        order = pl.int_range(self._row_count, self._row_count + batch.height, dtype=pl.Int64, eager=True)
        self._row_count += batch.height
        keys = {each.slot: batch.columns[each.source].expand(batch.height) for each in self.plan.keys}
        takes_states = self.plan.takes_states
        partials = self._aggregation.unpack(batch, ROWS) if takes_states else self._aggregation.lift(batch)
        values = self._aggregation.gather(batch)
        for window, state in zip(self.plan.windows, self._windows, strict=True):
            session_keys = {slot: batch.columns[slot].expand(batch.height) for slot in window.session_keys}
            state.add(WindowRows(batch.times, order, keys, session_keys, partials, values, takes_states))
        return ()

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterable[Emission]:
        """Return the rows of the windows that end before the watermark, then the watermark."""
        return (*self._close(watermark.ticks), watermark)

    def on_end(self) -> Iterable[Emission]:
        """Return the rows of all windows that are still open."""
        return self._close(None)

    def snapshot(self) -> dict[str, bytes]:
        """Return the open windows."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("rows", self._row_count)
        for number, state in enumerate(self._windows):
            state.snapshot(writer, f"window{number}")
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the open windows of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        self._row_count = reader.get_json("rows")
        for number, state in enumerate(self._windows):
            state.restore(reader, f"window{number}")

    def _close(self, until: int | None) -> Sequence[Batch]:
        closed = [(number, each) for number, state in enumerate(self._windows) for each in state.close(until)]
        batches = [self._batch(number, each) for number, each in closed]
        if len(self._windows) == 1 or len(batches) < 2:
            return batches
        places = pl.concat(
            [
                pl.DataFrame({"end": each.ends, "window": [number] * len(each.ends), "order": each.order})
                for number, each in closed
            ]
        )
        index = places.with_row_index("row").sort("end", "window", "order").get_column("row")
        return [Batch.concat(batches).gather(index)]

    def _batch(self, number: int, closed: ClosedWindows) -> Batch:
        columns = dict(closed.columns)
        if self.plan.identity_slot is not None:
            columns[self.plan.identity_slot] = Column.constant(self.plan.windows[number].identity)
        return Batch(columns, closed.ends)


def _state_of(window: Window, keys: tuple[str, ...], aggregation: Aggregation) -> WindowState:
    match window.windower:
        case Sliding() as sliding:
            return SlidingWindows(sliding, keys, aggregation)
        case Session() as session:
            return SessionWindows(session, keys, window.session_keys, aggregation)
        case windower:
            return PaneWindows(windower.as_hopping(), keys, aggregation)
