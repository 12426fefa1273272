"""Importing and exporting on the command line."""

from pathlib import Path

import pytest

from asaql.cli.main import main

SAMPLES = Path(__file__).parents[3] / "samples"


def test_a_project_is_imported_exported_and_still_runs_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(SAMPLES / "project")]) == 0
    expected = capsys.readouterr().out
    assert main(["import", str(SAMPLES / "project"), "job"]) == 0
    assert "wrote job/job.yaml" in capsys.readouterr().out.splitlines()
    assert main(["run", "job"]) == 0
    assert capsys.readouterr().out == expected
    assert main(["export", "job", "-o", "template.json"]) == 0
    assert main(["export", "job"]) == 0
    assert capsys.readouterr().out == Path("template.json").read_text(encoding="utf-8")
    recording = next(Path("job/data").iterdir())
    assert main(["run", "template.json", "--input", f"Readings={recording}"]) == 0
    assert capsys.readouterr().out == expected


def test_a_query_is_not_imported_and_nothing_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "alerts.sql", str(tmp_path)]) == 1
    assert "neither a project nor a template" in capsys.readouterr().err
    assert main(["import", str(SAMPLES / "project"), str(tmp_path), "--score", "nothing"]) == 2
    assert main(["import", str(SAMPLES / "project"), str(tmp_path)]) == 0
    assert main(["import", str(SAMPLES / "project"), str(tmp_path)]) == 1
    assert "AQ704" in capsys.readouterr().err


def test_a_template_that_cannot_be_written_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(SAMPLES / "project"), "-o", str(tmp_path / "no" / "t.json")]) == 1
    assert "AQ704" in capsys.readouterr().err
