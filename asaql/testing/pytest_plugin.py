"""The pytest plugin: recorded cases as tests of a user's own suite, and the fixture `asaql_run`.

Markdown files are collected only where a project asks for it, because a project has Markdown of other kinds:

    [tool.pytest.ini_options]
    asaql_cases = ["tests/cases/*.md"]

Each pattern is that of a path relative to pytest's root folder; `**` stands for any folders. Patterns may also name
`testConfig.json` files, job files with tests and the queries of test folders. Every case is one test, so that `-k` and
`-x` work as ever. With `asaql_thorough = false` a case runs once, not at several batch sizes and on two workers.

    def test_hot_sensors_are_reported(asaql_run):
        rows = asaql_run("alerts.asaql", {"Sensors": [{"id": "a", "temperature": 31.5}]})
        assert rows["Alerts"] == [{"id": "a"}]

Nothing of the engine is imported before a case is collected or the fixture is used.
"""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from asaql.testing.case import Case
    from asaql.testing.recorded import RecordedTest

_QUERY_SUFFIXES = (".asaql", ".sql")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the configuration file."""
    parser.addini("asaql_cases", "patterns of the files with recorded cases, relative to the root folder", "args", [])
    parser.addini("asaql_thorough", "run each Markdown case at several batch sizes and parallelisms", "bool", True)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "CaseFile | None":
    """Collect a file that a pattern of the option `asaql_cases` matches."""
    patterns: list[str] = parent.config.getini("asaql_cases")
    if not patterns:
        return None
    root = parent.config.rootpath
    if not file_path.is_relative_to(root):
        return None
    relative = file_path.relative_to(root)
    if not any(_matches(relative, each) for each in patterns):
        return None
    collected: CaseFile = CaseFile.from_parent(parent, path=file_path)
    return collected


def _matches(path: Path, pattern: str) -> bool:
    """Return whether a relative path fits a pattern, where `**` stands for any number of folders."""
    return _fits(path.parts, Path(pattern).parts)


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[at:], pattern[1:]) for at in range(len(parts) + 1))
    return bool(parts) and Path(parts[0]).match(pattern[0]) and _fits(parts[1:], pattern[1:])


class CaseFile(pytest.File):
    """A file with recorded cases."""

    def collect(self) -> Iterable["CaseItem"]:
        """Return a test for each case."""
        discover = importlib.import_module("asaql.testing.discover")
        errors: list[str] = []
        files = discover.find_tests([self.path], errors)
        if errors:
            raise self.CollectError("\n\n".join(errors))
        diagnostics = importlib.import_module("asaql.diagnostics")
        for file in files:
            try:
                cases = discover.read_tests(file)
            except diagnostics.AsaqlError as error:
                raise self.CollectError(str(error)) from error
            for case in cases:
                yield CaseItem.from_parent(self, name=case.heading, case=case)


class CaseFailedError(Exception):
    """A case gave something else than it should; the text says what."""


class CaseItem(pytest.Item):
    """One recorded case."""

    def __init__(self, *, case: "Case | RecordedTest", **options: Any) -> None:
        super().__init__(**options)
        self.case = case

    def runtest(self) -> None:
        """Run the case."""
        runner = importlib.import_module("asaql.testing.runner")
        is_markdown = isinstance(self.case, importlib.import_module("asaql.testing.case").Case)
        is_thorough = is_markdown and self.config.getini("asaql_thorough")
        runs = runner.settings() if is_thorough else runner.settings((None,), (1,))
        result = runner.run_case(self.case, runs)
        if not result.has_passed:
            query = [f"query {self.case.query_place}"] if self.case.query_place else []
            raise CaseFailedError("\n".join([f"{self.case.place}: {self.case.heading}", *query, *result.lines]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the difference without a traceback, which would show nothing of the case."""
        if isinstance(excinfo.value, CaseFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the case stands."""
        return self.path, self.case.line - 1, self.case.heading


class AsaqlRun:
    """Runs queries over recorded events: `asaql.run` with files found beside the test.

    Call it as `asaql_run(query, inputs, **options)`; the options are those of `asaql.run`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, query: str | Path, inputs: Mapping[str, Any], **options: Any) -> dict[str, list[dict[str, Any]]]:
        """Run a query and return the rows of its outputs.

        Args:
            query: The text of a query, or the path of a file with one (`.asaql`, `.sql`).
            inputs: Input name to events, or to the path of a file.
            options: What `asaql.run` takes: functions, score, reference, start_time and so on.

        Raises:
            asaql.QueryError: The query does not compile.
            asaql.JobError: The job failed while it ran.
        """
        run = importlib.import_module("asaql").run
        for name in ("functions", "score"):
            if options.get(name):
                options[name] = {key: self._found(value) for key, value in options[name].items()}
        rows: dict[str, list[dict[str, Any]]] = run(
            self._text(query), {name: self._found(value) for name, value in inputs.items()}, **options
        )
        return rows

    def _text(self, query: str | Path) -> str:
        if isinstance(query, Path) or ("\n" not in query and query.endswith(_QUERY_SUFFIXES)):
            return (self._folder / query).read_text(encoding="utf-8-sig")
        return query

    def _found(self, value: Any) -> Any:
        """Return a path within the test's folder where a value is the path of a file there."""
        if isinstance(value, str | Path) and "\n" not in str(value) and (self._folder / value).is_file():
            return self._folder / value
        return value


@pytest.fixture
def asaql_run(request: pytest.FixtureRequest) -> AsaqlRun:
    """Run Azure Stream Analytics queries over recorded events; paths are relative to the test's file."""
    return AsaqlRun(request.path.parent)
