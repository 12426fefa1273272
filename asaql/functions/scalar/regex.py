"""Regular expressions as REGEXMATCH takes them: the ECMAScript form, without case.

A pattern is translated into the syntax of Polars, whose engine takes time proportional to text and pattern whatever
the pattern. Only look-around and back-references, which that engine has not, go to Python's `re`; there a repetition
within a repetition is refused, because such a pattern can take longer than anybody waits.
"""

import re
from functools import lru_cache

import polars as pl
from msgspec import Struct, field

_SPACES = r"\t\n\x0B\x0C\r "
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACES}
_OUTSIDE = {"D": _CLASSES["d"], "W": _CLASSES["w"], "S": _CLASSES["s"]}
_COMPLEMENTS = {
    "D": (r"\x00-/:-\x{10FFFF}", r"\x00-/:-\U0010ffff"),
    "W": (r"\x00-/:-@\[-\^`\{-\x{10FFFF}", r"\x00-/:-@\[-\^`\{-\U0010ffff"),
    "S": (r"\x00-\x08\x0E-\x1F!-\x{10FFFF}", r"\x00-\x08\x0E-\x1F!-\U0010ffff"),
}
"""What \\D, \\W and \\S mean among the members of a set, for Polars and for Python."""
_CONTROLS = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D, "a": 0x07, "e": 0x1B}
_QUANTIFIER = re.compile(r"[*+?]|\{[0-9]+(?:,[0-9]*)?\}")
_GROUP = re.compile(r"\?(?:(?P<kind>[:=!>]|<[=!])|<(?P<name>[A-Za-z_][A-Za-z0-9_]*)>)")
_MOST_REPEATS = 1000


class PatternTooCostly(ValueError):
    """A pattern that could take unbounded time."""


class _Malformed(ValueError):
    """Not a regular expression."""


class Regex(Struct, frozen=True):
    """A translated pattern.

    Attributes:
        linear: For Polars, or None if the pattern needs more than a regular language.
        python: For Python's `re`, or None if `linear` is there.
    """

    linear: str | None
    python: re.Pattern[str] | None

    def find_all(self, texts: pl.Series) -> pl.Series:
        """Return, for each text, the index of the first match in UTF-8 bytes; null where there is none."""
        if self.linear is not None:
            return texts.str.find(self.linear)
        matches = [
            None if each is None or self.python is None else self.python.search(each) for each in texts.to_list()
        ]
        offsets = [None if match is None else len(match.string[: match.start()].encode()) for match in matches]
        return pl.Series(offsets, dtype=pl.UInt32)


@lru_cache(maxsize=512)
def compile_regex(pattern: str) -> Regex | None:
    """Return the translation of a pattern, or None if it is no regular expression.

    Raises:
        PatternTooCostly: It has look-around or back-references and a repetition within a repetition, or repeats more
            often than can be counted.
    """
    parser = _Parser(pattern)
    try:
        parser.parse()
    except _Malformed:
        return None
    if parser.is_regular:
        linear = f"(?i){''.join(parser.linear)}"
        try:
            pl.Series([""]).str.find(linear)
        except pl.exceptions.ComputeError as error:
            raise PatternTooCostly(pattern) from error
        return Regex(linear, None)
    if parser.nests_repeats:
        raise PatternTooCostly(pattern)
    try:
        return Regex(None, re.compile("".join(parser.python), re.IGNORECASE))
    except re.error:
        return None


class _Parser(Struct):
    """Reads a pattern once from left to right and writes both translations."""

    pattern: str
    position: int = 0
    linear: list[str] = field(default_factory=list)
    python: list[str] = field(default_factory=list)
    is_regular: bool = True
    nests_repeats: bool = False
    groups: int = 0
    names: list[str] = field(default_factory=list)

    def parse(self) -> None:
        """Translate the whole pattern.

        Raises:
            _Malformed: It is no regular expression.
        """
        self._alternatives(depth=0)
        if self.position < len(self.pattern):
            raise _Malformed

    def _alternatives(self, depth: int) -> bool:
        """Translate up to the end or a closing parenthesis; return whether an unbounded repetition is inside."""
        if depth > 100:
            raise _Malformed
        repeats = False
        while self.position < len(self.pattern) and self.pattern[self.position] != ")":
            if self.pattern[self.position] == "|":
                self.position += 1
                self._write("|")
                continue
            can_repeat, inner_repeats = self._atom(depth)
            is_unbounded = self._quantifier(can_repeat)
            self.nests_repeats = self.nests_repeats or (is_unbounded and inner_repeats)
            repeats = repeats or is_unbounded or inner_repeats
        return repeats

    def _write(self, linear: str, python: str | None = None) -> None:
        self.linear.append(linear)
        self.python.append(linear if python is None else python)

    def _atom(self, depth: int) -> tuple[bool, bool]:
        """Translate one atom; return whether it can be repeated, and whether it repeats inside."""
        char = self.pattern[self.position]
        self.position += 1
        if char == "(":
            return self._group(depth)
        if char == "[":
            self._set()
        elif char == "\\":
            return self._escape(), False
        elif char == ".":
            self._write(r"[^\n]")
        elif char == "^":
            self._write(r"\A")
            return False, False
        elif char == "$":
            self._write(r"\z", r"\Z")
            return False, False
        elif char in "*+?":
            raise _Malformed
        else:
            self._literal(ord(char))
        return True, False

    def _literal(self, code: int) -> None:
        char = chr(code)
        if char.isascii() and char.isalnum():
            self._write(char)
        elif 0xD800 <= code <= 0xDFFF:
            raise _Malformed
        else:
            self._write(_linear_code(code), _python_code(code))

    def _group(self, depth: int) -> tuple[bool, bool]:
        opening, python_opening, can_repeat = "(", "(", True
        if self.pattern.startswith("?", self.position):
            match = _GROUP.match(self.pattern, self.position)
            if match is None:
                raise _Malformed
            self.position = match.end()
            kind = match["kind"]
            if match["name"]:
                self.names.append(match["name"])
                self.groups += 1
                opening = python_opening = f"(?P<{match['name']}>"
            else:
                opening = python_opening = f"(?{kind}"
                self.is_regular = self.is_regular and kind == ":"
                can_repeat = kind in (":", ">")
        else:
            self.groups += 1
        self._write(opening, python_opening)
        repeats = self._alternatives(depth + 1)
        if not self.pattern.startswith(")", self.position):
            raise _Malformed
        self.position += 1
        self._write(")")
        return can_repeat, repeats

    def _quantifier(self, can_repeat: bool) -> bool:
        """Translate a quantifier if one stands here; return whether it has no upper bound."""
        match = _QUANTIFIER.match(self.pattern, self.position)
        if match is None:
            return False
        if not can_repeat:
            raise _Malformed
        text = match[0]
        if text[0] == "{":
            least, _, most = text[1:-1].partition(",")
            if most and int(most) < int(least):
                raise _Malformed
            if max(int(least), int(most or 0)) > _MOST_REPEATS:
                raise PatternTooCostly(self.pattern)
        self.position = match.end()
        if self.pattern.startswith("?", self.position):
            text += "?"
            self.position += 1
        if _QUANTIFIER.match(self.pattern, self.position):
            raise _Malformed
        self._write(text)
        return text[0] in "*+" or ",}" in text

    def _escape(self) -> bool:
        """Translate an escape outside of a set; return whether it can be repeated."""
        char = self.pattern[self.position : self.position + 1]
        if char in ("b", "B"):
            self.position += 1
            self._write(r"(?-u:\b)" if char == "b" else r"\B", rf"(?a:\{char})")
            return False
        if char in "123456789" and char:
            self._back_reference()
        elif char in _CLASSES:
            self.position += 1
            self._write(f"[{_CLASSES[char]}]")
        elif char in _OUTSIDE:
            self.position += 1
            self._write(f"[^{_OUTSIDE[char]}]")
        else:
            self._literal(self._code())
        return True

    def _back_reference(self) -> None:
        match = re.compile("[0-9]+").match(self.pattern, self.position)
        if match is None or int(match[0]) > self.groups:
            raise _Malformed
        self.position = match.end()
        self.is_regular = False
        self._write("", rf"(?:\{match[0]})")

    def _code(self) -> int:
        """Read what follows a backslash and stands for one character; return its code."""
        char = self.pattern[self.position : self.position + 1]
        self.position += 1
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "0":
            return 0
        if char in ("x", "u"):
            width = 2 if char == "x" else 4
            digits = self.pattern[self.position : self.position + width]
            if re.fullmatch(f"[0-9A-Fa-f]{{{width}}}", digits) is None:
                raise _Malformed
            self.position += width
            return int(digits, 16)
        if char == "c" and self.pattern[self.position : self.position + 1].isalpha():
            self.position += 1
            return ord(self.pattern[self.position - 1]) % 32
        if not char or char == "_" or (char.isascii() and char.isalnum()):
            raise _Malformed
        return ord(char)

    def _set(self) -> None:
        is_negated = self.pattern.startswith("^", self.position)
        self.position += is_negated
        linear: list[str] = []
        python: list[str] = []
        is_first = True
        while is_first or not self.pattern.startswith("]", self.position):
            is_first = False
            low = self._member()
            if isinstance(low, tuple):
                linear.append(low[0])
                python.append(low[1])
                continue
            high: int | tuple[str, str] = low
            if (
                self.pattern.startswith("-", self.position)
                and self.pattern[self.position + 1 : self.position + 2] != "]"
            ):
                self.position += 1
                high = self._member()
            if isinstance(high, tuple) or high < low:
                raise _Malformed
            linear.append(f"{_linear_code(low)}-{_linear_code(high)}")
            python.append(f"{_python_code(low)}-{_python_code(high)}")
        self.position += 1
        sign = "^" if is_negated else ""
        self._write(f"[{sign}{''.join(linear)}]", f"[{sign}{''.join(python)}]")

    def _member(self) -> int | tuple[str, str]:
        """Read one member of a set: the code of a character, or a class in both translations."""
        char = self.pattern[self.position : self.position + 1]
        if not char:
            raise _Malformed
        self.position += 1
        if char != "\\":
            return ord(char)
        following = self.pattern[self.position : self.position + 1]
        if following in _CLASSES or following in _OUTSIDE:
            self.position += 1
            both = _CLASSES.get(following)
            return _COMPLEMENTS[following] if both is None else (both, both)
        if following == "b":
            self.position += 1
            return 0x08
        return self._code()


def _linear_code(code: int) -> str:
    return rf"\x{{{code:X}}}"


def _python_code(code: int) -> str:
    return rf"\U{code:08x}"
