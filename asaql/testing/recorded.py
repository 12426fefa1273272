"""Tests of jobs: what a job must write for recorded inputs, whichever form the test is written in.

The forms are the official `testConfig.json` (`asaql.testing.official`), the `tests` of a job file
(`asaql.testing.job_file`) and a folder with a query, its inputs and its expected outputs (`asaql.testing.folder`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from asaql.diagnostics import AsaqlError, Diagnostic, QueryError, Source, Span, render_text
from asaql.jobs import Job
from asaql.runtime.api import run_in_memory
from asaql.testing.compare import compare_rows
from asaql.testing.execute import Outcome, Setting
from asaql.testing.expected_file import RowFile, read_row_file

_MOST_WARNINGS = 5


@dataclass(frozen=True, slots=True)
class RecordedOutput:
    """The rows that an output must get.

    Attributes:
        name: The output.
        path: The file that holds the rows, or the one in which they stand inline.
        file: How that file is written; None for rows that stand inline.
        inline: The place of inline rows within their file.
        rows: The rows; empty if the file is not there yet.
        numbers: The line of each row; empty if that is not known.
        is_there: Whether there is an expectation at all; `update` makes one.
        is_ordered: Whether the order of the rows counts.
        is_exact: Whether a bigint differs from a float, and datetimes count as written.
        ignored: Fields that are not compared.
        is_required: Whether the output is compared at all.
    """

    name: str
    path: Path
    file: RowFile | None = None
    inline: Span | None = None
    rows: tuple[Mapping[str, Any], ...] = ()
    numbers: tuple[int, ...] = ()
    is_there: bool = True
    is_ordered: bool = False
    is_exact: bool = False
    ignored: frozenset[str] = frozenset()
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class RecordedTest:
    """One test of a job.

    Attributes:
        path: The file that declares the test.
        heading: The test's name.
        line: Where it is declared, counted from 1.
        end: The last line of its declaration.
        job: What runs; its inputs hold the recorded events.
        outputs: What must come out.
        tolerance: The relative distance within which floats are equal.
        files: Further files that the test is made of, for those who watch them.
        new_output: How a file for the rows of an output without an expectation would be called; None where an
            expectation must be declared by hand.
    """

    path: Path
    heading: str
    line: int
    end: int
    job: Job = field(repr=False)
    outputs: tuple[RecordedOutput, ...]
    tolerance: float = 1e-9
    files: tuple[Path, ...] = ()
    new_output: Path | None = None

    @property
    def place(self) -> str:
        """The test's file and line, as `file:LINE`."""
        return f"{self.path}:{self.line}"

    @property
    def query_place(self) -> str | None:
        """The query's file, or None if it is that of the test."""
        name = self.job.query.name
        return None if name.partition("#")[0] == str(self.path) else name


def recorded_output(
    output: RecordedOutput,
    *,
    format: str | None = None,  # noqa: A002 - as a job file calls it
    delimiter: str | None = None,
) -> RecordedOutput:
    """Return an output with the rows that its file holds.

    Args:
        output: The output, with the path of the file.
        format: `json` or `csv`; None to go by the file's suffix.
        delimiter: The character between CSV fields.

    Raises:
        QueryError: The file is there and does not hold rows (AQ710), or cannot be read (AQ702).
    """
    file = read_row_file(output.path, format=format, delimiter=delimiter)
    return replace(output, file=file, rows=file.rows, numbers=file.numbers, is_there=file.is_there)


def execute_test(test: RecordedTest, setting: Setting) -> Outcome:
    """Run a test's job once."""
    try:
        rows, warnings = run_in_memory(test.job, batch_rows=setting.batch_rows, parallelism=setting.parallelism)
    except AsaqlError as error:
        return Outcome({}, error=error)
    text = "\n\n".join(render_text(each) for each in (*test.job.warnings, *warnings)[:_MOST_WARNINGS])
    return Outcome(rows, text)


def check_test(test: RecordedTest, outcome: Outcome) -> list[str]:
    """Return how an outcome differs from a test's expectation, as lines; none if it does not."""
    if outcome.error is not None:
        what = "query" if outcome.stage == "compile" else "running job"
        return [f"the {what} failed", *_indented(outcome.rendering)]
    lines: list[str] = []
    observed = {name.casefold(): rows for name, rows in outcome.rows.items()}
    for output in test.outputs:
        if not output.is_required:
            continue
        rows = observed.get(output.name.casefold(), [])
        if not output.is_there:
            lines += [f'output "{output.name}": the expected rows are not there: {output.path}']
            lines += [f"  help: asaql test --update {test.place}"]
            continue
        if output.name.casefold() not in observed and output.rows:
            lines.append(f'the query writes no output "{output.name}"')
        lines += compare_rows(output, rows, tolerance=test.tolerance, path=output.path)
    for name in outputs_without_expectation(test, outcome):
        spare = RecordedOutput(name, test.path)
        lines += [f'output "{name}": nothing is expected', *compare_rows(spare, outcome.rows[name])[1:]]
    if lines and outcome.warnings:
        lines += ["the run warned:", *_indented(outcome.warnings)]
    return lines


def outputs_without_expectation(test: RecordedTest, outcome: Outcome) -> list[str]:
    """Return the outputs that have rows without the test naming them."""
    known = {each.name.casefold() for each in test.outputs}
    return [name for name, rows in outcome.rows.items() if rows and name.casefold() not in known]


def fault(source: Source | None, message: str, span: Span | None = None, *, help_: str | None = None) -> QueryError:
    """Return an error about the form of a test (AQ710)."""
    return QueryError(Diagnostic("AQ710", message, span, source=source, help=help_))


def _indented(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.split("\n")]
