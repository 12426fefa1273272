"""Walks over trees, and over what is no part of a tree: comments."""

import re
from collections.abc import Iterator

from asaql.diagnostics import Source, Span
from asaql.syntax import ast
from asaql.syntax.lexemes import scan

COMMENT = re.compile(r"--[^\n]*|/\*[\s\S]*?\*/")
"""A comment, in a text that is known to hold only blanks and comments."""


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """Yield a node and all below it, each before what is below it, in the order of their fields. Does not recurse."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += reversed(children(current))


def children(node: ast.Node) -> list[ast.Node]:
    """Return the nodes directly below one, in the order of their fields."""
    found: list[ast.Node] = []
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, tuple):
            found += (each for each in value if isinstance(each, ast.Node))
        elif isinstance(value, ast.Node):
            found.append(value)
    return found


def comments_in(source: Source) -> Iterator[Span]:
    """Yield the places of the comments of a text, in order."""
    at = 0
    for start, end in [*((each.start, each.end) for each in scan(source).lexemes), (len(source.text),) * 2]:
        for match in COMMENT.finditer(source.text, at, start):
            yield Span(match.start(), match.end())
        at = end
