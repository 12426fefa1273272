"""Finds the files that hold tests, and reads them.

| what | tests |
|---|---|
| `*.md` | the recorded cases of a Markdown file |
| `testConfig.json` | the test cases of the service's own tool; also `asaproj.json` by name, for those beside it |
| `*.yaml`, `*.yml` with the keys `tests` and `query` or `query_file` | the tests of a job file |
| a folder with `query.asaql` or `query.sql` beside `expected` or `inputs` | one test |

Folders are searched; what begins with a point, and `node_modules`, is left out.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from asaql.diagnostics import Diagnostic, QueryError
from asaql.jobs.job import PROJECT_FILE
from asaql.testing.case import Case
from asaql.testing.folder import QUERY_NAMES, is_test_folder, read_folder_test
from asaql.testing.job_file import read_job_tests
from asaql.testing.official import CONFIG_FILE, default_config, read_config
from asaql.testing.read import read_cases
from asaql.testing.recorded import RecordedTest

Kind: TypeAlias = Literal["markdown", "official", "job", "folder"]

_LINE = re.compile(r"(?P<path>.+):(?P<line>\d+)")
_LEFT_OUT: Final = frozenset({"node_modules", "__pycache__"})
_YAML_SUFFIXES = (".yaml", ".yml")
_TESTS_KEY = re.compile(rb"^tests[ \t]*:", re.MULTILINE)
_QUERY_KEY = re.compile(rb"^query(_file)?[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file, or a folder by its query, that holds tests.

    Attributes:
        path: The file.
        kind: The form of its tests.
        line: The line of the one test that is meant, or None for all.
        is_searched: Whether it was found in a folder, rather than named.
    """

    __test__ = False  # pytest collects classes with this prefix otherwise

    path: Path
    kind: Kind
    line: int | None = None
    is_searched: bool = False


def find_tests(paths: Sequence[str | Path], errors: list[str]) -> list[TestFile]:
    """Return the files with tests that paths lead to.

    Args:
        paths: Files, folders to search, or `FILE:LINE` for the test at that line.
        errors: Takes the renderings of what is wrong with a path.
    """
    found: list[TestFile] = []
    for each in paths:
        path, line = Path(each), None
        if not path.exists() and (match := _LINE.fullmatch(str(each))):
            path, line = Path(match["path"]), int(match["line"])
        if path.is_dir():
            found += search(path)
        elif path.exists():
            kind = _kind_of(path)
            if kind is None:
                errors.append(_no_tests(path))
            else:
                found.append(TestFile(_config_of(path), kind, line))
        else:
            errors.append(str(QueryError(Diagnostic("AQ702", f'"{each}" is neither a file nor a folder'))))
    return list(dict.fromkeys(found))


def search(folder: Path) -> list[TestFile]:
    """Return the files with tests below a folder, sorted by path."""
    found = []
    for path in files_below(folder):
        name = path.name.casefold()
        if path.suffix == ".md":
            found.append(TestFile(path, "markdown", is_searched=True))
        elif name == CONFIG_FILE:
            found.append(TestFile(path, "official", is_searched=True))
        elif path.suffix.lower() in _YAML_SUFFIXES and _has_tests(path):
            found.append(TestFile(path, "job", is_searched=True))
        elif path.name in QUERY_NAMES and is_test_folder(path.parent):
            found.append(TestFile(path, "folder", is_searched=True))
    return found


def case_files(folder: Path) -> list[Path]:
    """Return the Markdown files below a folder, sorted by path; hidden folders are left out."""
    return [each for each in files_below(folder) if each.suffix == ".md"]


def files_below(folder: Path) -> list[Path]:
    """Return the files below a folder, sorted by path, without hidden ones and those of installed packages."""
    return sorted(_walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".") and each not in _LEFT_OUT]
        yield from (Path(root, name) for name in names if not name.startswith("."))


def read_tests(file: TestFile, project: Path | None = None) -> list[Case | RecordedTest]:
    """Return the tests of a file, or the one that is meant.

    Args:
        file: The file.
        project: The project of a `testConfig.json`; None for the one around it.

    Raises:
        QueryError: The file does not have its form.
    """
    tests: Sequence[Case | RecordedTest]
    if file.kind == "markdown":
        tests = read_cases(file.path, is_searched=file.is_searched)
    elif file.kind == "official":
        tests = read_config(file.path, project)
    elif file.kind == "job":
        tests = read_job_tests(file.path)
    else:
        tests = [read_folder_test(file.path.parent)]
    return [each for each in tests if file.line is None or each.line <= file.line <= each.end]


def _kind_of(path: Path) -> Kind | None:
    suffix, name = path.suffix.lower(), path.name.casefold()
    if suffix == ".json" or suffix == ".asaproj":
        return "official"
    if suffix in _YAML_SUFFIXES:
        return "job" if _has_tests(path) else None
    if name in QUERY_NAMES and is_test_folder(path.parent):
        return "folder"
    return None if suffix in (".asaql", ".sql") else "markdown"


def _config_of(path: Path) -> Path:
    is_project = path.name.casefold() == PROJECT_FILE or path.suffix.lower() == ".asaproj"
    return default_config(path) if is_project else path


def _has_tests(path: Path) -> bool:
    data = path.read_bytes()
    return _TESTS_KEY.search(data) is not None and _QUERY_KEY.search(data) is not None


def _no_tests(path: Path) -> str:
    is_job = path.suffix.lower() in _YAML_SUFFIXES
    help_text = "add the key tests: to the job file" if is_job else "put it in a folder beside inputs/ and expected/"
    return str(QueryError(Diagnostic("AQ710", f'"{path}" holds no tests', help=help_text)))
