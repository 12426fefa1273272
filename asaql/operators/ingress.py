"""Where events enter: time policies, sorting by event time, watermarks."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import polars as pl
from msgspec import Struct

from asaql.model import Batch, Watermark
from asaql.operators.batch_queue import read_batches, sorted_by_time, write_batches
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator
from asaql.operators.nearly_sorted import NearlySorted, in_order
from asaql.operators.row_store import GROUP, RowStore, number_groups, whole
from asaql.operators.spilled_runs import Spill, SpilledRuns, memory_of

_FORMAT: Final = ("ingress", 1)
MOST_HELD_BYTES: Final = 16 << 20
"""About how much memory events may take that wait to be sorted, if there is another place for them."""


class IngressPlan(Struct, frozen=True):
    """How events enter.

    With neither a late nor an out-of-order tolerance nothing bounds how far back an event may lie: events are sorted
    once all of them have come.

    Attributes:
        arrival_slot: Slot of the arrival time, a datetime; None if no policy needs it. It goes no further.
        over: Slots of the substream keys of TIMESTAMP BY .. OVER. They go no further.
        late_arrival: Ticks that an event's time may lie behind its arrival; None for no limit.
        out_of_order: Ticks that an event's time may lie behind the highest one so far; None for no limit.
        early_arrival: Ticks that an event's time may lie ahead of its arrival; None for no limit.
        is_adjusting: Whether late events and events out of order get the earliest time allowed; else they are dropped.
        is_in_order: Whether rows are known to come in the order of event time, so that none has to wait.
    """

    arrival_slot: str | None = None
    over: tuple[str, ...] = ()
    late_arrival: int | None = None
    out_of_order: int | None = None
    early_arrival: int | None = None
    is_adjusting: bool = True
    is_in_order: bool = False


class IngressOperator(Operator):
    """Applies the time policies to events in the order of arrival, and gives them in the order of event time.

    The policies apply one after the other: too early events are dropped; late events are moved or dropped; events
    more than the tolerance behind the highest time so far are moved or dropped. Tolerances are themselves allowed.
    With substreams, every key has a highest time of its own; arrivals then count as never going back.

    Events wait in memory until they take `most_held` bytes; then they are sorted and laid off, to be merged with the
    others when their turn comes. Events that no policy bounds are put in order as they come, and all given at the end.

    Attributes:
        counts: Events touched by a policy, by the official names `EarlyInputEvents`, `LateInputEvents`,
            `OutOfOrderEvents`; and by what became of them, `DroppedEvents` and `AdjustedEvents`.

    Args:
        plan: How events enter.
        spill: Takes what memory shall not hold; None to hold everything. It is closed with the operator.
        most_held: Bytes of memory.
    """

    def __init__(self, plan: IngressPlan, spill: Spill | None = None, *, most_held: int = MOST_HELD_BYTES) -> None:
        self._plan = plan
        self._spill = spill
        self._runs = None if spill is None else SpilledRuns(spill)
        self._recording: NearlySorted | None = None
        if plan.late_arrival is None and plan.out_of_order is None:
            self._recording = NearlySorted(spill, most_held)
        self._most_held = most_held
        self._held: list[Batch] = []
        self._held_bytes = 0
        self._highest = RowStore(tuple(f"key{at}" for at in range(len(plan.over))))
        self._latest_arrival: int | None = None
        self._watermark: int | None = None
        self._advanced: int | None = None
        self.counts: Counter[str] = Counter()

    @property
    def holds_all(self) -> bool:
        """Whether all events wait for the end."""
        return self._recording is not None

    @property
    def rows_held(self) -> int:
        """Events that wait to be sorted, in memory or laid off."""
        elsewhere = sum(each.height for each in (self._runs, self._recording) if each is not None)
        return elsewhere + sum(each.height for each in self._held)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Take events in the order of arrival; return those that no later event can precede."""
        if batch.height == 0:
            return ()
        if self._plan.is_in_order:
            return (batch, Watermark(int(batch.times[-1])))
        accepted = self._accepted(batch)
        if self._recording is not None:
            self._recording.push(accepted)
            return ()
        if accepted.height:
            self._held.append(accepted)
            self._held_bytes += memory_of(accepted)
        released = self._release(self._bound())
        if self._runs is not None and self._held_bytes > self._most_held:
            self._lay_off(self._runs)
        return released

    def advance(self, now: int) -> Iterable[Emission]:
        """Take notice that time has gone on to `now`, in ticks, without an event; return what need not wait for more.

        An event that arrives from now on cannot be older than the late arrival tolerance allows.
        """
        if self._plan.late_arrival is None:
            return ()
        self._latest_arrival = now if self._latest_arrival is None else max(self._latest_arrival, now)
        self._advanced = now - self._plan.late_arrival
        return self._release(self._advanced)

    def on_end(self) -> Iterable[Emission]:
        """Return all events that still wait, with watermarks between."""
        if self._recording is not None:
            return _with_watermarks(self._recording.drain())
        held, self._held = self._held, []
        newest = in_order(held)
        return _with_watermarks(newest if self._runs is None else self._runs.take(None, newest))

    def snapshot(self) -> dict[str, bytes]:
        """Return the events that wait and what the policies have to remember."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("state", [self._latest_arrival, self._watermark, self._advanced, self.counts])
        elsewhere = [each.batches() for each in (self._runs, self._recording) if each is not None]
        write_batches(writer, "held", [*chain.from_iterable(elsewhere), *self._held])
        self._highest.snapshot(writer, "highest")
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the state of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        self._latest_arrival, self._watermark, self._advanced, counts = reader.get_json("state")
        self.counts = Counter(counts)
        held = read_batches(reader, "held")
        if self._recording is None:
            self._held = held
            self._held_bytes = sum(map(memory_of, held))
        else:
            for batch in held:
                self._recording.push(batch)
        self._highest.restore(reader, "highest")

    def close(self) -> None:
        """Give up what was laid off."""
        if self._spill is not None:
            self._spill.close()

    # Policies --------------------------------------------------------------------------------------------------------

    def _accepted(self, batch: Batch) -> Batch:
        """Return the events that no policy drops, with the times that the policies give them."""
        plan = self._plan
        times, rows = batch.times, pl.int_range(batch.height, dtype=pl.UInt32, eager=True)
        arrivals = self._arrivals(batch)
        if arrivals is not None and plan.early_arrival is not None:
            is_fine = times - arrivals <= plan.early_arrival
            self._count("EarlyInputEvents", "DroppedEvents", ~is_fine)
            times, rows, arrivals = times.filter(is_fine), rows.filter(is_fine), arrivals.filter(is_fine)
        if arrivals is not None and plan.late_arrival is not None:
            times, rows = self._bounded(times, rows, arrivals - plan.late_arrival, "LateInputEvents")
        if plan.out_of_order is not None:
            times, rows = self._bounded(times, rows, self._floors(batch, times, rows), "OutOfOrderEvents")
        if self._advanced is not None:
            floor = pl.Series([self._advanced]).new_from_index(0, len(times))
            times, rows = self._bounded(times, rows, floor, "LateInputEvents")
        hidden = {plan.arrival_slot, *plan.over}
        batch = batch.select([name for name in batch.columns if name not in hidden])
        return batch.with_times(times) if len(rows) == batch.height else batch.gather(rows).with_times(times)

    def _arrivals(self, batch: Batch) -> pl.Series | None:
        if self._plan.arrival_slot is None:
            return None
        arrivals = batch.columns[self._plan.arrival_slot].expand(batch.height).series
        if self._plan.over:
            latest = pl.Series([self._latest_arrival], dtype=pl.Int64)
            arrivals = pl.concat([latest, arrivals.alias("")]).cum_max().fill_null(strategy="backward").slice(1)
            self._latest_arrival = int(arrivals[-1])
        return arrivals

    def _bounded(
        self, times: pl.Series, rows: pl.Series, floors: pl.Series, metric: str
    ) -> tuple[pl.Series, pl.Series]:
        """Return times and rows with those below their floor lifted to it, or dropped."""
        is_fine = times >= floors
        if is_fine.all():
            return times, rows
        self._count(metric, "AdjustedEvents" if self._plan.is_adjusting else "DroppedEvents", ~is_fine)
        if self._plan.is_adjusting:
            return times.zip_with(is_fine, floors), rows
        return times.filter(is_fine), rows.filter(is_fine)

    def _floors(self, batch: Batch, times: pl.Series, rows: pl.Series) -> pl.Series:
        """Return the earliest time that each event may have by the out-of-order policy.

        An event below it does not raise the highest time, whether it is moved or dropped, so a running maximum over
        all events gives the same floors as one over the accepted ones.
        """
        assert self._plan.out_of_order is not None
        keys = {
            name: batch.columns[slot].expand(batch.height).gather(rows)
            for name, slot in zip(self._highest.keys, self._plan.over, strict=True)
        }
        if not len(times):
            return times
        position = pl.int_range(len(times), dtype=pl.Int64, eager=True)
        self._highest.append({"highest": times, "row": position}, keys)
        frame = number_groups(self._highest.frame(), self._highest.keys)
        frame = frame.with_columns(pl.col("highest").cum_max().over(GROUP))
        before = frame.with_columns(pl.col("highest").shift(1).over(GROUP)).filter(pl.col("row").is_not_null())
        last = frame.group_by(GROUP, maintain_order=True).last().drop(GROUP)
        self._highest.replace(last.with_columns(pl.lit(None, dtype=pl.Int64).alias("row")))
        return before.get_column("highest").fill_null(0) - self._plan.out_of_order

    def _count(self, metric: str, fate: str, touched: pl.Series) -> None:
        number = int(touched.sum())
        if number:
            self.counts[metric] += number
            self.counts[fate] += number

    # Sorting ---------------------------------------------------------------------------------------------------------

    def _bound(self) -> int | None:
        """Return the ticks that no later event can precede; None if there is no such bound."""
        plan = self._plan
        if plan.over:
            if self._latest_arrival is None or plan.late_arrival is None:
                return None
            return self._latest_arrival - plan.late_arrival
        if plan.out_of_order is None or not self._highest.height:
            return None
        return whole(self._highest.frame()["highest"].max()) - plan.out_of_order

    def _release(self, until: int | None) -> Iterable[Emission]:
        if until is None or until < 0 or (self._watermark is not None and until <= self._watermark):
            return ()
        self._watermark = until
        ready: list[Batch] = []
        waiting: list[Batch] = []
        for batch in self._held:
            is_ready = batch.times < until
            if is_ready.all():
                ready.append(batch)
            elif is_ready.any():
                ready.append(batch.filter(is_ready))
                waiting.append(batch.filter(~is_ready))
            else:
                waiting.append(batch)
        self._held = waiting
        if ready:
            self._held_bytes = sum(map(memory_of, waiting))
        batches = [sorted_by_time(ready)] if ready else []
        if self._runs is not None and self._runs.height:
            batches = list(self._runs.take(until, batches))
        return (*batches, Watermark(until))

    def _lay_off(self, runs: SpilledRuns) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        runs.add(in_order(held))


def _with_watermarks(batches: Iterable[Batch]) -> Iterator[Emission]:
    for batch in batches:
        yield Watermark(int(batch.times[0]))
        yield batch
