"""Makes a job of a bare query: a file, standard input, or a text in memory."""

import sys
from pathlib import Path

from asaql.diagnostics import Source
from asaql.jobs.files import decode_text, read_source
from asaql.jobs.job import Job
from asaql.jobs.problems import Problems

STANDARD_INPUT_NAME = "<stdin>"


def read_query_file(path: Path) -> Job:
    """Return the job of a query file: nothing but its text and the defaults. QueryError if it cannot be read."""
    problems = Problems()
    source = read_source(path, problems, what="query file")
    problems.raise_errors()
    assert source is not None
    return query_job(source, path.stem)


def read_standard_query() -> Job:
    """Return the job of the query on standard input; QueryError if that is no text."""
    problems = Problems()
    text = decode_text(sys.stdin.buffer.read())
    if text is None:
        problems.error("AQ702", "the query on standard input is not a text in UTF-8")
        problems.raise_errors()
    return query_job(Source(STANDARD_INPUT_NAME, text or ""), "query")


def query_job(query: Source, name: str = "query") -> Job:
    """Return a job of a query's text and the defaults."""
    return Job(name, query)
