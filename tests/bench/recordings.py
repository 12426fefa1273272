"""Recordings for benchmarks: taxi rides with nested fields, made from a fixed seed."""

import hashlib
import os
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PAYMENTS = ("card", "cash", "voucher", "dispute")
MOST_BACK = 5_000
"""Milliseconds that an event may lie behind the one before it: what peers need to know of the order."""


def write_rides(path: Path, count: int) -> None:
    """Write `count` rides of about 220 bytes as JSON lines, one per 10 ms of event time, 1 % of them out of order."""
    _write(path, _rides(count, lambda number: f'"ride":{number}'))


def write_pickups(path: Path, count: int) -> None:
    """Write the rides of `write_rides`, each named by a text that the drop-off of the ride has too."""
    _write(path, _rides(count, lambda number: f'"rideId":"r{number:08d}"'))


def write_dropoffs(path: Path, count: int) -> None:
    """Write a drop-off for each of `count` pickups, 0 to 120 s after it, in the order of their times but for 1 %."""
    at, random_ = _pickup_times(count), random.Random(20200320)
    dropped = sorted((moment + random_.randrange(120_001), number) for number, moment in enumerate(at))
    _write(path, _dropoffs(dropped, at, random_))


def recording(folder: Path, kind: str, count: int) -> Path:
    """Return a recording in a folder, `kind` being rides, pickups or dropoffs; it is written unless it is there.

    The name holds a digest of this module: a recording of another generator is not taken for this one's.
    """
    path = folder / f"{kind}-{count}-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]}.ndjson"
    if not path.exists():
        unfinished = path.with_suffix(f".{os.getpid()}")
        WRITERS[kind](unfinished, count)
        unfinished.rename(path)
    return path


def _rides(count: int, name: Callable[[int], str]) -> Iterator[str]:
    random_ = random.Random(20200319)
    for number in range(count):
        at = number * 10
        if number % 100 == 7:
            at = max(0, at - random_.randrange(MOST_BACK))
        distance = random_.randrange(1, 300) / 10
        passengers = random_.randrange(1, 7)
        yield (
            f'{{"vendorId":{random_.randrange(1, 501)},"weekday":"{DAYS[at // 86_400_000 % 7]}",'
            f'"pickupTime":"{_text(at)}","passengerCount":{passengers},"tripDistance":{distance},'
            f'"tripTimeInSeconds":{random_.randrange(60, 3600)},'
            f'"fare":{{"amount":{distance * 2.5 + 3:.2f},"tip":{random_.randrange(0, 900) / 100}}},'
            f'"zones":[{random_.randrange(1, 266)},{random_.randrange(1, 266)}],'
            f'"payment":"{random_.choice(PAYMENTS)}",{name(number)}}}\n'
        )


def _pickup_times(count: int) -> list[int]:
    """Return the event times of the pickups in milliseconds, drawn as `_rides` draws them."""
    return [_milliseconds(line) for line in _rides(count, str)]


def _dropoffs(dropped: list[tuple[int, int]], at: list[int], random_: random.Random) -> Iterator[str]:
    for position, (moment, number) in enumerate(dropped):
        if position % 100 == 7:
            moment = max(at[number], moment - random_.randrange(MOST_BACK))
        total = random_.randrange(400, 9_000)
        tolls = random_.randrange(0, 300)
        yield (
            f'{{"rideId":"r{number:08d}","dropoffTime":"{_text(moment)}","total":{total / 100},'
            f'"meter":{{"start":{random_.randrange(10_000, 99_999)},"waited":{random_.randrange(0, 900)}}},'
            f'"surcharges":[{tolls / 100},{random_.randrange(0, 250) / 100}],"zone":{random_.randrange(1, 266)},'
            f'"rating":{random_.randrange(1, 6)},"payment":"{random_.choice(PAYMENTS)}","receipt":"{number:010x}"}}\n'
        )


def _text(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"2024-01-{day % 28 + 1:02d}T{hour:02d}:{minute:02d}:{second:02d}.{milliseconds:03d}Z"


def _milliseconds(line: str) -> int:
    start = line.index('"pickupTime":"') + len('"pickupTime":"')
    text = line[start : start + 23]
    day, hour, minute, second = int(text[8:10]) - 1, int(text[11:13]), int(text[14:16]), int(text[17:19])
    return (((day * 24 + hour) * 60 + minute) * 60 + second) * 1000 + int(text[20:23])


def _write(path: Path, lines: Iterable[str]) -> None:
    lines = iter(lines)
    with path.open("w", encoding="utf-8") as file:
        while block := list(islice(lines, 10_000)):
            file.write("".join(block))


WRITERS = {"rides": write_rides, "pickups": write_pickups, "dropoffs": write_dropoffs}
