"""The patterns of LIKE and PATINDEX: `%` any text, `_` one character, `[a-f]` one of a set, `[^a-f]` one of no set."""

import re
from functools import lru_cache

from msgspec import Struct

_MATCHES_NOTHING = "(?!)"


class Pattern(Struct, frozen=True):
    """A compiled pattern: the pieces between the `%` signs, each of fixed length.

    Matching takes the leftmost place for each piece in turn, so its time is bounded by text length times pattern
    length whatever the pattern.

    Attributes:
        pieces: What stands between the signs.
        is_open_left: Whether the pattern begins with `%`.
        is_open_right: Whether it ends with `%`.
        literal: The text between the outer `%` signs if it holds no wildcard, else None.
        rust: The whole pattern as a regular expression of Polars, or None if it can match nothing.
        search: What finds the first match within a text, likewise; None also if there is nothing between `%` signs.
    """

    pieces: tuple[re.Pattern[str], ...]
    widths: tuple[int, ...]
    is_open_left: bool
    is_open_right: bool
    literal: str | None
    rust: str | None
    search: str | None

    def find(self, text: str) -> int:
        """Return the index at which the first match begins, -1 if there is none."""
        start = 0 if not self.is_open_left or not self.pieces else -1
        position = 0
        last = len(self.pieces) - 1
        for index, piece in enumerate(self.pieces):
            is_first = index == 0 and not self.is_open_left
            is_last = index == last and not self.is_open_right
            if is_last:
                begin = len(text) - self.widths[index]
                if begin < position or (is_first and begin > 0):
                    return -1
                match = piece.match(text, begin)
            else:
                match = piece.match(text, 0) if is_first else piece.search(text, position)
            if match is None:
                return -1
            start = match.start() if start < 0 else start
            position = match.end()
        if not self.pieces and not self.is_open_left:
            return 0 if not text else -1
        return start

    def matches(self, text: str) -> bool:
        """Return whether the pattern covers the whole text."""
        return self.find(text) >= 0


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Pattern:
    """Return the compiled form of a LIKE pattern. An opening bracket that is never closed is an ordinary character."""
    pieces: list[list[tuple[str, str | None]]] = [[]]
    literal: str | None = ""
    index = 0
    while index < len(pattern):
        char = pattern[index]
        close = pattern.find("]", index + 1) if char == "[" else -1
        if char == "%":
            pieces.append([])
        elif char == "_":
            pieces[-1].append((".", "."))
            literal = None
        elif close >= 0:
            pieces[-1].append(_set(pattern[index + 1 : close]))
            literal = None
            index = close
        else:
            pieces[-1].append((re.escape(char), _escaped(char)))
            literal = None if literal is None else literal + char
        index += 1
    bodies = [piece for piece in pieces if piece]
    is_open_left = len(pieces) > 1 and not pieces[0]
    is_open_right = len(pieces) > 1 and not pieces[-1]
    whole = _rust(pieces)
    return Pattern(
        tuple(re.compile("".join(python for python, _ in piece), re.DOTALL) for piece in bodies),
        tuple(map(len, bodies)),
        is_open_left,
        is_open_right,
        literal if len(bodies) <= 1 else None,
        whole,
        _search(pieces, whole) if bodies else None,
    )


def _rust(pieces: list[list[tuple[str, str | None]]]) -> str | None:
    texts: list[str] = []
    for piece in pieces:
        elements = [rust for _, rust in piece]
        if None in elements:
            return None
        texts.append("".join(each or "" for each in elements))
    return rf"(?s)\A{'.*'.join(texts)}\z"


def _search(pieces: list[list[tuple[str, str | None]]], whole: str | None) -> str | None:
    if whole is None:
        return None
    start = r"(?s)" if len(pieces) > 1 and not pieces[0] else r"(?s)\A"
    end = "" if len(pieces) > 1 and not pieces[-1] else r"\z"
    texts = ["".join(rust or "" for _, rust in piece) for piece in pieces if piece]
    return f"{start}{'.*?'.join(texts)}{end}"


def _set(content: str) -> tuple[str, str | None]:
    """Return the regular expressions, for Python and for Polars, of one character out of a set."""
    is_negated = content.startswith("^")
    members = content[1:] if is_negated else content
    ranges: list[tuple[str, str]] = []
    index = 0
    while index < len(members):
        if index + 2 < len(members) and members[index + 1] == "-":
            if members[index] <= members[index + 2]:
                ranges.append((members[index], members[index + 2]))
            index += 3
        else:
            ranges.append((members[index], members[index]))
            index += 1
    if not ranges:
        return (".", ".") if is_negated else (_MATCHES_NOTHING, None)
    sign = "^" if is_negated else ""
    python = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges)
    rust = "".join(f"{_escaped(low)}-{_escaped(high)}" for low, high in ranges)
    return f"[{sign}{python}]", f"[{sign}{rust}]"


def _escaped(char: str) -> str:
    return char if char.isascii() and char.isalnum() else rf"\x{{{ord(char):X}}}"
