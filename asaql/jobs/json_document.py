"""Parses JSON into a tree that knows its places.

More is accepted than the standard allows, because the tools that write and read projects and templates accept it:
comments, a comma after the last item, and line breaks inside texts.
"""

import json
import re
from typing import Final, NoReturn

from asaql.diagnostics import Diagnostic, QueryError, Source, Span
from asaql.jobs.document import Entry, Items, Mapping, Node, Scalar
from asaql.jobs.secrets import without_secrets

_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD = re.compile(r"[A-Za-z0-9_+.\-]+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_MAX_DEPTH: Final = 200


def parse_json(source: Source) -> Node:
    """Return the tree of a JSON text; QueryError with AQ701 at the first place that is none.

    The source of the nodes is the text without its secrets.
    """
    parser = _Parser(source)
    node = parser.value(0)
    parser.skip()
    if parser.at < len(source.text):
        parser.fail("text after the end of the document", "the document ends before this")
    return node


class _Parser:
    def __init__(self, source: Source) -> None:
        self._source = without_secrets(source)
        self._text = source.text
        self.at = 0

    def skip(self) -> None:
        match = _BLANK.match(self._text, self.at)
        self.at = match.end() if match else self.at

    def fail(self, message: str, label: str, length: int = 1) -> NoReturn:
        span = Span(self.at, min(self.at + length, len(self._text)))
        raise QueryError(Diagnostic("AQ701", message, span, label, source=self._source))

    def value(self, depth: int) -> Node:
        self.skip()
        if depth > _MAX_DEPTH:
            self.fail(f"more than {_MAX_DEPTH} levels of nesting", "too deep")
        first = self._text[self.at : self.at + 1]
        if first == "{":
            return self._mapping(depth)
        if first == "[":
            return self._items(depth)
        if first == '"':
            return self._string()
        return self._word()

    def _mapping(self, depth: int) -> Mapping:
        start = self.at
        self.at += 1
        entries: list[Entry] = []
        while not self._closes("}"):
            if self._text[self.at : self.at + 1] != '"':
                self.fail("a key in double quotes is missing", "expected a key here")
            key = self._string()
            self.skip()
            if self._text[self.at : self.at + 1] != ":":
                self.fail(f'the key "{key.value}" has no value', "expected : here")
            self.at += 1
            entries.append(Entry(key, self.value(depth + 1)))
            self._separator("}")
        self.at += 1
        return Mapping(self._source, Span(start, self.at), tuple(entries))

    def _items(self, depth: int) -> Items:
        start = self.at
        self.at += 1
        items: list[Node] = []
        while not self._closes("]"):
            items.append(self.value(depth + 1))
            self._separator("]")
        self.at += 1
        return Items(self._source, Span(start, self.at), tuple(items))

    def _closes(self, bracket: str) -> bool:
        self.skip()
        if self.at >= len(self._text):
            self.fail(f"the document ends before {bracket}", f"expected {bracket} here")
        return self._text[self.at] == bracket

    def _separator(self, bracket: str) -> None:
        if self._closes(bracket):
            return
        if self._text[self.at] != ",":
            self.fail("a comma is missing", f"expected , or {bracket} here")
        self.at += 1

    def _string(self) -> Scalar:
        match = _TEXT.match(self._text, self.at)
        if match is None:
            self.fail("a text is opened and never closed", "opened here")
        try:
            value = json.loads(match[0], strict=False)
        except ValueError:
            self.fail("a text holds an escape that JSON has not", "in this text", len(match[0]))
        span = Span(self.at, match.end())
        self.at = match.end()
        return Scalar(self._source, span, value, raw=value)

    def _word(self) -> Scalar:
        match = _WORD.match(self._text, self.at)
        word = match[0] if match else ""
        number = _NUMBER.fullmatch(word)
        value: bool | int | float | None
        if word in _WORDS:
            value = _WORDS[word]
        elif number is not None:
            value = float(word) if number[1] or number[2] else int(word)
        else:
            found = "the document ends" if self.at >= len(self._text) else f'"{word or self._text[self.at]}" stands'
            self.fail(f"{found} where a value should be", "expected a value here", max(1, len(word)))
        span = Span(self.at, self.at + len(word))
        self.at += len(word)
        return Scalar(self._source, span, value, raw=word)
