"""JOIN of two streams within time bounds."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeAlias

import polars as pl
from msgspec import Struct

from asaql.model import Batch, Column, Kind, Watermark
from asaql.model.column import repeated
from asaql.operators.batch_queue import BatchQueue, read_batches, write_batches
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator
from asaql.operators.join_pairs import Pairs, PairSearch
from asaql.operators.merge import PortWatermarks
from asaql.operators.row_store import whole

Predicate: TypeAlias = Callable[[Batch], pl.Series]
"""Returns a Boolean series without nulls: which rows of a batch satisfy a condition."""

LEFT: Final = 0
RIGHT: Final = 1
_FORMAT: Final = ("join", 2)
_ORDER: Final = ".join.order"
_LOW: Final = ".join.low"
_HIGH: Final = ".join.high"
_STAMP: Final = ".join.stamp"
_IS_MATCHED: Final = ".join.matched"
_FOREVER: Final = 2**63 - 1
_STEP_ROWS: Final = 1 << 16
"""New rows that are joined at once, while more are at hand."""
_MOST_PASSES: Final = 32
"""Watermarks after which fewer new rows are joined as well."""
_BATCH_ROWS: Final = 1 << 16
"""Rows in a batch of the result."""


class JoinBound(Struct, frozen=True):
    """`lower <= DATEDIFF(unit, left, right) <= upper`: the number of unit boundaries from the left to the right time.

    Attributes:
        unit: Length of the unit in ticks.
        lower: The least difference, None for no limit.
        upper: The greatest difference, None for no limit.
        left_time: Slot of the left time, a datetime; None for the event time of the left row.
    """

    unit: int
    lower: int | None
    upper: int | None
    left_time: str | None = None


class JoinPlan(Struct, frozen=True):
    """What a `JoinOperator` computes.

    Attributes:
        left_slots: Columns of the left side that are given.
        right_slots: Columns of the right side that are given.
        keys: For each equality the slot of the left and of the right value; NULL equals nothing.
        bounds: Limits on the distance in time; together they must have a lower and an upper one. The right time is
            always the event time of the right row.
        is_left: Whether a left row without a match gives a row with NULLs.
        left_lag: The greatest number of ticks by which a `left_time` lies behind the event time of its row.
        condition_slots: Columns of both sides that the further conditions of ON read; None for all.
    """

    left_slots: tuple[str, ...]
    right_slots: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    bounds: tuple[JoinBound, ...]
    is_left: bool = False
    left_lag: int = 0
    condition_slots: frozenset[str] | None = None

    @property
    def left_falls_behind(self) -> int:
        """The greatest number of ticks by which the time of a left row lies behind the one of a row it is part of."""
        return max(0, min((b.unit * (b.upper + 1) for b in self.bounds if b.upper is not None), default=0))

    @property
    def right_falls_behind(self) -> int:
        """The greatest number of ticks by which the time of a right row lies behind the one of a row it is part of."""
        lowest = max((b.unit * (b.lower - 1) for b in self.bounds if b.lower is not None), default=0)
        return self.left_lag + max(0, -lowest)


class JoinOperator(Operator):
    """Joins each left row with the right rows of equal key within its bounds.

    Port 0 is the left side, port 1 the right side. A pair has the later of both event times, an unmatched left row
    its own time plus the upper bound. Rows come out in the order of event time, then of the left and the right row's
    arrival. A left row is kept until no match can come any more, a right row until no left row can ask for it.

    Rows are joined once there is a fair number of new ones, or when the host says that no more input is at hand.

    Args:
        plan: What to compute.
        predicate: The further conditions of ON, over batches with the columns of both sides.
        step_rows: How many new rows make a fair number, if they are also half as many as are kept.
    """

    def __init__(self, plan: JoinPlan, predicate: Predicate | None = None, *, step_rows: int = _STEP_ROWS) -> None:
        self._plan = plan
        self._predicate = predicate
        self._step_rows = step_rows
        self._watermarks = PortWatermarks(2)
        self._queues = (BatchQueue(), BatchQueue())
        self._ready: list[list[Batch]] = [[], []]
        self._held: list[list[Batch]] = [[], []]
        self._results: list[Batch] = []
        self._left_count = 0
        self._reached = 0
        self._joined_until = 0
        self._given = -1
        self._passes = 0

    @property
    def rows_held(self) -> int:
        """Rows of both sides that are kept, and results that wait for their turn."""
        return sum(each.height for each in self._queues) + _height((*self._ready, *self._held, self._results))

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Let rows wait for the other side."""
        self._queues[port].push(batch)
        return ()

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterable[Emission]:
        """Return the rows that are complete, and the watermark that they allow."""
        self._watermarks.advance(port, watermark)
        self._reach()
        ready, held = _height(self._ready), _height(self._held)
        is_fair = not ready or ready >= self._step_rows or self._passes >= _MOST_PASSES
        return self._advance() if is_fair and ready * 2 >= held else ()

    def on_port_end(self, port: int) -> Iterable[Emission]:
        """Return what waited for this side only."""
        self._watermarks.end(port)
        self._reach()
        return self._advance()

    def on_idle(self) -> Iterable[Emission]:
        """Return the rows that are complete."""
        return self._advance()

    def on_end(self) -> Iterable[Emission]:
        """Return everything that is left."""
        self._take(_FOREVER)
        results = self._join(_FOREVER)
        return self._released(_FOREVER) if self._plan.is_left else results

    def snapshot(self) -> dict[str, bytes]:
        """Return the rows of both sides and the results that wait."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("state", [self._left_count, self._reached, self._joined_until, self._given, self._passes])
        self._watermarks.snapshot(writer, "watermarks")
        for port, queue in enumerate(self._queues):
            queue.snapshot(writer, f"queue{port}")
            write_batches(writer, f"ready{port}", self._ready[port])
            write_batches(writer, f"held{port}", self._held[port])
        write_batches(writer, "results", self._results)
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the state of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        state = reader.get_json("state")
        self._left_count, self._reached, self._joined_until, self._given, self._passes = state
        self._watermarks.restore(reader, "watermarks")
        for port, queue in enumerate(self._queues):
            queue.restore(reader, f"queue{port}")
            self._ready[port] = read_batches(reader, f"ready{port}")
            self._held[port] = read_batches(reader, f"held{port}")
        self._results = read_batches(reader, "results")

    def _reach(self) -> None:
        """Take notice of how far both sides have come."""
        until = self._watermarks.combined()
        if until is not None and until > self._reached:
            self._passes += 1
            self._take(until)

    def _take(self, until: int) -> None:
        """Make the rows earlier than `until` ready to be joined."""
        self._reached = until
        for port, queue in enumerate(self._queues):
            self._ready[port] += queue.take(until)

    def _advance(self) -> Iterable[Emission]:
        """Join what is ready; return the results and the watermark that this allows."""
        bound = self._reached
        if bound <= self._joined_until:
            return ()
        results = self._join(bound)
        if self._plan.is_left:
            for each in self._held[LEFT]:
                open_stamps = each.columns[_STAMP].series.filter(~each.columns[_IS_MATCHED].series)
                bound = min(bound, whole(open_stamps.min()) if len(open_stamps) else bound)
            if bound <= self._given:
                return ()
            results = self._released(bound)
        self._given = bound
        return chain(results, (Watermark(bound),))

    def _released(self, until: int) -> list[Batch]:
        """Remove and return the results of a left join that are earlier than `until`."""
        if not self._results:
            return []
        results = Batch.concat(self._results)
        order = pl.DataFrame(
            {
                "row": pl.int_range(results.height, dtype=pl.UInt32, eager=True),
                "time": results.times,
                "left": results.columns[_ORDER].series,
            }
        ).sort("time", "left", maintain_order=True)
        results = results.gather(order.get_column("row"))
        ready = bisect_left(results.times, until)
        waiting = results.slice(ready, results.height - ready)
        self._results = [waiting] if waiting.height else []
        return [results.slice(0, ready).select((*self._plan.left_slots, *self._plan.right_slots))] if ready else []

    # Joining ---------------------------------------------------------------------------------------------------------

    def _join(self, until: int) -> Iterable[Batch]:
        """Join the ready rows, all earlier than `until`, and forget the rows that nothing can match any more.

        Returns the pairs in order. All of them are earlier than `until`, so those of an inner join are results; those
        of a left join wait among the results until no row without a match can come before them.
        """
        (new_left, new_right), (old_left, old_right) = self._ready, self._held
        self._ready, self._joined_until, self._passes = [[], []], until, 0
        left = _together([*old_left, *([self._prepared(Batch.concat(new_left))] if new_left else ())])
        right = _together([*old_right, *map(_expanded, new_right)])
        results: Iterable[Batch] = ()
        if left is not None and right is not None and (new_left or new_right):
            found = self._found(left, right, _height((old_left,)), _height((old_right,)))
            if self._plan.is_left:
                left = _with_matched(left, found.get_column("left"))
                self._results += self._pairs(left, right, found)
            else:
                results = self._pairs(left, right, found)
        if left is not None:
            left = self._settled(left, until)
            self._held[LEFT] = [left] if left.height else []
        if right is not None:
            dead = bisect_left(right.times, self._first_asked(until))
            right = _narrowed(right.slice(dead, right.height - dead))
            self._held[RIGHT] = [right] if right.height else []
        return results

    def _prepared(self, batch: Batch) -> Batch:
        """Return left rows with what says when they can match."""
        batch = _expanded(batch)
        low = repeated(0, batch.height, pl.Int64())
        high = stamp = repeated(_FOREVER - 1, batch.height, pl.Int64())
        for bound in self._plan.bounds:
            time = batch.times if bound.left_time is None else batch.columns[bound.left_time].series
            if bound.lower is not None:
                low = _later(low, _first_tick(bound, bound.lower, time))
            if bound.upper is not None:
                high = _earlier(high, _first_tick(bound, bound.upper + 1, time) - 1)
                stamp = _earlier(stamp, time + bound.upper * bound.unit)
        columns = {_LOW: Column(Kind.BIGINT, low), _HIGH: Column(Kind.BIGINT, high)}
        if self._plan.is_left:
            first = self._left_count
            self._left_count += batch.height
            order = pl.int_range(first, first + batch.height, dtype=pl.Int64, eager=True)
            columns[_ORDER] = Column(Kind.BIGINT, order)
            columns[_STAMP] = Column(Kind.BIGINT, _later(stamp, batch.times))
            columns[_IS_MATCHED] = Column(Kind.BIT, repeated(False, batch.height))
        return batch.with_columns(columns)

    def _found(self, left: Batch, right: Batch, old_left: int, old_right: int) -> pl.DataFrame:
        """Return `time`, `left` and `right` row of all new pairs, in order."""
        search = PairSearch(
            [(left.columns[mine], right.columns[other]) for mine, other in self._plan.keys],
            left.columns[_LOW].series,
            left.columns[_HIGH].series,
            right.times,
            old_left,
            old_right,
        )
        found = [self._satisfying(left, right, *pairs) for pairs in search.pairs()]
        lefts, rights = (
            pl.concat([pairs[side] for pairs in found] or [pl.Series(dtype=pl.UInt32)]) for side in (LEFT, RIGHT)
        )
        times = _later(left.times[lefts], right.times[rights])
        pairs = pl.DataFrame({"time": times, "left": lefts, "right": rights})
        # A stable sort by one column takes half the time of one by three.
        is_in_order = (lefts.cast(pl.UInt64) * (1 << 32) + rights.cast(pl.UInt64)).is_sorted()
        return pairs.sort("time", maintain_order=True) if is_in_order else pairs.sort("time", "left", "right")

    def _satisfying(self, left: Batch, right: Batch, left_rows: pl.Series, right_rows: pl.Series) -> Pairs:
        """Return those of the pairs that satisfy the further conditions."""
        if self._predicate is None or not len(left_rows):
            return left_rows, right_rows
        left_slots, right_slots = (
            [name for name in slots if self._plan.condition_slots is None or name in self._plan.condition_slots]
            for slots in (self._plan.left_slots, self._plan.right_slots)
        )
        columns = _picked(left, left_slots, left_rows) | _picked(right, right_slots, right_rows)
        times = _later(left.times[left_rows], right.times[right_rows])
        satisfied = self._predicate(Batch(columns, times))
        return left_rows.filter(satisfied), right_rows.filter(satisfied)

    def _pairs(self, left: Batch, right: Batch, found: pl.DataFrame) -> Iterator[Batch]:
        """Yield the rows of pairs, some at a time."""
        left_slots = (*self._plan.left_slots, *((_ORDER,) if self._plan.is_left else ()))
        for part in found.iter_slices(_BATCH_ROWS):
            columns = _picked(left, left_slots, part.get_column("left"))
            columns |= _picked(right, self._plan.right_slots, part.get_column("right"))
            yield Batch(columns, part.get_column("time"))

    def _settled(self, left: Batch, until: int) -> Batch:
        """Give the left rows that can have no match any more; return the others."""
        is_open = left.columns[_HIGH].series >= until
        if is_open.all():
            return left
        if self._plan.is_left:
            lonely = left.filter(~is_open & ~left.columns[_IS_MATCHED].series)
            if lonely.height:
                columns = {name: lonely.columns[name] for name in (*self._plan.left_slots, _ORDER)}
                columns |= {name: Column.nulls(lonely.height) for name in self._plan.right_slots}
                self._results.append(Batch(columns, lonely.columns[_STAMP].series))
        return _narrowed(left.filter(is_open))

    def _first_asked(self, until: int) -> int:
        """Return the earliest time of a right row that a left row still to come can match."""
        earliest = pl.Series([max(until - self._plan.left_lag, 0)])
        firsts = [0]
        for bound in self._plan.bounds:
            if bound.lower is not None and until < _FOREVER:
                time = pl.Series([until]) if bound.left_time is None else earliest
                firsts.append(int(_first_tick(bound, bound.lower, time)[0]))
        return _FOREVER if until == _FOREVER else max(firsts)


def _first_tick(bound: JoinBound, difference: int, times: pl.Series) -> pl.Series:
    """Return the first instant that many unit boundaries after each of `times`."""
    return (times // bound.unit + difference) * bound.unit


def _later(left: pl.Series, right: pl.Series) -> pl.Series:
    return left.zip_with(left >= right, right)


def _earlier(left: pl.Series, right: pl.Series) -> pl.Series:
    return left.zip_with(left <= right, right)


def _together(batches: Sequence[Batch]) -> Batch | None:
    return Batch.concat(batches) if batches else None


def _picked(batch: Batch, slots: Iterable[str], rows: pl.Series) -> dict[str, Column]:
    """Return rows of some columns of a batch, none of which is constant."""
    return {name: batch.columns[name].gather(rows) for name in slots}


def _expanded(batch: Batch) -> Batch:
    return Batch({name: column.expand(batch.height) for name, column in batch.columns.items()}, batch.times)


def _narrowed(batch: Batch) -> Batch:
    """Return a batch whose columns are of single kinds again where what made them mixed has gone."""
    mixed = {name: column for name, column in batch.columns.items() if column.kind is Kind.ANY}
    columns = {name: Column.from_values(column.to_values()) for name, column in mixed.items()}
    return batch.with_columns(columns) if mixed else batch


def _with_matched(left: Batch, rows: pl.Series) -> Batch:
    """Return left rows with those marked that have a match among `rows`."""
    every = pl.int_range(left.height, dtype=pl.UInt32, eager=True)
    is_matched = left.columns[_IS_MATCHED].series | every.is_in(rows.implode())
    return left.with_columns({_IS_MATCHED: Column(Kind.BIT, is_matched)})


def _height(sides: Iterable[Iterable[Batch]]) -> int:
    return sum(batch.height for side in sides for batch in side)
