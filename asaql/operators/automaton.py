"""Patterns of MATCH_RECOGNIZE as programs.

A pattern is compiled to instructions: take one event, or go on at one of two places, of which the first is preferred.
Quantifiers prefer more, alternatives the one written first.
"""

from typing import Final, TypeAlias

from msgspec import Struct

from asaql.syntax.ast import (
    Pattern,
    PatternAlternation,
    PatternAny,
    PatternRepeat,
    PatternSequence,
    PatternVariable,
)

ANY_EVENT: Final = ""
"""The variable of `.`, which every event satisfies and no expression can name."""


class Take(Struct, frozen=True):
    """Take one event that satisfies `variable` (folded), then go on with the next instruction."""

    variable: str


class Fork(Struct, frozen=True):
    """Go on at `preferred`, or else at `other`."""

    preferred: int
    other: int


class Accept(Struct, frozen=True):
    """The events taken are a match."""


Instruction: TypeAlias = Take | Fork | Accept


def compile_pattern(pattern: Pattern) -> tuple[Instruction, ...]:
    """Return the program of a pattern; it begins at its first instruction."""
    return (*_compile(pattern, 0), Accept())


def _compile(pattern: Pattern, start: int) -> list[Instruction]:
    """Return the instructions of a pattern that stand from place `start` on and leave at their end."""
    match pattern:
        case PatternVariable(name):
            return [Take(name.folded)]
        case PatternAny():
            return [Take(ANY_EVENT)]
        case PatternSequence(items):
            program: list[Instruction] = []
            for item in items:
                program += _compile(item, start + len(program))
            return program
        case PatternAlternation(options):
            return _alternation(options, start)
        case PatternRepeat(item, minimum, maximum):
            return _repeat(item, minimum, maximum, start)


def _alternation(options: tuple[Pattern, ...], start: int) -> list[Instruction]:
    first, *others = options
    preferred = _compile(first, start + 1)
    if not others:
        return _compile(first, start)
    # The end of the first option goes to the end of the rest: a fork with one way.
    at_other = start + 1 + len(preferred) + 1
    rest = _alternation(tuple(others), at_other)
    end = at_other + len(rest)
    return [Fork(start + 1, at_other), *preferred, Fork(end, end), *rest]


def _repeat(item: Pattern, minimum: int, maximum: int | None, start: int) -> list[Instruction]:
    program: list[Instruction] = []
    for _ in range(minimum):
        program += _compile(item, start + len(program))
    if maximum is None:
        loop = start + len(program)
        body = _compile(item, loop + 1)
        return [*program, Fork(loop + 1, loop + len(body) + 2), *body, Fork(loop, loop)]
    # Every further repetition may be the last: x{1,3} is x (x (x)?)?, whose ways out all lead to one end.
    size = len(_compile(item, 0))
    end = start + len(program) + (maximum - minimum) * (size + 1)
    for _ in range(maximum - minimum):
        here = start + len(program)
        program += [Fork(here + 1, end), *_compile(item, here + 1)]
    return program
