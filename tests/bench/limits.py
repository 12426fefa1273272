"""What the libraries below do alone: no reading or writing of JSON lines through them is faster.

    python tests/bench/limits.py RECORDING [--rounds 5]

Prints bytes a second of processor time in one process: lines decoded by msgspec into a structure of the needed fields
only, block by block, and the rows of filter + project written by Polars; the least of the rounds counts. Lines that are
too many for the memory are left out: at most 1,000,000.
"""

import argparse
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

MOST_LINES = 1_000_000
BLOCK = 1 << 20
FARE = msgspec.defstruct("Fare", [("amount", Any)], gc=False)
FIELDS: dict[str, dict[str, Any]] = {
    "filter + project": dict.fromkeys(("vendorId", "weekday", "tripDistance", "passengerCount"), Any) | {"fare": FARE},
    "windows and LAG": dict.fromkeys(("vendorId", "pickupTime", "tripDistance", "passengerCount"), Any),
    "nothing": {},
}


def decoding(recording: Path, rounds: int) -> list[tuple[str, float, float]]:
    """Return what was done, megabytes and the seconds for them."""
    with recording.open("rb") as file:
        lines = list(islice(file, MOST_LINES))
    blocks, size = [], sum(map(len, lines))
    held: list[bytes] = []
    for line in lines:
        held.append(line)
        if len(held) * len(line) >= BLOCK:
            blocks.append(b"".join(held))
            held.clear()
    blocks.append(b"".join(held))
    del lines
    found = []
    for name, fields in FIELDS.items():
        decode = msgspec.json.Decoder(msgspec.defstruct("Event", list(fields.items()), gc=False)).decode_lines

        def decode_all(decode: Callable[[bytes], object] = decode) -> None:
            for block in blocks:
                decode(block)

        found.append((f"msgspec alone decodes the fields of {name}", size / 1e6, least(decode_all, rounds)))
    return found


def writing(recording: Path, rounds: int) -> tuple[str, float, float]:
    """Return what was done, megabytes and the seconds for them."""
    import polars as pl

    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "vendorId": pl.Int64,
        "weekday": pl.String,
        "tripDistance": pl.Float64,
        "passengerCount": pl.Int64,
        "fare": pl.Struct({"amount": pl.Float64}),
    }
    rides = pl.scan_ndjson(recording, schema=schema).head(MOST_LINES).filter(pl.col("passengerCount") > 2)
    rows = rides.select("vendorId", "weekday", "tripDistance", pl.col("fare").struct.field("amount")).collect()
    buffer = io.BytesIO()
    rows.write_ndjson(buffer)

    def write_all() -> None:
        rows.write_ndjson(io.BytesIO())

    return "Polars alone writes the rows of filter + project", len(buffer.getvalue()) / 1e6, least(write_all, rounds)


def least(work: Callable[[], None], rounds: int) -> float:
    """Return the least processor time of some runs, in seconds."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def limits_table(recording: Path) -> str:
    """Return the table as Markdown, measured in a process of its own with one thread."""
    command = [sys.executable, __file__, str(recording)]
    variables = {**os.environ, "POLARS_MAX_THREADS": "1"}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"| part | MB | CPU s | MB a CPU second |\n|{'---|' * 4}")
    for name, size, seconds in (
        *decoding(options.recording, options.rounds),
        writing(options.recording, options.rounds),
    ):
        print(f"| {name} | {size:,.1f} | {seconds:.3f} | {size / seconds:,.0f} |")


if __name__ == "__main__":
    main()
