"""Inputs of a job as streams of chunks."""

from collections.abc import Iterator
from typing import Final

from asaql.connectors import FileInput, Input, MemoryInput, StandardInput
from asaql.diagnostics import Diagnostic, QueryError
from asaql.formats import CHUNK_BYTES, Chunk, ReadOptions, format_of, splitter_for
from asaql.jobs import FORMATS, STANDARD_STREAM, InputSpec


class Idle:
    """No more input is at hand for now: what waits for company need not wait longer."""


IDLE: Final = Idle()
_WHOLE_EVENTS_CHUNK_BYTES: Final = 1 << 17
"""Records take some ten times the memory of their text, and twice the time when a processor cannot cache them."""


def format_and_options(spec: InputSpec) -> tuple[str, ReadOptions]:
    """Return the format of an input and what its description says of it.

    Raises:
        QueryError: The file's suffix names no format.
    """
    options = ReadOptions() if spec.delimiter is None else ReadOptions(delimiter=spec.delimiter)
    if spec.format is not None:
        return spec.format, options
    if spec.path is None or spec.path == STANDARD_STREAM:
        return "json", options
    found = format_of(str(spec.path))
    if found is None:
        raise QueryError(
            Diagnostic(
                "AQ701",
                f'the suffix of the input file "{spec.path}" names no format',
                notes=(f"formats are {', '.join(FORMATS)}",),
                help="rename the file, such as events.ndjson, or name the format in a job file",
            )
        )
    return found, options


def open_source(
    spec: InputSpec, format_: str, options: ReadOptions, rows: int | None, *, has_whole_events: bool = False
) -> Iterator[Chunk | Idle]:
    """Yield an input's chunks; IDLE where the next one is not at hand.

    Args:
        spec: The input.
        format_: The format of its bytes.
        options: How they are read.
        rows: Events in a chunk, None to let the size decide.
        has_whole_events: Whether events are read as records, not as some of their fields.

    Raises:
        QueryError: The file is not there.
        JobError: It cannot be read to its end.
    """
    source, is_live = _open(spec)
    size = _WHOLE_EVENTS_CHUNK_BYTES if has_whole_events else CHUNK_BYTES
    splitter = splitter_for(format_, source.name, options=options, rows=rows, chunk_bytes=size)
    for piece in source.pieces():
        yield from splitter.feed(piece)
        if is_live:
            yield IDLE
    yield from splitter.finish()


def check_source(spec: InputSpec) -> None:
    """Make sure that an input can be opened, before anything runs.

    Raises:
        QueryError: It cannot.
    """
    source, _ = _open(spec)
    if isinstance(source, FileInput):
        source.check()


def _open(spec: InputSpec) -> tuple[Input, bool]:
    if spec.events is not None:
        return MemoryInput(spec.events, spec.name or "<events>"), False
    if spec.path is None or spec.path == STANDARD_STREAM:
        return StandardInput(), True
    return FileInput(spec.path), False
