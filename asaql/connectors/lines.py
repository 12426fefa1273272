"""Parts of a file of lines, which any process can read by itself."""

from collections.abc import Iterator, Sequence
from io import FileIO
from itertools import accumulate
from pathlib import Path

from msgspec import Struct

from asaql.connectors.files import unreadable
from asaql.diagnostics import JobError

_BOM = b"\xef\xbb\xbf"
_SEARCHED_BYTES = 1 << 12
_COUNTED_BYTES = 1 << 20


class LineRange(Struct, frozen=True):
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

    def pieces(self, piece_bytes: int) -> Iterator[tuple[int, bytes]]:
        """Yield the lines, as many of them at a time as fit, without a byte order mark at the beginning of the file.

        Args:
            piece_bytes: About how much is read at once; a longer line comes whole.

        Yields:
            The offset at which the first line begins, and the lines.

        Raises:
            JobError: The file cannot be read (any more).
        """
        try:
            with open(self.path, "rb", buffering=0) as file:
                yield from self._pieces(file, piece_bytes)
        except OSError as error:
            raise JobError(unreadable(Path(self.name), error)) from None

    def _pieces(self, file: FileIO, piece_bytes: int) -> Iterator[tuple[int, bytes]]:
        offset = _next_line(file, self.start - 1) if self.start else 0
        while self.end is None or offset < self.end:
            # Where the last line ends is found first, so that the lines are read in place and not copied once more.
            aim = offset + piece_bytes if self.end is None else min(offset + piece_bytes, self.end)
            following = _next_line(file, aim - 1)
            data = _read(file, offset, following - offset)
            if not data:
                return
            mark = len(_BOM) if offset == 0 and data.startswith(_BOM) else 0
            yield offset + mark, data[mark:]
            offset = following


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
        """Return how many lines begin before that of an offset.

        Args:
            offset: Where a line begins; not lower than in the call before.

        Raises:
            JobError: The file cannot be read (any more).
        """
        try:
            with open(self._path, "rb", buffering=0) as file:
                while self._offset < offset:
                    piece = _read(file, self._offset, min(_COUNTED_BYTES, offset - self._offset))
                    if not piece:
                        break
                    self._offset += len(piece)
                    self._line_breaks += piece.count(b"\n")
        except OSError as error:
            raise JobError(unreadable(Path(self._path), error)) from None
        return self._line_breaks


def line_ranges(path: str, lengths: Sequence[int]) -> Iterator[LineRange]:
    """Yield the ranges of a file in order.

    Args:
        path: The file.
        lengths: About how many bytes each range has, at least one. The last one goes to the end of the file, also
            where something is appended to it while it is read.
    """
    absolute = str(Path(path).absolute())
    *ends, _ = accumulate(lengths)
    for start, end in zip([0, *ends], [*ends, None], strict=True):
        yield LineRange(absolute, path, start, end)


def _next_line(file: FileIO, offset: int) -> int:
    """Return where the line begins that follows the first line break at an offset or behind it; the end without one."""
    while block := _read(file, offset, _SEARCHED_BYTES):
        place = block.find(b"\n")
        if place >= 0:
            return offset + place + 1
        offset += len(block)
    return offset


def _read(file: FileIO, offset: int, length: int) -> bytes:
    """Return the bytes at an offset, as many as are there up to a length."""
    file.seek(offset)
    data = file.read(length) or b""
    while data and len(data) < length and (piece := file.read(length - len(data))):
        data += piece
    return data
