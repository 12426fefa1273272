"""Throughput of scoring against a service of fixed latency, and what a row costs.

    python tests/bench/scoring.py
    python tests/bench/scoring.py --latency 0.4 --partitions 3 --seconds 10

The ideal is `partitions x parallel requests x batch rows / latency`. The service runs in a process of its own and gives
every request the same answer, so that what is measured is the client and the operator: writing requests, HTTP,
reading answers, putting results into batches.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from asaql.model import Batch, Column
from asaql.operators.score import ScoreOperator
from asaql.udf.scoring import HttpScorer, open_scorer
from asaql.udf.scoring_spec import ScoringFunction

INPUT_ROWS = 4096
ROW = ["1", "Mon", "12", "1", "5.8"]


class Service(asyncio.Protocol):
    """Answers every POST after a while, and every GET with status 404."""

    def __init__(self, latency: float, answer: bytes) -> None:
        self._latency = latency
        self._answer = answer
        self._data = bytearray()
        self._missing: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._missing is None:
            self._data += data
            head, found, rest = bytes(self._data).partition(b"\r\n\r\n")
            if not found:
                return
            self._is_get = head.startswith(b"GET")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            self._missing = int(length or 0) - len(rest)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = None
            self._data.clear()
            self._reply()

    def _reply(self) -> None:
        if self._is_get:
            self._transport.write(b"HTTP/1.1 404 none\r\nContent-Length: 0\r\n\r\n")
        else:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, self._answer)


async def serve(latency: float, rows: int) -> None:
    """Serve until standard input ends; print the URL first."""
    body = b"[" + b",".join([b"0.5"] * rows) + b"]"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Service(latency, answer), "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/score", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def score(scorer: HttpScorer, rows: int) -> int:
    """Score rows through an operator; return how many came out."""
    operator = ScoreOperator(scorer, "ride", "score")
    times = pl.int_range(INPUT_ROWS, dtype=pl.Int64, eager=True)
    batch = Batch({"ride": Column.from_values([ROW] * INPUT_ROWS)}, times)
    scored = 0
    for start in range(0, rows, INPUT_ROWS):
        for each in operator.on_batch(batch.slice(0, min(INPUT_ROWS, rows - start))):
            scored += each.height if isinstance(each, Batch) else 0
    return scored + sum(each.height for each in operator.on_end() if isinstance(each, Batch))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds from request to answer")
    parser.add_argument("--rows", type=int, default=1000, help="rows in a request")
    parser.add_argument("--parallel", type=int, default=20, help="requests of a partition that are under way")
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=6.0, help="how long the ideal client would take")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.latency, options.rows))
        return
    command = [sys.executable, __file__, "--serve", "--latency", str(options.latency), "--rows", str(options.rows)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        measure(service.stdout.readline().strip(), options)
        service.communicate("")


def measure(url: str, options: argparse.Namespace) -> None:
    function = ScoringFunction(
        name="score", url=url, max_batch_rows=options.rows, parallel_requests=options.parallel, timeout_seconds=60
    )
    ideal = options.partitions * options.parallel * options.rows / options.latency
    rounds = max(1, round(options.seconds / options.latency))
    rows = rounds * options.parallel * options.rows
    with open_scorer(function) as first, ThreadPoolExecutor(options.partitions) as threads:
        scorers = [first, *(first.partition() for _ in range(options.partitions - 1))]
        started, used = time.perf_counter(), time.process_time()
        scored = sum(threads.map(lambda each: score(each, rows), scorers))
        seconds, processor = time.perf_counter() - started, time.process_time() - used
    assert scored == rows * options.partitions
    print(f"ideal     {ideal:12,.0f} events/s")
    print(f"achieved  {scored / seconds:12,.0f} events/s  {scored / seconds / ideal:.3f} of the ideal")
    print(
        f"processor {processor / scored * 1e6:12.2f} us/row  {processor / scored * options.rows * 1e3:.2f} ms/request"
    )


if __name__ == "__main__":
    main()
