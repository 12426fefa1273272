"""Parts of a file of lines, which any process can read by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from asaql.connectors.files import unreadable
from asaql.diagnostics import JobError

_BOM = b"\xef\xbb\xbf"
_BEYOND_BYTES = 1 << 14
_COUNTED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LineRange:
    """The lines of a file that begin at certain offsets; a line belongs to one range, wherever ranges meet in it.

    Attributes:
        path: The file, from the root: processes work in different folders.
        name: How messages call it.
        start: The first offset at which a line of the range may begin.
        end: The offset from which on lines belong to the next range; None for the rest of the file.
    """

    path: str
    name: str
    start: int
    end: int | None

    def read(self) -> bytes:
        """Return the lines, without a byte order mark at the beginning of the file.

        Raises:
            JobError: The file cannot be read (any more).
        """
        try:
            return self._read()
        except OSError as error:
            raise JobError(unreadable(Path(self.name), error)) from None

    def _read(self) -> bytes:
        with open(self.path, "rb", buffering=0) as file:
            # A line begins at `start` if a line break stands before it.
            before = min(self.start, 1)
            file.seek(self.start - before)
            parts = [file.readall() if self.end is None else _up_to(file.read, self.end - self.start + before)]
            cut = 0
            if before:
                cut = parts[0].find(b"\n") + 1
                if not cut:
                    return b""
            elif parts[0].startswith(_BOM):
                cut = len(_BOM)
            if self.end is not None and (len(parts[0]) > cut or not before):
                while not parts[-1].endswith(b"\n") and (piece := file.read(_BEYOND_BYTES)):
                    parts.append(piece[: piece.find(b"\n") + 1] or piece)
        if not cut and len(parts) == 1:
            return parts[0]
        return b"".join((memoryview(parts[0])[cut:], *parts[1:]))


class LineCounter:
    """Tells the number of the line at an offset of a file, for offsets that grow.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._offset = 0
        self._line_breaks = 0

    def lines_before(self, offset: int) -> int:
        """Return how many lines begin before an offset.

        Args:
            offset: Not lower than that of the call before.

        Raises:
            JobError: The file cannot be read (any more).
        """
        if offset == 0:
            return 0
        # The line break right before an offset ends the line before it, so that the next one begins at the offset.
        try:
            for piece in self._pieces(offset - 1):
                self._line_breaks += piece.count(b"\n")
        except OSError as error:
            raise JobError(unreadable(Path(self._path), error)) from None
        return self._line_breaks + 1

    def _pieces(self, end: int) -> Iterator[bytes]:
        with open(self._path, "rb", buffering=0) as file:
            file.seek(self._offset)
            while self._offset < end and (piece := file.read(min(_COUNTED_BYTES, end - self._offset))):
                self._offset += len(piece)
                yield piece


def line_ranges(path: str, size: int, range_bytes: int) -> Iterator[LineRange]:
    """Yield the ranges of a file in order.

    Args:
        path: The file.
        size: Its size; what is appended while it is read belongs to the last range.
        range_bytes: About how long a range is.
    """
    absolute = str(Path(path).absolute())
    count = max(1, round(size / range_bytes))
    bounds = [size * number // count for number in range(count)]
    for start, end in zip(bounds, [*bounds[1:], None], strict=True):
        yield LineRange(absolute, path, start, end)


def _up_to(read: Callable[[int], bytes | None], length: int) -> bytes:
    """Return as many bytes as are there, up to a length."""
    data = read(length) or b""
    while len(data) < length and (piece := read(length - len(data))):
        data += piece
    return data
