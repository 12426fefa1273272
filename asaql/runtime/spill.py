"""Where operators lay off what memory shall not hold: temporary files without a name."""

import tempfile
from typing import IO, Final

from msgspec import Struct

from asaql.diagnostics import Diagnostic, JobError

_SEGMENT_BYTES: Final = 1 << 30
"""When a file is this long the next one is begun, so that room is given back before all is read."""


class _Segment(Struct, eq=False):
    """One file, its length and how many byte strings of it are still wanted."""

    file: IO[bytes]
    length: int = 0
    wanted: int = 0


class TemporarySpill:
    """Keeps byte strings in temporary files in the system's folder for such files (`TMPDIR`).

    The first file is made with the first byte string. The files have no name: the system removes them when they are
    closed, and when the process ends in whatever way.

    Args:
        segment_bytes: The length at which a file is full.
    """

    def __init__(self, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._segment_bytes = segment_bytes
        self._current: _Segment | None = None
        self._places: dict[int, tuple[_Segment, int, int]] = {}
        self._count = 0

    @property
    def bytes_held(self) -> int:
        """Bytes of all files."""
        segments = {segment for segment, _, _ in self._places.values()}
        return sum(each.length for each in segments)

    def write(self, data: bytes) -> int:
        """Keep a byte string; return its number.

        Raises:
            JobError: A file cannot be made, or has no room (AQ704).
        """
        try:
            segment = self._current
            if segment is None or segment.length >= self._segment_bytes:
                segment = self._current = _Segment(tempfile.TemporaryFile(prefix="asaql-", buffering=0))  # noqa: SIM115
            segment.file.seek(segment.length)
            rest = memoryview(data)
            while rest:
                rest = rest[segment.file.write(rest) :]
        except OSError as error:
            message = f"events that wait to be sorted cannot be written to a temporary file: {error.strerror}"
            hint = "set TMPDIR to a folder with more room"
            raise JobError(Diagnostic("AQ704", message, help=hint)) from error
        self._places[self._count] = (segment, segment.length, len(data))
        segment.length += len(data)
        segment.wanted += 1
        self._count += 1
        return self._count - 1

    def read(self, number: int) -> bytes:
        """Return the byte string of a number.

        Raises:
            JobError: It cannot be read back (AQ702).
        """
        segment, start, length = self._places[number]
        try:
            segment.file.seek(start)
            data = segment.file.read(length)
        except OSError as error:
            message = f"events that wait to be sorted cannot be read back: {error.strerror}"
            raise JobError(Diagnostic("AQ702", message)) from error
        if len(data) != length:
            message = f"events that wait to be sorted cannot be read back: {len(data)} of {length} bytes are left"
            raise JobError(Diagnostic("AQ702", message))
        return data

    def forget(self, number: int) -> None:
        """Give up a byte string; a file goes with its last one."""
        segment, _, _ = self._places.pop(number)
        segment.wanted -= 1
        if not segment.wanted:
            segment.file.close()
            self._current = None if self._current is segment else self._current

    def close(self) -> None:
        """Remove all files."""
        for number in list(self._places):
            self.forget(number)
