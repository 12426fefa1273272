"""Reads a test that is a folder.

    query.asaql or query.sql   the query
    inputs/NAME.ndjson         an input's events, in any format that `asaql run` reads
    reference/NAME.csv         reference data, likewise
    functions/NAME.js          a JavaScript function or aggregate
    scores.jsonl               a recording of scores that answers for the scoring functions
    expected/OUTPUT.ndjson     the rows that an output must get: .ndjson, .jsonl, .json or .csv

A `job.yaml` beside them, if there is one, gives everything that the folder does not.
"""

from pathlib import Path
from typing import Final

from msgspec.structs import replace

from asaql.jobs import InputSpec, Job, JobOptions, read_job
from asaql.testing.recorded import RecordedOutput, RecordedTest, fault, recorded_output

QUERY_NAMES: Final = ("query.asaql", "query.sql")
EXPECTED: Final = "expected"

_EXPECTED_SUFFIXES = (".ndjson", ".jsonl", ".json", ".csv")
_JOB_NAMES = ("job.yaml", "job.yml")


def is_test_folder(folder: Path) -> bool:
    """Return whether a folder holds a query and expected rows, or inputs to get them from."""
    has_query = any((folder / name).is_file() for name in QUERY_NAMES)
    return has_query and ((folder / EXPECTED).is_dir() or (folder / "inputs").is_dir())


def read_folder_test(folder: Path) -> RecordedTest:
    """Return the test that a folder is.

    Raises:
        QueryError: A part cannot be read, or the folder expects nothing.
    """
    query = next(folder / name for name in QUERY_NAMES if (folder / name).is_file())
    outputs = tuple(
        recorded_output(RecordedOutput(each.stem, each))
        for each in _files(folder / EXPECTED)
        if each.suffix.lower() in _EXPECTED_SUFFIXES
    )
    named = [each.name.casefold() for each in outputs]
    twice = next((each for each in outputs if named.count(each.name.casefold()) > 1), None)
    if twice is not None:
        raise fault(None, f'two files in "{folder / EXPECTED}" hold the rows of output "{twice.name}"')
    scores = folder / "scores.jsonl"
    options = JobOptions(
        inputs=(*_inputs(folder / "inputs"), *_inputs(folder / "reference", is_reference=True)),
        functions=tuple((each.stem, each) for each in _files(folder / "functions") if each.suffix == ".js"),
        replay=scores if scores.is_file() else None,
    )
    return RecordedTest(
        query,
        folder.resolve().name,
        1,
        query.read_bytes().count(b"\n") + 1,
        _job(folder, query, options),
        outputs,
        files=(scores,) if scores.is_file() else (),
        new_output=folder / EXPECTED / "OUTPUT.ndjson",
    )


def _job(folder: Path, query: Path, options: JobOptions) -> Job:
    described = next((folder / name for name in _JOB_NAMES if (folder / name).is_file()), None)
    job = read_job(described or query, options)
    return job if described is None else replace(job, query=read_job(query).query)


def _inputs(folder: Path, *, is_reference: bool = False) -> tuple[InputSpec, ...]:
    return tuple(InputSpec(_name(each), each, is_reference=is_reference) for each in _files(folder))


def _name(path: Path) -> str:
    """Return a file's name without its suffix, nor that of a compressed file's contents."""
    stem = Path(path.stem)
    return stem.stem if path.suffix.lower() == ".gz" else str(stem)


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder, sorted by name; hidden ones are left out."""
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
