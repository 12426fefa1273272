"""The same work by other programs, each started as a process of its own.

    python tests/bench/rivals.py duckdb|polars|orjson WORKLOAD INPUT OUTPUT [THREADS]

DuckDB and Polars have the whole recording at once and guess one type per column; the loop over orjson is what one
writes in an afternoon.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from workloads import WORKLOADS


def duckdb(name: str, source: str, target: str, threads: str = "1") -> None:
    import duckdb

    query = next(each for each in WORKLOADS if each.name == name).duckdb_query(source)
    connection = duckdb.connect(config={"threads": int(threads)})
    connection.execute(f"COPY ({query}) TO '{target}' (FORMAT json)")


def polars(name: str, source: str, target: str, _: str = "") -> None:
    import polars as pl

    rides = pl.read_ndjson(source)
    aggregates = [
        pl.len().alias("rides"),
        pl.col("tripDistance").mean().alias("distance"),
        pl.col("passengerCount").sum().alias("passengers"),
    ]
    at = pl.col("pickupTime").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ms").cast(pl.Int64)

    def windows(key: pl.Expr, milliseconds: int) -> pl.DataFrame:
        return rides.group_by(key, (-(-at // milliseconds)).alias("window")).agg(aggregates).drop("window")

    programs: dict[str, Callable[[], pl.DataFrame]] = {
        "filter + project": lambda: rides.filter(pl.col("passengerCount") > 2).select(
            "vendorId", "weekday", "tripDistance", pl.col("fare").struct.field("amount")
        ),
        "SELECT *": lambda: rides.filter(pl.col("passengerCount") > 2),
        "tumbling 10 s, 500 keys": lambda: windows(pl.col("vendorId"), 10_000),
        "tumbling 60 s, 7 keys": lambda: windows((pl.col("ride") % 7).alias("line"), 60_000),
        "LAG by key": lambda: (
            rides.with_columns(at.alias("at"))
            .sort("at", maintain_order=True)
            .select("ride", pl.col("tripDistance").shift(1).over("vendorId").alias("before"))
        ),
    }
    programs[name]().write_ndjson(target)


def orjson(name: str, source: str, target: str, _: str = "") -> None:
    import orjson

    def wanted(event: dict[str, Any]) -> dict[str, Any]:
        return {
            "vendorId": event["vendorId"],
            "weekday": event["weekday"],
            "tripDistance": event["tripDistance"],
            "amount": event["fare"]["amount"],
        }

    with open(source, "rb") as file, open(target, "wb") as out:
        events = map(orjson.loads, file)
        programs: dict[str, Callable[[], Iterator[Any]]] = {
            "filter + project": lambda: (wanted(event) for event in events if event["passengerCount"] > 2),
            "SELECT *": lambda: (event for event in events if event["passengerCount"] > 2),
            "tumbling 10 s, 500 keys": lambda: _windows(events, "vendorId", lambda key: key, 10_000),
            "tumbling 60 s, 7 keys": lambda: _windows(events, "ride", lambda key: key % 7, 60_000),
            "LAG by key": lambda: _lag(events),
        }
        dumps, option = orjson.dumps, orjson.OPT_APPEND_NEWLINE
        out.writelines(dumps(row, option=option) for row in programs[name]())


def _milliseconds(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _windows(events: Iterator[Any], field: str, key_of: Callable[[int], int], size: int) -> Iterator[Any]:
    groups: defaultdict[tuple[int, int], list[float]] = defaultdict(lambda: [0, 0.0, 0])
    for event in events:
        group = groups[key_of(event[field]), -(-_milliseconds(event["pickupTime"]) // size)]
        group[0] += 1
        group[1] += event["tripDistance"]
        group[2] += event["passengerCount"]
    for (key, _), (count, distance, passengers) in groups.items():
        yield {"key": key, "rides": count, "distance": distance / count, "passengers": passengers}


def _lag(events: Iterator[Any]) -> Iterator[Any]:
    before: dict[int, float] = {}
    for event in sorted(events, key=lambda each: each["pickupTime"]):
        yield {"ride": event["ride"], "before": before.get(event["vendorId"])}
        before[event["vendorId"]] = event["tripDistance"]


if __name__ == "__main__":
    {"duckdb": duckdb, "polars": polars, "orjson": orjson}[sys.argv[1]](*sys.argv[2:])
