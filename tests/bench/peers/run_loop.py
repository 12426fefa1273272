"""The benches as a loop over orjson, written in an afternoon: `python run_loop.py BENCH OUTPUT INPUT [INPUT2]`."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson

Event = dict[str, Any]


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def select(rides: Iterable[Event]) -> Iterator[Event]:
    for ride in rides:
        if ride["passengerCount"] > 2:
            yield {
                "vendorId": ride["vendorId"],
                "weekday": ride["weekday"],
                "tripDistance": ride["tripDistance"],
                "amount": ride["fare"]["amount"],
            }


def windows(rides: Iterable[Event], key_of: Callable[[Event], int], size: int) -> Iterator[Event]:
    groups: defaultdict[tuple[int, int], list[float]] = defaultdict(lambda: [0, 0.0, 0])
    for ride in rides:
        group = groups[key_of(ride), -(-milliseconds(ride["pickupTime"]) // size)]
        group[0] += 1
        group[1] += ride["tripDistance"]
        group[2] += ride["passengerCount"]
    for (key, _), (count, distance, passengers) in groups.items():
        yield {"line": key, "rides": count, "distance": distance / count, "passengers": passengers}


def join(pickups: Iterable[Event], dropoffs: Iterable[Event]) -> Iterator[Event]:
    picked = {each["rideId"]: (each["vendorId"], milliseconds(each["pickupTime"]) // 1000) for each in pickups}
    for dropoff in dropoffs:
        vendor, second = picked.get(dropoff["rideId"], (None, 0))
        if vendor is not None and 0 <= milliseconds(dropoff["dropoffTime"]) // 1000 - second <= 120:
            yield {"rideId": dropoff["rideId"], "vendorId": vendor, "total": dropoff["total"]}


def lag(rides: Iterable[Event]) -> Iterator[Event]:
    before: dict[int, float] = {}
    wanted = ((each["pickupTime"], each["ride"], each["vendorId"], each["tripDistance"]) for each in rides)
    for _, ride, vendor, distance in sorted(wanted):
        yield {"ride": ride, "before": before.get(vendor)}
        before[vendor] = distance


BENCHES: dict[str, Callable[..., Iterator[Event]]] = {
    "filter": select,
    "tumbling10": lambda rides: windows(rides, lambda ride: ride["vendorId"], 10_000),
    "tumbling60": lambda rides: windows(rides, lambda ride: ride["ride"] % 7, 60_000),
    "join": join,
    "lag": lag,
    "all": lambda rides: (ride for ride in rides if ride["passengerCount"] > 2),
}


def main(bench: str, target: str, *sources: str) -> None:
    inputs = [map(orjson.loads, open(source, "rb")) for source in sources]  # noqa: SIM115 - open to the end
    dumps, newline = orjson.dumps, orjson.OPT_APPEND_NEWLINE
    with open(target, "wb") as file:
        file.writelines(dumps(row, option=newline) for row in BENCHES[bench](*inputs))


if __name__ == "__main__":
    main(*sys.argv[1:])
