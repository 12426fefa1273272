"""`asaql test` as it is called: options, exit codes, output."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from asaql.cli.main import main

_PROJECT_ARGUMENTS = [
    ["--project", "{p}", "--testConfigPath", "{c}", "--outputPath", "{o}"],
    ["-project", "{p}", "-testConfigPath", "{c}", "-outputPath", "{o}"],
    ["--project", "{p}", "--test-config-path", "{c}", "--output-path", "{o}"],
    ["-project", "{p}", "-outputPath", "{o}"],
]


def _project(folder: Path, expected: str = '[{"a": 1}]') -> Path:
    (folder / "test").mkdir(parents=True)
    (folder / "asaproj.json").write_text('{"name": "p", "startFile": "q.asaql"}')
    (folder / "q.asaql").write_text("SELECT a INTO Out FROM Readings")
    (folder / "test/in.json").write_text('{"a": 1}')
    (folder / "test/out.json").write_text(expected)
    case = {
        "Name": "one",
        "Inputs": [{"InputAlias": "Readings", "FilePath": "in.json"}],
        "ExpectedOutputs": [{"OutputAlias": "Out", "FilePath": "out.json", "Required": True}],
    }
    (folder / "test/testConfig.json").write_text(json.dumps({"Script": "", "TestCases": [case]}))
    return folder


@pytest.mark.parametrize("arguments", _PROJECT_ARGUMENTS)
def test_the_arguments_of_the_official_tool_are_taken_in_both_spellings(tmp_path: Path, arguments: list[str]) -> None:
    folder, out = _project(tmp_path / "p"), tmp_path / "out"
    names = {"p": folder / "asaproj.json", "c": folder / "test/testConfig.json", "o": out}
    assert main(["test", *(each.format(**names) for each in arguments)]) == 0
    assert json.loads((out / "testResultSummary.json").read_text())["Passed"] == 1
    assert (out / "one/Out.json").read_text() == '{"a": 1}\n'


def test_exit_codes_are_those_of_the_help_text(tmp_path: Path) -> None:
    fine, failing = _project(tmp_path / "a"), _project(tmp_path / "b", '[{"a": 2}]')
    assert main(["test", str(fine)]) == 0
    assert main(["test", str(failing)]) == 1
    assert main(["test", str(tmp_path / "gone")]) == 1
    assert main(["test", "--no-such-option"]) == 2


def test_official_exit_codes_are_taken_on_request(tmp_path: Path) -> None:
    fine, failing = _project(tmp_path / "a"), _project(tmp_path / "b", '[{"a": 2}]')
    broken = _project(tmp_path / "c")
    (broken / "q.asaql").write_text("SELEC")
    codes = {}
    for folder in (fine, failing, broken, tmp_path / "gone"):
        command = [sys.executable, "-m", "asaql", "test", str(folder), "--official-exit-codes"]
        codes[folder.name] = subprocess.run(command, capture_output=True, check=False).returncode
    assert codes == {"a": 0, "b": 254, "c": 255, "gone": 255}


def test_custom_code_is_named_as_retired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _project(tmp_path / "p")
    assert main(["test", "--project", str(folder), "-customCodeZipFilePath", "x.zip"]) == 0
    assert "custom code in .NET is not used" in capsys.readouterr().err


def test_a_summary_alone_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    folder = _project(tmp_path / "p")
    assert main(["test", str(folder), "--summary-json", str(tmp_path / "s.json")]) == 0
    assert json.loads((tmp_path / "s.json").read_text())["Total"] == 1


def test_update_shows_what_it_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _project(tmp_path / "p", '[{"a": 2}]')
    assert main(["test", str(folder), "--update"]) == 0
    shown = capsys.readouterr().out
    assert "expected 2, observed 1" in shown
    assert shown.splitlines()[-2:] == [f"updated {folder / 'test/out.json'}", "1 passed, 0 failed"]


def test_watching_ends_when_it_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _project(tmp_path / "p")
    looks = 0

    def interrupted(self: object, timeout: float | None = None) -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            (folder / "test/out.json").write_text('[{"a": 2}]')
            return False
        raise KeyboardInterrupt

    monkeypatch.setattr("asaql.cli.test.Event.wait", interrupted)
    assert main(["test", str(folder), "--watch", "--summary-json", str(tmp_path / "s.json")]) == 130
    assert json.loads((tmp_path / "s.json").read_text())["Failed"] == 1
