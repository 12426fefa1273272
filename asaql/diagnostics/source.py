"""Where a text came from, and places in it."""

from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct


class Position(NamedTuple):
    """A place as people name it: line and column, both counted from 1, the column in characters."""

    line: int
    column: int


class Span(Struct, frozen=True, order=True):
    """A half-open range of character offsets into one text."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """Return the smallest span that covers this one and `other`."""
        return Span(min(self.start, other.start), max(self.end, other.end))


class Source(Struct, frozen=True, dict=True):
    """A text with the name it is reported under: a file's path, or `<query>` for a text given in memory."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def position(self, offset: int) -> Position:
        """Return line and column of `offset`; an offset past the end is the place after the last character."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line and column, both counted from 1."""
        return self._line_starts[line - 1] + column - 1

    def line(self, number: int) -> str:
        """Return line `number`, counted from 1, without its line ending; an empty text past the last line."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] - 1 if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def slice(self, span: Span) -> str:
        """Return the text that `span` covers."""
        return self.text[span.start : span.end]
