"""Text -> lexemes: words, marks and literals with their places, and what is wrong with the characters themselves.

Lexical faults are mended on the spot where the meaning is plain (a back-quoted name is a name), so that one run reports
as many of a query's faults as it can.
"""

import re
from functools import cache

from msgspec import Struct, field

from asaql.diagnostics import Diagnostic, Source, Span
from asaql.syntax.lalr import load_tables

# What no terminal of the grammar matches. The order counts: the first pattern that fits wins.
_FAULTS = {
    "OPEN_COMMENT": r"/\*",
    "SLASHES": r"//[^\n]*",
    "HASH": r"\#[^\n]*",
    "CURLY": r"[‘’‚‛“”„‟][^‘’‚‛“”„‟\r\n]*[‘’‚‛“”„‟]?",
    "BACKQUOTED": r"`[^`\r\n]+`",
    "OTHER_OPERATOR": r"\|\||&&|==|::",
    "VARIABLE": r"@+\w+",
}
_OPEN = {
    "OPEN_STRING": r"'",
    "OPEN_QUOTED": r'"[^\r\n]*',
    "EMPTY_BRACKETS": r"\[\]",
    "OPEN_BRACKETED": r"\[[^\r\n]*",
    "STRAY": r"[\s\S]",
}


class Lexeme:
    """One word, mark or literal.

    Attributes:
        terminal: The grammar's terminal that it is.
        keyword: The keyword that a word is where the parser can take one; a name elsewhere.
        text: As written.
        start: Offset of its first character.
        end: Offset behind its last character.
    """

    __slots__ = ("end", "keyword", "start", "terminal", "text")

    def __init__(self, terminal: str, text: str, start: int, end: int) -> None:
        self.terminal = terminal
        self.keyword: str | None = None
        self.text = text
        self.start = start
        self.end = end

    @property
    def word(self) -> str:
        """The text without case, for comparing."""
        return self.text.upper()

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)

    @property
    def is_bare_word(self) -> bool:
        """Whether it is a word in no quotes."""
        return self.text[0].isalpha() or self.text[0] == "_"

    def __repr__(self) -> str:
        return f"Lexeme({self.terminal}, {self.text!r})"


class Scan(Struct, frozen=True):
    """The lexemes of a text, with the errors and warnings found on the way.

    `is_cut_off` tells that the text opens something it never closes, so that what follows was not read.
    """

    lexemes: list[Lexeme]
    errors: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    is_cut_off: bool = False


@cache
def _pattern() -> tuple[re.Pattern[str], dict[str, str], frozenset[str]]:
    """Return the pattern of all lexemes, the terminal of each mark, and the terminals to leave out."""
    terminals = load_tables().terminals
    ignored = {each.name: each.pattern for each in terminals if each.kind == "ignored"}
    patterns = {each.name: each.pattern for each in terminals if each.kind == "pattern"}
    marks = {each.pattern: each.name for each in terminals if each.kind == "text" and not each.pattern.isidentifier()}
    mark = "|".join(re.escape(each) for each in sorted(marks, key=len, reverse=True))
    groups = {**ignored, **_FAULTS, **patterns, "MARK": mark, **_OPEN}
    text = "|".join(f"(?P<{name}>{pattern})" for name, pattern in groups.items())
    return re.compile(text), marks, frozenset(ignored)


def scan(source: Source) -> Scan:
    """Return the lexemes of a text. Never raises: what cannot be read is among the errors."""
    pattern, marks, ignored = _pattern()
    text = source.text
    result = Scan([])
    lexemes = result.lexemes
    at = 0
    while at < len(text):
        match = pattern.match(text, at)
        assert match is not None, "the last alternative takes any character"
        kind = match.lastgroup or ""
        start, at = match.span()
        if kind in ignored:
            continue
        if kind == "MARK":
            found = match.group()
            lexemes.append(Lexeme(marks[found], found, start, at))
        elif kind in _FAULTS or kind in _OPEN:
            fault, mended, is_open = _fault(kind, match.group(), start)
            result.errors.append(fault)
            if mended is not None:
                lexemes.append(mended)
            if is_open:
                return Scan(lexemes, result.errors, is_cut_off=True)
        else:
            lexeme = Lexeme(kind, match.group(), start, at)
            if kind == "INTEGER" and (glued := re.compile(r"[^\W\d]\w*").match(text, at)):
                at = glued.end()
                lexeme = Lexeme("NAME", text[start:at], start, at)
                result.errors.append(_digit_first(lexeme))
            lexemes.append(lexeme)
    return result


def _digit_first(lexeme: Lexeme) -> Diagnostic:
    return Diagnostic(
        "AQ101",
        f'the name "{lexeme.text}" begins with a digit',
        lexeme.span,
        label="a bare name begins with a letter",
        help=f"write it in brackets: [{lexeme.text}]",
    )


_OPENED = {
    "OPEN_COMMENT": ("comment", 2, "close it with */"),
    "OPEN_STRING": ("text", 1, "close it with ', and write an apostrophe inside as ''"),
    "OPEN_QUOTED": ("quoted name", 1, 'close it with " on the same line'),
    "OPEN_BRACKETED": ("name in brackets", 1, "close it with ] on the same line"),
}


def _fault(kind: str, text: str, start: int) -> tuple[Diagnostic, Lexeme | None, bool]:
    """Return what is wrong with a stretch of text, the lexeme to go on with, and whether reading must end here."""
    end = start + len(text)
    span = Span(start, end)
    if kind in _OPENED:
        thing, width, advice = _OPENED[kind]
        opening = Span(start, start + width)
        return (
            Diagnostic("AQ102", f"this {thing} has no end", opening, label="opened here", help=advice),
            None,
            True,
        )
    if kind in ("SLASHES", "HASH"):
        mark = "//" if kind == "SLASHES" else "#"
        rest = text[len(mark) :].strip()
        advice = f"-- {rest}".rstrip()
        return (
            Diagnostic("AQ104", f'a comment begins with --, not with "{mark}"', span, help=f"write {advice}"),
            None,
            False,
        )
    if kind == "CURLY":
        inner = text.strip("‘’‚‛“”„‟")
        advice = f"write '{inner}'"
        fault = Diagnostic("AQ104", "text stands in straight quotes, not in curly ones", span, help=advice)
        return fault, Lexeme("STRING", f"'{inner}'", start, end), False
    if kind == "BACKQUOTED":
        fault = Diagnostic("AQ104", "a name is not quoted with back-quotes", span, help=f"write [{text[1:-1]}]")
        return fault, Lexeme("BRACKETED", f"[{text[1:-1]}]", start, end), False
    if kind == "VARIABLE":
        fault = Diagnostic(
            "AQ104",
            f'there are no variables: "{text}"',
            span,
            help=f"write the value itself, or join reference data; a column of this name is written [{text}]",
        )
        return fault, Lexeme("BRACKETED", f"[{text}]", start, end), False
    if kind == "OTHER_OPERATOR":
        terminal, advice = _OTHER_OPERATORS[text]
        return Diagnostic("AQ104", f'there is no operator "{text}"', span, help=advice), _mark(terminal, span), False
    if kind == "EMPTY_BRACKETS":
        fault = Diagnostic("AQ101", "the name in brackets is empty", span, help="write the name between [ and ]")
        return fault, Lexeme("BRACKETED", text, start, end), False
    shown = text if text.isprintable() else f"U+{ord(text):04X}"
    return Diagnostic("AQ101", f'the character "{shown}" has no meaning here', span), None, False


_OTHER_OPERATORS = {
    "||": ("PLUS", "join texts with +, or with CONCAT(a, b), which takes NULL as an empty text"),
    "&&": ("AND", "write AND"),
    "==": ("COMPARISON", "write ="),
    "::": ("", "write CAST(value AS type)"),
}


def _mark(terminal: str, span: Span) -> Lexeme | None:
    text = {"PLUS": "+", "AND": "AND", "COMPARISON": "="}.get(terminal)
    return Lexeme(terminal, text, span.start, span.end) if text else None
