"""Recordings for benchmarks: taxi rides with nested fields, made from a fixed seed."""

import random
from pathlib import Path

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def write_rides(path: Path, count: int) -> None:
    """Write `count` rides of about 230 bytes as JSON lines, one per 100 ms of event time, 1 % of them out of order."""
    random_ = random.Random(20200319)
    with path.open("w", encoding="utf-8") as file:
        lines = []
        for number in range(count):
            at = number * 100
            if number % 100 == 7:
                at = max(0, at - random_.randrange(5_000))
            seconds, milliseconds = divmod(at, 1000)
            minutes, second = divmod(seconds, 60)
            hours, minute = divmod(minutes, 60)
            day, hour = divmod(hours, 24)
            distance = random_.randrange(1, 300) / 10
            passengers = random_.randrange(1, 7)
            lines.append(
                f'{{"vendorId":{random_.randrange(1, 501)},"weekday":"{DAYS[day % 7]}",'
                f'"pickupTime":"2024-01-{day % 28 + 1:02d}T{hour:02d}:{minute:02d}:{second:02d}.{milliseconds:03d}Z",'
                f'"passengerCount":{passengers},"tripDistance":{distance},'
                f'"tripTimeInSeconds":{random_.randrange(60, 3600)},'
                f'"fare":{{"amount":{distance * 2.5 + 3:.2f},"tip":{random_.randrange(0, 900) / 100}}},'
                f'"zones":[{random_.randrange(1, 266)},{random_.randrange(1, 266)}],"ride":{number}}}\n'
            )
            if len(lines) == 10_000:
                file.write("".join(lines))
                lines.clear()
        file.write("".join(lines))
