"""Parses YAML into a tree that knows its places.

Plain words mean what they look like: `true`, `false`, `null`, whole numbers and numbers with a point are that, and
everything else is text; so `on`, `no`, `1:30` and `2024-01-01` are texts, whatever older YAML makes of them.
"""

import os
import re
from collections.abc import Mapping as Environment
from typing import Any, Final, NoReturn

import yaml

from asaql.diagnostics import Diagnostic, QueryError, Source, Span
from asaql.jobs.document import Entry, Items, Mapping, Node, Scalar
from asaql.jobs.problems import Problems
from asaql.jobs.secrets import without_secrets

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)\{|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\})")
_STANDARD_TAGS: Final = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """Reads every plain word as a text, so that this module decides what it means."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the library's own attribute


def parse_yaml(source: Source) -> Node | None:
    """Return the tree of a YAML text, None if it is empty; QueryError with AQ701 where it is no YAML.

    The source of the nodes is the text without its secrets.
    """
    text = source.text
    source = without_secrets(source)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = mark.index if mark else 0
        problem = (error.problem or "the text is no YAML").rstrip(".")
        raise QueryError(
            Diagnostic("AQ701", f"the job file is no YAML: {problem}", Span(at, at + 1), "here", source=source)
        ) from error
    except yaml.reader.ReaderError as error:
        at = int(error.position)
        raise QueryError(
            Diagnostic("AQ701", "the job file holds a control character", Span(at, at + 1), "here", source=source)
        ) from error
    return None if root is None else _Converter(source).node(root)


class _Converter:
    """Turns the library's nodes into ours; a node used twice by an alias is converted once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._done: dict[int, Node] = {}
        self._open: set[int] = set()

    def node(self, node: yaml.Node) -> Node:
        if id(node) in self._open:
            self._fail("a value contains itself", node)
        if id(node) not in self._done:
            if not node.tag.startswith(_STANDARD_TAGS):
                self._fail(f'the tag "{node.tag}" is not known', node)
            self._open.add(id(node))
            self._done[id(node)] = self._convert(node)
            self._open.discard(id(node))
        return self._done[id(node)]

    def _convert(self, node: yaml.Node) -> Node:
        span = self._span(node)
        if isinstance(node, yaml.MappingNode):
            entries = tuple(Entry(self._key(key), self.node(value)) for key, value in node.value)
            return Mapping(self._source, span, entries)
        if isinstance(node, yaml.SequenceNode):
            return Items(self._source, span, tuple(self.node(each) for each in node.value))
        assert isinstance(node, yaml.ScalarNode)
        value = plain_meaning(node.value) if node.style is None else node.value
        return Scalar(self._source, span, value, raw=node.value, is_block=node.style == "|")

    def _key(self, node: yaml.Node) -> Scalar:
        if not isinstance(node, yaml.ScalarNode):
            self._fail("a key is not a text", node)
        return Scalar(self._source, self._span(node), node.value, raw=node.value)

    def _span(self, node: yaml.Node) -> Span:
        start, end = node.start_mark.index, node.end_mark.index
        text = self._source.text[start:end].rstrip()
        return Span(start, start + len(text) if text else end)

    def _fail(self, message: str, node: yaml.Node) -> NoReturn:
        raise QueryError(Diagnostic("AQ701", message, self._span(node), "here", source=self._source))


def plain_meaning(word: str) -> str | int | float | bool | None:
    """Return what a word without quotes means."""
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if _INT.fullmatch(word):
        return int(word)
    if _FLOAT.fullmatch(word):
        return float(word)
    return word


def substitute(node: Scalar, problems: Problems, environment: Environment[str, str] = os.environ) -> Scalar:
    """Return the scalar with `${NAME}` and `${NAME:-default}` replaced from the environment.

    `$${` stands for a literal `${`. A variable that is not set and has no default is reported as AQ707. The result
    keeps what was written as `raw`, so that no message shows the variable's value.
    """
    if not isinstance(node.value, str) or "${" not in node.value:
        return node

    def replacement(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "${"
        value = environment.get(match["name"])
        if value is None or (value == "" and match["default"] is not None):
            if match["default"] is not None:
                return match["default"]
            problems.error(
                "AQ707",
                f'environment variable "{match["name"]}" is not set',
                node,
                label="read here",
                help=f"export {match['name']}=... or write ${{{match['name']}:-default}}",
            )
            return ""
        return value

    text = _VARIABLE.sub(replacement, node.value)
    return Scalar(node.source, node.span, text, raw=node.raw, is_block=node.is_block)
