"""Lint on the command line."""

import json
from pathlib import Path

import pytest

from asaql.cli.main import main

QUERY = 'SELECT COUNT(*) AS n, "x" AS t INTO Out FROM Sensors GROUP BY TumblingWindow(second, 10)\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "q.sql").write_text(QUERY, encoding="utf-8")
    return tmp_path


def codes(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["check", *arguments, "--format", "json"]) == 0
    return [each["code"] for each in json.loads(capsys.readouterr().out)["diagnostics"]]


def test_check_warns_and_run_does_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert codes(capsys, "q.sql") == ["AQ105", "AQ804"]
    (folder / "in.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    assert main(["run", "q.sql", "--input", "in.jsonl"]) == 0
    assert "AQ804" not in capsys.readouterr().err


def test_an_option_silences_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert codes(capsys, "q.sql", "--ignore", "aq804") == ["AQ105"]
    assert codes(capsys, "q.sql", "--ignore", "AQ804", "--ignore", "AQ105") == []
    assert main(["check", "q.sql", "--ignore", "AQ203"]) == 2


def test_a_job_file_silences_a_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = folder / "job.yaml"
    job.write_text("query_file: q.sql\nlint: {ignore: [AQ804]}\n", encoding="utf-8")
    assert codes(capsys, "job.yaml") == ["AQ105"]
    job.write_text("query_file: q.sql\nlint: {ignore: [AQ904]}\n", encoding="utf-8")
    assert main(["check", "job.yaml"]) == 1
    assert 'did you mean "AQ804"?' in capsys.readouterr().err


def test_errors_come_without_lint(capsys: pytest.CaptureFixture[str]) -> None:
    Path("q.sql").write_text("SELECT COUNT(*) AS n, b FROM i GROUP BY TumblingWindow(second, 10)", encoding="utf-8")
    assert main(["check", "q.sql"]) == 1
    assert "AQ804" not in capsys.readouterr().err
