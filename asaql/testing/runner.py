"""Runs test files: every Markdown case in every setting, every test of a job in one, against one expectation."""

import itertools
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from asaql.diagnostics import AsaqlError, Diagnostic, QueryError
from asaql.runtime.clock import Clock, SystemClock
from asaql.testing.case import Case
from asaql.testing.check import check_outcome, check_plan
from asaql.testing.discover import TestFile, find_tests, read_tests
from asaql.testing.execute import Outcome, Setting, execute, plan_of
from asaql.testing.files import files_of
from asaql.testing.junit import junit_xml
from asaql.testing.recorded import RecordedTest, check_test, execute_test
from asaql.testing.report import CaseResult, TestReport
from asaql.testing.update import Edit, apply_edits, edits_for, plan_edits
from asaql.testing.update_recorded import InlineEdit, apply_inline_edits, update_test

BATCH_SIZES: tuple[int | None, ...] = (1, 7, None)
"""Most rows a batch; None: as many as there are."""
PARALLELISMS: tuple[int, ...] = (1, 2)
"""Numbers of partitions worked on at the same time."""

Execute = Callable[[Case, Setting], Outcome]
"""Runs a case once."""

_BUG_LINES = 7


def settings(
    batch_sizes: Iterable[int | None] = BATCH_SIZES, parallelisms: Iterable[int] = PARALLELISMS
) -> tuple[Setting, ...]:
    """Return every combination of batch sizes and parallelisms."""
    return tuple(Setting(rows, partitions) for partitions, rows in itertools.product(parallelisms, batch_sizes))


def run_case(case: Case | RecordedTest, runs: Sequence[Setting], *, execute: Execute = execute) -> CaseResult:
    """Run a case in every setting until one gives something else than the case expects."""
    if lines := _plan_difference(case):
        return CaseResult(case, tuple(lines))
    outcome: Outcome | None = None
    for setting in runs if not isinstance(case, Case) or case.is_run else ():
        try:
            outcome = _execute(case, setting, execute)
            lines = _difference(case, outcome)
        except Exception:  # a bug that one case meets must not hide the results of the others
            lines = [f"{case.place}: asaql met a bug", *traceback.format_exc().splitlines()[-_BUG_LINES:]]
            return CaseResult(case, (*lines, f"(with {setting})"), is_exception=True)
        if lines:
            is_exception = isinstance(case, RecordedTest) and outcome.error is not None
            shown = (*lines, f"(with {setting})") if len(runs) > 1 else tuple(lines)
            return CaseResult(case, shown, outcome=outcome, is_exception=is_exception)
    return CaseResult(case, (), outcome=outcome)


def _execute(case: Case | RecordedTest, setting: Setting, execute: Execute) -> Outcome:
    return execute(case, setting) if isinstance(case, Case) else execute_test(case, setting)


def _difference(case: Case | RecordedTest, outcome: Outcome) -> list[str]:
    return check_outcome(case, outcome) if isinstance(case, Case) else check_test(case, outcome)


def _plan_difference(case: Case | RecordedTest) -> list[str]:
    if not isinstance(case, Case) or case.plan is None:
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
    thorough: bool = False,
    project: Path | None = None,
    execute: Execute = execute,
    clock: Clock | None = None,
) -> TestReport:
    """Run the tests of files and folders.

    Args:
        paths: Files with tests, folders that are searched for them (see `asaql.testing.discover`), or `FILE:LINE` for
            the test at that line.
        update: Whether to rewrite the expectations of tests that fail with what was observed. A test whose runs differ
            among each other, or that got an error instead of rows or the other way round, is left as it is.
        junit: Where to write the results as JUnit XML.
        batch_sizes: The batch sizes to run each Markdown case with.
        parallelisms: The parallelisms to run each Markdown case with.
        thorough: Whether tests of jobs run with all these too, rather than once.
        project: The project of a `testConfig.json`; None for the one around it.
        execute: What runs a Markdown case.
        clock: Tells how long tests took.
    """
    clock = clock or SystemClock()
    started = clock.seconds()
    of_cases = settings(batch_sizes, parallelisms)
    run = _Run(of_cases, of_cases if thorough else settings((None,), (1,)), update, project, execute, clock)
    for file in find_tests(paths, run.errors):
        run.run_file(file)
    if not run.results and not run.errors:
        run.errors.append(str(QueryError(Diagnostic("AQ710", "no test was found", help="asaql test FILE.md"))))
    report = run.report(clock.seconds() - started)
    if junit is not None:
        junit.write_bytes(junit_xml(report))
    return report


@dataclass(slots=True)
class _Run:
    """One run over several files, with what it has found so far."""

    of_cases: tuple[Setting, ...]
    of_jobs: tuple[Setting, ...]
    update: bool
    project: Path | None
    execute: Execute
    clock: Clock
    results: list[CaseResult] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    updated: list[Path] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)

    def run_file(self, file: TestFile) -> None:
        """Run the tests of a file, after updating their expectations if that is wanted."""
        self.files.add(file.path)
        try:
            tests = read_tests(file, self.project)
            if self.update and self._update(file, tests):
                tests = read_tests(file, self.project)
        except AsaqlError as error:
            self.errors.append(str(error))
            return
        for each in tests:
            self.files |= files_of(each)
            started = self.clock.seconds()
            result = run_case(each, self._settings(each), execute=self.execute)
            self.results.append(replace(result, seconds=self.clock.seconds() - started))

    def report(self, seconds: float) -> TestReport:
        """Return what came out."""
        updated = tuple(dict.fromkeys(self.updated))
        files = frozenset(self.files)
        return TestReport(tuple(self.results), tuple(self.errors), updated, tuple(self.changes), seconds, files)

    def _settings(self, case: Case | RecordedTest) -> tuple[Setting, ...]:
        return self.of_cases if isinstance(case, Case) else self.of_jobs

    def _update(self, file: TestFile, tests: Sequence[Case | RecordedTest]) -> bool:
        """Rewrite the expectations of the tests that fail, where all runs agree; return whether a file changed."""
        edits: list[Edit] = []
        inline: list[InlineEdit] = []
        written: list[Path] = []
        for each in tests:
            outcome, lines = self._observe(each)
            if isinstance(each, Case):
                if _plan_difference(each) and each.plan is not None:
                    edits += plan_edits(each, plan_of(each))
                if lines and outcome is not None:
                    own = edits_for(each, outcome)
                    edits += own
                    self._note(each, lines if own else [])
            elif lines and outcome is not None and outcome.error is None:
                paths, own_inline = update_test(each, outcome)
                written += paths
                inline += own_inline
                self._note(each, lines if paths or own_inline else [])
        if edits and apply_edits(file.path, edits):
            written.append(file.path)
        written += apply_inline_edits(inline)
        self.updated += written
        return bool(written)

    def _observe(self, case: Case | RecordedTest) -> tuple[Outcome | None, list[str]]:
        """Return what a case's runs give, if they agree, and how that differs from the expectation."""
        runs = self._settings(case) if not isinstance(case, Case) or case.is_run else ()
        try:
            outcomes = [_execute(case, setting, self.execute) for setting in runs]
        except Exception:  # shown when the case runs again, after the update
            return None, []
        if not outcomes or not all(_agree(outcomes[0], each) for each in outcomes[1:]):
            return None, []
        return outcomes[0], _difference(case, outcomes[0])

    def _note(self, case: Case | RecordedTest, lines: Sequence[str]) -> None:
        if lines:
            self.changes += [f"UPDATED {case.place}: {case.heading}", *(f"  {line}".rstrip() for line in lines), ""]


def _agree(left: Outcome, right: Outcome) -> bool:
    return (left.rows, left.rendering, left.warnings) == (right.rows, right.rendering, right.warnings)
