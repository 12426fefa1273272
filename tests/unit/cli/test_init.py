"""A new project, and the way of a newcomer that README shows."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from asaql.cli.main import main
from asaql.jobs.scaffold import PROJECT_FILES

README = Path(__file__).parents[3] / "README.md"


def test_a_new_project_is_canonical_clean_and_green(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "alerts"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "next: asaql run alerts, then asaql test alerts"
    assert {each.relative_to("alerts").as_posix() for each in Path("alerts").rglob("*") if each.is_file()} == set(
        PROJECT_FILES
    )
    assert main(["fmt", "--check", "alerts"]) == 0
    assert main(["check", "alerts"]) == 0
    assert capsys.readouterr().err == "1 file: 0 would change\n"
    assert main(["test", "alerts"]) == 0


def test_nothing_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "job.yaml").write_text("query: mine\n", encoding="utf-8")
    assert main(["init", str(tmp_path)]) == 1
    assert "AQ704" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["job.yaml"]
    assert (tmp_path / "job.yaml").read_text(encoding="utf-8") == "query: mine\n"


def test_a_newcomer_gets_from_an_empty_folder_to_a_green_test_in_five_commands(tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").partition("## From nothing to a green test")[2]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    commands = [line for line in block[1].splitlines() if line and not line.startswith("#")]
    assert len(commands) == 5
    folder = tmp_path
    outputs = []
    for command in commands:
        program, *arguments = shlex.split(command, comments=True)
        if program == "pip":
            assert arguments == ["install", "path/to/asaql"], "what is tested here is installed already"
        elif program == "cd":
            folder = folder / arguments[0]
        else:
            assert program == "asaql"
            run = subprocess.run(
                [sys.executable, "-m", "asaql", *arguments], cwd=folder, capture_output=True, text=True, check=False
            )
            assert run.returncode == 0, run.stdout + run.stderr
            outputs.append(run.stdout)
    assert '"deviceId":"oven"' in outputs[1]
    assert outputs[-1].endswith("1 passed, 0 failed\n"), outputs[-1]
