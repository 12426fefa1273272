"""Text -> the same text in the canonical layout, with its comments.

1. `layout_tokens` cuts the text into tokens and gives every comment to one of them.
2. `layout_groups` says where lines may be broken.
3. The printer here decides which breaks are made, and writes.

The words of the text stay as they are written, parentheses included; only keywords and types change their case.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from asaql.diagnostics import Source
from asaql.syntax import ast
from asaql.syntax.layout_groups import Group, groups_of
from asaql.syntax.layout_tokens import Token, tokens_of
from asaql.syntax.parse import parse
from asaql.syntax.walk import walk

WIDTH = 100
_INDENT = "    "
_SIGNS = ("-", "+", "~")


def lay_out(source: Source) -> str:
    """Return a text in the canonical layout; an empty text if there are neither words nor comments.

    A clause stays on its line up to 100 characters; longer lists, conditions and calls take a line per entry. Lines
    end as the first line of the text does.

    Raises:
        QueryError: The text is not in the dialect.
    """
    script = parse(source).script
    tokens = tokens_of(source, script)
    first = source.text.find("\n")
    line_end = "\r\n" if first > 0 and source.text[first - 1] == "\r" else "\n"
    printer = _Printer(tokens, script, line_end)
    result = printer.print()
    assert parse(Source(source.name, result)).script == script, "the layout does not change what a text says"
    return result


class _Printer:
    """Writes tokens.

    Args:
        tokens: All of a script, with the empty one at the end.
        script: What they say.
        line_end: What ends a line.
    """

    def __init__(self, tokens: Sequence[Token], script: ast.Script, line_end: str) -> None:
        self._tokens = tokens
        self._groups = groups_of(script, tokens)
        self._line_end = line_end
        self._gaps = _gaps(tokens, script)
        self._written: list[str] = []
        self._column = 0
        self._forced = [False] * len(tokens)
        for index in range(1, len(tokens)):
            self._forced[index] = bool(tokens[index - 1].behind or tokens[index].above)
        self._mark_hard(self._groups)
        self._forced_before = _sums(self._forced)
        self._width_before = _sums(
            [
                len(gap) + len(each.text) + sum(map(len, each.ahead))
                for gap, each in zip(self._gaps, tokens, strict=True)
            ]
        )

    def _mark_hard(self, groups: Sequence[Group]) -> None:
        for group in groups:
            if group.is_hard:
                for at in group.breaks:
                    self._forced[at] = True
            self._mark_hard(group.inner)

    def print(self) -> str:
        """Return the text."""
        at = 0
        groups = {each.start: each for each in self._groups}
        last = len(self._tokens) - 1
        while at < last:
            token = self._tokens[at]
            if token.terminal == "SEMICOLON":
                self._token(at, "")
            else:
                self._break(at, 0, is_part=at > 0 and self._tokens[at - 1].terminal == "SEMICOLON")
                group = groups.get(at)
                if group is not None:
                    self._group(group, 0, self._part_end(group.end))
                    at = group.end
                    continue
                self._token(at, None)
            at += 1
        if self._tokens[last].above:
            self._break(last, 0, is_end=True)
        text = "".join(self._written)
        return text + self._line_end if text else ""

    def _part_end(self, at: int) -> int:
        return at + 1 if self._tokens[at].terminal == "SEMICOLON" else at

    def _group(self, group: Group, level: int, stop: int) -> None:
        """Write a group whose lines begin at `level`; `stop` is the next token that a line may begin with behind it."""
        if self._fits(group, stop):
            for at in range(group.start, group.end):
                self._token(at, self._gaps[at] if at > group.start else None)
            return
        inner = {}
        for each in reversed(group.inner):
            inner[each.start] = each
        breaks = sorted(group.breaks)
        nest = level
        at = group.start
        while at < group.end:
            gap: str | None = None
            if at > group.start:
                if at in group.breaks:
                    nest = level + group.breaks[at]
                    self._break(at, nest)
                elif self._forced[at]:
                    self._break(at, nest + 1)
                else:
                    gap = self._gaps[at]
            child = inner.get(at)
            if child is None:
                self._token(at, gap)
                at += 1
                continue
            if gap is not None:
                self._write(gap)
            following = bisect_left(breaks, child.end)
            self._group(child, nest, breaks[following] if following < len(breaks) else stop)
            at = child.end

    def _fits(self, group: Group, stop: int) -> bool:
        if self._forced_before[group.end] != self._forced_before[group.start + 1]:
            return False
        gap = len(self._gaps[group.start])
        return self._column + self._width_before[stop] - self._width_before[group.start] - gap <= WIDTH

    def _token(self, at: int, gap: str | None) -> None:
        token = self._tokens[at]
        if gap:
            self._write(gap)
        for each in token.ahead:
            self._write(each)
        if token.ahead and not (token.terminal in ("COMMA", "RPAR", "SEMICOLON") or token.text == "."):
            self._write(" ")
        self._write(token.text)
        for each in token.behind:
            self._write(f" {each}")

    def _break(self, at: int, level: int, *, is_part: bool = False, is_end: bool = False) -> None:
        """Begin a line, or lines with the comments above a token and then its own."""
        token = self._tokens[at]
        is_blank = is_part
        for comment in token.above:
            self._line(level + comment.is_deeper, is_blank=is_blank or comment.is_behind_blank)
            self._write(comment.text)
            is_blank = False
        if not is_end:
            self._line(level, is_blank=is_blank or token.is_behind_blank)

    def _line(self, level: int, *, is_blank: bool) -> None:
        if self._written:
            self._written.append(self._line_end * (1 + is_blank))
        self._column = 0
        self._write(_INDENT * level)

    def _write(self, text: str) -> None:
        if not text:
            return
        self._written.append(text)
        last = text.rfind("\n")
        self._column = len(text) - last - 1 if last >= 0 else self._column + len(text)


def _sums(values: Sequence[int]) -> list[int]:
    """Return the sum of the values before each index, and of all."""
    result = [0]
    for each in values:
        result.append(result[-1] + each)
    return result


def _gaps(tokens: Sequence[Token], script: ast.Script) -> list[str]:
    """Return what stands before each token on a line."""
    callees: set[int] = set()
    signed: set[int] = set()
    wildcards: set[int] = set()
    repeats: list[tuple[int, int]] = []
    for node in walk(script):
        if isinstance(node, ast.Call):
            callees.add(node.name.span.start)
        elif isinstance(node, ast.TypeName):
            callees.add(node.span.start)
        elif isinstance(node, ast.Unary):
            signed.add(node.operand.span.start)
        elif isinstance(node, ast.PatternAny):
            wildcards.add(node.span.start)
        elif isinstance(node, ast.PatternRepeat):
            repeats.append((node.item.span.end, node.span.end))
    result = [""]
    for before, token in pairwise(tokens):
        is_quantifier = any(start <= token.start < end for start, end in repeats)
        is_path = any(each.terminal == "DOT" and each.start not in wildcards for each in (before, token))
        if before.terminal == "LPAR" or is_path or is_quantifier:
            result.append("")
        elif token.terminal in ("COMMA", "RPAR", "SEMICOLON"):
            result.append(" " if token.ahead else "")
        elif token.terminal == "LPAR":
            is_glued = before.start in callees or before.terminal in ("CAST", "TRY_CAST", "DURATION")
            result.append("" if is_glued and not token.ahead else " ")
        elif before.text in _SIGNS and token.start in signed:
            result.append(" " if before.text == token.text == "-" or token.ahead else "")
        else:
            result.append(" ")
    return result
