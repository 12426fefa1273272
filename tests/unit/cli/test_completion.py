"""Completion in shells, and hooks for pre-commit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from asaql.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_ASAQL_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"), [("asaql ex", {"explain", "export"}), ("asaql check --ig", {"--ignore", "--ignore-case"})]
)
def test_commands_and_options_are_completed(words: str, expected: set[str]) -> None:
    environment = {**os.environ, "_ASAQL_COMPLETE": "bash_complete", "COMP_WORDS": words}
    environment["COMP_CWORD"] = str(len(words.split()) - 1)
    run = subprocess.run(
        [sys.executable, "-m", "asaql"], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert {line.partition(",")[2] for line in run.stdout.split()} == expected


def test_every_hook_calls_a_command_that_is_there() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [each["id"] for each in hooks] == ["asaql-fmt", "asaql-check", "asaql-test"]
    for hook in hooks:
        program, command, *_ = hook["entry"].split()
        assert (program, command in COMMANDS) == ("asaql", True)


def test_hooks_take_the_files_that_pre_commit_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.sql", "b.asaql"):
        (tmp_path / name).write_text("SELECT a\nFROM i;\n", encoding="utf-8")
    files = [str(tmp_path / name) for name in ("a.sql", "b.asaql")]
    assert main(["fmt", *files]) == 0
    assert main(["check", *files]) == 0
    (tmp_path / "a.sql").write_text("SELECT FROM", encoding="utf-8")
    assert main(["check", *files]) == 1
