"""Text -> AST, with every fault that one run can find.

1. `lexemes` cuts the text into words, marks and literals.
2. `words` decides which words are keywords; `slips` mends what documented samples get wrong.
3. `driver` runs the LALR loop, which builds the tree through `build_*`.
4. Where it is stuck, `hints` says why, and reading goes on at the next step or statement.
5. `shape` checks what no grammar can: depth, the range of numbers, conditions in the place of values.
"""

from msgspec import Struct

from asaql.diagnostics import Diagnostic, QueryError, Source
from asaql.syntax import ast
from asaql.syntax.driver import drive
from asaql.syntax.hints import explain
from asaql.syntax.lexemes import Lexeme, scan
from asaql.syntax.shape import check_shape
from asaql.syntax.slips import mend_slips
from asaql.syntax.words import resolve_words

_MAX_ERRORS = 20


class Parsed(Struct, frozen=True):
    """A script and what is worth a warning about its spelling."""

    script: ast.Script
    warnings: tuple[Diagnostic, ...] = ()


def parse(source: Source) -> Parsed:
    """Return the script that a text holds.

    An empty text is an empty script. Spans are offsets into `source.text`.

    Raises:
        QueryError: The text is not in the dialect; carries all faults found, at most 20.
    """
    root, warnings = _parse(source, "script")
    assert isinstance(root, ast.Script), "the start symbol makes a script"
    return Parsed(root, warnings)


def parse_expression(text: Source | str) -> ast.Expression:
    """Return the one expression, or condition, that a text holds.

    Raises:
        QueryError: The text is no expression.
    """
    source = Source("<expression>", text) if isinstance(text, str) else text
    root, _ = _parse(source, "standalone_expression")
    return root  # type: ignore[return-value]  # the start symbol makes an expression


def _parse(source: Source, start: str) -> tuple[ast.Node, tuple[Diagnostic, ...]]:
    reading = scan(source)
    resolve_words(reading.lexemes, source.text)
    mended = mend_slips(reading.lexemes)
    errors = reading.errors + mended.errors
    root = None
    if not reading.is_cut_off:
        root, faults = _build(mended.lexemes, start, source)
        errors += faults
    if root is not None and not errors:
        errors += check_shape(root)
    if errors or root is None:
        raise QueryError(each.within(source) for each in errors[:_MAX_ERRORS])
    return root, tuple(each.within(source) for each in mended.warnings)


def _build(lexemes: list[Lexeme], start: str, source: Source) -> tuple[ast.Node | None, list[Diagnostic]]:
    """Parse; behind a fault go on at the next step or statement, to find its faults too."""
    errors: list[Diagnostic] = []
    while True:
        outcome = drive(lexemes, start)
        if outcome.rejection is not None:
            errors.append(outcome.rejection)
        elif outcome.stacks:
            errors.append(explain(lexemes, outcome.index, outcome.stacks, start, source))
        else:
            return (None if errors else outcome.value), errors
        following = _resume(lexemes, max(outcome.index, 1)) if start == "script" else []
        if not following or len(errors) >= _MAX_ERRORS:
            return None, errors
        lexemes = following


def _resume(lexemes: list[Lexeme], index: int) -> list[Lexeme]:
    """Return the lexemes from the first step or statement that begins at `index` or later; empty if none does."""
    terminals = [each.terminal for each in lexemes]
    for at in range(index, len(lexemes)):
        terminal, before = terminals[at], terminals[at - 1]
        if terminal in ("WITH", "CREATE") or (terminal == "SELECT" and before not in ("LPAR", "UNION", "ALL")):
            return lexemes[at:]
        if terminals[at + 1 : at + 4] == ["AS", "LPAR", "SELECT"]:
            place = lexemes[at].start
            return [Lexeme("WITH", "WITH", place, place), *lexemes[at:]]
    return []
