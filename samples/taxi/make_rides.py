"""Writes `rides.ndjson`, the recording of this sample: taxi rides of one week, made up and always the same.

python make_rides.py
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

RIDES = 1200
FIRST_PICKUP = datetime(2020, 3, 16, 12, 0, tzinfo=UTC)
WEEK_SECONDS = 7 * 24 * 3600
TOLL = 5.76


def rides() -> Iterator[dict[str, Any]]:
    """Yield the rides in the order in which they began."""
    random = Random(2020)
    moments = sorted(random.randrange(WEEK_SECONDS) for _ in range(RIDES - 1))
    for number, moment in enumerate([0, *moments]):
        yield ride(number, FIRST_PICKUP + timedelta(seconds=moment), random)


def ride(number: int, pickup: datetime, random: Random) -> dict[str, Any]:
    distance = 5.8 if number == 0 else round(min(30.0, random.lognormvariate(0.8, 0.8)) + 0.2, 1)
    passengers = 1 if number == 0 else random.choices([1, 2, 3, 4, 5, 6], [70, 14, 5, 3, 5, 3])[0]
    vendor = 1 if number == 0 else random.choice([1, 2])
    is_rush_hour = pickup.weekday() < 5 and (7 <= pickup.hour < 10 or 16 <= pickup.hour < 20)
    is_night = pickup.hour >= 20 or pickup.hour < 6
    miles_per_hour = random.gauss(9.0 if is_rush_hour else 18.0 if is_night else 12.5, 1.5)
    seconds = max(90, round(distance / max(4.0, miles_per_hour) * 3600))
    fare = round((2.5 + 1.9 * distance + 0.005 * seconds) * 2) / 2
    surcharge = 0.5 if is_night else 1.0 if is_rush_hour else 0.0
    tolls = TOLL if distance > 12 and random.random() < 0.4 else 0.0
    payment = random.choices(["CRD", "CSH", "NOC"], [64, 34, 2])[0]
    tip = round((fare + surcharge) * random.choice([0.1, 0.15, 0.2, 0.25]), 2) if payment == "CRD" else 0.0
    return {
        "vendorid": str(vendor),
        "weekday": pickup.strftime("%a"),
        "pickuphour": str(pickup.hour),
        "passenger": str(passengers),
        "distance": f"{distance:g}",
        "pickupTime": iso(pickup),
        "dropoffTime": iso(pickup + timedelta(seconds=seconds)),
        "tripTimeInSeconds": seconds,
        "rateCode": 1 if tolls == 0 else random.choice([1, 2]),
        "paymentType": payment,
        "fareAmount": fare,
        "surcharge": surcharge,
        "tipAmount": tip,
        "tollsAmount": tolls,
        "totalAmount": round(fare + surcharge + tip + tolls, 2),
    }


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    lines = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in rides())
    Path(__file__).with_name("rides.ndjson").write_text(lines)
