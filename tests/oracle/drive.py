"""Drives an operator as a host does: rows cut into batches, watermarks in between, perhaps a restart."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from hypothesis import strategies as st

from asaql.model import Batch, Column, Watermark
from asaql.operators.chunks import CHUNK_BYTES
from asaql.operators.contract import Emission, Operator

Event = dict[str, Any]
"""A row: `t` is its event time in ticks, the others are columns."""
Row = tuple[int, dict[str, Any]]
"""An output row: event time and columns."""


@dataclass(frozen=True)
class Feed:
    """How a recording reaches an operator.

    Attributes:
        cuts: How many rows each batch has, over and over.
        watermarks: Whether a watermark follows each batch, over and over.
        restart_after: The number of batches after which the operator is replaced by one restored from its snapshot.
    """

    cuts: tuple[int, ...] = (1_000_000,)
    watermarks: tuple[bool, ...] = (False,)
    restart_after: int | None = None


FEEDS = st.builds(
    Feed,
    st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple),
    st.lists(st.booleans(), min_size=1, max_size=3).map(tuple),
    st.one_of(st.none(), st.integers(1, 6)),
)


def batch_of(events: Sequence[Event], names: Sequence[str]) -> Batch:
    """Return rows as a batch with the columns `names`."""
    columns = {name: Column.from_values([event.get(name) for event in events]) for name in names}
    return Batch(columns, pl.Series([event["t"] for event in events], dtype=pl.Int64))


def rows_of(batch: Batch) -> list[Row]:
    """Return the rows of a batch."""
    columns = {name: column.expand(batch.height).to_values() for name, column in batch.columns.items()}
    return [(t, {name: values[row] for name, values in columns.items()}) for row, t in enumerate(batch.times)]


class Collector:
    """Takes what an operator emits and holds it to the rules of the contract."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.watermark = -1
        self._last = -1

    def take(self, emissions: Iterable[Emission]) -> None:
        for each in emissions:
            if isinstance(each, Watermark):
                assert each.ticks >= self.watermark, "a watermark went back"
                self.watermark = each.ticks
                continue
            for row in rows_of(each):
                assert row[0] >= self.watermark, "a row came behind the watermark"
                assert row[0] >= self._last, "rows came out of order"
                self._last = row[0]
                self.rows.append(row)


def restarted(operator: Operator, make: Callable[[], Operator]) -> Operator:
    """Return a new operator with the state of `operator`."""
    chunks = operator.snapshot()
    assert all(len(chunk) <= CHUNK_BYTES for chunk in chunks.values())
    operator.close()
    fresh = make()
    if chunks:
        fresh.restore(chunks)
    return fresh


def run(make: Callable[[], Operator], ports: Sequence[tuple[Sequence[Event], Sequence[str]]], feed: Feed) -> list[Row]:
    """Return the rows an operator gives for recordings, one for each port, each in the order of event time.

    The ports are fed in turn, each up to its next cut.
    """
    operator, collector = make(), Collector()
    places = [0] * len(ports)
    step = 0
    while any(place < len(events) for place, (events, _) in zip(places, ports, strict=True)):
        for port, (events, names) in enumerate(ports):
            if places[port] >= len(events):
                continue
            size = feed.cuts[step % len(feed.cuts)]
            batch = events[places[port] : places[port] + size]
            places[port] += len(batch)
            collector.take(operator.on_batch(batch_of(batch, names), port))
            if feed.watermarks[step % len(feed.watermarks)]:
                rest = events[places[port] :]
                ticks = rest[0]["t"] if rest else batch[-1]["t"]
                collector.take(operator.on_watermark(Watermark(ticks), port))
            if places[port] >= len(events):
                collector.take(operator.on_port_end(port))
            step += 1
            if step == feed.restart_after:
                operator = restarted(operator, make)
    collector.take(operator.on_end())
    operator.close()
    return collector.rows
