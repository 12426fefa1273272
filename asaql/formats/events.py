"""What passes between connectors, formats and the pipeline: chunks of bytes, and columns of decoded events.

A connector yields bytes as they come. A `Splitter` cuts them into chunks that hold whole events; how the bytes were
cut before makes no difference to the events. A `Decoder` turns a chunk into columns. An `Encoder` turns columns into
bytes again.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from asaql.model import Column

CHUNK_BYTES = 1 << 20
"""How many bytes of events a chunk holds, about: one event may be longer."""


class Problem(Struct, frozen=True):
    """An event that could not be read and was dropped.

    Attributes:
        source: Name of the input.
        line: Line on which the event begins, or its number in formats without lines; from 1.
        reason: Why, lower-case and without a full stop.
        offset: The offset in the input from which `line` counts, if it is not the beginning.
    """

    source: str
    line: int
    reason: str
    offset: int = 0


class Chunk(Struct, frozen=True):
    """Whole events as bytes; small enough to be decoded at once, complete enough to be decoded anywhere.

    Attributes:
        data: The events, in the input's format or in one that keeps its types: Avro goes on as JSON lines, Parquet as
            an Arrow IPC stream.
        first_line: Line of the input on which `data` begins, counted from 1. For Avro and Parquet, the number of the
            first event.
        source: Name of the input for messages, such as its path.
        lines: The line on which each event begins, when `data` holds one event a line and the input did not.
        header: CSV: the record with the names, as bytes; empty if there is none.
        dropped: Events found to be malformed when the stream was cut; they are not in `data`.
        offset: The offset in the input from which `first_line` counts, if it is not the beginning.
    """

    data: bytes
    first_line: int = 1
    source: str = ""
    lines: tuple[int, ...] | None = None
    header: bytes = b""
    dropped: tuple[Problem, ...] = ()
    offset: int = 0


class Decoded(Struct):
    """The events of one chunk as columns.

    Attributes:
        columns: One column a slot of the projection, none of them constant.
        height: Number of events, dropped ones not counted.
        problems: The dropped events, in the order of their lines.
    """

    columns: dict[str, Column]
    height: int
    problems: tuple[Problem, ...] = ()


class Decoder(Protocol):
    """Reads events. May learn from chunk to chunk what makes it faster, never what changes a result."""

    def decode(self, chunk: Chunk) -> Decoded:
        """Return the columns of a chunk. Raises nothing for whatever bytes it is given: what is no event is a problem.

        Raises:
            JobError: The input as a whole cannot be read: a CSV header with a name twice, a file of another format.
        """
        ...


class Splitter(Protocol):
    """Cuts one stream of bytes into chunks."""

    def feed(self, piece: bytes) -> list[Chunk]:
        """Take the next bytes and return the chunks that are complete by now: nothing complete is held back.

        With a number of rows set, only full chunks of as many events are returned.
        """
        ...

    def finish(self) -> list[Chunk]:
        """Take the end of the stream and return what is left."""
        ...


class Encoder(Protocol):
    """Writes rows. The bytes are `header()`, then every `encode()`, then `footer()`."""

    def header(self) -> bytes:
        """Return the bytes before the first row."""
        ...

    def encode(self, columns: Mapping[str, Column], height: int) -> bytes:
        """Return the bytes of `height` rows; constant columns stand for every row."""
        ...

    def footer(self) -> bytes:
        """Return the bytes behind the last row."""
        ...


def chunks(pieces: Iterable[bytes], splitter: Splitter) -> Iterator[Chunk]:
    """Return the chunks of a stream that comes in pieces."""
    for piece in pieces:
        yield from splitter.feed(piece)
    yield from splitter.finish()
