"""Worker processes change nothing in what a job writes."""

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from asaql.diagnostics import JobError
from asaql.jobs import InputSpec, Job, JobOptions, OutputSpec, read_job
from asaql.runtime import run_job
from asaql.runtime.pool import leased_pool

EVENTS = [{"id": i, "x": i * 0.5 if i % 3 else None, "r": {"a": f"text {i}"}} for i in range(500)]
QUERIES = {
    "columns": "SELECT id, x, r.a AS a INTO out FROM input WHERE id % 2 = 0",
    "whole events": "SELECT * INTO out FROM input WHERE id > 100",
    "records in columns": "SELECT id, r INTO out FROM input",
    "nothing": "SELECT id INTO out FROM input WHERE id < 0",
    "sorted": "SELECT id INTO out FROM input TIMESTAMP BY DATEADD(second, -id, '2024-01-01T00:00:00Z')",
    "windows": "SELECT COUNT(*) AS n INTO out FROM input TIMESTAMP BY DATEADD(second, id, '2024-01-01T00:00:00Z') "
    "GROUP BY TumblingWindow(second, 7)",
}


@pytest.mark.parametrize("suffix", [".ndjson", ".csv"])
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_two_processes_write_the_bytes_that_one_does(query: str, suffix: str, tmp_path: Path) -> None:
    (tmp_path / "query.sql").write_text(query)
    (tmp_path / "input.ndjson").write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    written = []
    for parallelism in (1, 2):
        output = tmp_path / f"out{parallelism}{suffix}"
        inputs = (InputSpec(None, tmp_path / "input.ndjson"),)
        job = read_job(tmp_path / "query.sql", JobOptions(inputs=inputs, outputs=(OutputSpec(None, output),)))
        summary = run_job(job, parallelism=parallelism, batch_rows=40)
        written.append((output.read_bytes(), summary.events_in, summary.events_out))
    assert written[0] == written[1]


def write_many(path: Path, malformed: Sequence[int] = ()) -> None:
    """Write so many events that a file is read in several parts."""
    lines = (json.dumps({"id": i, "text": "x" * 200, "a": {"b": i % 7}}) for i in range(20_000))
    path.write_text("".join(("{broken\n" if i in malformed else line + "\n") for i, line in enumerate(lines)))


@pytest.mark.parametrize("parallelism", [1, 3])
def test_malformed_events_of_a_long_file_are_told_by_their_lines(parallelism: int, tmp_path: Path) -> None:
    write_many(tmp_path / "input.ndjson", malformed=(0, 9_999, 19_999))
    said: list[str] = []
    summary = run_job(
        job_over(tmp_path, "SELECT * INTO out FROM input"),
        parallelism=parallelism,
        warn=lambda each: said.append(each.message),
    )
    assert [each.split(":")[1] for each in said] == ["1", "10000", "20000"]
    assert summary.events_in == {"input": 19_997}


@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_the_first_error_in_the_input_is_the_one_that_is_told(parallelism: int, tmp_path: Path) -> None:
    write_many(tmp_path / "input.ndjson")
    query = "SELECT CAST(CASE WHEN id IN (7000, 19000) THEN CONCAT('no. ', id) ELSE '1' END AS bigint) AS n "
    with pytest.raises(JobError, match=r"no\. 7000"):
        run_job(job_over(tmp_path, query + "INTO out FROM input"), parallelism=parallelism)


def test_two_inputs_share_the_processes(tmp_path: Path) -> None:
    write_many(tmp_path / "left.ndjson")
    write_many(tmp_path / "right.ndjson")
    (tmp_path / "query.sql").write_text(
        "SELECT id INTO a FROM l WHERE id % 3 = 0; SELECT id INTO b FROM r WHERE id % 5 = 0"
    )
    inputs = (InputSpec("l", tmp_path / "left.ndjson"), InputSpec("r", tmp_path / "right.ndjson"))
    outputs = tuple(OutputSpec(name, tmp_path / f"{name}.ndjson") for name in "ab")
    run_job(read_job(tmp_path / "query.sql", JobOptions(inputs=inputs, outputs=outputs)), parallelism=3)
    for name, step in (("a", 3), ("b", 5)):
        rows = [json.loads(line)["id"] for line in (tmp_path / f"{name}.ndjson").read_text().splitlines()]
        assert rows == list(range(0, 20_000, step))


LAST_STEPS = {
    "computed": "SELECT id, CONCAT('no. ', LAG(id) OVER (LIMIT DURATION(day, 1))) AS before INTO out FROM input "
    "TIMESTAMP BY DATEADD(second, id % 5000, '2024-01-01T00:00:00Z')",
    "records": "SELECT id, LAG(a) OVER (LIMIT DURATION(day, 1)) AS before INTO out FROM input "
    "TIMESTAMP BY DATEADD(second, id, '2024-01-01T00:00:00Z')",
    "filtered groups": "SELECT a.b, COUNT(*) AS n, MAX(id) AS last INTO out FROM input "
    "TIMESTAMP BY DATEADD(second, id, '2024-01-01T00:00:00Z') "
    "GROUP BY a.b, TumblingWindow(second, 5) HAVING a.b <> 3",
    "no rows": "SELECT COUNT(*) AS n INTO out FROM input TIMESTAMP BY DATEADD(second, id, '2024-01-01T00:00:00Z') "
    "GROUP BY TumblingWindow(second, 5) HAVING COUNT(*) > 99",
}


@pytest.mark.parametrize("query", LAST_STEPS.values(), ids=LAST_STEPS)
def test_workers_take_the_last_steps_of_an_output(query: str, tmp_path: Path) -> None:
    write_many(tmp_path / "input.ndjson")
    written = []
    for parallelism in (1, 2, 3):
        run_job(job_over(tmp_path, query), parallelism=parallelism)
        written.append((tmp_path / "out.ndjson").read_bytes())
    assert written[0] == written[1] == written[2]


@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_the_first_error_in_the_last_steps_is_the_one_that_is_told(parallelism: int, tmp_path: Path) -> None:
    write_many(tmp_path / "input.ndjson")
    query = (
        "SELECT CAST(CONCAT(CASE WHEN id IN (7000, 19000) THEN 'x' ELSE '1' END, "
        "LAG(id) OVER (LIMIT DURATION(day, 1))) AS bigint) AS n INTO out FROM input "
        "TIMESTAMP BY DATEADD(second, id, '2024-01-01T00:00:00Z')"
    )
    with pytest.raises(JobError, match="x6999"):
        run_job(job_over(tmp_path, query), parallelism=parallelism)


def test_a_worker_that_is_killed_fails_the_job_and_the_next_run_has_a_new_one(tmp_path: Path) -> None:
    write_many(tmp_path / "input.ndjson")
    job = job_over(tmp_path, "SELECT id INTO out FROM input")
    with leased_pool(1) as pool:
        pool.collect(is_waiting=True)
        os.kill(pool.process_ids[0], signal.SIGKILL)
    with pytest.raises(JobError, match="a worker process ended unexpectedly with status -9"):
        run_job(job, parallelism=2)
    assert not (tmp_path / "out.ndjson").exists()
    assert run_job(job, parallelism=2).events_in == {"input": 20_000}


def job_over(folder: Path, query: str) -> Job:
    (folder / "query.sql").write_text(query)
    inputs = (InputSpec(None, folder / "input.ndjson"),)
    outputs = (OutputSpec(None, folder / "out.ndjson"),)
    return read_job(folder / "query.sql", JobOptions(inputs=inputs, outputs=outputs))
