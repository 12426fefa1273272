"""Reads `testConfig.json`, the tests of the service's own command line tool.

    {"Script": "<the query's file>",
     "TestCases": [{"Name": "...",
                    "Inputs": [{"InputAlias", "Type", "Format", "FilePath", "ScriptType"}],
                    "ExpectedOutputs": [{"OutputAlias", "FilePath", "IgnoreFields", "Required"}]}]}

Keys are read in any case. Paths have slashes of either kind and are relative to the test's file or to the project; an
absolute path of another machine, which is what the tool writes, leads to the file that has the longest end of the path
in common with it, below the test's folder or one above it. The job is that of the project around the query: its
JobConfig.json, its functions, and its local data for inputs that a test case does not name.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec.structs import replace

from asaql.diagnostics import QueryError
from asaql.jobs import InputSpec, Job, JobOptions, apply_options, read_job, with_script_kinds
from asaql.jobs.asa_project import local_input, read_project
from asaql.jobs.document import Items, Mapping, Node, Scalar
from asaql.jobs.files import read_source, resolve_path
from asaql.jobs.job import PROJECT_FILE
from asaql.jobs.json_document import parse_json
from asaql.jobs.options import replayed_functions
from asaql.jobs.problems import Problems
from asaql.testing.recorded import RecordedOutput, RecordedTest, fault, recorded_output

CONFIG_FILE: Final = "testconfig.json"
"""The name of the file, folded."""
SCORES_FILE: Final = "scores.jsonl"
"""A recording of scores beside the file, which answers for machine-learning functions."""

_FOLDERS_ABOVE: Final = 4
"""How far above the test's folder a file of another machine's path is looked for."""
_PROJECT_MARKS = (PROJECT_FILE, "jobconfig.json")
_PLACEHOLDERS = frozenset({"", "required", "[required]"})
"""What the tool writes where a path is still to be filled in."""


def default_config(project: Path) -> Path:
    """Return where the tests of a project are by default: `test/testConfig.json` beside its file."""
    folder = project if project.is_dir() else project.parent
    return resolve_path(folder, "test/testConfig.json")


def read_config(path: Path, project: Path | None = None) -> list[RecordedTest]:
    """Return the test cases of a `testConfig.json`.

    Args:
        path: The file.
        project: The project's folder or file; None for the one around the query.

    Raises:
        QueryError: The file does not have the form (AQ710), names what is not there (AQ702), or the project is wrong.
    """
    problems = Problems()
    source = read_source(path, problems, what="test configuration")
    problems.raise_errors()
    assert source is not None
    root = parse_json(source)
    if not isinstance(root, Mapping) or not isinstance(root.get("TestCases"), Items):
        raise fault(source, 'a test configuration has a list "TestCases"', root.span, help_='{"TestCases": []}')
    reader = _Reader(path, root, project, problems)
    return reader.tests()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes tests of one configuration."""

    path: Path
    root: Mapping
    given_project: Path | None
    problems: Problems

    def tests(self) -> list[RecordedTest]:
        """Return the tests; names that stand twice are told apart by their number."""
        query = self._query()
        project = self.given_project or _project_around(query or self.path)
        scores = self.path.parent / SCORES_FILE
        replay = scores if scores.is_file() else None
        job = self._job(query, project, replay)
        return [self._test(number, node, job, replay) for number, node in enumerate(self._cases(), 1)]

    def _cases(self) -> Iterator[Mapping]:
        cases = self.root.get("TestCases")
        for each in cases.items if isinstance(cases, Items) else ():
            if not isinstance(each, Mapping):
                raise fault(self.root.source, "a test case is an object", each.span)
            yield each

    def _query(self) -> Path | None:
        """Return the query's file, None if the configuration leaves it to the project."""
        node = self.root.get("Script")
        written = _text(node)
        if written is None:
            return None
        found = self._located(written)
        if found is None:
            assert node is not None
            raise fault(self.root.source, f'query file "{written}" is not there', node.span, help_=_near(self.path))
        return found

    def _job(self, query: Path | None, project: Path | None, replay: Path | None) -> Job:
        provided = replayed_functions(JobOptions(replay=replay))
        if project is not None:
            return read_project(project, provided, query)
        if query is None:
            raise fault(self.root.source, 'no project is around the tests and "Script" names no query', self.root.span)
        return read_job(query)

    def _test(self, number: int, node: Mapping, job: Job, replay: Path | None) -> RecordedTest:
        source = self.root.source
        inputs = tuple(self._input(each) for each in node.mappings("Inputs"))
        outputs = tuple(self._output(each) for each in node.mappings("ExpectedOutputs"))
        self.problems.raise_errors()
        options = JobOptions(inputs=inputs, replay=replay)
        return RecordedTest(
            self.path,
            node.text("Name") or f"Case {number}",
            source.position(node.span.start).line,
            source.position(node.span.end).line,
            with_script_kinds(apply_options(job, options)),
            outputs,
            files=() if replay is None else (replay,),
        )

    def _input(self, node: Mapping) -> InputSpec:
        written = _text(node.get("FilePath"))
        name = node.text("InputAlias", "Name")
        if name is None:
            raise fault(self.root.source, 'an input of a test case has no "InputAlias"', node.span)
        if written is None or written.casefold() in _PLACEHOLDERS:
            raise fault(self.root.source, f'input "{name}" has no "FilePath"', node.span)
        spec = local_input(self.path, node, self.problems)
        found = self._located(written)
        return spec if found is None else replace(spec, path=found)

    def _output(self, node: Mapping) -> RecordedOutput:
        name = node.text("OutputAlias", "Name")
        if name is None:
            raise fault(self.root.source, 'an expected output has no "OutputAlias"', node.span)
        required = node.get("Required")
        is_required = _truth(required)
        if is_required is None:
            assert required is not None
            raise fault(self.root.source, '"Required" is true or false', required.span)
        written = _text(node.get("FilePath"))
        if written is None or written.casefold() in _PLACEHOLDERS:
            if is_required:
                raise fault(self.root.source, f'expected output "{name}" has no "FilePath"', node.span)
            return RecordedOutput(name, self.path, is_required=False)
        path = self._located(written) or _plain(resolve_path(self.path.parent, written))
        output = RecordedOutput(name, path, ignored=_names(node.get("IgnoreFields")), is_required=is_required)
        return recorded_output(output) if is_required else output

    def _located(self, written: str) -> Path | None:
        """Return the file that a path means, or None if there is none."""
        folders = [self.path.parent, *([_folder(self.given_project)] if self.given_project else [])]
        for folder in folders:
            path = resolve_path(folder, written)
            if path.is_file():
                return _plain(path)
        parts = PurePosixPath(written.replace("\\", "/")).parts
        if not (parts[0] == "/" or parts[0].endswith(":")):
            return None
        above = self.path.resolve().parents[: _FOLDERS_ABOVE + 1]
        for start in range(1, len(parts)):
            for folder in above:
                path = resolve_path(folder, "/".join(parts[start:]))
                if path.is_file():
                    return _plain(path)
        return None


def _project_around(start: Path) -> Path | None:
    """Return the project that a file lies in: the nearest folder above it that holds a project's file."""
    for folder in start.resolve().parents[: _FOLDERS_ABOVE + 1]:
        names = {each.name.casefold(): each for each in folder.iterdir()}
        if PROJECT_FILE in names:
            return names[PROJECT_FILE]
        if any(mark in names for mark in _PROJECT_MARKS) or any(name.endswith(".asaproj") for name in names):
            return folder
    return None


def _plain(path: Path) -> Path:
    """Return a path without steps down and up again."""
    return Path(os.path.normpath(path))


def _folder(project: Path) -> Path:
    return project if project.is_dir() else project.parent


def _text(node: Node | None) -> str | None:
    return str(node.value).strip() or None if isinstance(node, Scalar) else None


def _truth(node: Node | None) -> bool | None:
    """Return whether an output is required, as it is by default; None for what is neither true nor false."""
    if node is None:
        return True
    words = {"true": True, "false": False}
    return words.get(str(node.value).casefold()) if isinstance(node, Scalar) else None


def _names(node: Node | None) -> frozenset[str]:
    """Return a list of field names, which may also be one text with commas."""
    if isinstance(node, Items):
        return frozenset(str(each.value) for each in node.items if isinstance(each, Scalar))
    text = _text(node)
    return frozenset(each.strip() for each in text.split(",") if each.strip()) if text else frozenset()


def _near(path: Path) -> str | None:
    """Return a help text that names a query near a configuration, if there is one."""
    for folder in path.resolve().parents[:2]:
        found = sorted(each for each in folder.iterdir() if each.suffix.lower() in (".asaql", ".sql"))
        if found:
            return f'"Script": "{"../" if folder != path.resolve().parent else ""}{found[0].name}"'
    return None


__all__ = ["CONFIG_FILE", "QueryError", "default_config", "read_config"]
