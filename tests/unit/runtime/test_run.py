import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

import asaql
from asaql.diagnostics import Diagnostic, Source
from asaql.jobs import InputSpec, Job, OutputSpec
from asaql.runtime import run_job
from asaql.runtime.clock import ManualClock

EVENTS = [{"id": number, "v": number / 2} for number in range(50)]


def job(query: str, path: Path, out: Path | None = None) -> Job:
    outputs = (OutputSpec(None, out),) if out is not None else ()
    return Job("test", Source("query", query), inputs=(InputSpec(None, path),), outputs=outputs)


def recording(path: Path, events: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def test_rows_do_not_depend_on_batches_or_processes() -> None:
    query = "SELECT id, v * 2 AS w FROM input WHERE v > 3"
    expected = asaql.run(query, {"input": EVENTS})
    for batch_rows in (1, 7, None):
        for parallelism in (1, 2, 3):
            assert asaql.run(query, {"input": EVENTS}, batch_rows=batch_rows, parallelism=parallelism) == expected


def test_a_file_is_written_when_the_job_has_ended(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.ndjson", EVENTS)
    summary = run_job(job("SELECT id FROM input WHERE id < 3", source, tmp_path / "out.ndjson"))
    assert (tmp_path / "out.ndjson").read_text() == '{"id":0}\n{"id":1}\n{"id":2}\n'
    assert summary.events_in == {"input": 50}
    assert summary.events_out == {"output": 3}


def test_a_job_that_fails_leaves_its_output_as_it_was(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.ndjson", [{"v": "1"}, {"v": "x"}])
    out = tmp_path / "out.ndjson"
    out.write_text("before\n")
    with pytest.raises(asaql.JobError, match='"x" cannot be converted'):
        run_job(job("SELECT CAST(v AS bigint) AS b FROM input", source, out))
    assert out.read_text() == "before\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.ndjson", "out.ndjson"]


@pytest.mark.parametrize("parallelism", [1, 2])
@pytest.mark.parametrize("batch_rows", [1, 2, None])
def test_the_first_failing_row_is_reported_however_rows_are_cut(batch_rows: int | None, parallelism: int) -> None:
    events = [{"a": "1", "b": "1"}, {"a": "1", "b": "second"}, {"a": "third", "b": "1"}]
    query = "SELECT CAST(a AS bigint) AS a, CAST(b AS bigint) AS b FROM input"
    with pytest.raises(asaql.JobError, match='the text "second"'):
        asaql.run(query, {"input": events}, batch_rows=batch_rows, parallelism=parallelism)


def test_a_gzipped_recording_is_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "in.ndjson.gz"
    path.write_bytes(gzip.compress(b'{"id": 1}\n'))
    assert asaql.run("SELECT id FROM input", {"input": path}) == {"output": [{"id": 1}]}


def test_malformed_events_are_counted_and_the_first_few_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "in.ndjson"
    path.write_text('{"id": 1}\n' + "{broken\n" * 8 + '{"id": 2}\n')
    warned: list[Diagnostic] = []
    summary = run_job(job("SELECT id FROM input", path, tmp_path / "out.ndjson"), warn=warned.append)
    assert summary.malformed == {"input": 8}
    assert summary.dropped == 8
    assert [each.message.partition(":")[2].partition(":")[0] for each in warned[:5]] == ["2", "3", "4", "5", "6"]
    assert "counted and not shown" in warned[5].message
    assert len(warned) == 6


def test_events_without_a_time_are_counted(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.ndjson", [{"t": "2024-01-01"}, {"t": "soon"}, {}])
    summary = run_job(job("SELECT t FROM input TIMESTAMP BY t", source, tmp_path / "out.ndjson"))
    assert summary.untimed == {"input": 2}


def test_an_input_without_data_is_named_with_the_nearest_one_that_has_some() -> None:
    with pytest.raises(asaql.QueryError, match='did you mean "sensors"'):
        asaql.run("SELECT a FROM sensor", {"sensors": []})


def test_several_outputs_share_standard_output_by_name(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.ndjson", [{"a": 1}])
    query = tmp_path / "q.sql"
    query.write_text("SELECT a INTO one FROM input SELECT a + 1 AS b INTO two FROM input")
    command = [sys.executable, "-m", "asaql", "run", str(query), "--input", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == '{"one":{"a":1}}\n{"two":{"b":2}}\n'


def test_an_event_on_standard_input_is_answered_before_the_next_one_is_written(tmp_path: Path) -> None:
    query = tmp_path / "q.sql"
    query.write_text("SELECT a * 2 AS b FROM input")
    command = [sys.executable, "-m", "asaql", "run", str(query), "--input", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(b'{"a": %d}\n' % number)
            process.stdin.flush()
            assert process.stdout.readline() == b'{"b":%d}\n' % (number * 2)
        process.stdin.close()
        assert process.wait() == 0


def test_metrics_carry_the_names_of_the_service(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.ndjson", EVENTS)
    metrics = tmp_path / "metrics.ndjson"
    run_job(job("SELECT id FROM input", source, tmp_path / "out.ndjson"), metrics_path=metrics, clock=ManualClock())
    rows = {row["metric"]: row["value"] for row in map(json.loads, metrics.read_text().splitlines())}
    assert rows["Input Events"] == 50
    assert rows["Output Events"] == 50
    assert rows["Input Deserialization Errors"] == 0


def test_an_error_of_a_worker_process_is_the_error_of_the_job() -> None:
    with pytest.raises(asaql.JobError, match="is zero"):
        asaql.run("SELECT 1 / a AS b FROM input", {"input": [{"a": 0}]}, parallelism=2)


def test_reference_data_is_read_before_the_streams() -> None:
    rows = asaql.run(
        "SELECT s.k, r.name FROM s JOIN r ON s.k = r.k",
        {"s": [{"k": 1}, {"k": 2}], "r": [{"k": 1, "name": "one"}]},
        reference=["r"],
        batch_rows=1,
    )
    assert rows == {"output": [{"k": 1, "name": "one"}]}
