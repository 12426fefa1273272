"""Workers compute the windows that begin and end within one batch; that changes nothing in what a job writes."""

import json
from pathlib import Path

import pytest

from asaql.diagnostics import JobError
from asaql.jobs import InputSpec, Job, JobOptions, OutputSpec, read_job
from asaql.model import Batch
from asaql.operators.contract import Emission
from asaql.runtime import run_job
from asaql.runtime.pool import Ticket, leased_pool
from asaql.runtime.tail import TailStage

TIMED = "FROM input TIMESTAMP BY DATEADD(second, id - 100 * (id % 97) / 96, '2024-01-01T00:00:00Z') "
SELECTED = {
    "sums": ("k, COUNT(*) AS n, SUM(x) AS total, AVG(y) AS mean", "k, TumblingWindow(second, 10)"),
    "rows": ("name, COLLECT(id) AS ids, COUNT(DISTINCT k) AS n", "name, TumblingWindow(second, 7)"),
    "instants": ("k, MAX(x) AS x, System.Timestamp() AS t", "k, System.Timestamp()"),
    "offset": ("k, MIN(y) AS y", "k, TumblingWindow(Duration(second, 10), Offset(second, -3))"),
    "filtered": ("k * 2 AS k, SUM(x) AS s", "k, TumblingWindow(second, 5) HAVING COUNT(*) > 1"),
    "long": ("k, COUNT(*) AS n", "k, TumblingWindow(hour, 1)"),
    "overlapping": ("k, COUNT(*) AS n", "k, HoppingWindow(second, 20, 10)"),
    "several": ("k, COUNT(*) AS n", "k, Windows(TumblingWindow(second, 9), TumblingWindow(second, 5))"),
}
QUERIES = {name: f"SELECT {columns} INTO out {TIMED} GROUP BY {keys}" for name, (columns, keys) in SELECTED.items()}
SHARED = {"sums", "rows", "instants", "offset", "filtered"}


@pytest.fixture(autouse=True)
def _ready_worker() -> None:
    """Have an idle worker that takes work at once, as in a job that is long enough."""
    with leased_pool(1) as pool:
        while not pool.is_ready:
            pool.collect(is_waiting=True)


def job_over(folder: Path, query: str, largest: int = 0) -> Job:
    events = (
        {"id": i, "k": i * i % 31, "name": f"n{i % 13}", "x": largest if i > 15_000 else i % 1000, "y": i / 8}
        for i in range(20_000)
    )
    (folder / "input.ndjson").write_text("".join(json.dumps(each) + "\n" for each in events))
    (folder / "query.sql").write_text(query)
    outputs = (OutputSpec("out", folder / "out.ndjson"),)
    return read_job(
        folder / "query.sql", JobOptions(inputs=(InputSpec(None, folder / "input.ndjson"),), outputs=outputs)
    )


@pytest.mark.parametrize("name", QUERIES)
def test_windows_of_two_processes_are_those_of_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_over(tmp_path, QUERIES[name])
    run_job(job)
    expected = (tmp_path / "out.ndjson").read_bytes()
    given: list[Ticket] = []
    follow = TailStage.follow

    def spy(tail: TailStage, ticket: Ticket) -> None:
        given.extend([ticket] if ticket.answer is None else [])
        follow(tail, ticket)

    def take_no_single_rows(tail: TailStage, emission: Emission, port: int) -> None:
        if isinstance(emission, Batch) and emission.height:
            follow(tail, Ticket(tail._local.read(emission)))

    monkeypatch.setattr(TailStage, "follow", spy)
    monkeypatch.setattr(TailStage, "take", take_no_single_rows)
    summary = run_job(job, parallelism=2)
    assert (tmp_path / "out.ndjson").read_bytes() == expected
    assert summary.events_out == {"out": expected.count(b"\n")}
    assert bool(given) == (name in SHARED)


@pytest.mark.parametrize("parallelism", [1, 2])
def test_a_sum_beyond_64_bits_fails_the_job_wherever_it_is_found(parallelism: int, tmp_path: Path) -> None:
    job = job_over(tmp_path, QUERIES["sums"], largest=1 << 62)
    with pytest.raises(JobError, match="SUM"):
        run_job(job, parallelism=parallelism)
