"""The benches in DuckDB: `python run_duckdb.py BENCH OUTPUT INPUT [INPUT2]`."""

import sys

FIELDS = {
    "vendorId": "BIGINT",
    "weekday": "VARCHAR",
    "pickupTime": "TIMESTAMP",
    "passengerCount": "BIGINT",
    "tripDistance": "DOUBLE",
    "fare": "STRUCT(amount DOUBLE)",
    "ride": "BIGINT",
    "rideId": "VARCHAR",
    "dropoffTime": "TIMESTAMP",
    "total": "DOUBLE",
}
AGGREGATES = "count(*) AS rides, avg(tripDistance) AS distance, sum(passengerCount) AS passengers"


def read(path: str, *fields: str) -> str:
    """Return a table in SQL; whoever knows the fields spares DuckDB the guessing."""
    columns = ", ".join(f"{field}: '{FIELDS[field]}'" for field in fields)
    return f"read_json('{path}', format = 'newline_delimited', columns = {{{columns}}})"


def windows(path: str, key: str, milliseconds: int, *fields: str) -> str:
    rides = read(path, "pickupTime", "passengerCount", "tripDistance", *fields)
    window = f"(epoch_ms(pickupTime) + {milliseconds - 1}) // {milliseconds}"
    return f"SELECT {key} AS line, {AGGREGATES} FROM {rides} GROUP BY {key}, {window}"


QUERIES = {
    "filter": lambda path: (
        "SELECT vendorId, weekday, tripDistance, fare.amount AS amount "
        f"FROM {read(path, 'vendorId', 'weekday', 'tripDistance', 'fare', 'passengerCount')} WHERE passengerCount > 2"
    ),
    "tumbling10": lambda path: windows(path, "vendorId", 10_000, "vendorId"),
    "tumbling60": lambda path: windows(path, "ride % 7", 60_000, "ride"),
    "join": lambda pickups, dropoffs: (
        f"SELECT p.rideId, p.vendorId, d.total FROM {read(pickups, 'rideId', 'vendorId', 'pickupTime')} p "
        f"JOIN {read(dropoffs, 'rideId', 'total', 'dropoffTime')} d ON p.rideId = d.rideId "
        "AND epoch_ms(d.dropoffTime) // 1000 - epoch_ms(p.pickupTime) // 1000 BETWEEN 0 AND 120"
    ),
    "lag": lambda path: (
        "SELECT ride, lag(tripDistance) OVER (PARTITION BY vendorId ORDER BY pickupTime, ride) AS before "
        f"FROM {read(path, 'ride', 'vendorId', 'tripDistance', 'pickupTime')}"
    ),
    "all": lambda path: (
        f"SELECT * FROM read_json('{path}', format = 'newline_delimited', columns = {{"
        "vendorId: 'BIGINT', weekday: 'VARCHAR', pickupTime: 'VARCHAR', passengerCount: 'BIGINT', "
        "tripDistance: 'DOUBLE', tripTimeInSeconds: 'BIGINT', fare: 'STRUCT(amount DOUBLE, tip DOUBLE)', "
        "zones: 'BIGINT[]', payment: 'VARCHAR', ride: 'BIGINT'}) WHERE passengerCount > 2"
    ),
    "hopping60": lambda path: (
        f"SELECT ride % 7 AS line, {AGGREGATES} "
        f"FROM {read(path, 'ride', 'pickupTime', 'passengerCount', 'tripDistance')}, range(6) AS hop(n) "
        "GROUP BY ride % 7, (epoch_ms(pickupTime) + 9999) // 10000 + n"
    ),
    "selfjoin": lambda path: (
        f"WITH r AS MATERIALIZED (FROM {read(path, 'ride', 'vendorId', 'passengerCount', 'pickupTime')}) "
        "SELECT a.ride, b.ride AS later FROM r a JOIN r b "
        "ON a.vendorId = b.vendorId AND a.passengerCount = b.passengerCount "
        "AND epoch_ms(b.pickupTime) // 1000 - epoch_ms(a.pickupTime) // 1000 BETWEEN 1 AND 120"
    ),
}


def main(bench: str, target: str, *sources: str) -> None:
    import duckdb

    connection = duckdb.connect(config={"threads": 2})
    connection.execute(f"COPY ({QUERIES[bench](*sources)}) TO '{target}' (FORMAT json)")


if __name__ == "__main__":
    main(*sys.argv[1:])
