"""The benches: queries over taxi rides, and what the same work is in DuckDB's SQL."""

from dataclasses import dataclass

_RIDES = (
    """(SELECT *, epoch_ms(pickupTime::TIMESTAMP) AS moment FROM read_json('{input}', format = 'newline_delimited'))"""
)


@dataclass(frozen=True)
class Workload:
    """One bench.

    Attributes:
        name: As in the table.
        query: In the dialect; reads `input`.
        duckdb: The same in DuckDB's SQL over `{rides}`, where `moment` is the event time in milliseconds; None if what
            the query does has no short equal there.
        script: The function in JavaScript that the query calls.
        scores: Whether the query calls a scoring service.
        rivals: Which other programs of `rivals.py` do the same.
    """

    name: str
    query: str
    duckdb: str | None = None
    script: str | None = None
    scores: bool = False
    rivals: tuple[str, ...] = ()

    def duckdb_query(self, source: str) -> str:
        """Return DuckDB's query over a file."""
        assert self.duckdb is not None
        return self.duckdb.format(rides=_RIDES.format(input=source))


CREATE_ARRAY = """function createArray(vendorId, weekday, passengers, seconds, distance) {
    'use strict';
    return [vendorId, weekday, passengers, seconds, distance];
}
"""
_AGGREGATES = "COUNT(*) AS rides, AVG(tripDistance) AS distance, SUM(passengerCount) AS passengers"
_FROM = "INTO out FROM input TIMESTAMP BY pickupTime"
_ALL = ("duckdb", "polars", "orjson")

WORKLOADS = (
    Workload(
        "filter + project",
        "SELECT vendorId, weekday, tripDistance, fare.amount AS amount INTO out FROM input WHERE passengerCount > 2",
        "SELECT vendorId, weekday, tripDistance, fare.amount AS amount FROM {rides} WHERE passengerCount > 2",
        rivals=_ALL,
    ),
    Workload(
        "SELECT *",
        "SELECT * INTO out FROM input WHERE passengerCount > 2",
        "SELECT * EXCLUDE moment FROM {rides} WHERE passengerCount > 2",
        rivals=_ALL,
    ),
    Workload(
        "JavaScript",
        "SELECT udf.createArray(vendorId, weekday, passengerCount, tripTimeInSeconds, tripDistance) AS ride "
        "INTO out FROM input",
        script=CREATE_ARRAY,
    ),
    Workload(
        "scoring",
        "SELECT ride, udf.score(udf.createArray(vendorId, weekday, passengerCount, tripTimeInSeconds, tripDistance)) "
        "AS fare INTO out FROM input",
        script=CREATE_ARRAY,
        scores=True,
    ),
    Workload(
        "tumbling 10 s, 500 keys",
        f"SELECT vendorId, {_AGGREGATES} {_FROM} GROUP BY vendorId, TumblingWindow(second, 10)",
        f"SELECT vendorId, {_AGGREGATES} FROM {{rides}} GROUP BY vendorId, (moment + 9999) // 10000",
        rivals=_ALL,
    ),
    Workload(
        "tumbling 60 s, 7 keys",
        f"SELECT ride % 7 AS line, {_AGGREGATES} {_FROM} GROUP BY ride % 7, TumblingWindow(second, 60)",
        f"SELECT ride % 7 AS line, {_AGGREGATES} FROM {{rides}} GROUP BY ride % 7, (moment + 59999) // 60000",
        rivals=_ALL,
    ),
    Workload(
        "hopping 60 s by 10 s, 7 keys",
        f"SELECT ride % 7 AS line, {_AGGREGATES} {_FROM} GROUP BY ride % 7, HoppingWindow(second, 60, 10)",
        f"SELECT ride % 7 AS line, {_AGGREGATES} FROM {{rides}}, range(6) AS hop(n) "
        "GROUP BY ride % 7, (moment + 9999) // 10000 + n",
        rivals=("duckdb",),
    ),
    Workload(
        "sliding 10 s, 500 keys",
        f"SELECT vendorId, COUNT(*) AS rides {_FROM} GROUP BY vendorId, SlidingWindow(second, 10) HAVING COUNT(*) > 2",
    ),
    Workload(
        "session 5 s, 500 keys",
        f"SELECT vendorId, {_AGGREGATES} {_FROM} GROUP BY vendorId, SessionWindow(second, 5, 60)",
    ),
    Workload(
        "self-join within 120 s",
        "SELECT a.ride, b.ride AS later INTO out FROM input a TIMESTAMP BY pickupTime "
        "JOIN input b TIMESTAMP BY pickupTime ON a.vendorId = b.vendorId AND a.passengerCount = b.passengerCount "
        "AND DATEDIFF(second, a, b) BETWEEN 1 AND 120",
        "WITH r AS MATERIALIZED {rides} SELECT a.ride, b.ride AS later FROM r a JOIN r b "
        "ON a.vendorId = b.vendorId AND a.passengerCount = b.passengerCount "
        "AND b.moment // 1000 - a.moment // 1000 BETWEEN 1 AND 120",
        rivals=("duckdb",),
    ),
    Workload(
        "LAG by key",
        "SELECT ride, LAG(tripDistance) OVER (PARTITION BY vendorId LIMIT DURATION(minute, 5)) AS before "
        "INTO out FROM input TIMESTAMP BY pickupTime",
        "SELECT ride, LAG(tripDistance) OVER (PARTITION BY vendorId ORDER BY moment, ride) AS before FROM {rides}",
        rivals=_ALL,
    ),
)
