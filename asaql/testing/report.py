"""What a run of several cases gives: results, lines for people, an exit code."""

from dataclasses import dataclass, field
from pathlib import Path

from asaql.testing.case import Case
from asaql.testing.execute import Outcome
from asaql.testing.recorded import RecordedTest

EXIT_FAILED = 1
OFFICIAL_EXIT_EXCEPTION = -1
"""What the service's own tool returns when something could not be run at all."""
OFFICIAL_EXIT_FAILED = -2
"""What it returns when a test failed."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went.

    Attributes:
        case: The case.
        lines: What differed; empty when the case passed.
        seconds: How long it took.
        outcome: What the run gave, or None if there was no run to its end.
        is_exception: Whether the case could not be run, rather than giving something else than it should.
    """

    case: Case | RecordedTest
    lines: tuple[str, ...]
    seconds: float = field(default=0.0, compare=False)
    outcome: Outcome | None = field(default=None, compare=False, repr=False)
    is_exception: bool = False

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
        changes: What `update` changed in the expectations.
        seconds: How long all of it took.
        files: Every file that a result depends on, for those who watch them.
    """

    __test__ = False  # pytest collects classes with this prefix otherwise

    results: tuple[CaseResult, ...]
    errors: tuple[str, ...] = ()
    updated: tuple[Path, ...] = ()
    changes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    files: frozenset[Path] = frozenset()

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
        return EXIT_FAILED if self.failed or self.errors else 0

    @property
    def official_exit_code(self) -> int:
        """0 when all cases passed, -1 when something could not be run, -2 when a case failed."""
        if self.errors or any(each.is_exception for each in self.results):
            return OFFICIAL_EXIT_EXCEPTION
        return OFFICIAL_EXIT_FAILED if self.failed else 0

    def _failures(self) -> list[CaseResult]:
        return [each for each in self.results if not each.has_passed]

    @property
    def lines(self) -> list[str]:
        """The report as `asaql test` prints it."""
        lines: list[str] = []
        for text in self.errors:
            lines += [*text.splitlines(), ""]
        for result in self._failures():
            lines += [f"FAILED {result.case.place}: {result.case.heading}"]
            lines += [f"  query {result.case.query_place}"] if result.case.query_place else []
            lines += [f"  {line}".rstrip() for line in result.lines] + [""]
        lines += self.changes
        lines += [f"updated {path}" for path in self.updated]
        return [*lines, f"{self.passed} passed, {self.failed} failed"]
