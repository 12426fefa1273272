"""The rules that keep the code readable, held against the code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from asaql.diagnostics import CODES

_ROOT = Path(__file__).parent.parent
_MODULES = sorted((_ROOT / "asaql").rglob("*.py"))
_TESTS = sorted((_ROOT / "tests").rglob("*.py"))
_MAX_LINES = 600

_HOMES = {
    "click": "asaql/cli/",
    "rich": "asaql/cli/",
    "lark": "asaql/syntax/",
    "py_mini_racer": "asaql/udf/",
    "httpx": "asaql/udf/",
    "tenacity": "asaql/udf/",
    "prometheus_client": "asaql/runtime/",
    "yaml": ("asaql/jobs/", "asaql/testing/"),
    "socket": "asaql/udf/",
    "requests": (),
    "pandas": (),
    "numpy": (),
    "duckdb": (),
}
"""The one place of each third party, and of modules that have none."""

_CLOCKS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}

_MAY_IMPORT_LATE = (
    "asaql/cli/",  # a command imports the engine only when it is called
    "asaql/jobs/read.py",  # loads YAML and the rest only for jobs that are described so
    "asaql/runtime/",  # loads V8, the HTTP client and rare operators only for queries that need them
    "asaql/syntax/compile.py",  # rewrites the tables that the grammar package holds
)
_CLOCK_USERS = {
    "asaql/runtime/clock.py",
    "asaql/udf/entry_script.py",  # waits for a process of its own to start; no result depends on it
    "asaql/udf/scoring.py",  # pauses between attempts where it is given no other way; no result depends on it
}


def _relative(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


@cache
def _trees() -> list[tuple[str, ast.Module]]:
    """Return the name and the tree of every module."""
    return [(_relative(path), ast.parse(path.read_text(encoding="utf-8"))) for path in _MODULES]


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module, node.lineno


def test_imports_only_point_down() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("package", sorted(_HOMES))
def test_a_third_party_lives_in_one_place(package: str) -> None:
    strays = [
        f"{name}:{line}"
        for name, tree in _trees()
        for imported, line in _imports(tree)
        if imported.split(".")[0] == package and not name.startswith(_HOMES[package] or ("nowhere",))
    ]
    assert strays == []


def test_modules_are_of_readable_size() -> None:
    sizes = {_relative(each): len(each.read_text(encoding="utf-8").splitlines()) for each in _MODULES}
    assert {name: size for name, size in sizes.items() if size > _MAX_LINES} == {}


def test_only_the_clock_asks_for_the_time() -> None:
    strays = [
        f"{name}:{node.lineno}"
        for name, tree in _trees()
        if name not in _CLOCK_USERS
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in _CLOCKS.get(node.value.id, ())
    ]
    assert strays == []


def test_operators_and_functions_draw_no_random_numbers() -> None:
    strays = [
        f"{name}:{line}"
        for name, tree in _trees()
        if name.startswith(("asaql/operators/", "asaql/functions/", "asaql/plan/", "asaql/model/"))
        for imported, line in _imports(tree)
        if imported.split(".")[0] in ("random", "secrets", "uuid")
    ]
    assert strays == []


def test_no_own_module_is_imported_within_a_function() -> None:
    strays = [
        f"{name}:{line}"
        for name, tree in _trees()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for imported, line in _imports(function)
        if imported.split(".")[0] == "asaql" and not name.startswith(_MAY_IMPORT_LATE)
    ]
    assert strays == []


def test_no_exception_is_swallowed() -> None:
    strays = [
        f"{name}:{node.lineno}"
        for name, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or all(isinstance(each, ast.Pass) for each in node.body))
    ]
    assert strays == []


def test_no_work_is_left_in_comments_and_no_test_is_skipped() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|pytest\.(mark\.)?(sk" + r"ip|xf" + r"ail)\b")
    strays = [
        f"{_relative(path)}:{number}"
        for path in [*_MODULES, *_TESTS]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert strays == []


def test_the_source_uses_every_registered_code_and_no_other() -> None:
    used = {
        code
        for path in _MODULES
        if path.name != "codes.py"
        for code in re.findall(r'"(AQ\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == set(CODES)
