"""What functions cost: `python tests/bench/expressions.py [rows]` prints nanoseconds a row.

The first table has every function over columns of one kind; the second a mix of expressions beside DuckDB, which has
the same columns in memory. One thread each; CPU time is counted.
"""

import sys
import time
from collections.abc import Callable

import duckdb
import polars as pl

from asaql.functions import function_named, functions
from asaql.model import Column, Instant, Kind, Value

BATCH = 8192
SAMPLES: dict[str, Callable[[int], Value]] = {
    "bigint": lambda i: i % 50 + 1,
    "bigint or float": lambda i: i * 0.37 + 1,
    "float": lambda i: i * 0.0037 + 1,
    "bigint or bit": lambda i: i,
    "bigint, float or nvarchar(max)": lambda i: i * 0.5,
    "nvarchar(max)": lambda i: f"device {i % 997} of line {i % 13} ",
    "datetime": lambda i: Instant(638_396_640_000_000_000 + i * 37_000_000_123),
    "any": lambda i: i * 1.25,
    "record": lambda i: {"id": i, "name": "x"},
    "array": lambda i: [i, i + 1],
}
CONSTANTS: dict[str, dict[int, Value]] = {
    "LIKE": {1: "dev%line 1_"},
    "NOT LIKE": {1: "%9%"},
    "PATINDEX": {0: "%line [0-9]%"},
    "CHARINDEX": {0: "line"},
    "REGEXMATCH": {1: "line [0-9]+"},
    "REPLACE": {1: "line", 2: "row"},
    "TRANSLATE": {1: "dev", 2: "xyz"},
    "SUBSTRING": {1: 3, 2: 5},
    "STUFF": {1: 3, 2: 5, 3: "new"},
    "LEFT": {1: 4},
    "RIGHT": {1: 4},
    "ROUND": {1: 2},
    "POWER": {1: 2},
    "CONCAT_WS": {0: ", "},
    "GetArrayElement": {1: 1},
    "GetRecordPropertyValue": {1: "name"},
    "IN": {1: 5.0},
    "NOT IN": {1: 5.0},
}
TEXTS = {
    "LIKE": "device {} of line 10",
    "NOT LIKE": "device {} of line 10",
    "CAST AS bigint": "{}",
    "CAST AS float": "{}.25",
    "CAST AS datetime": "2024-01-01T{:02d}:00:00.123Z",
}
SKIPPED = (
    "ST_",
    "Create",
    "GetMetadata",
    "CAST AS record",
    "CAST AS array",
    "DATETIMEFROMPARTS",
    "JSON_PARSE",
    "CAST AS bit",
)


def cpu_ns_a_row(run: Callable[[], object], rows: int) -> float:
    """Return the least CPU time of a row in three runs."""
    times = []
    for _ in range(3):
        begin = time.process_time_ns()
        run()
        times.append(time.process_time_ns() - begin)
    return min(times) / rows


def each_function(rows: int) -> None:
    """Print what every function costs over columns of one kind."""
    for function in functions():
        if not function.category or any(part in function.name for part in SKIPPED):
            continue
        arguments = []
        for index, parameter in enumerate(function.parameters):
            constant = CONSTANTS.get(function.name, {}).get(index, "hour" if parameter.type == "datepart" else None)
            if constant is not None:
                arguments.append(Column.constant(constant))
                continue
            text = TEXTS.get(function.name.removeprefix("TRY_"))
            if text is not None:
                arguments.append(Column.from_values([text.format(i % 24) for i in range(BATCH)]))
            else:
                arguments.append(Column.from_values([SAMPLES[parameter.type](i) for i in range(BATCH)]))
        cost = cpu_ns_a_row(lambda: [call(function.name, *arguments) for _ in range(rows // BATCH + 1)], rows)  # noqa: B023
        print(f"{function.name:28} {cost:8.0f} ns{'  slow' if cost > 1000 else ''}")


def call(name: str, *arguments: Column) -> Column:
    """Return the result of a function over columns, by its kernel if that takes them."""
    function = function_named(name)
    height = max(map(len, arguments))
    result = function.kernel(arguments, height) if function.kernel is not None else None
    if result is None:
        rows = zip(*(each.expand(height).to_values() for each in arguments), strict=True)
        result = Column.from_values([function.scalar(*row) for row in rows])
    return result


def mix(rows: int) -> None:
    """Print what a mix of expressions costs, here and in DuckDB."""
    frame = pl.DataFrame(
        {
            "id": pl.Series(range(rows)) % 997,
            "speed": pl.Series(range(rows)) * 0.37 % 120,
            "name": pl.select(
                pl.format("device {} of line {}", pl.int_range(rows) % 997, pl.int_range(rows) % 13)
            ).to_series(),
            "at": pl.select(pl.datetime(2024, 1, 1) + pl.duration(milliseconds=pl.int_range(rows) * 37)).to_series(),
        }
    )
    ticks = frame["at"].cast(pl.Int64) * 10 + 621_355_968_000_000_000
    columns = [
        Column(Kind.BIGINT, frame["id"]),
        Column(Kind.FLOAT, frame["speed"]),
        Column(Kind.NVARCHAR, frame["name"]),
        Column(Kind.DATETIME, ticks),
    ]

    def ours() -> None:
        for offset in range(0, rows, BATCH):
            identifier, speed, name, at = (each.slice(offset, BATCH) for each in columns)
            constant = Column.constant
            call("+", call("*", identifier, constant(2)), constant(1))
            call("ROUND", call("/", call("*", speed, constant(1000)), constant(3600.0)), constant(2))
            call(">", speed, constant(100))
            call("%", identifier, constant(10))
            call("UPPER", name)
            call("SUBSTRING", name, constant(1), constant(6))
            call("LIKE", name, constant("%line 1%"))
            call("CONCAT", name, constant("-"), identifier)
            call("LEN", name)
            call("DATEPART", constant("hour"), at)
            call("DATEADD", constant("minute"), constant(5), at)
            call("CAST AS nvarchar(max)", identifier)

    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"""CREATE TABLE t AS SELECT range % 997 AS id, range * 0.37::DOUBLE % 120 AS speed,
        'device ' || range % 997 || ' of line ' || range % 13 AS name,
        TIMESTAMP '2024-01-01' + to_milliseconds(range * 37) AS ts FROM range({rows})""")
    sql = """SELECT id * 2 + 1, round(speed * 1000 / 3600.0, 2), speed > 100, id % 10, upper(name),
        substring(name, 1, 6), name LIKE '%line 1%', concat(name, '-', id), length(name), hour(ts),
        ts + INTERVAL 5 MINUTE, CAST(id AS VARCHAR) FROM t"""
    here = cpu_ns_a_row(ours, rows)
    there = cpu_ns_a_row(lambda: connection.execute(f"CREATE OR REPLACE TEMP TABLE r AS {sql}"), rows)
    print(f"\nmix of 12 expressions: {here:.0f} ns, DuckDB {there:.0f} ns, ratio {there / here:.2f}")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 80_000
    each_function(count)
    mix(count * 4)
