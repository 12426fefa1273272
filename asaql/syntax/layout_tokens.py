"""The words of a text as they are to be written again, each with the comments that belong to it.

Comments are gathered by the line: those that follow a word on its line belong to that word, all others to the word
behind them. Where a word is left out (a semicolon, a comma that separates nothing), its comments go to its neighbours.
"""

from collections.abc import Sequence

from msgspec import Struct, field

from asaql.diagnostics import Source
from asaql.syntax import ast
from asaql.syntax.lexemes import Lexeme, scan
from asaql.syntax.slips import mend_slips
from asaql.syntax.walk import COMMENT, walk
from asaql.syntax.words import resolve_words

_TAB_WIDTH = 4


class Comment(Struct, frozen=True):
    """Comments that stand on one line, or one that runs over several.

    Attributes:
        text: As written, without blanks at its end.
        is_deeper: Whether it is indented more than the word that it precedes.
        is_behind_blank: Whether a blank line stands above it.
    """

    text: str
    is_deeper: bool = False
    is_behind_blank: bool = False


class Token(Struct):
    """A word, mark or literal to be written.

    Attributes:
        text: As it is to be written.
        terminal: The grammar's terminal.
        start: Offset in the text it was read from.
        end: Offset behind it.
        is_keyword: Whether it is a keyword at its place.
        above: Comments on lines of their own above it.
        ahead: Comments that stand before it on its line.
        behind: Comments that follow it on its line and end the line.
        is_behind_blank: Whether a blank line stands between it and the comments above it.
    """

    text: str
    terminal: str
    start: int
    end: int
    is_keyword: bool = False
    above: list[Comment] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    is_behind_blank: bool = False


def tokens_of(source: Source, script: ast.Script) -> list[Token]:
    """Return the tokens of a text that parses to `script`, in order, with an empty one for the end of the text.

    Keywords are in upper case, types in lower case, every alias is behind AS, every statement ends with a semicolon.
    """
    lexemes = scan(source).lexemes
    resolve_words(lexemes, source.text)
    names, types = _name_starts(script)
    bounds = [(part.span.start, part.span.end) for part in script.parts]
    tokens: list[Token] = []
    for lexeme in mend_slips(lexemes).lexemes:
        if not any(start <= lexeme.start < end for start, end in bounds):
            continue
        if lexeme.start in names.aliases and not (tokens and tokens[-1].terminal == "AS"):
            tokens.append(Token("AS", "AS", lexeme.start, lexeme.start, is_keyword=True))
        tokens.append(_token(lexeme, names.all, types))
    tokens.append(Token("", "", len(source.text), len(source.text)))
    _attach_comments(tokens, source)
    return _with_semicolons(tokens, script)


class _Names(Struct):
    all: set[int] = field(default_factory=set)
    aliases: set[int] = field(default_factory=set)


def _name_starts(script: ast.Script) -> tuple[_Names, list[tuple[int, int]]]:
    """Return where names stand, and the places of types."""
    names = _Names()
    types: list[tuple[int, int]] = []
    for node in walk(script):
        if isinstance(node, ast.Identifier):
            names.all.add(node.span.start)
        elif isinstance(node, ast.TypeName):
            types.append((node.span.start, node.span.end))
        elif isinstance(node, ast.SourceReference | ast.SelectItem | ast.Apply | ast.MatchRecognize):
            leads = isinstance(node, ast.SelectItem) and node.alias is not None
            if node.alias is not None and not (leads and node.alias.span.start == node.span.start):
                names.aliases.add(node.alias.span.start)
    return names, types


def _token(lexeme: Lexeme, names: set[int], types: Sequence[tuple[int, int]]) -> Token:
    is_word = lexeme.is_bare_word and lexeme.text[-1] != "'"
    is_type = is_word and any(start <= lexeme.start < end for start, end in types)
    is_keyword = is_word and not is_type and lexeme.start not in names
    text = lexeme.text.lower() if is_type else lexeme.text.upper() if is_keyword else lexeme.text
    return Token(text, lexeme.terminal, lexeme.start, lexeme.end, is_keyword)


def _attach_comments(tokens: list[Token], source: Source) -> None:
    before: Token | None = None
    for token in tokens:
        start = before.end if before is not None else 0
        gap = source.text[start : token.start]
        if "--" in gap or "/*" in gap:
            _attach(gap, before, token, source)
        before = token
    for left, comma, right in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if comma.terminal == "COMMA":
            comma.behind[:0], left.behind = left.behind, []
            right.above[:0] = [Comment(each.text, is_behind_blank=each.is_behind_blank) for each in comma.above]
            comma.above = []


def _attach(gap: str, before: Token | None, token: Token, source: Source) -> None:
    """Hand the comments of a gap to the words around it."""
    column = _indentation(source, token.start)
    is_end = not token.text
    at = 0
    lines: list[tuple[str, str, int]] = []
    for match in COMMENT.finditer(gap):
        between = gap[at : match.start()]
        text = match.group().rstrip()
        if lines and "\n" not in between:
            last, blanks, start = lines[-1]
            lines[-1] = (f"{last} {text}", blanks, start)
        else:
            lines.append((text, between, match.start()))
        at = match.end()
    rest = gap[at:]
    for index, (text, blanks, start) in enumerate(lines):
        is_first, is_last = index == 0, index == len(lines) - 1
        on_line_before = before is not None and is_first and "\n" not in blanks
        on_line_behind = is_last and "\n" not in rest and "\n" not in text and not is_end and "--" not in text[:2]
        if on_line_behind and _ends_open(text):
            on_line_behind = False
        if on_line_behind:
            token.ahead.append(text)
        elif on_line_before and before is not None:
            before.behind.append(text)
        else:
            comment_column = _indentation(source, (before.end if before is not None else 0) + start)
            is_deeper = column is not None and comment_column is not None and comment_column > column
            can_be = token.is_keyword or token.terminal == "RPAR"
            token.above.append(Comment(text, is_deeper and can_be, blanks.count("\n") > 1))
    token.is_behind_blank = bool(token.above) and rest.count("\n") > 1


def _ends_open(text: str) -> bool:
    """Whether the last comment of a line takes the rest of the line."""
    last = [each.group() for each in COMMENT.finditer(text)][-1]
    return last.startswith("--")


def _indentation(source: Source, at: int) -> int | None:
    """Return the column of a place that only blanks precede on its line, else None."""
    lead = source.text[source.text.rfind("\n", 0, at) + 1 : at]
    return None if lead.strip() else len(lead.expandtabs(_TAB_WIDTH))


def _with_semicolons(tokens: list[Token], script: ast.Script) -> list[Token]:
    ends = {part.span.end for part in script.parts if not isinstance(part, ast.With)}
    result: list[Token] = []
    for token in tokens:
        result.append(token)
        if token.text and token.end in ends:
            mark = Token(";", "SEMICOLON", token.end, token.end, behind=token.behind)
            token.behind = []
            result.append(mark)
    return result
