"""Markdown as the case format needs it: second-level headings, prose, fenced blocks and tables, with line numbers."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_FENCE = re.compile(r"(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")
_ANY_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?")


def split_lines(text: str) -> list[str]:
    """Return the lines of a text, each with its line ending; only a line feed ends a line, unlike `str.splitlines`."""
    return _ANY_LINE.findall(text)


class MarkdownError(ValueError):
    """A fence that is never closed or an info string that cannot be split; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        language: The first word of the info string, lower case.
        tags: The other words: `name=value` pairs, and flags with the value None.
        text: The body, every line with its line ending.
        line: The line of the opening fence, counted from 1; the body begins on the next one.
        end: The line of the closing fence.
    """

    language: str
    tags: Mapping[str, str | None]
    text: str
    line: int
    end: int

    def lines(self) -> list[tuple[int, str]]:
        """Return the body's lines that are not blank, each with its number in the file."""
        numbered = enumerate(split_lines(self.text), self.line + 1)
        return [(number, line.rstrip("\r\n")) for number, line in numbered if line.strip()]


@dataclass(frozen=True, slots=True)
class Table:
    """One pipe table: the header's cells, and each row's cells with the row's line."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one second-level heading, up to the next heading of the first or second level."""

    heading: str
    line: int
    prose: str
    blocks: tuple[Block, ...]
    tables: tuple[Table, ...]
    end: int


@dataclass(slots=True)
class _Open:
    """A section that is being read."""

    heading: str
    line: int
    prose: list[tuple[int, str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def close(self, end: int) -> Section:
        tables, prose = _split_tables(self.prose)
        return Section(self.heading, self.line, prose, tuple(self.blocks), tables, end)


def read_sections(text: str) -> list[Section]:
    """Return the sections under second-level headings; what stands before the first one belongs to none.

    Raises:
        MarkdownError: A fence is never closed, or the words behind it have a quote that is never closed.
    """
    sections: list[Section] = []
    current: _Open | None = None
    lines = split_lines(text)
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at].rstrip("\r\n")
        if fence := _FENCE.fullmatch(line):
            close = _closing(lines, at, fence["fence"])
            if current is not None:
                current.blocks.append(_block(fence["info"], "".join(lines[at + 1 : close]), number, close + 1))
            at = close
        elif (heading := _HEADING.fullmatch(line)) and len(heading[1]) <= 2:
            if current is not None:
                sections.append(current.close(number - 1))
            current = _Open(heading[2], number) if len(heading[1]) == 2 else None
        elif current is not None:
            current.prose.append((number, line))
        at += 1
    if current is not None:
        sections.append(current.close(len(lines)))
    return sections


def _closing(lines: list[str], opening: int, fence: str) -> int:
    """Return the index of the line that closes the fence opened at index `opening`."""
    for at in range(opening + 1, len(lines)):
        line = lines[at].rstrip()
        if line and set(line) == {fence[0]} and len(line) >= len(fence):
            return at
    message = "block is opened and never closed"
    raise MarkdownError(message, opening + 1)


def _block(info: str, text: str, line: int, end: int) -> Block:
    try:
        words = shlex.split(info)
    except ValueError as error:
        message = f"words behind the fence cannot be read: {str(error).lower()}"
        raise MarkdownError(message, line) from error
    tags: dict[str, str | None] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        tags[name] = value if equals else None
    return Block(words[0].lower() if words else "", MappingProxyType(tags), text, line, end)


def _split_tables(prose: list[tuple[int, str]]) -> tuple[tuple[Table, ...], str]:
    """Return the pipe tables among some lines, and the other lines as one text."""
    tables: list[Table] = []
    rest: list[str] = []
    at = 0
    while at < len(prose):
        number, line = prose[at]
        if "|" in line and at + 1 < len(prose) and _RULE.fullmatch(prose[at + 1][1].strip()):
            end = at + 2
            while end < len(prose) and "|" in prose[end][1]:
                end += 1
            tables.append(Table(_cells(line), tuple((n, _cells(row)) for n, row in prose[at + 2 : end]), number))
            at = end
        else:
            rest.append(line)
            at += 1
    return tuple(tables), "\n".join(rest).strip()


def _cells(row: str) -> tuple[str, ...]:
    r"""Return a table row's cells; `\|` is a bar within a cell, and back quotes around a cell are left out."""
    inner = row.strip().removeprefix("|").removesuffix("|")
    cells = (each.replace("\\|", "|").strip() for each in re.split(r"(?<!\\)\|", inner))
    return tuple(each[1:-1].strip() if len(each) > 1 and each[0] == each[-1] == "`" else each for each in cells)
