"""The benches in Flink SQL, streaming, two tasks at a time: `python run_flink.py BENCH OUTPUT INPUT [INPUT2]`.

The output is a folder of files.
"""

import sys

from pyflink.table import EnvironmentSettings, TableEnvironment

RIDES = """vendorId BIGINT, weekday STRING, pickupTime TIMESTAMP_LTZ(3), passengerCount BIGINT, tripDistance DOUBLE,
    fare ROW<amount DOUBLE>, ride BIGINT"""
PICKUPS = "rideId STRING, vendorId BIGINT, pickupTime TIMESTAMP_LTZ(3)"
DROPOFFS = "rideId STRING, total DOUBLE, dropoffTime TIMESTAMP_LTZ(3)"
AGGREGATES = "COUNT(*) AS rides, AVG(tripDistance) AS distance, SUM(passengerCount) AS passengers"


def table(name: str, fields: str, path: str, time: str = "") -> str:
    """Return the statement that declares a file or folder; events lie at most 5 s behind in event time."""
    watermark = f", WATERMARK FOR {time} AS {time} - INTERVAL '5' SECOND" if time else ""
    return (
        f"CREATE TABLE {name} ({fields}{watermark}) WITH ('connector' = 'filesystem', 'path' = 'file://{path}', "
        "'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601')"
    )


def windows(key: str, seconds: int) -> str:
    # A window holds its end, not its start: it begins a millisecond later.
    window = f"TUMBLE(TABLE rides, DESCRIPTOR(pickupTime), INTERVAL '{seconds}' SECOND, INTERVAL '0.001' SECOND)"
    rides = f"SELECT *, {key} AS line FROM {window}"
    return f"SELECT line, {AGGREGATES} FROM ({rides}) GROUP BY line, window_start, window_end"


BENCHES = {
    "filter": (
        "vendorId BIGINT, weekday STRING, tripDistance DOUBLE, amount DOUBLE",
        "SELECT vendorId, weekday, tripDistance, fare.amount FROM rides WHERE passengerCount > 2",
    ),
    "tumbling10": ("line BIGINT, rides BIGINT, distance DOUBLE, passengers BIGINT", windows("vendorId", 10)),
    "tumbling60": ("line BIGINT, rides BIGINT, distance DOUBLE, passengers BIGINT", windows("MOD(ride, 7)", 60)),
    "join": (
        "rideId STRING, vendorId BIGINT, total DOUBLE",
        "SELECT p.rideId, p.vendorId, d.total FROM pickups p JOIN dropoffs d ON p.rideId = d.rideId "
        "AND d.dropoffTime BETWEEN p.pickupTime AND p.pickupTime + INTERVAL '2' MINUTE",
    ),
}


def main(bench: str, target: str, *sources: str) -> None:
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    tables.get_config().set("parallelism.default", "2").set("table.local-time-zone", "UTC")
    if bench == "join":
        tables.execute_sql(table("pickups", PICKUPS, sources[0], "pickupTime"))
        tables.execute_sql(table("dropoffs", DROPOFFS, sources[1], "dropoffTime"))
    else:
        tables.execute_sql(table("rides", RIDES, sources[0], "" if bench == "filter" else "pickupTime"))
    fields, query = BENCHES[bench]
    tables.execute_sql(table("target", fields, target))
    tables.execute_sql(f"INSERT INTO target {query}").wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
