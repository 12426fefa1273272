"""JOIN of two streams within time bounds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import polars as pl

from asaql.functions.value_codes import joint_equality_series
from asaql.model import Batch, Column, Kind, Watermark
from asaql.operators.aggregation import TIME
from asaql.operators.batch_queue import BatchQueue, read_batches, write_batches
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator
from asaql.operators.merge import PortWatermarks
from asaql.operators.row_store import GROUP, number_groups, rows_up_to, whole

Predicate: TypeAlias = Callable[[Batch], pl.Series]
"""Returns a Boolean series without nulls: which rows of a batch satisfy a condition."""

LEFT: Final = 0
RIGHT: Final = 1
_FORMAT: Final = ("join", 1)
_ORDER: Final = ".join.order"
_LOW: Final = ".join.low"
_HIGH: Final = ".join.high"
_STAMP: Final = ".join.stamp"
_IS_MATCHED: Final = ".join.matched"
_FOREVER: Final = 2**63 - 1
_PAIRS: Final = 1 << 20
"""How many candidate pairs may be made at once."""


@dataclass(frozen=True, slots=True)
class JoinBound:
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


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """What a `JoinOperator` computes.

    Attributes:
        left_slots: Columns of the left side that are given.
        right_slots: Columns of the right side that are given.
        keys: For each equality the slot of the left and of the right value; NULL equals nothing.
        bounds: Limits on the distance in time; together they must have a lower and an upper one. The right time is
            always the event time of the right row.
        is_left: Whether a left row without a match gives a row with NULLs.
        left_lag: The greatest number of ticks by which a `left_time` lies behind the event time of its row.
    """

    left_slots: tuple[str, ...]
    right_slots: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    bounds: tuple[JoinBound, ...]
    is_left: bool = False
    left_lag: int = 0

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
    """

    def __init__(self, plan: JoinPlan, predicate: Predicate | None = None) -> None:
        self._plan = plan
        self._predicate = predicate
        self._watermarks = PortWatermarks(2)
        self._queues = (BatchQueue(), BatchQueue())
        self._counts = [0, 0]
        self._held: list[list[Batch]] = [[], []]
        self._results: list[Batch] = []
        self._joined_until = 0
        self._given = -1

    @property
    def rows_held(self) -> int:
        """Rows of both sides that are kept, and results that wait for their turn."""
        kept = (*self._held[LEFT], *self._held[RIGHT], *self._results)
        return sum(each.height for each in self._queues) + sum(each.height for each in kept)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Let rows wait for the other side."""
        self._queues[port].push(batch)
        return ()

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterable[Emission]:
        """Return the rows that are complete, and the watermark that they allow."""
        self._watermarks.advance(port, watermark)
        waiting = sum(each.height for each in self._queues)
        held = sum(each.height for side in self._held for each in side)
        return self._advance() if waiting * 4 >= held else ()

    def on_port_end(self, port: int) -> Iterable[Emission]:
        """Return what waited for this side only."""
        self._watermarks.end(port)
        return self._advance()

    def on_idle(self) -> Iterable[Emission]:
        """Return the rows that are complete."""
        return self._advance()

    def on_end(self) -> Iterable[Emission]:
        """Return everything that is left."""
        self._join(_FOREVER)
        return self._ready(_FOREVER)

    def snapshot(self) -> dict[str, bytes]:
        """Return the rows of both sides and the results that wait."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("state", [self._counts, self._joined_until, self._given])
        self._watermarks.snapshot(writer, "watermarks")
        for port, queue in enumerate(self._queues):
            queue.snapshot(writer, f"queue{port}")
            write_batches(writer, f"held{port}", self._held[port])
        write_batches(writer, "results", self._results)
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the state of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        self._counts, self._joined_until, self._given = reader.get_json("state")
        self._watermarks.restore(reader, "watermarks")
        for port, queue in enumerate(self._queues):
            queue.restore(reader, f"queue{port}")
            self._held[port] = read_batches(reader, f"held{port}")
        self._results = read_batches(reader, "results")

    def _advance(self) -> Iterable[Emission]:
        until = self._watermarks.combined()
        if until is None or until <= self._joined_until:
            return ()
        self._join(until)
        bound = until
        if self._plan.is_left:
            for each in self._held[LEFT]:
                open_stamps = each.columns[_STAMP].series.filter(~each.columns[_IS_MATCHED].series)
                bound = min(bound, whole(open_stamps.min()) if len(open_stamps) else bound)
        if bound <= self._given:
            return ()
        self._given = bound
        return (*self._ready(bound), Watermark(bound))

    def _ready(self, until: int) -> list[Batch]:
        """Remove and return the results earlier than `until`."""
        if not self._results:
            return []
        results = Batch.concat(self._results)
        order = pl.DataFrame(
            {
                "row": pl.int_range(results.height, dtype=pl.UInt32, eager=True),
                "time": results.times,
                "left": results.columns["left" + _ORDER].series,
                "right": results.columns["right" + _ORDER].expand(results.height).cast_null(Kind.BIGINT).series,
            }
        ).sort("time", "left", "right")
        results = results.gather(order.get_column("row"))
        ready = int(results.times.search_sorted(until, side="left"))
        waiting = results.slice(ready, results.height - ready)
        self._results = [waiting] if waiting.height else []
        return [results.slice(0, ready).select((*self._plan.left_slots, *self._plan.right_slots))] if ready else []

    # Joining ---------------------------------------------------------------------------------------------------------

    def _join(self, until: int) -> None:
        """Join the waiting rows earlier than `until`, and forget the rows that nothing can match any more."""
        self._joined_until = until
        new_left = [self._prepared_left(each) for each in self._queues[LEFT].take(until)]
        new_right = [self._prepared(each, RIGHT) for each in self._queues[RIGHT].take(until)]
        old_left, old_right = self._held
        all_right = _together([*old_right, *new_right])
        kept: list[Batch] = []
        for left, right in ((_together(old_left), _together(new_right)), (_together(new_left), all_right)):
            if left is not None:
                kept.append(self._probe(left, right) if right is not None else left)
        self._held[LEFT] = [each for batch in kept if (each := self._settled(batch, until)).height]
        first = self._first_asked(until)
        if all_right is not None:
            remaining = all_right.filter(all_right.times >= first)
            self._held[RIGHT] = [remaining] if remaining.height else []

    def _prepared(self, batch: Batch, port: int) -> Batch:
        first = self._counts[port]
        self._counts[port] += batch.height
        order = pl.int_range(first, first + batch.height, dtype=pl.Int64, eager=True)
        columns = {name: column.expand(batch.height) for name, column in batch.columns.items()}
        return Batch({**columns, _ORDER: Column(Kind.BIGINT, order)}, batch.times)

    def _prepared_left(self, batch: Batch) -> Batch:
        batch = self._prepared(batch, LEFT)
        low = pl.repeat(0, batch.height, dtype=pl.Int64, eager=True)
        high = stamp = pl.repeat(_FOREVER - 1, batch.height, dtype=pl.Int64, eager=True)
        for bound in self._plan.bounds:
            time = batch.times if bound.left_time is None else batch.columns[bound.left_time].series
            if bound.lower is not None:
                low = _later(low, _first_tick(bound, bound.lower, time))
            if bound.upper is not None:
                high = _earlier(high, _first_tick(bound, bound.upper + 1, time) - 1)
                stamp = _earlier(stamp, time + bound.upper * bound.unit)
        extra = {_LOW: low, _HIGH: high, _STAMP: _later(stamp, batch.times)}
        columns = {name: Column(Kind.BIGINT, series) for name, series in extra.items()}
        is_matched = pl.repeat(False, batch.height, dtype=pl.Boolean, eager=True)
        return batch.with_columns({**columns, _IS_MATCHED: Column(Kind.BIT, is_matched)})

    def _probe(self, left: Batch, right: Batch) -> Batch:
        """Keep the pairs of two batches; return the left batch with the rows marked that have one."""
        asked, given = self._grouped(left, right)
        given = given.sort(GROUP, TIME, maintain_order=True)
        groups = asked.get_column(GROUP)
        low = rows_up_to(given, TIME, groups, asked.get_column(_LOW) - 1)
        high = rows_up_to(given, TIME, groups, asked.get_column(_HIGH))
        ranges = asked.select("row").with_columns(low.alias("low"), high.alias("high"))
        ranges = ranges.filter(pl.col("high") > pl.col("low"))
        matched: list[pl.Series] = []
        for part in _parts(ranges):
            pairs = part.select("row", pl.int_ranges("low", "high", dtype=pl.UInt32).alias("place"))
            pairs = pairs.explode("place", empty_as_null=False, keep_nulls=False)
            right_rows = given.get_column("row").gather(pairs.get_column("place"))
            matched.append(self._keep_pairs(left, right, pairs.get_column("row"), right_rows))
        if not matched:
            return left
        rows = pl.int_range(left.height, dtype=pl.UInt32, eager=True)
        is_matched = left.columns[_IS_MATCHED].series | rows.is_in(pl.concat(matched).implode())
        return left.with_columns({_IS_MATCHED: Column(Kind.BIT, is_matched)})

    def _grouped(self, left: Batch, right: Batch) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the rows of both sides that have no NULL key, with the number of their key as group."""
        asked = {"row": pl.int_range(left.height, dtype=pl.UInt32, eager=True)}
        given = {"row": pl.int_range(right.height, dtype=pl.UInt32, eager=True), TIME: right.times}
        asked |= {name: left.columns[name].series for name in (_LOW, _HIGH)}
        names = []
        for number, (left_slot, right_slot) in enumerate(self._plan.keys):
            name = f"key{number}"
            names.append(name)
            asked[name], given[name] = joint_equality_series(left.columns[left_slot], right.columns[right_slot])
        both = pl.concat([pl.DataFrame(asked), pl.DataFrame(given)], how="diagonal")
        numbered = number_groups(both, names)
        is_given = pl.col(TIME).is_not_null()
        complete = numbered.drop_nulls(names) if names else numbered
        return complete.filter(~is_given), complete.filter(is_given)

    def _keep_pairs(self, left: Batch, right: Batch, left_rows: pl.Series, right_rows: pl.Series) -> pl.Series:
        """Keep those of the pairs that satisfy the further conditions; return their left rows."""
        lefts, rights = left.gather(left_rows), right.gather(right_rows)
        times = _later(lefts.times, rights.times)
        columns = {name: lefts.columns[name] for name in self._plan.left_slots}
        columns |= {name: rights.columns[name] for name in self._plan.right_slots}
        columns |= {"left" + _ORDER: lefts.columns[_ORDER], "right" + _ORDER: rights.columns[_ORDER]}
        pairs = Batch(columns, times)
        if self._predicate is not None:
            satisfied = self._predicate(pairs)
            pairs, left_rows = pairs.filter(satisfied), left_rows.filter(satisfied)
        if pairs.height:
            self._results.append(pairs)
        return left_rows

    def _settled(self, left: Batch, until: int) -> Batch:
        """Give the left rows that can have no match any more; return the others."""
        is_open = left.columns[_HIGH].series >= until
        if is_open.all():
            return left
        if self._plan.is_left:
            lonely = left.filter(~is_open & ~left.columns[_IS_MATCHED].series)
            if lonely.height:
                columns = {name: lonely.columns[name] for name in self._plan.left_slots}
                columns |= {name: Column.nulls(lonely.height) for name in self._plan.right_slots}
                columns |= {"left" + _ORDER: lonely.columns[_ORDER], "right" + _ORDER: Column.nulls(lonely.height)}
                self._results.append(Batch(columns, lonely.columns[_STAMP].series))
        return left.filter(is_open)

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


def _parts(ranges: pl.DataFrame) -> list[pl.DataFrame]:
    """Return ranges in parts that make a bounded number of pairs, or hold a single range."""
    lengths = (ranges["high"] - ranges["low"]).cum_sum()
    parts = ranges.with_columns((lengths // _PAIRS).alias("part"))
    return [part.drop("part") for part in parts.partition_by("part", maintain_order=True)]
