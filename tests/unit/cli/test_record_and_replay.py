"""Scores that are kept by one run and answer in the next."""

from pathlib import Path

import pytest
from servers.fault_server import FaultServer

from asaql.cli.main import main

QUERY = "SELECT id, udf.score(features) AS score FROM Rides"
RIDES = '{"id": 1, "features": ["1", 5.8]}\n{"id": 2, "features": ["2", 10]}\n{"id": 3, "features": ["1", 5.8]}\n'
SCORED = '{"id":1,"score":11.6}\n{"id":2,"score":20}\n{"id":3,"score":11.6}\n'
RECORDED = '{"function":"score","row":["1",5.8],"score":11.6}\n{"function":"score","row":["2",10],"score":20}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "q.asaql").write_text(QUERY, encoding="utf-8")
    (tmp_path / "rides.jsonl").write_text(RIDES, encoding="utf-8")
    (tmp_path / "scores.jsonl").write_text(RECORDED, encoding="utf-8")
    return tmp_path


def test_a_run_records_and_the_next_one_needs_no_service(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["run", "q.asaql", "--input", "rides.jsonl"]
    with FaultServer(score=lambda row: row[1] * 2) as server:
        assert main([*run, "--score", f"score={server.url}", "--record-scores", "new.jsonl", "--batch-rows", "1"]) == 0
    assert (folder / "new.jsonl").read_text(encoding="utf-8") == RECORDED
    assert capsys.readouterr() == (SCORED, "")
    assert main([*run, "--replay-scores", "new.jsonl"]) == 0
    assert main([*run, "--score", "score=new.jsonl"]) == 0
    assert capsys.readouterr() == (SCORED * 2, "")


def test_a_recording_takes_the_place_of_the_job_s_service(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "job.yaml").write_text(
        "query_file: q.asaql\ninputs: {Rides: rides.jsonl}\n"
        "functions: {Score: {scoring: {url: http://service.invalid/score, max_batch_rows: 2}}}\n",
        encoding="utf-8",
    )
    assert main(["run", "job.yaml", "--replay-scores", "scores.jsonl", "--summary"]) == 0
    shown = capsys.readouterr()
    assert shown.out == SCORED
    assert "requests         2" in shown.err


def test_a_job_file_can_name_the_recording(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "job.yaml").write_text(
        "query_file: q.asaql\ninputs: {Rides: rides.jsonl}\nfunctions: {score: {scoring: {replay: scores.jsonl}}}\n",
        encoding="utf-8",
    )
    assert main(["run", "job.yaml"]) == 0
    assert capsys.readouterr() == (SCORED, "")


def test_a_row_that_was_not_recorded_fails_the_run_at_the_call(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "rides.jsonl").write_text('{"id": 1, "features": ["1", 6]}\n', encoding="utf-8")
    assert main(["run", "q.asaql", "--input", "rides.jsonl", "--replay-scores", "scores.jsonl"]) == 3
    shown = capsys.readouterr().err
    assert 'error[AQ616]: scoring function "score" is given a row that "scores.jsonl" does not hold: ["1",6]' in shown
    assert " --> q.asaql:1:12" in shown
    assert 'recorded: ["1",5.8] (differs in element 2)' in shown


def test_a_run_that_fails_leaves_the_recording_as_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "q.asaql").write_text("SELECT CAST(udf.score(features) AS datetime) AS t FROM Rides", encoding="utf-8")
    with FaultServer(score=lambda row: "never") as server:
        arguments = ["--input", "rides.jsonl", "--score", f"score={server.url}", "--record-scores", "scores.jsonl"]
        assert main(["run", "q.asaql", *arguments]) == 3
    assert "error[AQ302]" in capsys.readouterr().err
    assert (folder / "scores.jsonl").read_text(encoding="utf-8") == RECORDED
