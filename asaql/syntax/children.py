"""What the functions that build nodes share: the children of a rule, their span, their kinds."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct

from asaql.diagnostics import Diagnostic, Label, Span
from asaql.syntax.lexemes import Lexeme

_Kind = TypeVar("_Kind")


class Rejected(Exception):
    """The grammar allows the text and the dialect does not; the statement cannot be built."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Clause(Struct, frozen=True):
    """A part of a larger node that is no node itself: its name, its value and its place."""

    name: str
    value: Any
    span: Span


def span_of(children: Sequence[Any]) -> Span:
    """Return the span from the first child to the last."""
    return Span(children[0].span.start, children[-1].span.end)


def nodes_of(children: Sequence[Any], kind: type[_Kind]) -> tuple[_Kind, ...]:
    """Return the children of one kind."""
    return tuple(each for each in children if isinstance(each, kind))


def optional(children: Sequence[Any], kind: type[_Kind]) -> _Kind | None:
    """Return the last child of a kind, if there is one."""
    found = nodes_of(children, kind)
    return found[-1] if found else None


def has(children: Sequence[Any], word: str) -> bool:
    """Whether a keyword or mark is among the children."""
    return any(isinstance(each, Lexeme) and each.word == word for each in children)


def clauses_of(children: Sequence[Any]) -> dict[str, Any]:
    """Return the values of clauses by name.

    Raises:
        Rejected: One is there twice.
    """
    found: dict[str, Clause] = {}
    for each in nodes_of(children, Clause):
        if each.name in found:
            raise Rejected(
                Diagnostic(
                    "AQ101",
                    f"{each.name} is written twice",
                    each.span,
                    label="the second time",
                    labels=(Label(found[each.name].span, "the first time"),),
                    help=f"keep one {each.name}",
                )
            )
        found[each.name] = each
    return {name: each.value for name, each in found.items()}
