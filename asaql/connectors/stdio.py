"""Standard input and standard output."""

import io
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from asaql.connectors.compression import inflated
from asaql.diagnostics import Diagnostic, JobError

_PIECE_BYTES = 1 << 16


class ClosedOutputError(JobError):
    """Whoever reads standard output has stopped reading; as `head` does, and no reason to worry a user with."""


class StandardInput:
    """Reads standard input as it comes: a line that has been written is delivered, however little it is.

    Args:
        stream: What to read instead of standard input.
    """

    def __init__(self, stream: io.BufferedIOBase | BinaryIO | None = None) -> None:
        self.name = "<stdin>"
        self.bytes_read = 0
        self._stream = stream

    def pieces(self) -> Iterator[bytes]:
        """Return what is at hand, piece by piece, decompressed.

        Raises:
            JobError: Standard input is closed or cannot be read, or its compression is damaged.
        """
        return inflated(self._raw_pieces(), self.name)

    def _raw_pieces(self) -> Iterator[bytes]:
        stream = self._stream or (sys.stdin.buffer if sys.stdin else None)
        if stream is None:
            raise JobError(Diagnostic("AQ702", "standard input is closed"))
        # `read` of a buffered stream waits until it has all it was asked for, `read1` does not.
        read = getattr(stream, "read1", stream.read)
        try:
            while piece := read(_PIECE_BYTES):
                self.bytes_read += len(piece)
                yield piece
        except OSError as error:
            raise JobError(Diagnostic("AQ702", "standard input cannot be read", notes=(str(error),))) from None


class StandardOutput:
    """Writes to standard output at once: what was written is seen before more is asked for.

    Args:
        stream: What to write to instead of standard output.
    """

    def __init__(self, stream: io.BufferedIOBase | BinaryIO | None = None) -> None:
        self.name = "<stdout>"
        self.bytes_written = 0
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Write the bytes.

        Raises:
            ClosedOutputError: The reader has gone.
            JobError: The bytes cannot be written for another reason.
        """
        stream = self._stream or (sys.stdout.buffer if sys.stdout else None)
        if stream is None:
            raise JobError(Diagnostic("AQ704", "standard output is closed"))
        try:
            stream.write(data)
            stream.flush()
        except BrokenPipeError:
            _silence(stream)
            raise ClosedOutputError(Diagnostic("AQ704", "the reader of standard output has closed it")) from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise JobError(Diagnostic("AQ704", "standard output cannot be written", notes=(reason,))) from None
        self.bytes_written += len(data)

    def commit(self) -> None:
        """Do nothing: everything has been written."""

    def abort(self) -> None:
        """Do nothing: what has been written cannot be taken back."""


def _silence(stream: io.BufferedIOBase | BinaryIO) -> None:
    """Send the rest of the stream's buffer to nowhere, so that the interpreter does not complain when it ends."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
