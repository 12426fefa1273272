"""The files that a test is made of."""

from pathlib import Path

from asaql.jobs import STANDARD_STREAM
from asaql.testing.case import Case
from asaql.testing.recorded import RecordedTest


def files_of(test: Case | RecordedTest) -> frozenset[Path]:
    """Return every file whose change may change the result of a test."""
    found = _files_of_case(test) if isinstance(test, Case) else _files_of_job(test)
    return frozenset(each for each in found if each != STANDARD_STREAM)


def _files_of_case(case: Case) -> set[Path]:
    folder = case.path.parent
    found = {case.path, *(folder / name for name in case.query_block.tags.values() if name)}
    found |= {each.path for each in case.inputs if each.path is not None}
    found |= {folder / each.source.name for each in case.functions if (folder / each.source.name).is_file()}
    return found | ({folder / case.options.replay} if case.options.replay else set())


def _files_of_job(test: RecordedTest) -> set[Path]:
    job = test.job
    found = {test.path, *test.files, *(each.path for each in test.outputs)}
    found |= {each.path for each in job.inputs if each.path is not None}
    named = (job.query.name, *(each.source.name for each in job.scripts))
    found |= {Path(each) for each in named if Path(each).is_file()}
    scripts = (path for each in job.scorers for path in (each.entry_script, each.replay))
    return found | {each for each in scripts if each is not None}
