"""The benches as Bytewax dataflows: `python run_bytewax.py BENCH OUTPUT INPUT [INPUT2]`.

One worker: a file is one partition of its input, and what it says of a line is quicker computed than sent elsewhere.
"""

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.connectors.files import FileSink, FileSource
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import run_main

Event = dict[str, Any]
LATE = timedelta(seconds=5)
"""How far events lie behind at most."""
START = datetime(2024, 1, 1, tzinfo=UTC)


def read(flow: Dataflow, name: str, path: str) -> Stream[Event]:
    lines = op.input(name, flow, FileSource(path, batch_size=1000))
    return op.flat_map_batch(f"parse {name}", lines, lambda batch: map(orjson.loads, batch))


def write(rows: Stream[Event], path: str) -> None:
    texts = op.flat_map_batch("text", rows, lambda batch: [("", orjson.dumps(row).decode()) for row in batch])
    op.output("out", texts, FileSink(Path(path)))


def select(rides: Stream[Event]) -> Stream[Event]:
    def chosen(batch: list[Event]) -> Iterable[Event]:
        for ride in batch:
            if ride["passengerCount"] > 2:
                yield {
                    "vendorId": ride["vendorId"],
                    "weekday": ride["weekday"],
                    "tripDistance": ride["tripDistance"],
                    "amount": ride["fare"]["amount"],
                }

    return op.flat_map_batch("select", rides, chosen)


def windows(rides: Stream[Event], key: Callable[[Event], int], seconds: int) -> Stream[Event]:
    def add(group: list[float], ride: Event) -> list[float]:
        group[0] += 1
        group[1] += ride["tripDistance"]
        group[2] += ride["passengerCount"]
        return group

    def merge(one: list[float], other: list[float]) -> list[float]:
        return [a + b for a, b in zip(one, other, strict=True)]

    def rows(batch: list[Any]) -> Iterable[Event]:
        for name, (_, (count, distance, passengers)) in batch:
            yield {"line": int(name), "rides": count, "distance": distance / count, "passengers": passengers}

    keyed = op.flat_map_batch("key", rides, lambda batch: [(str(key(ride)), ride) for ride in batch])
    # The clock of the machine has no say in a recording, only event time has.
    clock = win.EventClock(lambda ride: datetime.fromisoformat(ride["pickupTime"]), LATE, lambda: START, lambda _: None)
    # A window holds its end, not its start: it begins a millisecond later.
    windower = win.TumblingWindower(timedelta(seconds=seconds), align_to=START + timedelta(milliseconds=1))
    out = win.fold_window("windows", keyed, clock, windower, lambda: [0, 0.0, 0], add, merge, ordered=False)
    return op.flat_map_batch("rows", out.down, rows)


def join(pickups: Stream[Event], dropoffs: Stream[Event]) -> Stream[Event]:
    def rows(batch: list[Any]) -> Iterable[Event]:
        for name, (pickup, dropoff) in batch:
            at, end = pickup["pickupTime"], dropoff["dropoffTime"]
            # As DATEDIFF counts: seconds that begin in between.
            seconds = datetime.fromisoformat(end[:19]) - datetime.fromisoformat(at[:19])
            if timedelta() <= seconds <= timedelta(seconds=120):
                yield {"rideId": name, "vendorId": pickup["vendorId"], "total": dropoff["total"]}

    left = op.flat_map_batch("key pickups", pickups, lambda batch: [(each["rideId"], each) for each in batch])
    right = op.flat_map_batch("key dropoffs", dropoffs, lambda batch: [(each["rideId"], each) for each in batch])
    return op.flat_map_batch("rows", op.join("join", left, right), rows)


class Lag(op.StatefulBatchLogic):
    """Puts the rides of a vendor in order, as far as no earlier one can come, and looks one back."""

    def __init__(self) -> None:
        self.waiting: list[tuple[datetime, int, float]] = []
        self.latest = START
        self.before: float | None = None

    def on_batch(self, values: list[Event]) -> tuple[Iterable[Event], bool]:
        for ride in values:
            at = datetime.fromisoformat(ride["pickupTime"])
            self.latest = max(self.latest, at)
            heappush(self.waiting, (at, ride["ride"], ride["tripDistance"]))
        return self.rows(self.latest - LATE), self.RETAIN

    def on_eof(self) -> tuple[Iterable[Event], bool]:
        return self.rows(self.latest), self.RETAIN

    def rows(self, until: datetime) -> list[Event]:
        rows = []
        while self.waiting and self.waiting[0][0] <= until:
            _, ride, distance = heappop(self.waiting)
            rows.append({"ride": ride, "before": self.before})
            self.before = distance
        return rows

    def snapshot(self) -> None:
        """Nothing is recovered here."""


def lag(rides: Stream[Event]) -> Stream[Event]:
    keyed = op.flat_map_batch("key", rides, lambda batch: [(str(ride["vendorId"]), ride) for ride in batch])
    return op.map("row", op.stateful_batch("lag", keyed, lambda _: Lag()), lambda row: row[1])


BENCHES: dict[str, Callable[..., Stream[Event]]] = {
    "filter": select,
    "tumbling10": lambda rides: windows(rides, lambda ride: ride["vendorId"], 10),
    "tumbling60": lambda rides: windows(rides, lambda ride: ride["ride"] % 7, 60),
    "join": join,
    "lag": lag,
}


def main(bench: str, target: str, *sources: str) -> None:
    flow = Dataflow(bench)
    inputs = [read(flow, f"input{number}", source) for number, source in enumerate(sources)]
    write(BENCHES[bench](*inputs), target)
    run_main(flow)


if __name__ == "__main__":
    main(*sys.argv[1:])
