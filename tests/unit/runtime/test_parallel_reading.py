"""Worker processes change nothing in what a job writes."""

import json
from pathlib import Path

import pytest

from asaql.jobs import InputSpec, JobOptions, OutputSpec, read_job
from asaql.runtime import run_job

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
