"""The documentation is complete, and what it shows runs."""

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from errors_page import errors_page

from asaql.cli.main import COMMANDS
from asaql.testing import run_paths

_ROOT = Path(__file__).parent.parent
_PAGES = sorted([*_ROOT.glob("*.md"), *(_ROOT / "docs").glob("*.md")])
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CASES = re.compile(r"^````markdown\n(.*?)^````$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _sessions() -> list[tuple[Path, str, str]]:
    """Return the commands of `console` blocks with the output shown below them."""
    sessions = []
    for page in _PAGES:
        for block in _CONSOLE.findall(page.read_text(encoding="utf-8")):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                sessions.append((page, command, output))
    return sessions


@pytest.mark.parametrize(("page", "command", "output"), _sessions())
def test_a_command_prints_what_the_page_shows(page: Path, command: str, output: str) -> None:
    words = shlex.split(command)
    assert words[0] == "asaql", f"{_name(page)}: only asaql commands can be run"
    run = subprocess.run(
        [sys.executable, "-m", "asaql", *words[1:]], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert run.stdout + run.stderr == output


@pytest.mark.parametrize("page", [each for each in _PAGES if "````markdown" in each.read_text("utf-8")], ids=_name)
def test_the_cases_of_a_page_pass(page: Path, tmp_path: Path) -> None:
    for number, text in enumerate(_CASES.findall(page.read_text(encoding="utf-8"))):
        (tmp_path / f"{number}.md").write_text(text, encoding="utf-8")
    report = run_paths([tmp_path], batch_sizes=(1, None), parallelisms=(1,))
    assert "\n".join(report.lines).endswith("0 failed"), "\n".join(report.lines)


@pytest.mark.parametrize("page", _PAGES, ids=_name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    targets = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [each for each in targets if not (page.parent / each).exists()] == []


def test_the_page_of_errors_is_up_to_date() -> None:
    assert (_ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == errors_page(), "run: make docs"


def test_every_command_and_option_is_documented() -> None:
    pages = "\n".join(each.read_text(encoding="utf-8") for each in _PAGES)
    missing = []
    for name in COMMANDS:
        command = importlib.import_module(f"asaql.cli.{name}").command
        if f"asaql {name}" not in pages:
            missing.append(f"asaql {name}")
        options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
        missing += [f"asaql {name} {each.opts[0]}" for each in options if f"{each.opts[0]}" not in pages]
    assert missing == []
