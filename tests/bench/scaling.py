"""The scoring path against the service's own figures.

    python tests/bench/scaling.py table       the throughput table, achieved by ideal
    python tests/bench/scaling.py slowdown    a service that becomes ten times as slow in mid-run, then recovers
    python tests/bench/scaling.py cost        processor time a row, from file to file

The table's latencies are 200 ms up to 1,000 rows, 250 ms for 5,000, 300 ms for 10,000. Its figures assume one request
at a time in each partition; its text 20. The ideal is `partitions x parallel requests x batch rows / latency`. Cells
above 150,000 events/s are left out, and those of 25,000 rows, which no request may carry. Services run in processes
of their own, on the same machine.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from recordings import write_rides
from scoring import INPUT_ROWS, ROW

from asaql.diagnostics import Source
from asaql.jobs import InputSpec, Job, OutputSpec, TimePolicies
from asaql.model import TICKS_PER_SECOND, Batch, Column
from asaql.operators.score import ScoreOperator
from asaql.runtime import RunSummary, run_job
from asaql.udf.scoring import open_scorer
from asaql.udf.scoring_spec import ScoringFunction
from asaql.udf.script_spec import ScriptFunction

HERE = Path(__file__).parent
LATENCIES = {500: 0.2, 1000: 0.2, 5000: 0.25, 10_000: 0.3}
PARTITIONS = {1: "1, 3, 6", 2: "12", 3: "18", 4: "24", 10: "60"}
MOST_EVENTS_PER_SECOND = 150_000
ARRAY = """
function createArray(vendorId, weekday, pickupTime, passengerCount, tripDistance) {
    'use strict';
    return [vendorId, weekday, pickupTime, passengerCount, tripDistance];
}
"""
ARGUMENTS = "vendorId, weekday, pickupTime, passengerCount, tripDistance"
QUERIES = {
    "decode, output": "SELECT ride, tripDistance AS d, vendorId, weekday, pickupTime, passengerCount FROM Rides",
    "and JavaScript": f"SELECT ride, udf.createArray({ARGUMENTS}) AS d FROM Rides",
    "and scoring": f"SELECT ride, udf.score(udf.createArray({ARGUMENTS})) AS d FROM Rides",
}


@contextmanager
def fixed_service(latency: float, rows: int) -> Iterator[str]:
    """Run a service that gives every request the same answer; yields its URL."""
    command = [sys.executable, str(HERE / "scoring.py"), "--serve", "--latency", str(latency), "--rows", str(rows)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        yield service.stdout.readline().strip()
        service.communicate("")


# The throughput table


def table(seconds: float) -> None:
    """Print the table's cells that this machine can hold."""
    head = ("streaming units", "parallel", "rows", "latency ms", "ideal", "achieved", "achieved / ideal", "CPU us/row")
    print(f"| {' | '.join(head)} | rows held | peak MB |\n|{'---|' * (len(head) + 2)}")
    shares = []
    for parallel in (1, 20):
        for partitions, units in PARTITIONS.items():
            for rows, latency in LATENCIES.items():
                ideal = partitions * parallel * rows / latency
                if ideal <= MOST_EVENTS_PER_SECOND:
                    rate, cost, held = cell(partitions * parallel, rows, latency, seconds)
                    shares.append(rate / ideal)
                    print(
                        f"| {units} | {parallel} | {rows:,} | {latency * 1000:.0f} | {ideal:,.0f} | {rate:,.0f} |"
                        f" {rate / ideal:.3f} | {cost:.2f} | {held:,} | {peak_megabytes():.0f} |",
                        flush=True,
                    )
    print(f"\n{len(shares)} cells, the least share {min(shares):.3f}")


def cell(parallel: int, rows: int, latency: float, seconds: float) -> tuple[float, float, int]:
    """Return events a second, microseconds of processor time a row, and the most rows that were held."""
    total = max(10, round(seconds / latency)) * parallel * rows
    times = pl.int_range(INPUT_ROWS, dtype=pl.Int64, eager=True)
    batch = Batch({"ride": Column.from_values([ROW] * INPUT_ROWS)}, times)
    with fixed_service(latency, rows) as url:
        function = ScoringFunction(name="score", url=url, max_batch_rows=rows, parallel_requests=parallel)
        with open_scorer(function) as scorer:
            operator = ScoreOperator(scorer, "ride", "score")
            scored = held = 0
            started, used = time.perf_counter(), time.process_time()
            for start in range(0, total, INPUT_ROWS):
                for each in operator.on_batch(batch.slice(0, min(INPUT_ROWS, total - start))):
                    scored += each.height if isinstance(each, Batch) else 0
                held = max(held, operator.rows_held)
            scored += sum(each.height for each in operator.on_end() if isinstance(each, Batch))
            passed, used = time.perf_counter() - started, time.process_time() - used
    assert scored == total, (scored, total)
    return total / passed, used / total * 1e6, held


def peak_megabytes() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# A service that slows down


async def serve_rows(latency: float) -> None:
    """Answer each row with its first element; every line of standard input is a new latency, its end is the end."""
    now = [latency]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            body = await reader.readexactly(length)
            if head.startswith(b"GET"):
                writer.write(b"HTTP/1.1 404 none\r\nContent-Length: 0\r\n\r\n")
                continue
            scores = json.dumps([row[0] for row in json.loads(body)["data"]]).encode()
            await asyncio.sleep(now[0])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(scores), scores))

    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quiet, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/score", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        now[0] = float(line)


class Phases:
    """Shows samples of the run, and makes the service slow from the fourth second to the tenth."""

    def __init__(self, service: "subprocess.Popen[str]", latency: float) -> None:
        self._service = service
        self._changes = [(4.0, latency * 10), (10.0, latency)]
        self._rows, self._seconds = 0, 0.0

    def show(self, summary: RunSummary, *, is_last: bool) -> None:
        if self._changes and summary.seconds >= self._changes[0][0]:
            assert self._service.stdin is not None
            self._service.stdin.write(f"{self._changes.pop(0)[1]}\n")
            self._service.stdin.flush()
        rows = sum(summary.events_out.values())
        rate = (rows - self._rows) / max(summary.seconds - self._seconds, 1e-9)
        self._rows, self._seconds = rows, summary.seconds
        print(
            f"{summary.seconds:6.1f} s  {sum(summary.events_in.values()):>9,} in  {rows:>9,} out  {rate:>8,.0f}/s"
            f"  {summary.in_flight:>2} in flight  {summary.backlog:>7,} waiting"
            f"  delay {summary.watermark_delay:6.1f} s  {peak_megabytes():.0f} MB",
            flush=True,
        )


def slowdown(events: int, latency: float) -> None:
    """Run a job over its service's bad minutes; check that every row is there, once, in its place."""
    command = [sys.executable, __file__, "serve", "--latency", str(latency)]
    with (
        tempfile.TemporaryDirectory(prefix="asaql-bench-") as folder,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service,
    ):
        assert service.stdout is not None
        recording, output = Path(folder, "rides.ndjson"), Path(folder, "scores.ndjson")
        with recording.open("w", encoding="utf-8") as file:
            for number in range(events):
                minutes, milliseconds = divmod(number * 10, 60_000)
                clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds / 1000:06.3f}"
                file.write(f'{{"t":"2024-01-01T{clock}Z","id":{number},"x":[{number}]}}\n')
        job = Job(
            "slowdown",
            Source("slowdown.sql", "SELECT id, udf.score(x) AS y INTO Scores FROM Rides TIMESTAMP BY t"),
            inputs=(InputSpec("Rides", recording),),
            outputs=(OutputSpec("Scores", output),),
            scorers=(ScoringFunction(name="score", url=service.stdout.readline().strip()),),
            policies=TimePolicies(out_of_order=TICKS_PER_SECOND),
        )
        summary = run_job(job, watchers=[Phases(service, latency)])
        rows = [json.loads(line) for line in output.read_bytes().splitlines()]
        service.communicate("")
    assert [row["id"] for row in rows] == list(range(events)), "rows are lost or out of order"
    assert all(row["id"] == row["y"] for row in rows), "scores are not those of their rows"
    print(f"{len(rows):,} rows, all there, in order, with their scores; {summary.requests:,} requests")


# Processor time


def cost(events: int, rounds: int) -> None:
    """Print what a row costs in one process, from file to file; each line does what the one above does, and more."""
    with tempfile.TemporaryDirectory(prefix="asaql-bench-") as folder, fixed_service(0.02, 1000) as url:
        recording = Path(folder, "rides.ndjson")
        write_rides(recording, events)
        before = 0.0
        print(f"{'batches of 1,000 rows':<24} us/row      more")
        for name, query in QUERIES.items():
            job = Job(
                "cost",
                Source("cost.sql", query),
                inputs=(InputSpec("Rides", recording),),
                outputs=(OutputSpec("output", Path(folder, "out.ndjson")),),
                scripts=(ScriptFunction("createArray", Source("createArray.js", ARRAY), "scalar"),),
                scorers=(ScoringFunction(name="score", url=url),),
            )
            least = min(processor_seconds(job) for _ in range(rounds)) / events * 1e6
            print(f"{name:<24} {least:6.2f}    {least - before:6.2f}", flush=True)
            before = least


def processor_seconds(job: Job) -> float:
    """Return the processor time of a run, all threads together."""
    used = time.process_time()
    run_job(job)
    return time.process_time() - used


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("table", "slowdown", "cost", "serve"))
    parser.add_argument("--seconds", type=float, default=4.0, help="how long the ideal client takes for a cell")
    parser.add_argument("--events", type=int, default=600_000, help="rows of slowdown and cost")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of cost; the least counts")
    parser.add_argument("--latency", type=float, default=0.2, help="the latency of slowdown's service")
    options = parser.parse_args()
    match options.what:
        case "table":
            table(options.seconds)
        case "slowdown":
            slowdown(options.events, options.latency)
        case "cost":
            cost(options.events, options.rounds)
        case _:
            asyncio.run(serve_rows(options.latency))


if __name__ == "__main__":
    main()
