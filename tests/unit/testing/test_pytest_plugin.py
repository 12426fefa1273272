"""The plugin as a user's own suite meets it, each in a pytest of its own."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_CASE = """## {name}
```sql
SELECT a INTO o FROM i
```
```jsonl in=i
{{"a": 1}}
```
```jsonl out=o
{{"a": {expected}}}
```
"""
_TEST = """
import asaql
import pytest

def test_rows(asaql_run):
    rows = asaql_run("q.sql", {"i": "events.jsonl"}, functions={"inc": "inc.js"})
    assert rows == {"o": [{"b": 2}]}

def test_text(asaql_run):
    assert asaql_run("SELECT a INTO o FROM i", {"i": [{"a": 1}]}) == {"o": [{"a": 1}]}

def test_errors(asaql_run):
    with pytest.raises(asaql.QueryError):
        asaql_run("SELEC", {})
"""
_SETTINGS = '[pytest]\nasaql_cases = cases/**/*.md "odd name.md" testConfig.json\nasaql_thorough = false\n'


def _suite(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest with this plugin and no other, as if it were installed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "asaql.testing.pytest_plugin",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "NO_COLOR": "1"}
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    return run.returncode, run.stdout + run.stderr


def test_files_that_the_option_names_are_collected_and_no_others(tmp_path: Path) -> None:
    files = {
        "pytest.ini": _SETTINGS,
        "cases/a.md": _CASE.format(name="First", expected=1) + _CASE.format(name="Second", expected=1),
        "cases/deep/er/b.md": _CASE.format(name="Third", expected=1),
        "odd name.md": _CASE.format(name="Fourth", expected=1),
        "README.md": _CASE.format(name="Not collected", expected=2),
        "testConfig.json": '{"Script": "q.sql", "TestCases": [{"Name": "Fifth", "Inputs": [{"InputAlias": "i", '
        '"FilePath": "i.json"}], "ExpectedOutputs": [{"OutputAlias": "o", "FilePath": "i.json"}]}]}',
        "i.json": '{"a": 1}',
        "q.sql": "SELECT a INTO o FROM i",
    }
    code, text = _pytest(_suite(tmp_path, files), "-v")
    assert code == 0, text
    assert [name in text for name in ("First", "Second", "Third", "Fourth", "Fifth")] == [True] * 5
    assert "5 passed" in text


def test_without_the_option_no_markdown_is_collected(tmp_path: Path) -> None:
    code, text = _pytest(_suite(tmp_path, {"a.md": _CASE.format(name="A", expected=1), "pytest.ini": "[pytest]\n"}))
    assert (code, "no tests ran" in text) == (5, True)


def test_a_failing_case_shows_its_difference_and_no_traceback(tmp_path: Path) -> None:
    files = {"pytest.ini": _SETTINGS, "cases/a.md": _CASE.format(name="Bad", expected=2)}
    code, text = _pytest(_suite(tmp_path, files))
    assert code == 1
    assert '"a": expected 2, observed 1' in text
    assert "Traceback" not in text
    assert "pytest_plugin.py" not in text


def test_a_file_that_is_wrong_is_an_error_of_collection(tmp_path: Path) -> None:
    files = {"pytest.ini": _SETTINGS, "cases/a.md": "## A\n```sql\n"}
    code, text = _pytest(_suite(tmp_path, files))
    assert code == 2
    assert "error[AQ710]" in text


def test_the_fixture_runs_queries_and_finds_files_beside_the_test(tmp_path: Path) -> None:
    files = {
        "sub/test_it.py": _TEST,
        "sub/q.sql": "SELECT udf.inc(a) AS b INTO o FROM i",
        "sub/events.jsonl": '{"a": 1}\n',
        "sub/inc.js": "function main(x) { return x + 1; }",
    }
    code, text = _pytest(_suite(tmp_path, files), "-W", "error")
    assert code == 0, text
    assert "3 passed" in text


def test_a_suite_that_does_not_use_the_plugin_loads_nothing_of_the_engine() -> None:
    script = (
        "import sys; import pytest; before = set(sys.modules); import asaql.testing.pytest_plugin;"
        "print(*sorted(each for each in set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["asaql", "asaql.testing", "asaql.testing.pytest_plugin"]


def test_the_plugin_is_declared_to_pytest() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"asaql": "asaql.testing.pytest_plugin"}
