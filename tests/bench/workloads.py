"""The benches: queries over taxi rides, what holds their results together, and how fast they have to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class Workload:
    """One bench.

    Attributes:
        name: As in the table.
        key: What the programs in `peers` call it.
        query: In the dialect.
        floors: The programs that do the same, and the most that the wall-clock time of asaql with two processes may be
            of theirs; None where nothing is promised.
        columns: The columns that `sum` needs, and their types in DuckDB's SQL.
        sum: An aggregate over the rows of an output, in DuckDB's SQL; it is the same for every program.
        inputs: The inputs of the query and the kinds of recordings they read.
        script: The function in JavaScript that the query calls.
        scores: Whether the query calls a scoring service.
        shared_out: Whether two processes have to be 1.7 times as fast as one.
    """

    name: str
    key: str
    query: str
    floors: Mapping[str, float | None]
    columns: Mapping[str, str]
    sum: str
    inputs: Mapping[str, str] = field(default_factory=lambda: {"input": "rides"})
    script: str | None = None
    scores: bool = False
    shared_out: bool = False


LEAST_GAIN = 1.7
"""How much faster two processes have to be than one, where work can be shared out."""

CREATE_ARRAY = """function createArray(vendorId, weekday, passengers, seconds, distance) {
    'use strict';
    return [vendorId, weekday, passengers, seconds, distance];
}
"""
_AGGREGATES = "COUNT(*) AS rides, AVG(tripDistance) AS distance, SUM(passengerCount) AS passengers"
_FROM = "INTO out FROM input TIMESTAMP BY pickupTime"
_WINDOWS: Mapping[str, str] = {"rides": "BIGINT", "distance": "DOUBLE", "passengers": "BIGINT"}
_SUM_OF_WINDOWS = "sum(rides) + sum(passengers) + sum(distance * rides)"

FLOORS = (
    Workload(
        "filter + project",
        "filter",
        "SELECT vendorId, weekday, tripDistance, fare.amount AS amount INTO out FROM input WHERE passengerCount > 2",
        {"DuckDB": 1.2, "Polars": 0.8, "Bytewax": 0.25, "Flink SQL": 0.05, "Python loop": None},
        {"vendorId": "BIGINT", "amount": "DOUBLE"},
        "sum(vendorId * amount)",
        shared_out=True,
    ),
    Workload(
        "tumbling 10 s, 500 keys",
        "tumbling10",
        f"SELECT vendorId AS line, {_AGGREGATES} {_FROM} GROUP BY vendorId, TumblingWindow(second, 10)",
        {"DuckDB": 1.5, "Polars": 0.9, "Bytewax": 0.1, "Flink SQL": 0.05, "Python loop": None},
        _WINDOWS,
        _SUM_OF_WINDOWS,
        shared_out=True,
    ),
    Workload(
        "tumbling 60 s, 7 keys",
        "tumbling60",
        f"SELECT ride % 7 AS line, {_AGGREGATES} {_FROM} GROUP BY ride % 7, TumblingWindow(second, 60)",
        {"DuckDB": 1.3, "Polars": 0.8, "Bytewax": 0.15, "Flink SQL": 0.05, "Python loop": None},
        _WINDOWS,
        _SUM_OF_WINDOWS,
        shared_out=True,
    ),
    Workload(
        "join within 120 s by id",
        "join",
        "SELECT p.rideId, p.vendorId, d.total INTO out FROM pickups p TIMESTAMP BY pickupTime "
        "JOIN dropoffs d TIMESTAMP BY dropoffTime ON p.rideId = d.rideId AND DATEDIFF(second, p, d) BETWEEN 0 AND 120",
        {"DuckDB": 2.0, "Polars": 1.2, "Bytewax": 0.15, "Flink SQL": 0.1, "Python loop": None},
        {"vendorId": "BIGINT", "total": "DOUBLE"},
        "sum(vendorId * total)",
        inputs={"pickups": "pickups", "dropoffs": "dropoffs"},
    ),
    Workload(
        "LAG by 500 keys",
        "lag",
        "SELECT ride, LAG(tripDistance) OVER (PARTITION BY vendorId LIMIT DURATION(minute, 5)) AS before "
        "INTO out FROM input TIMESTAMP BY pickupTime",
        {"DuckDB": 2.0, "Polars": 1.5, "Bytewax": 0.2, "Python loop": None},
        {"ride": "BIGINT", "before": "DOUBLE"},
        "sum(ride * before)",
    ),
    Workload(
        "JavaScript array of 5",
        "javascript",
        "SELECT udf.createArray(vendorId, weekday, passengerCount, tripTimeInSeconds, tripDistance) AS ride "
        "INTO out FROM input",
        {"Node.js": 0.8},
        {"ride": "JSON"},
        "sum((ride ->> 0)::BIGINT * (ride ->> 4)::DOUBLE)",
        script=CREATE_ARRAY,
        shared_out=True,
    ),
)
"""The benches with floors."""

OTHERS = (
    Workload(
        "SELECT *",
        "all",
        "SELECT * INTO out FROM input WHERE passengerCount > 2",
        {"DuckDB": None, "Polars": None, "Python loop": None},
        {"ride": "BIGINT", "zones": "BIGINT[]"},
        "sum(ride * zones[2])",
        shared_out=True,
    ),
    Workload(
        "scoring",
        "scoring",
        "SELECT ride, udf.score(udf.createArray(vendorId, weekday, passengerCount, tripTimeInSeconds, tripDistance)) "
        "AS fare INTO out FROM input",
        {},
        {"ride": "BIGINT"},
        "sum(ride)",
        script=CREATE_ARRAY,
        scores=True,
    ),
    Workload(
        "hopping 60 s by 10 s, 7 keys",
        "hopping60",
        f"SELECT ride % 7 AS line, {_AGGREGATES} {_FROM} GROUP BY ride % 7, HoppingWindow(second, 60, 10)",
        {"DuckDB": None},
        _WINDOWS,
        _SUM_OF_WINDOWS,
    ),
    Workload(
        "sliding 10 s, 500 keys",
        "sliding",
        f"SELECT vendorId, COUNT(*) AS rides {_FROM} GROUP BY vendorId, SlidingWindow(second, 10) HAVING COUNT(*) > 2",
        {},
        {"rides": "BIGINT"},
        "sum(rides)",
    ),
    Workload(
        "session 5 s, 500 keys",
        "session",
        f"SELECT vendorId, {_AGGREGATES} {_FROM} GROUP BY vendorId, SessionWindow(second, 5, 60)",
        {},
        _WINDOWS,
        _SUM_OF_WINDOWS,
    ),
    Workload(
        "self-join within 120 s",
        "selfjoin",
        "SELECT a.ride, b.ride AS later INTO out FROM input a TIMESTAMP BY pickupTime "
        "JOIN input b TIMESTAMP BY pickupTime ON a.vendorId = b.vendorId AND a.passengerCount = b.passengerCount "
        "AND DATEDIFF(second, a, b) BETWEEN 1 AND 120",
        {"DuckDB": None},
        {"ride": "BIGINT", "later": "BIGINT"},
        "sum(later - ride)",
    ),
)
"""Further benches, without floors."""
