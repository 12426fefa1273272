"""Runs case files: every case in every setting against one expectation."""

import itertools
import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from asaql.diagnostics import AsaqlError, Diagnostic, QueryError
from asaql.testing.case import Case
from asaql.testing.check import check_outcome, check_plan
from asaql.testing.execute import Outcome, Setting, execute, plan_of
from asaql.testing.read import read_cases
from asaql.testing.update import Edit, apply_edits, edits_for, plan_edits

BATCH_SIZES: tuple[int | None, ...] = (1, 7, None)
"""Most rows a batch; None: as many as there are."""
PARALLELISMS: tuple[int, ...] = (1, 2)
"""Numbers of partitions worked on at the same time."""

Execute = Callable[[Case, Setting], Outcome]
"""Runs a case once."""

_BUG_LINES = 7
_LINE = re.compile(r"(?P<path>.+):(?P<line>\d+)")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went: `lines` says what differed and is empty when the case passed."""

    case: Case
    lines: tuple[str, ...]

    @property
    def has_passed(self) -> bool:
        """Whether every run gave what the case expects."""
        return not self.lines


@dataclass(frozen=True, slots=True)
class TestReport:
    """How the cases of several files went.

    Attributes:
        results: Every case that ran.
        errors: Renderings of files that could not be read as case files.
        updated: The files that `update` changed.
    """

    __test__ = False  # pytest collects classes with this prefix otherwise

    results: tuple[CaseResult, ...]
    errors: tuple[str, ...] = ()
    updated: tuple[Path, ...] = ()

    @property
    def passed(self) -> int:
        """How many cases passed."""
        return sum(each.has_passed for each in self.results)

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return len(self.results) - self.passed

    @property
    def exit_code(self) -> int:
        """0 when all cases passed, else 1."""
        return 1 if self.failed or self.errors else 0

    @property
    def lines(self) -> list[str]:
        """What to print: failures first, then what was rewritten, then one line that sums up."""
        lines = [line for error in self.errors for line in (*error.splitlines(), "")]
        for result in self.results:
            if not result.has_passed:
                lines += [f"FAILED {result.case.place}: {result.case.heading}"]
                lines += [f"  {line}".rstrip() for line in result.lines] + [""]
        lines += [f"updated {path}" for path in self.updated]
        return [*lines, f"{self.passed} passed, {self.failed} failed"]


def settings(
    batch_sizes: Iterable[int | None] = BATCH_SIZES, parallelisms: Iterable[int] = PARALLELISMS
) -> tuple[Setting, ...]:
    """Return every combination of batch sizes and parallelisms."""
    return tuple(Setting(rows, partitions) for partitions, rows in itertools.product(parallelisms, batch_sizes))


def run_case(case: Case, runs: Sequence[Setting], *, execute: Execute = execute) -> CaseResult:
    """Run a case in every setting until one gives something else than the case expects."""
    if lines := _plan_difference(case):
        return CaseResult(case, tuple(lines))
    for setting in runs if case.is_run else ():
        try:
            lines = check_outcome(case, execute(case, setting))
        except Exception:  # a bug that one case meets must not hide the results of the others
            lines = [f"{case.place}: asaql met a bug", *traceback.format_exc().splitlines()[-_BUG_LINES:]]
        if lines:
            return CaseResult(case, (*lines, f"(with {setting})"))
    return CaseResult(case, ())


def _plan_difference(case: Case) -> list[str]:
    if case.plan is None:
        return []
    try:
        return check_plan(case, plan_of(case))
    except QueryError as error:
        return [f"{case.place}: the query failed", *str(error).splitlines()]


def run_paths(
    paths: Sequence[str | Path],
    *,
    update: bool = False,
    junit: Path | None = None,
    batch_sizes: Sequence[int | None] = BATCH_SIZES,
    parallelisms: Sequence[int] = PARALLELISMS,
    execute: Execute = execute,
) -> TestReport:
    """Run the cases of files and folders.

    Args:
        paths: Case files, folders that are searched for `*.md` files, or `FILE:LINE` for the case at that line.
        update: Whether to rewrite the expectations of cases that fail with what was observed. A case whose runs differ
            among each other, or that got an error instead of rows or the other way round, is left as it is.
        junit: Where to write the results as JUnit XML.
        batch_sizes: The batch sizes to run each case with.
        parallelisms: The parallelisms to run each case with.
        execute: What runs a case.
    """
    runs = settings(batch_sizes, parallelisms)
    results: list[CaseResult] = []
    errors: list[str] = []
    updated: list[Path] = []
    for path, line in _files(paths, errors):
        try:
            cases = _selected(path, line)
        except AsaqlError as error:
            errors.append(str(error))
            continue
        if update and _update(path, cases, runs, execute):
            updated.append(path)
            cases = _selected(path, line)
        results += [run_case(case, runs, execute=execute) for case in cases]
    if not results and not errors:
        errors.append(str(QueryError(Diagnostic("AQ710", "no case was found", help="asaql test FILE.md"))))
    report = TestReport(tuple(results), tuple(errors), tuple(updated))
    if junit is not None:
        junit.write_bytes(junit_xml(report))
    return report


def case_files(folder: Path) -> list[Path]:
    """Return the Markdown files below a folder, sorted by path; hidden folders are left out."""
    found = (each for each in folder.rglob("*.md") if each.is_file())
    return sorted(each for each in found if not any(part.startswith(".") for part in each.relative_to(folder).parts))


def _files(paths: Sequence[str | Path], errors: list[str]) -> list[tuple[Path, int | None]]:
    found: list[tuple[Path, int | None]] = []
    for each in paths:
        path, line = Path(each), None
        if not path.exists() and (match := _LINE.fullmatch(str(each))):
            path, line = Path(match["path"]), int(match["line"])
        if path.is_dir():
            found += [(file, None) for file in case_files(path)]
        elif path.exists():
            found.append((path, line))
        else:
            errors.append(str(QueryError(Diagnostic("AQ702", f'"{each}" is neither a file nor a folder'))))
    return found


def _selected(path: Path, line: int | None) -> list[Case]:
    cases = read_cases(path)
    return cases if line is None else [each for each in cases if each.line <= line <= each.end]


def _update(path: Path, cases: Iterable[Case], runs: Sequence[Setting], execute: Execute) -> bool:
    """Rewrite the expectations of the cases that fail, where all runs agree; return whether the file changed."""
    edits: list[Edit] = []
    for case in cases:
        try:
            if _plan_difference(case):
                edits += plan_edits(case, plan_of(case))
            outcomes = [execute(case, setting) for setting in runs] if case.is_run else []
        except Exception:  # shown when the case runs again, after the update
            continue
        if outcomes and check_outcome(case, outcomes[0]) and all(_agree(outcomes[0], each) for each in outcomes[1:]):
            edits += edits_for(case, outcomes[0])
    return apply_edits(path, edits)


def _agree(left: Outcome, right: Outcome) -> bool:
    return (left.rows, left.rendering, left.warnings) == (right.rows, right.rendering, right.warnings)


def junit_xml(report: TestReport) -> bytes:
    """Return a report as JUnit XML: a suite for each file, a test case for each case."""
    root = ElementTree.Element("testsuites", tests=str(len(report.results)), failures=str(report.failed))
    for path, results in itertools.groupby(report.results, key=lambda each: each.case.path):
        of_file = list(results)
        failed = sum(not each.has_passed for each in of_file)
        suite = ElementTree.SubElement(
            root, "testsuite", name=str(path), tests=str(len(of_file)), failures=str(failed), errors="0"
        )
        for each in of_file:
            item = ElementTree.SubElement(suite, "testcase", classname=str(path), name=each.case.heading)
            if not each.has_passed:
                failure = ElementTree.SubElement(item, "failure", message=each.lines[0])
                failure.text = "\n".join(each.lines)
    for text in report.errors:
        suite = ElementTree.SubElement(root, "testsuite", name="case files", tests="1", failures="0", errors="1")
        item = ElementTree.SubElement(suite, "testcase", classname="case files", name="read")
        ElementTree.SubElement(item, "error", message=text.splitlines()[0]).text = text
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
