"""Reads a job file, `job.yaml`. Its keys are in `job_shape`, what they mean is told in `docs/job-file.md`."""

import re
from pathlib import Path
from typing import Any

from msgspec import Struct

from asaql.diagnostics import Diagnostic, QueryError, Source
from asaql.jobs.document import Items, Mapping, Node, Scalar
from asaql.jobs.files import read_source
from asaql.jobs.functions import make_scorer, make_script
from asaql.jobs.job import (
    EPOCH_TICKS,
    STANDARD_STREAM,
    InputSpec,
    Job,
    OutputSpec,
    Place,
    TimePolicies,
)
from asaql.jobs.job_shape import JOB_SHAPE
from asaql.jobs.job_tests import DEFAULT_TOLERANCE, ExpectedRows, JobTest
from asaql.jobs.problems import Problems
from asaql.jobs.yaml_document import parse_yaml
from asaql.model import TICKS_PER_SECOND
from asaql.udf.scoring_spec import ScoringFunction, Secret
from asaql.udf.script_spec import ScriptFunction

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A value that is a variable and nothing else, and so can be read again."""


def read_yaml_job(path: Path) -> Job:
    """Return the job that a file describes; QueryError with all that is wrong with it.

    Paths in the file are relative to its folder. Files with queries and functions are read, files with events are not.
    """
    reader = _open(path)
    job = reader.job()
    reader.problems.raise_errors()
    return job


def read_tested_job(path: Path) -> tuple[Job, tuple[JobTest, ...]]:
    """Return the job of a file and its tests; QueryError with all that is wrong with them."""
    reader = _open(path)
    tests = reader.tests()
    job = reader.job()
    reader.problems.raise_errors()
    return job, tests


def _open(path: Path) -> "_Reader":
    """Return what makes a job of a file whose keys and values have been checked."""
    problems = Problems()
    source = read_source(path, problems, what="job file")
    problems.raise_errors()
    assert source is not None
    root = parse_yaml(source)
    if root is None:
        empty = Diagnostic("AQ701", "the job file is empty", help="begin with query: or query_file:", source=source)
        raise QueryError(empty)
    values = JOB_SHAPE.read(root, problems)
    problems.raise_errors()
    assert values is not None
    assert isinstance(root, Mapping)
    return _Reader(path, root, values, problems)


class _Reader(Struct, frozen=True):
    """Makes a Job of values that have been checked."""

    path: Path
    root: Mapping
    values: dict[str, Any]
    problems: Problems

    def job(self) -> Job:
        get = self.values.get
        scripts, scorers = self._functions()
        return Job(
            name=get("name", self.path.stem),
            query=self._query(),
            inputs=tuple(self._input(name, each) for name, each in get("inputs", {}).items()),
            outputs=tuple(self._output(name, each) for name, each in get("outputs", {}).items()),
            scripts=scripts,
            scorers=scorers,
            policies=self._policies(),
            level=get("compatibility_level", "1.2"),
            streaming_units=get("streaming_units", 6),
            locale=get("locale", "en-US"),
            output_error_policy=get("output_error_policy", "retry"),
            ignore_case=get("ignore_case", False),
            ignored_warnings=tuple(each for each in get("lint", {}).get("ignore", ()) if each is not None),
            warnings=self.problems.warnings,
        )

    def tests(self) -> tuple[JobTest, ...]:
        """Return the job's tests; two with one name are reported."""
        nodes = self._node("tests")
        found: dict[str, JobTest] = {}
        items = nodes.items if isinstance(nodes, Items) else ()
        for values, node in zip(self.values.get("tests", ()), items, strict=True):
            if values["name"] in found:
                at = node.get("name") if isinstance(node, Mapping) else node
                self.problems.error("AQ202", f'two tests are named "{values["name"]}"', at, label="again here")
            found[values["name"]] = self._test(values, node)
        return tuple(found.values())

    def _test(self, values: dict[str, Any], node: Node) -> JobTest:
        ignored = frozenset(values.get("ignore", ()))
        return JobTest(
            values["name"],
            Place(node.source, node.span),
            inputs=tuple(self._input(name, each, node) for name, each in values.get("inputs", {}).items()),
            outputs=tuple(self._expected(name, each, ignored, node) for name, each in values["expected"].items()),
            tolerance=values.get("tolerance", DEFAULT_TOLERANCE),
            replay=self._file(values["replay"]) if "replay" in values else None,
        )

    def _expected(self, name: str, values: dict[str, Any], ignored: frozenset[str], test: Node) -> ExpectedRows:
        place = _below(_below(test, "expected", name), "rows")
        return ExpectedRows(
            name,
            Place(place.source, place.span),
            path=self._file(values["path"]) if "path" in values else None,
            rows=values.get("rows"),
            format=values.get("format"),
            delimiter=_delimiter(values.get("delimiter")),
            ignored=ignored | frozenset(values.get("ignore", ())),
            is_ordered=values.get("ordered", False),
            is_exact=values.get("exact", False),
            is_required=values.get("required", True),
        )

    def _node(self, *keys: str) -> Node:
        """Return the node below the root that `keys` lead to, or the last one there is on the way."""
        return _below(self.root, *keys)

    def _query(self) -> Source:
        if "query" in self.values:
            node = self._node("query")
            assert isinstance(node, Scalar)
            return inline_source(node, "query", quotes="'\"")
        found = read_source(
            self._file(self.values["query_file"]), self.problems, self._node("query_file"), what="query file"
        )
        return found or Source(str(self.path), "")

    def _file(self, written: str) -> Path:
        return STANDARD_STREAM if written == "-" else self.path.parent / Path(written).expanduser()

    def _place(self, *keys: str, below: Node | None = None) -> Place:
        node = _below(below or self.root, *keys)
        return Place(node.source, node.span)

    def _input(self, name: str, values: dict[str, Any], below: Node | None = None) -> InputSpec:
        return InputSpec(
            name,
            path=self._file(values["path"]) if "path" in values else None,
            events=values.get("events"),
            format=values.get("format"),
            delimiter=_delimiter(values.get("delimiter")),
            is_reference=values.get("reference", False),
            date_format=values.get("date_format"),
            time_format=values.get("time_format"),
            declared=self._place("inputs", name, "path", below=below),
        )

    def _output(self, name: str, values: dict[str, Any]) -> OutputSpec:
        return OutputSpec(
            name,
            path=self._file(values["path"]),
            format=values.get("format"),
            delimiter=_delimiter(values.get("delimiter")),
            declared=self._place("outputs", name, "path"),
        )

    def _policies(self) -> TimePolicies:
        values = self.values.get("time_policies", {})

        def ticks(key: str) -> int | None:
            value: int | None = values.get(key)
            return None if value == -1 else value

        return TimePolicies(
            late_arrival=ticks("late_arrival"),
            out_of_order=ticks("out_of_order"),
            out_of_order_policy=values.get("out_of_order_policy", "adjust"),
            early_arrival=ticks("early_arrival"),
            start_time=self.values.get("start_time", EPOCH_TICKS),
        )

    def _functions(self) -> tuple[tuple[ScriptFunction, ...], tuple[ScoringFunction, ...]]:
        scripts: list[ScriptFunction] = []
        scorers: list[ScoringFunction] = []
        for name, each in self.values.get("functions", {}).items():
            if "javascript" in each:
                scripts.append(self._script(name, each["javascript"]))
            else:
                scorer = self._scorer(name, each["scoring"])
                scorers += [scorer] if scorer else []
        return tuple(scripts), tuple(scorers)

    def _script(self, name: str, values: dict[str, Any]) -> ScriptFunction:
        node = self._node("functions", name, "javascript")
        if "inline" in values:
            inline = self._node("functions", name, "javascript", "inline")
            assert isinstance(inline, Scalar)
            source = inline_source(inline, name, quotes="`")
        else:
            at = self._node("functions", name, "javascript", "file")
            found = read_source(self._file(values["file"]), self.problems, at, what="JavaScript file")
            source = found or Source(name, "")
        return make_script(
            name,
            source,
            self.problems,
            kind=values.get("kind"),
            output_type=values.get("output_type", "any"),
            input_types=values.get("input_types"),
            at=node,
        )

    def _scorer(self, name: str, values: dict[str, Any]) -> ScoringFunction | None:
        settings: dict[str, Any] = {
            key: values[key]
            for key in (
                "url",
                "max_batch_rows",
                "parallel_requests",
                "headers",
                "envelope",
                "request_name",
                "response_name",
            )
            if key in values
        }
        for key in ("entry_script", "model_dir", "replay"):
            if key in values:
                settings[key] = self._existing("functions", name, "scoring", key, written=values[key])
        if "timeout" in values:
            settings["timeout_seconds"] = values["timeout"] / TICKS_PER_SECOND
        if "retried_statuses" in values:
            settings["retried_statuses"] = frozenset(values["retried_statuses"])
        if "swagger" in values:
            is_address = "://" in values["swagger"]
            settings["swagger"] = values["swagger"] if is_address else str(self._file(values["swagger"]))
        settings["key"] = self._key(name, values)
        return make_scorer(name, settings, self._node("functions", name, "scoring"), self.problems)

    def _existing(self, *keys: str, written: str) -> Path:
        path = self._file(written)
        if not path.exists():
            self.problems.error("AQ702", f'"{path}" does not exist', self._node(*keys), label="named here")
        return path

    def _key(self, name: str, values: dict[str, Any]) -> Secret | None:
        if "key" in values:
            node = self._node("functions", name, "scoring", "key")
            match = _VARIABLE.fullmatch(node.raw) if isinstance(node, Scalar) else None
            return Secret(values["key"], variable=match[1] if match else None)
        if "key_file" not in values:
            return None
        at = self._node("functions", name, "scoring", "key_file")
        found = read_source(self._file(values["key_file"]), self.problems, at, what="key file")
        return Secret(found.text.strip(), path=self._file(values["key_file"])) if found else None


def _below(node: Node, *keys: str) -> Node:
    """Return the node that `keys` lead to from a node, or the last one there is on the way."""
    for key in keys:
        found = node.get(key) if isinstance(node, Mapping) else None
        if found is None:
            break
        node = found
    return node


def _delimiter(written: str | None) -> str | None:
    return "\t" if written in ("\\t", "tab") else written


def inline_source(node: Scalar, what: str, *, quotes: str) -> Source:
    """Return the text of a scalar as a source whose positions are those of the document where that can be.

    A literal block is taken with the lines above it blanked and its indentation kept, so line and column are the
    document's own. Indentation would alter a text that runs over line ends: a block that may hold one, and every text
    that the document writes with escapes, keeps its words exactly and is named `<document>#<what>` instead.

    Args:
        node: The text.
        what: What to call it within its document.
        quotes: The characters that begin and end texts which may run over line ends.
    """
    text = str(node.value)
    document = node.source
    if node.is_block:
        first = document.position(node.span.start).line + 1
        lines = text.split("\n")
        raw = [document.line(first + index) for index in range(len(lines))]
        same = all(there.strip() == here.strip() for there, here in zip(raw, lines, strict=True) if here.strip())
        if same and not any(_runs_over(line, quotes) for line in lines):
            kept = (there if here.strip() else "" for there, here in zip(raw, lines, strict=True))
            return Source(document.name, "\n" * (first - 1) + "\n".join(kept))
    return Source(f"{document.name}#{what}", text)


def _runs_over(line: str, quotes: str) -> bool:
    """Whether a text may be open at the end of a line; a comment's apostrophes count, which errs on the safe side."""
    return any(line.count(each) % 2 == 1 for each in quotes) or line.rstrip().endswith("\\")
