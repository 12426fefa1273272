"""A parsed YAML or JSON text as a tree whose every node knows its place."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import Struct

from asaql.diagnostics import Source, Span


class Scalar(Struct, frozen=True):
    """A text, number, truth value or null.

    Attributes:
        source: The document.
        span: The place, quotes included.
        value: What it means.
        raw: What is written there; what messages quote, because a value may hold a secret from the environment.
        is_block: Whether it is a YAML literal block.
    """

    source: Source
    span: Span
    value: str | int | float | bool | None
    raw: str = ""
    is_block: bool = False


class Items(Struct, frozen=True):
    """A list."""

    source: Source
    span: Span
    items: tuple["Node", ...]


class Entry(Struct, frozen=True):
    """A key with its value."""

    key: Scalar
    value: "Node"

    @property
    def name(self) -> str:
        """The key as text."""
        return str(self.key.value)


class Mapping(Struct, frozen=True):
    """Keys with values, in the order of the text."""

    source: Source
    span: Span
    entries: tuple[Entry, ...]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def get(self, *names: str) -> "Node | None":
        """Return the value of the first of `names` that is there and not null; case does not count."""
        for name in names:
            entry = self.entry(name)
            if entry is not None and not (isinstance(entry.value, Scalar) and entry.value.value is None):
                return entry.value
        return None

    def entry(self, name: str) -> Entry | None:
        """Return the entry called `name`; case does not count, and the last one wins."""
        folded = name.casefold()
        return next((each for each in reversed(self.entries) if each.name.casefold() == folded), None)

    def mapping(self, *names: str) -> "Mapping | None":
        """Return `get` if it is a mapping."""
        found = self.get(*names)
        return found if isinstance(found, Mapping) else None

    def mappings(self, *names: str) -> list["Mapping"]:
        """Return the mappings in the list called one of `names`; a mapping of mappings counts as a list."""
        found = self.get(*names)
        nodes: tuple[Node, ...] = ()
        if isinstance(found, Items):
            nodes = found.items
        elif isinstance(found, Mapping):
            nodes = tuple(each.value for each in found)
        return [each for each in nodes if isinstance(each, Mapping)]

    def text(self, *names: str) -> str | None:
        """Return `get` as text if it is a scalar."""
        found = self.get(*names)
        if not isinstance(found, Scalar):
            return None
        return found.value if isinstance(found.value, str) else found.raw


Node: TypeAlias = Scalar | Items | Mapping


def to_python(node: Node) -> Any:
    """Return the plain value of a node: dict, list, text, number, truth value or None."""
    if isinstance(node, Mapping):
        return {each.name: to_python(each.value) for each in node}
    if isinstance(node, Items):
        return [to_python(each) for each in node.items]
    return node.value


def kind_in_words(node: Node) -> str:
    """Return what a node is, for messages."""
    if isinstance(node, Mapping):
        return "keys with values"
    if isinstance(node, Items):
        return "a list"
    if node.value is None:
        return "nothing"
    words = {bool: "a truth value", int: "a whole number", float: "a number", str: "a text"}
    return words[type(node.value)]
