"""One small change that lets the parser go on: a misspelled keyword, a missing comma, AS, BY or parenthesis.

A change is only proposed after it was tried: the parser must get past the place where it was stuck.
"""

from msgspec import Struct

from asaql.diagnostics import Diagnostic, Label, Source
from asaql.syntax.driver import goes_on
from asaql.syntax.lexemes import Lexeme
from asaql.syntax.words import KEYWORDS, resolve_words

_SIMILAR = 0.7
_MAX_SPELLINGS = 3
# How many lexemes behind the stuck one a trial reads, and how many it must take from the stuck one on.
_LOOKAHEAD = 4
_PROGRESS = 2
_CONTEXT = 4


class _Trial(Struct, frozen=True):
    """The text around the stuck lexeme, and how to try changes of it."""

    lexemes: list[Lexeme]
    index: int
    stacks: tuple[tuple[int, ...], ...]
    start: str
    source: Source

    def works(self, at: int, *, put: str = "", drop: bool = False) -> bool:
        """Whether the parser goes on when `put` is inserted before the lexeme at `at`, which `drop` takes away."""
        first = self.index - len(self.stacks) + 1
        left = max(0, first - _CONTEXT)
        window = [_fresh(each) for each in self.lexemes[left : self.index + _LOOKAHEAD]]
        inserted = [Lexeme(_MARKS.get(put, "NAME"), put, 0, 0)] if put else []
        window[at - left : at - left + drop] = inserted
        resolve_words(window, self.source.text)
        read = window[first - left :]
        goal = self.index - first + len(inserted) - drop + _PROGRESS
        return goes_on(read, self.start, self.stacks[0]) >= min(goal, len(read))


_MARKS = {",": "COMMA", ")": "RPAR", "(": "LPAR"}


def _fresh(lexeme: Lexeme) -> Lexeme:
    """Return a copy of which nothing is decided that depends on its neighbours."""
    if lexeme.terminal in _LITERALS or not lexeme.is_bare_word:
        return Lexeme(lexeme.terminal, lexeme.text, lexeme.start, lexeme.end)
    return Lexeme("NAME", lexeme.text, lexeme.start, lexeme.end)


_LITERALS = frozenset(("STRING", "BRACKETED", "QUOTED"))


def explain_repair(
    lexemes: list[Lexeme],
    index: int,
    stacks: tuple[tuple[int, ...], ...],
    start: str,
    source: Source,
    names: frozenset[str],
) -> Diagnostic | None:
    """Return a diagnostic that names the one change that works at the lexeme at `index`; None if none does.

    Args:
        lexemes: The text.
        index: The lexeme that the parser cannot take.
        stacks: The parser's states before that lexeme, last, and before those that precede it.
        start: The start symbol.
        source: Where the lexemes come from.
        names: The terminals that the parser could take.
    """
    trial = _Trial(lexemes, index, stacks, start, source)
    return _misspelling(trial) or _missing(trial, names) or _needless(trial)


def _misspelling(trial: _Trial) -> Diagnostic | None:
    for at in (trial.index, trial.index - 1):
        if not 0 <= at < len(trial.lexemes) or trial.lexemes[at].terminal != "NAME":
            continue
        lexeme = trial.lexemes[at]
        for keyword in _similar(lexeme.word):
            if trial.works(at, put=keyword, drop=True):
                return Diagnostic(
                    "AQ101",
                    f'"{lexeme.text}" cannot stand here',
                    lexeme.span,
                    label=f"did you mean {keyword}?",
                    help=f"write {keyword}",
                )
    return None


def _similar(word: str) -> list[str]:
    if len(word) < 2 or word in KEYWORDS:
        return []
    # Loaded only where something is wrong.
    from difflib import SequenceMatcher

    ratios = {keyword: SequenceMatcher(None, word, keyword).ratio() for keyword in sorted(KEYWORDS)}
    close = [keyword for keyword, ratio in ratios.items() if ratio >= _SIMILAR]
    return sorted(close, key=lambda keyword: -ratios[keyword])[:_MAX_SPELLINGS]


def _missing(trial: _Trial, names: frozenset[str]) -> Diagnostic | None:
    lexemes, index = trial.lexemes, trial.index
    if index == 0 or index >= len(lexemes):
        return None
    found, before = lexemes[index], lexemes[index - 1]
    if found.terminal not in ("RPAR", "COMMA"):
        for at in (index, index - 1):
            if at and lexemes[at - 1].terminal not in ("COMMA", "DOT", "LPAR", "AS") and trial.works(at, put=","):
                left, right = lexemes[at - 1], lexemes[at]
                return Diagnostic(
                    "AQ101",
                    f'a comma is missing before "{_cut(right.text)}"',
                    right.span,
                    help=f"write {_cut(left.text)}, {_cut(right.text)}",
                )
    for word in ("BY", "AS"):
        if before.terminal in ("NAME", "BRACKETED", "QUOTED") and trial.works(index, put=word):
            return Diagnostic(
                "AQ101",
                f'{word} is missing before "{_cut(found.text)}"',
                found.span,
                help=f"write {_cut(before.text)} {word} {_cut(found.text)}",
            )
    if "RPAR" in names and trial.works(index, put=")"):
        return _unclosed(trial)
    return None


def _unclosed(trial: _Trial) -> Diagnostic:
    lexemes, index = trial.lexemes, trial.index
    depth, labels = 0, tuple[Label, ...]()
    for lexeme in reversed(lexemes[:index]):
        depth += (lexeme.terminal == "RPAR") - (lexeme.terminal == "LPAR")
        if depth < 0:
            labels = (Label(lexeme.span, "opened here"),)
            break
    found = lexemes[index]
    return Diagnostic(
        "AQ101", f'a ")" is missing before "{_cut(found.text)}"', found.span, labels=labels, help='write ")" before it'
    )


_NO_OPERANDS = frozenset(
    (
        "COMMA",
        "RPAR",
        "LPAR",
        "SELECT",
        "FROM",
        "INTO",
        "WHERE",
        "GROUP",
        "HAVING",
        "UNION",
        "SEMICOLON",
        "AND",
        "OR",
        "ON",
    )
)


def _needless(trial: _Trial) -> Diagnostic | None:
    lexemes, index = trial.lexemes, trial.index
    for at in (index, index - 1):
        if not 0 <= at < len(lexemes) - 1 or lexemes[at].terminal not in ("COMMA", "AND", "OR"):
            continue
        is_lonely = lexemes[at + 1].terminal in _NO_OPERANDS or (at and lexemes[at - 1].terminal in _NO_OPERANDS)
        if is_lonely and trial.works(at, drop=True):
            text = lexemes[at].text
            return Diagnostic("AQ101", f'this "{text}" joins nothing', lexemes[at].span, help="leave it out")
    return None


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
