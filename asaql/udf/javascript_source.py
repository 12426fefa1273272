"""Finds the names that a script declares at its top level, and whether it is one expression.

No parser: a scanner that knows comments, texts, templates and regular expressions well enough to tell what is nested
in brackets from what is not. V8 says whether the script is right.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

_TOKEN = re.compile(
    r"""
    (?P<blank>[\s\ufeff]+ | //[^\n\r\u2028\u2029]* | /\*.*?(?:\*/|\Z))
  | (?P<text>"(?:\\.|[^"\\\n])*"? | '(?:\\.|[^'\\\n])*'?)
  | (?P<word>[\w$\#\\]+)
  | (?P<arrow>=>)
  | (?P<equal>===?)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/\w*")
_TEMPLATE = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*", re.DOTALL)
_BEFORE_REGEX = frozenset(
    ("return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "do", "else", "yield")
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    depth: int


class ScriptOutline(Struct, frozen=True):
    """What stands at the top level of a script.

    Attributes:
        functions: Names of function declarations, in order.
        variables: Names of variables, and of names that are assigned to, in order.
        classes: Names of classes.
        starts: Offset of each name.
        end: Offset after the script's last token other than a semicolon.
        starts_function: Whether the script begins as a function expression without a name, or an arrow function, does.
    """

    functions: tuple[str, ...]
    variables: tuple[str, ...]
    classes: tuple[str, ...]
    starts: dict[str, int]
    end: int
    starts_function: bool


def outline(source: str) -> ScriptOutline:
    """Return the outline of a script; of a script with errors, as far as it goes."""
    tokens = list(_tokens(source))
    found: dict[str, list[str]] = {"function": [], "variable": [], "class": []}
    starts: dict[str, int] = {}
    for kind, token in _declared([each for each in tokens if each.depth == 0]):
        if token.text not in starts:
            starts[token.text] = token.start
            found[kind].append(token.text)
    last = next((each for each in reversed(tokens) if each.text != ";"), None)
    return ScriptOutline(
        tuple(found["function"]),
        tuple(found["variable"]),
        tuple(found["class"]),
        starts,
        0 if last is None else last.start + len(last.text),
        _starts_function([each.text for each in tokens[:4]]),
    )


def _starts_function(words: list[str]) -> bool:
    if words[:1] == ["async"]:
        words = words[1:]
    return words[:1] == ["("] or words[:2] in (["function", "("], ["function", "*"]) or words[1:2] == ["=>"]


def _declared(tokens: list[_Token]) -> Iterator[tuple[str, _Token]]:
    """Yield each name that a statement of the top level declares, with what it is."""
    texts = [each.text for each in tokens] + ["", ""]
    for at, token in enumerate(tokens):
        follower = tokens[at + 1] if at + 1 < len(tokens) else None
        if token.kind != "word" or follower is None:
            continue
        before = texts[at - 1] if at else ";"
        if token.text == "function":
            is_statement = before in (";", "}", "async") or (before not in "=,:?(!&|+-*~" and before != "=>")
            name = tokens[at + 2] if follower.text == "*" and at + 2 < len(tokens) else follower
            if is_statement and name.kind == "word":
                yield "function", name
        elif token.text == "class" and before != "=" and follower.kind == "word":
            yield "class", follower
        elif token.text in ("var", "let", "const") and follower.kind == "word":
            yield "variable", follower
        elif follower.text == "=" and before not in (".", "?"):
            yield "variable", token


def _tokens(source: str) -> Iterator[_Token]:
    """Yield the tokens of a script but for blanks; brackets have the depth of what is around them."""
    at, depth, previous = 0, 0, ""
    templates: list[int] = []
    while at < len(source):
        character = source[at]
        start = at
        if character == "/" and source[at + 1 : at + 2] not in ("/", "*") and _may_start_regex(previous):
            match = _REGEX.match(source, at)
            kind, at = "regex", match.end() if match else at + 1
        elif character == "`" or (character == "}" and templates and templates[-1] == depth):
            if character == "}":
                templates.pop()
                depth -= 1
            body = _TEMPLATE.match(source, at + 1)
            at = body.end() if body else at + 1
            kind = "template"
            if source.startswith("${", at):
                at += 2
                depth += 1
                templates.append(depth)
                previous = "("
                continue
            at += 1
        else:
            match = _TOKEN.match(source, at)
            assert match is not None
            kind, at = match.lastgroup or "mark", match.end()
            if kind == "blank":
                continue
        text = source[start:at]
        if text in _CLOSING:
            depth -= 1
        yield _Token(kind, text, start, depth)
        if text in _OPENING:
            depth += 1
        previous = text if kind != "text" else '"'


def _may_start_regex(previous: str) -> bool:
    """Whether a slash after `previous` begins a regular expression rather than divides."""
    if not previous or previous in _BEFORE_REGEX:
        return True
    return not (previous[-1].isalnum() or previous[-1] in "_$)]}\"'`")
