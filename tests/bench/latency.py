"""How long a row takes: one event at a time through standard input, the next one only after the row came out.

    python tests/bench/latency.py [--events 5000]

Prints the median and the 99th percentile of the time from writing an event to having its row, after a warm-up, for a
filter and for a JavaScript function; every event of the recording gives a row.
"""

import argparse
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from measure import environment
from recordings import recording
from workloads import CREATE_ARRAY

WARM_UP = 500
PATIENCE_SECONDS = 10
MOST_MEDIAN = 5.0
MOST_LATE = 20.0
"""Milliseconds."""
QUERIES = {
    "filter": "SELECT vendorId, weekday, tripDistance, fare.amount AS amount INTO out FROM input "
    "WHERE passengerCount > 0",
    "JavaScript array of 5": "SELECT udf.createArray(vendorId, weekday, passengerCount, tripTimeInSeconds, "
    "tripDistance) AS ride INTO out FROM input",
}


class NoRow(Exception):
    """An event was written and no row came out."""


def milliseconds(query: str, processes: int, events: int, folder: Path) -> list[float]:
    """Return the time of each event after the warm-up; `NoRow` if one has no row within ten seconds."""
    (folder / "query.sql").write_text(query)
    (folder / "createArray.js").write_text(CREATE_ARRAY)
    lines = recording(folder, "rides", WARM_UP + events).read_bytes().splitlines(keepends=True)
    options = ["--input", "-", "--parallelism", str(processes)]
    if "udf." in query:
        options += ["--function", f"createArray={folder / 'createArray.js'}"]
    command = [sys.executable, "-m", "asaql", "run", str(folder / "query.sql"), *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment(folder), bufsize=0) as process:
        try:
            return [_answered(process, line) for line in lines][WARM_UP:]
        except NoRow:
            process.terminate()
            raise


def _answered(process: "subprocess.Popen[bytes]", line: bytes) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    rows = process.stdout.fileno()
    started = time.perf_counter()
    os.write(process.stdin.fileno(), line)
    row = b""
    while not row.endswith(b"\n"):
        if not select.select([rows], [], [], PATIENCE_SECONDS)[0]:
            message = f"no row within {PATIENCE_SECONDS} s"
            raise NoRow(message)
        part = os.read(rows, 1 << 16)
        if not part:
            message = "asaql ended"
            raise NoRow(message)
        row += part
    return (time.perf_counter() - started) * 1e3


def latency_table(events: int = 5000, *, few: bool = False) -> str:
    """Return the table as Markdown."""
    head = "| query | processes | events | median ms | 99th percentile ms | most ms | median < 5, 99th < 20 |"
    lines = [head, f"|{'---|' * 7}"]
    events = 500 if few else events
    with tempfile.TemporaryDirectory(prefix="asaql-bench-") as folder:
        for (name, query), processes in product(QUERIES.items(), (1, 2)):
            try:
                times = milliseconds(query, processes, events, Path(folder))
            except NoRow as failure:
                lines.append(f"| {name} | {processes} | {events:,} | {failure} | | | **no** |")
                continue
            middle, late = statistics.median(times), statistics.quantiles(times, n=100)[98]
            held = "yes" if middle < MOST_MEDIAN and late < MOST_LATE else "**no**"
            figures = f"{middle:.2f} | {late:.2f} | {max(times):.2f}"
            lines.append(f"| {name} | {processes} | {events:,} | {figures} | {held} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=5000)
    print(latency_table(parser.parse_args().events))
