"""Session windows: as long as events follow one another."""

from typing import Final

import polars as pl

from asaql.functions.windowers import Session
from asaql.operators.aggregation import ORDER, TIME, Aggregation
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.row_store import GROUP, RowStore, number_groups
from asaql.operators.window_state import END, ClosedWindows, WindowRows, WindowState, closed_windows

_SESSION: Final = ".session"
_FIRST_CHECK: Final = ".first_check"
_CHECK: Final = ".check"
_ROW: Final = ".row"
_SESSIONS_SCHEMA: Final = {_SESSION: pl.Int64, TIME: pl.Int64, _CHECK: pl.Int64}


class SessionWindows(WindowState):
    """Sessions, each with a number, the time of its last event, and the check point that ends it at the latest.

    For every session key the last event of its unbroken run of events is kept, as the next event may follow it.

    Args:
        windower: The sessions.
        keys: The grouping keys.
        session_keys: The keys that have sessions of their own; without any there is one session at a time.
        aggregation: What to compute.
    """

    def __init__(
        self, windower: Session, keys: tuple[str, ...], session_keys: tuple[str, ...], aggregation: Aggregation
    ) -> None:
        self._windower = windower
        self._keys = keys
        self._session_keys = session_keys
        self._aggregation = aggregation
        self._runs = RowStore(session_keys)
        self._sessions = pl.DataFrame(schema=_SESSIONS_SCHEMA)
        self._session_count = 0
        self._states = RowStore(keys)
        self._rows = RowStore(keys, aggregation.values)
        self._merged_height = 0

    @property
    def rows_held(self) -> int:
        """Runs, groups and rows now kept."""
        return self._runs.height + self._states.height + self._rows.height

    def add(self, rows: WindowRows) -> None:
        """Take new rows."""
        if not len(rows.times):
            return
        sessions = self._assign(rows)
        self._states.append({_SESSION: sessions, ORDER: rows.order, **rows.partials}, rows.keys, self._merged)
        if self._states.height > 2 * self._merged_height + 4096:
            self._states.replace(self._merged(self._states.frame()))
            self._merged_height = self._states.height
        if self._aggregation.needs_rows:
            self._rows.append({_SESSION: sessions, ORDER: rows.order, TIME: rows.times}, {**rows.keys, **rows.values})

    def close(self, until: int | None) -> list[ClosedWindows]:
        """Return what sessions that end before `until` give, and forget them."""
        ends = self._windower.ends(self._sessions.get_column(TIME), self._sessions.get_column(_CHECK))
        sessions = self._sessions.with_columns(ends.alias(END))
        is_closed = pl.lit(True) if until is None else pl.col(END) < until
        closing = sessions.filter(is_closed).select(_SESSION, END)
        if until is None:
            self._runs.replace(self._runs.frame().clear())
        elif closing.height or self._runs.height > sessions.height:
            self._runs.replace(self._runs.frame().filter(pl.col(TIME) + self._windower.timeout >= until))
        if not closing.height:
            return []
        self._sessions = sessions.filter(~is_closed).drop(END)
        windows = self._take(self._states, closing)
        self._merged_height = self._states.height
        by = (_SESSION, *self._keys)
        merged = self._aggregation.merge(windows, by, self._states.shown).join(closing, on=_SESSION)
        rows = self._take(self._rows, closing) if self._aggregation.needs_rows else None
        return [closed_windows(self._aggregation, merged.sort(END, ORDER), self._states, rows, self._rows, by)]

    def snapshot(self, writer: ChunkWriter, name: str) -> None:
        """Write the state under `name`."""
        writer.add_json(f"{name}.counts", [self._session_count, self._merged_height])
        writer.add_frame(f"{name}.sessions", self._sessions)
        self._runs.snapshot(writer, f"{name}.runs")
        self._states.snapshot(writer, f"{name}.states")
        self._rows.snapshot(writer, f"{name}.rows")

    def restore(self, reader: ChunkReader, name: str) -> None:
        """Read what `snapshot` wrote."""
        self._session_count, self._merged_height = reader.get_json(f"{name}.counts")
        self._sessions = reader.get_frame(f"{name}.sessions")
        self._runs.restore(reader, f"{name}.runs")
        self._states.restore(reader, f"{name}.states")
        self._rows.restore(reader, f"{name}.rows")

    def _merged(self, frame: pl.DataFrame) -> pl.DataFrame:
        return self._aggregation.merge(frame, (_SESSION, *self._keys), self._states.shown)

    def _take(self, store: RowStore, closing: pl.DataFrame) -> pl.DataFrame:
        """Remove the rows of closing sessions from a store and return them."""
        frame = store.frame()
        store.replace(frame.join(closing, on=_SESSION, how="anti"))
        return frame.join(closing.select(_SESSION), on=_SESSION, how="semi")

    def _assign(self, rows: WindowRows) -> pl.Series:
        """Return the number of the session of each row, and keep what the next rows need to know."""
        height = len(rows.times)
        nothing = pl.repeat(None, height, dtype=pl.Int64, eager=True)
        position = pl.int_range(height, dtype=pl.Int64, eager=True)
        plain = {TIME: rows.times, _ROW: position, _SESSION: nothing, _FIRST_CHECK: nothing, _CHECK: nothing}
        self._runs.append(plain, rows.session_keys)
        # The last row of the run before stands first in its group, as it came first.
        frame = number_groups(self._runs.frame(), self._session_keys).sort(GROUP, TIME, maintain_order=True)
        frame = self._with_checks(frame)
        is_next = (frame[GROUP] == frame[GROUP].shift(1)) & (frame[_CHECK] == frame[_CHECK].shift(1))
        is_new = frame[_ROW].is_not_null() & ~(is_next.fill_null(False) & ~frame[".starts"])
        numbers = self._session_count + is_new.cum_sum().cast(pl.Int64) - 1
        self._session_count += int(is_new.sum())
        known = frame[_SESSION].zip_with(~is_new, numbers)
        frame = frame.with_columns(known.fill_null(strategy="forward").alias(_SESSION))
        self._runs.replace(frame.group_by(GROUP, maintain_order=True).last().drop(GROUP, ".starts"))
        self._runs.replace(self._runs.frame().with_columns(pl.lit(None, dtype=pl.Int64).alias(_ROW)))
        new = frame.filter(pl.col(_ROW).is_not_null())
        found = pl.concat([self._sessions, new.select(*_SESSIONS_SCHEMA)])
        self._sessions = found.group_by(_SESSION, maintain_order=True).agg(pl.col(TIME).max(), pl.col(_CHECK).first())
        return new.sort(_ROW).get_column(_SESSION)

    def _with_checks(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return rows with the check point of their session, and whether they start a run of events."""
        gap = frame[TIME] - frame[TIME].shift(1)
        follows = (frame[GROUP] == frame[GROUP].shift(1)) & (gap <= self._windower.timeout)
        starts = frame[_ROW].is_not_null() & ~follows.fill_null(False)
        first_checks = frame[_FIRST_CHECK].zip_with(~starts, self._windower.first_checks(frame[TIME]))
        first_checks = first_checks.fill_null(strategy="forward")
        checks = self._windower.check_of(frame[TIME], first_checks)
        return frame.with_columns(first_checks.alias(_FIRST_CHECK), checks.alias(_CHECK), starts.alias(".starts"))
