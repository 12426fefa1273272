"""Counts of a job, while it runs and behind it."""

import io
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers.fault_server import FaultServer, Reply

from asaql.cli.progress import ProgressLine
from asaql.diagnostics import JobError, QueryError, Source
from asaql.jobs import InputSpec, Job, OutputSpec
from asaql.model import TICKS_PER_SECOND
from asaql.runtime import RunSummary, run_job
from asaql.runtime.clock import ManualClock
from asaql.runtime.metrics import FunctionCounts
from asaql.runtime.monitor import MetricsFile, Monitor
from asaql.runtime.prometheus import metric_name, serve_metrics
from asaql.udf.scoring_spec import ScoringFunction

COUNTS = FunctionCounts(requests=5, events=40, failed=1, retries=1, in_flight=2)
SUMMARY = RunSummary({"In": 1200}, {"In": 9000}, functions={"score": COUNTS}, backlog=7, watermark_delay=1.5, seconds=2)


def job(folder: Path, url: str, count: int = 5) -> Job:
    events = [{"t": f"2024-01-01T00:00:0{number}Z", "x": [number]} for number in range(count)]
    return Job(
        "job",
        Source("q.sql", "SELECT udf.score(x) AS y INTO Out FROM Input TIMESTAMP BY t"),
        inputs=(InputSpec("Input", events=events),),
        outputs=(OutputSpec("Out", folder / "out.jsonl"),),
        scorers=(ScoringFunction(name="score", url=url, max_batch_rows=1, parallel_requests=2),),
    )


class Seen:
    """Keeps samples, and lets a service go on once it has seen it work."""

    def __init__(self, server: FaultServer) -> None:
        self.server = server
        self.samples: list[RunSummary] = []

    def show(self, summary: RunSummary, *, is_last: bool) -> None:
        if not is_last and not self.samples:
            # The host submits what it reads on a thread of its own: wait until it has filled both requests.
            self.server.wait_for(2)
            self.server.release()
        self.samples.append(summary)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def value_of(rows: list[dict[str, Any]], metric: str) -> Any:
    return [each["value"] for each in rows if each["metric"] == metric][-1]


def test_a_job_that_waits_for_its_service_is_seen_waiting(tmp_path: Path) -> None:
    with FaultServer() as server:
        server.hold()
        seen = Seen(server)
        summary = run_job(job(tmp_path, server.url), watchers=[seen], metrics_path=tmp_path / "m.jsonl")
    assert (seen.samples[0].in_flight, seen.samples[0].backlog) == (2, 5)
    assert seen.samples[0].events_out == {"Out": 0}
    last = seen.samples[-1]
    assert (last.in_flight, last.backlog, last.watermark_delay, last.events_out) == (0, 0, 0.0, {"Out": 5})
    assert (summary.requests, summary.scored, summary.functions["score"].events) == (5, 5, 5)
    rows = lines_of(tmp_path / "m.jsonl")
    assert {"metric": "Function Requests", "logicalName": "score", "value": 5}.items() <= rows[-7].items()
    assert (value_of(rows, "Output Events"), value_of(rows, "Runtime Errors")) == (5, 0)


def test_a_job_that_fails_leaves_its_last_metrics(tmp_path: Path) -> None:
    with FaultServer().then(Reply(503, headers={"Retry-After": "0"}), Reply(400)) as server, pytest.raises(JobError):
        run_job(job(tmp_path, server.url, 1), metrics_path=tmp_path / "m.jsonl")
    rows = lines_of(tmp_path / "m.jsonl")
    assert (value_of(rows, "Failed Function Requests"), value_of(rows, "Runtime Errors")) == (2, 1)


def test_metrics_are_written_every_five_seconds_and_at_the_end(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "m.jsonl"
    file = MetricsFile(path, clock)
    blocks = []
    for _ in range(4):
        clock.advance(2 * TICKS_PER_SECOND)
        file.show(SUMMARY, is_last=False)
        blocks.append(len(lines_of(path)) // len(SUMMARY.metrics()))
    file.show(SUMMARY, is_last=True)
    assert (blocks, len(lines_of(path))) == ([0, 0, 1, 1], 2 * len(SUMMARY.metrics()))
    assert lines_of(path)[0] == {
        "time": "1970-01-01T00:00:06.0000000Z",
        "metric": "Input Events",
        "logicalName": "In",
        "value": 1200,
    }


def test_a_metrics_file_that_cannot_be_written_is_reported_before_the_run(tmp_path: Path) -> None:
    with FaultServer() as server, pytest.raises(QueryError, match=r"AQ704.*metrics file .* cannot be written"):
        run_job(job(tmp_path, server.url), metrics_path=tmp_path / "none" / "m.jsonl")
    assert server.requests == []


def test_a_metrics_file_that_goes_away_is_told_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    clock = ManualClock()
    file = MetricsFile(folder / "m.jsonl", clock)
    (folder / "m.jsonl").unlink()
    folder.rmdir()
    clock.advance(10 * TICKS_PER_SECOND)
    file.show(SUMMARY, is_last=False)
    with pytest.raises(JobError, match="AQ704"):
        file.show(SUMMARY, is_last=True)


def test_without_watchers_nothing_is_sampled() -> None:
    def sample() -> RunSummary:
        raise AssertionError

    with Monitor(sample, [], ManualClock()):
        pass


def test_metrics_have_the_service_s_names() -> None:
    assert [each["metric"] for each in SUMMARY.metrics()] == [
        "Input Events",
        "Input Event Bytes",
        "Function Requests",
        "Function Events",
        "Failed Function Requests",
        "Function Requests In Flight",
        "Backlogged Input Events",
        "Watermark Delay",
        "Runtime Errors",
    ]


def test_prometheus_scrapes_the_counts_of_the_job() -> None:
    with serve_metrics(0) as endpoint:
        url = f"http://127.0.0.1:{endpoint.port}/metrics"
        before = httpx.get(url).text
        endpoint.sample = lambda: SUMMARY
        after = httpx.get(url).text.splitlines()
    assert "asaql_backlogged_input_events 0.0" in before
    assert 'asaql_input_events_total{logical_name="In"} 1200.0' in after
    assert 'asaql_function_requests_total{logical_name="score"} 5.0' in after
    assert 'asaql_function_requests_in_flight{logical_name="score"} 2.0' in after
    assert "asaql_watermark_delay_seconds 1.5" in after
    assert "# TYPE asaql_watermark_delay_seconds gauge" in after
    assert metric_name("Out-of-Order Events") == "asaql_out_of_order_events"
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_metrics_port_that_is_taken_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, FaultServer() as server:
        port = taken.getsockname()[1]
        with pytest.raises(QueryError, match=f"AQ715.*cannot be served at 127.0.0.1, port {port}"):
            run_job(job(tmp_path, server.url), metrics_port=port)


def test_a_run_can_serve_its_metrics(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    scraped: list[str] = []

    class Scraper:
        def show(self, summary: RunSummary, *, is_last: bool) -> None:
            scraped.append(httpx.get(f"http://127.0.0.1:{port}/metrics").text)

    with FaultServer() as server:
        run_job(job(tmp_path, server.url), metrics_port=port, watchers=[Scraper()])
    assert 'asaql_output_events_total{logical_name="Out"} 5.0' in scraped[-1]


def test_the_progress_line_is_written_over_and_removed() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.show(SUMMARY, is_last=True)
    assert stream.getvalue() == ""
    line.show(SUMMARY, is_last=False)
    line.show(RunSummary({"In": 1400}, seconds=4), is_last=False)
    line.clear()
    line.show(SUMMARY, is_last=True)
    shown = (
        "1,200 events, 600 events/s, 2 requests in flight, 1 retries, 7 events waiting, watermark delay 1.5 s",
        "1,400 events, 100 events/s",
    )
    assert stream.getvalue() == "".join(f"\r\x1b[K{each}" for each in (*shown, ""))
