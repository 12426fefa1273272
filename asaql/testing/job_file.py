"""Reads the tests of a job file: the list `tests` beside the job."""

from dataclasses import replace
from pathlib import Path

from asaql.jobs import Job, JobOptions, apply_options, with_script_kinds
from asaql.jobs.job_tests import ExpectedRows, JobTest
from asaql.jobs.yaml_job import read_tested_job
from asaql.testing.recorded import RecordedOutput, RecordedTest, recorded_output


def read_job_tests(path: Path) -> list[RecordedTest]:
    """Return the tests of a job file; none if it has none.

    Raises:
        QueryError: The file is no job file, or a test names what is not there.
    """
    job, tests = read_tested_job(path)
    return [_test(path, job, each) for each in tests]


def _test(path: Path, job: Job, test: JobTest) -> RecordedTest:
    source, span = test.place.source, test.place.span
    options = JobOptions(inputs=test.inputs, replay=test.replay)
    return RecordedTest(
        path,
        test.name,
        source.position(span.start).line,
        source.position(max(span.start, span.end - 1)).line,
        with_script_kinds(apply_options(job, options)),
        tuple(_output(path, each) for each in test.outputs),
        test.tolerance,
        tuple(each for each in (test.replay,) if each is not None),
    )


def _output(path: Path, expected: ExpectedRows) -> RecordedOutput:
    output = RecordedOutput(
        expected.name,
        expected.path or path,
        is_ordered=expected.is_ordered,
        is_exact=expected.is_exact,
        ignored=expected.ignored,
        is_required=expected.is_required,
    )
    if expected.path is not None:
        return recorded_output(output, format=expected.format, delimiter=expected.delimiter)
    return replace(output, inline=expected.place.span, rows=tuple(expected.rows or ()))
