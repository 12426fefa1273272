"""The pipelines of samples/ci: every command in them is run, as far as a shell can."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

_FOLDER = Path(__file__).parents[3] / "samples/ci"
_PIPELINES = ("github-actions.yml", "azure-pipelines.yml")
_INSTALL = "python -m pip install asaql"


def _steps(pipeline: str) -> list[dict[str, Any]]:
    document = yaml.safe_load((_FOLDER / pipeline).read_text(encoding="utf-8"))
    steps: list[dict[str, Any]] = document["jobs"]["test"]["steps"] if "jobs" in document else document["steps"]
    return steps


def _commands(pipeline: str) -> list[tuple[str, bool]]:
    """Return the shell commands of a pipeline, and whether each also runs when an earlier one has failed."""
    commands = [
        (step.get("run") or step.get("script"), "always()" in str(step.get("if", ""))) for step in _steps(pipeline)
    ]
    return [(str(text).strip(), always) for text, always in commands if text]


def _run(pipeline: str, folder: Path, project: Path = _FOLDER / "project") -> list[int]:
    """Run the commands of a pipeline in a copy of the project; return the exit codes of those that ran."""
    shutil.copytree(project, folder / "repository")
    tools = folder / "bin"
    tools.mkdir()
    (tools / "asaql").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m asaql "$@"\n')
    (tools / "asaql").chmod(0o755)
    summary = str(folder / "summary.md")
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": summary}
    codes: list[int] = []
    for text, always in _commands(pipeline):
        if text == _INSTALL or (any(codes) and not always):
            continue
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
        run = subprocess.run(command, cwd=folder / "repository", env=environment, check=False, capture_output=True)
        codes.append(run.returncode)
    return codes


@pytest.mark.parametrize("pipeline", _PIPELINES)
def test_a_pipeline_installs_asaql_and_nothing_else(pipeline: str) -> None:
    texts = [text for text, _ in _commands(pipeline)]
    assert texts.count(_INSTALL) == 1
    assert [each for each in texts if "install" in each and each != _INSTALL] == []


@pytest.mark.parametrize("pipeline", _PIPELINES)
def test_the_commands_of_a_pipeline_pass_and_leave_their_results(tmp_path: Path, pipeline: str) -> None:
    codes = _run(pipeline, tmp_path)
    assert codes == [0] * (len(_commands(pipeline)) - 1)
    results = tmp_path / "repository/results"
    assert json.loads((results / "testResultSummary.json").read_text())["Passed"] == 3
    assert ElementTree.parse(results / "junit.xml").getroot().get("failures") == "0"
    assert (results / "monday morning/Tickets.json").is_file()


@pytest.mark.parametrize("pipeline", _PIPELINES)
def test_a_failing_test_fails_the_pipeline_and_is_published(tmp_path: Path, pipeline: str) -> None:
    project = shutil.copytree(_FOLDER / "project", tmp_path / "changed")
    (project / "tests/monday.tickets.jsonl").write_text("")
    codes = _run(pipeline, tmp_path / "run", project)
    assert 1 in codes
    results = tmp_path / "run/repository/results"
    assert ElementTree.parse(results / "junit.xml").getroot().get("failures") == "1"
    if pipeline == "github-actions.yml":
        assert 'output "Tickets": 0 rows expected, 3 rows observed' in (tmp_path / "run/summary.md").read_text()
