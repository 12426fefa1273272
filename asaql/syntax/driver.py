"""Feeds lexemes to the parser and tells how far it came."""

from collections import deque
from functools import cache
from typing import Any

from msgspec import Struct

from asaql.diagnostics import Diagnostic
from asaql.syntax import build_expressions, build_statements
from asaql.syntax.children import Rejected
from asaql.syntax.lalr import Action, Parser, Stuck, load_tables
from asaql.syntax.lexemes import Lexeme

# An expression as deep as the later stages allow needs less than half of this.
_MAX_STACK = 2000
_HISTORY = 3


class Outcome(Struct, frozen=True):
    """How a parse ended.

    Attributes:
        index: The lexeme at which it ended; the number of lexemes where it read them all.
        value: What the start symbol stands for, if all went well.
        stacks: Where the parser is stuck: its states before the lexeme at `index`, last, and before the two that
            precede it. Empty otherwise.
        rejection: Why a node could not be built.
    """

    index: int
    value: Any = None
    stacks: tuple[tuple[int, ...], ...] = ()
    rejection: Diagnostic | None = None


def drive(lexemes: list[Lexeme], start: str) -> Outcome:
    """Parse `lexemes` as the start symbol `start`."""
    parser = Parser(load_tables(), start, _actions())
    history: deque[tuple[int, ...]] = deque(maxlen=_HISTORY)
    index = 0
    try:
        for index, lexeme in enumerate(lexemes):
            history.append(parser.stack)
            if len(history[-1]) > _MAX_STACK:
                return Outcome(index, rejection=_too_deep(lexeme))
            parser.feed(terminal_of(lexeme, parser), lexeme)
        index = len(lexemes)
        history.append(parser.stack)
        return Outcome(index, value=parser.finish())
    except Stuck:
        return Outcome(index, stacks=tuple(history))
    except Rejected as rejected:
        return Outcome(index, rejection=rejected.diagnostic)


def goes_on(lexemes: list[Lexeme], start: str, stack: tuple[int, ...]) -> int:
    """Return how many of `lexemes` the parser can take from the states of `stack` on."""
    parser = Parser(load_tables(), start, None, stack)
    for index, lexeme in enumerate(lexemes):
        try:
            parser.feed(terminal_of(lexeme, parser), lexeme)
        except Stuck:
            return index
    return len(lexemes)


def terminal_of(lexeme: Lexeme, parser: Parser) -> str:
    """Return the terminal of a lexeme at its place: a contextual word is a keyword where the parser can take one."""
    if lexeme.keyword is not None and parser.can_take(lexeme.keyword):
        return lexeme.keyword
    return lexeme.terminal


@cache
def _actions() -> dict[str, Action]:
    """Return the functions that build nodes, by the names of the rules that they serve."""
    functions: dict[str, Action] = {**vars(build_expressions), **vars(build_statements)}
    return {rule.action: functions[rule.action] for rule in load_tables().rules if rule.action in functions}


def _too_deep(lexeme: Lexeme) -> Diagnostic:
    return Diagnostic(
        "AQ101",
        "the query is nested too deeply",
        lexeme.span,
        label="one level too many",
        help="compute the inner parts in a step of WITH",
    )
