"""The documentation is complete, and what it shows runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pages import PAGES

from asaql.cli.main import COMMANDS
from asaql.diagnostics import CODES
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


def test_commands_print_what_the_pages_show() -> None:
    for page, command, output in _sessions():
        words = shlex.split(command)
        assert words[0] == "asaql", f"{_name(page)}: only asaql commands can be run"
        run = subprocess.run(
            [sys.executable, "-m", "asaql", *words[1:]], cwd=_ROOT, capture_output=True, text=True, check=False
        )
        assert run.stdout + run.stderr == output, f"{_name(page)}: {command}"


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


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert (_ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run: make docs"


def test_the_first_query_of_the_readme_gives_what_stands_there(tmp_path: Path) -> None:
    section = (_ROOT / "README.md").read_text(encoding="utf-8").partition("## A first query")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    texts = {kind: text for kind, text in blocks if kind}
    (tmp_path / "alerts.sql").write_text(texts["sql"])
    (tmp_path / "events.ndjson").write_text(texts["json"])
    sessions = [text.removeprefix("$ ").partition("\n") for kind, text in blocks if not kind]
    assert len(sessions) == 2
    for command, _, output in sessions:
        # The query that is wrong stands in the message only.
        shown = re.search(r"^1 \| (.*)$", output, re.MULTILINE)
        (tmp_path / "wrong.sql").write_text(shown[1] if shown else "")
        arguments = shlex.split(command)[1:]
        run = subprocess.run(
            [sys.executable, "-m", "asaql", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        found = (run.stdout + run.stderr).splitlines()
        assert found[: len(output.splitlines())] == output.splitlines()
    exec(compile(texts["python"], "README.md", "exec"), {})


def test_the_readme_names_every_command() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"asaql {name}" not in readme] == []


def test_every_code_has_a_test() -> None:
    tests = [*(_ROOT / "tests").rglob("*.md"), *(_ROOT / "tests").rglob("test_*.py")]
    text = "\n".join(each.read_text(encoding="utf-8") for each in tests)
    assert [code for code in CODES if code not in text] == []
