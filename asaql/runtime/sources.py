"""Inputs of a job as streams of chunks."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from asaql.connectors import FileInput, Input, LineRange, MemoryInput, StandardInput, line_ranges
from asaql.diagnostics import Diagnostic, QueryError
from asaql.formats import CHUNK_BYTES, Chunk, ReadOptions, format_of, has_event_a_line, splitter_for
from asaql.jobs import FORMATS, STANDARD_STREAM, InputSpec


class Idle:
    """No more input is at hand for now: what waits for company need not wait longer."""


IDLE: Final = Idle()


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
    spec: InputSpec,
    format_: str,
    options: ReadOptions,
    rows: int | None,
    *,
    chunk_bytes: int = CHUNK_BYTES,
    range_lengths: Callable[[int], Sequence[int]] = lambda size: (size,),
) -> Iterator[Chunk | LineRange | Idle]:
    """Yield what is to be read of an input, chunks or parts of a file; IDLE where the next one is not at hand.

    Args:
        spec: The input.
        format_: The format of its bytes.
        options: How they are read.
        rows: Events in a chunk, None to let the size decide.
        chunk_bytes: About how long a chunk is if its size decides.
        range_lengths: Returns about how many bytes each part of a file has, of the size of the file.

    Raises:
        QueryError: The file is not there.
        JobError: It cannot be read to its end.
    """
    source = _open(spec)
    if isinstance(source, FileInput) and rows is None:
        plain = source.start_of_plain(CHUNK_BYTES)
        if plain is not None and has_event_a_line(format_, plain[0], is_whole=len(plain[0]) == plain[1]):
            yield from line_ranges(source.name, range_lengths(plain[1]))
            return
    splitter = splitter_for(format_, source.name, options=options, rows=rows, chunk_bytes=chunk_bytes)
    for piece in source.pieces():
        yield from splitter.feed(piece)
        if isinstance(source, StandardInput):
            yield IDLE
    yield from splitter.finish()


def check_source(spec: InputSpec) -> None:
    """Make sure that an input can be opened, before anything runs.

    Raises:
        QueryError: It cannot.
    """
    source = _open(spec)
    if isinstance(source, FileInput):
        source.check()


def is_awaited(spec: InputSpec) -> bool:
    """Return whether an input's events may come one by one, so that each is to be read as soon as it is there."""
    return isinstance(_open(spec), StandardInput)


def _open(spec: InputSpec) -> Input:
    if spec.events is not None:
        return MemoryInput(spec.events, spec.name or "<events>")
    if spec.path is None or spec.path == STANDARD_STREAM:
        return StandardInput()
    return FileInput(spec.path)
