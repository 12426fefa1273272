"""Projects and templates as job folders."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from asaql.diagnostics import QueryError, Source
from asaql.jobs import InputSpec, Job, JobOptions, OutputSpec, TimePolicies, read_job
from asaql.jobs.export_folder import write_job_folder
from asaql.udf.scoring_spec import ScoringFunction, Secret
from asaql.udf.script_spec import ScriptFunction

SAMPLES = Path(__file__).parents[3] / "samples"


def comparable(job: Job) -> Job:
    """Return a job without what differs by the place it is read from."""
    return replace(
        job,
        query=Source("", job.query.text),
        inputs=tuple(replace(each, path=None, events=None, format=None) for each in job.inputs),
        outputs=(),
        scripts=tuple(replace(each, source=Source("", each.source.text)) for each in job.scripts),
        warnings=(),
    )


@pytest.mark.parametrize("sample", ["project", "arm/carpark.json"])
def test_a_sample_becomes_the_same_job(sample: str, tmp_path: Path) -> None:
    job = read_job(SAMPLES / sample)
    write_job_folder(job, tmp_path / "new")
    again = read_job(tmp_path / "new")
    assert comparable(again) == comparable(job)
    assert [each.has_data for each in again.inputs] == [each.has_data for each in job.inputs]


def test_what_a_job_file_can_say_is_said_and_no_key_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in put.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    job = Job(
        "costs ${x}",
        Source("q", "SELECT udf.f(a) AS b, '${y}' AS c INTO O FROM I;\r\n"),
        inputs=(
            InputSpec("I", tmp_path / "in put.csv", format="csv", delimiter=";"),
            InputSpec("Ref Data", events=[{"id": 1, "name": "Ä"}], is_reference=True),
            InputSpec("Live"),
        ),
        outputs=(OutputSpec("O", tmp_path / "rows.jsonl"),),
        scripts=(
            ScriptFunction(
                "f", Source("f", "function main(a) { return `${a}`; }\n"), "scalar", "nvarchar(max)", ("any",)
            ),
            ScriptFunction("F2", Source("F2", "function main() {}\n"), "aggregate"),
        ),
        scorers=(
            ScoringFunction(name="score", url="http://h/score", key=Secret("very-secret"), max_batch_rows=5),
            ScoringFunction(name="other", url="http://h/score?code=very-secret", request_name="rows"),
        ),
        policies=TimePolicies(50_000_000, 12_345_678, "drop", 0, 621_355_968_000_000_001),
        level="1.1",
        streaming_units=12,
        locale="de-DE",
        output_error_policy="drop",
        ignore_case=True,
    )
    written = write_job_folder(job, tmp_path / "new")
    assert sorted(each.relative_to(tmp_path / "new").as_posix() for each in written.paths) == [
        "data/Ref_Data.jsonl",
        "data/in put.csv",
        "functions/F2.js",
        "functions/f.js",
        "job.yaml",
        "query.asaql",
    ]
    assert all("very-secret" not in each.read_text(encoding="utf-8") for each in written.paths)
    assert set(written.variables) == {"SCORE_KEY", "OTHER_URL"}
    monkeypatch.setenv("SCORE_KEY", "very-secret")
    monkeypatch.setenv("OTHER_URL", "http://h/score?code=very-secret")
    again = read_job(tmp_path / "new")
    assert comparable(again) == comparable(job)
    assert again.outputs[0].path is not None
    assert again.outputs[0].path.resolve() == tmp_path / "rows.jsonl"
    assert again.query.text == job.query.text


def test_no_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "query.asaql").write_text("mine", encoding="utf-8")
    with pytest.raises(QueryError, match="is there already"):
        write_job_folder(read_job(SAMPLES / "project"), tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["query.asaql"]


def test_a_reader_of_variables_finds_none_in_the_query_of_a_folder(tmp_path: Path) -> None:
    job = read_job(SAMPLES / "arm" / "carpark.json", JobOptions())
    write_job_folder(job, tmp_path / "a b")
    assert (tmp_path / "a b" / "functions" / "price.js").read_text(encoding="utf-8").startswith("// The first hour")
