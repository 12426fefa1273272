"""The benches in Polars, in one batch: `python run_polars.py BENCH OUTPUT INPUT [INPUT2]`."""

import sys

import polars as pl

FIELDS = {
    "vendorId": pl.Int64,
    "weekday": pl.String,
    "pickupTime": pl.String,
    "passengerCount": pl.Int64,
    "tripDistance": pl.Float64,
    "fare": pl.Struct({"amount": pl.Float64}),
    "ride": pl.Int64,
    "rideId": pl.String,
    "dropoffTime": pl.String,
    "total": pl.Float64,
}
AGGREGATES = (
    pl.len().alias("rides"),
    pl.col("tripDistance").mean().alias("distance"),
    pl.col("passengerCount").sum().alias("passengers"),
)


def read(path: str, *fields: str) -> pl.LazyFrame:
    """Scan a recording for some fields; whoever knows them spares Polars the guessing."""
    return pl.scan_ndjson(path, schema={field: FIELDS[field] for field in fields})


def moment(field: str = "pickupTime") -> pl.Expr:
    return pl.col(field).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms").cast(pl.Int64)


def windows(rides: pl.LazyFrame, key: pl.Expr, milliseconds: int) -> pl.LazyFrame:
    window = (-(-moment() // milliseconds)).alias("window")
    return rides.group_by(key.alias("line"), window).agg(AGGREGATES).drop("window")


def select(path: str) -> pl.LazyFrame:
    rides = read(path, "vendorId", "weekday", "tripDistance", "fare", "passengerCount")
    amount = pl.col("fare").struct.field("amount")
    return rides.filter(pl.col("passengerCount") > 2).select("vendorId", "weekday", "tripDistance", amount)


def join(pickups: str, dropoffs: str) -> pl.LazyFrame:
    left = read(pickups, "rideId", "vendorId", "pickupTime").with_columns(moment() // 1000)
    right = read(dropoffs, "rideId", "total", "dropoffTime").with_columns(moment("dropoffTime") // 1000)
    within = (pl.col("dropoffTime") - pl.col("pickupTime")).is_between(0, 120)
    return left.join(right, on="rideId").filter(within).select("rideId", "vendorId", "total")


def lag(path: str) -> pl.LazyFrame:
    rides = read(path, "ride", "vendorId", "tripDistance", "pickupTime").sort("pickupTime", maintain_order=True)
    return rides.select("ride", pl.col("tripDistance").shift(1).over("vendorId").alias("before"))


BENCHES = {
    "filter": select,
    "tumbling10": lambda path: windows(
        read(path, "vendorId", "pickupTime", "passengerCount", "tripDistance"), pl.col("vendorId"), 10_000
    ),
    "tumbling60": lambda path: windows(
        read(path, "ride", "pickupTime", "passengerCount", "tripDistance"), pl.col("ride") % 7, 60_000
    ),
    "join": join,
    "lag": lag,
    "all": lambda path: pl.scan_ndjson(path).filter(pl.col("passengerCount") > 2),
}


def main(bench: str, target: str, *sources: str) -> None:
    BENCHES[bench](*sources).sink_ndjson(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
