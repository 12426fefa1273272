"""What documented samples get wrong and other engines allow: seen on the lexemes, before parsing.

A slip whose meaning is plain is mended and warned about; a construct that this dialect has not is an error that says
what to write instead, and is left out so that the rest of the query is still checked.
"""

from msgspec import Struct, field

from asaql.diagnostics import Diagnostic, Severity, Span
from asaql.syntax.lexemes import Lexeme


class Mended(Struct, frozen=True):
    """The lexemes to parse, with what was found on the way to them."""

    lexemes: list[Lexeme] = field(default_factory=list)
    errors: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)


def mend_slips(lexemes: list[Lexeme]) -> Mended:
    """Return `lexemes` without what is a slip or of another dialect, and what to tell about it."""
    result = Mended()
    skipped = 0
    for index, lexeme in enumerate(lexemes):
        if skipped:
            skipped -= 1
            continue
        before = lexemes[index - 1] if index else None
        behind = lexemes[index + 1] if index + 1 < len(lexemes) else None
        if before is not None and before.terminal == "SELECT" and (count := _top(lexemes, index)):
            result.errors.append(_top_error(Span(lexeme.start, lexemes[index + count - 1].end)))
            skipped = count - 1
        elif before is not None and before.terminal == "SELECT" and lexeme.keyword in ("DISTINCT", "ALL"):
            result.errors.append(_distinct_error(lexeme))
        elif before is not None and lexeme.terminal == "BRACKETED" and _is_index(before, lexeme):
            result.errors.append(_index_error(before, lexeme))
        elif behind is not None and behind.terminal == "SELECT" and lexeme.word in ("EXCEPT", "INTERSECT", "MINUS"):
            result.errors.append(_set_error(lexeme))
        elif behind is not None and lexeme.terminal == "COMMA" and _is_trailing(lexemes, index):
            result.warnings.append(_slip("the comma before {} separates nothing", lexeme, behind.word, "leave it out"))
        elif before is not None and before.terminal == "JOIN" and lexeme.terminal == "COMMA":
            result.warnings.append(_slip("the comma behind {} separates nothing", lexeme, "JOIN", "leave it out"))
        else:
            if lexeme.terminal == "UNION_SOURCE":
                result.warnings.append(_union_warning(lexeme))
                skipped = 1 if behind is not None and behind.word == "ALL" else 0
            result.lexemes.append(lexeme)
    return result


def _slip(message: str, lexeme: Lexeme, word: str, advice: str) -> Diagnostic:
    return Diagnostic("AQ105", message.format(word), lexeme.span, help=advice, severity=Severity.WARNING)


def _is_trailing(lexemes: list[Lexeme], index: int) -> bool:
    """Whether the comma at `index` stands at the end of a SELECT list or of the steps of a WITH."""
    behind = lexemes[index + 1].terminal
    return behind in ("FROM", "INTO") or (behind == "SELECT" and index > 0 and lexemes[index - 1].terminal == "RPAR")


def _union_warning(lexeme: Lexeme) -> Diagnostic:
    return Diagnostic(
        "AQ105",
        "UNION stands between two sources, not between two SELECTs",
        lexeme.span,
        label="read as the union of both sources",
        help="make it a step: WITH both AS (SELECT * FROM a UNION SELECT * FROM b)",
        severity=Severity.WARNING,
    )


def _top(lexemes: list[Lexeme], index: int) -> int:
    """Return how many lexemes `TOP n` takes at `index`; 0 where TOP is a column."""
    if lexemes[index].word != "TOP":
        return 0
    kinds = [each.terminal for each in lexemes[index + 1 : index + 4]]
    if kinds[:1] == ["INTEGER"]:
        return 2
    return 4 if kinds == ["LPAR", "INTEGER", "RPAR"] else 0


def _top_error(span: Span) -> Diagnostic:
    return Diagnostic(
        "AQ104",
        "there is no SELECT TOP",
        span,
        notes=("the rows of a stream have no end; the first ones of a window can be collected",),
        help="write CollectTop(10) OVER (ORDER BY column DESC), or TopOne() OVER (ORDER BY column DESC), with a window",
    )


def _distinct_error(lexeme: Lexeme) -> Diagnostic:
    if lexeme.keyword == "ALL":
        return Diagnostic("AQ104", "there is no SELECT ALL", lexeme.span, help="leave ALL out: every row is kept")
    return Diagnostic(
        "AQ104",
        "there is no SELECT DISTINCT",
        lexeme.span,
        help="group by the columns and a window: SELECT a FROM .. GROUP BY a, TumblingWindow(second, 10)",
    )


def _set_error(lexeme: Lexeme) -> Diagnostic:
    return Diagnostic(
        "AQ104",
        f"there is no {lexeme.word}",
        lexeme.span,
        help="join the other source and test it: LEFT JOIN b ON .. WHERE b.key IS NULL",
    )


def _is_index(before: Lexeme, lexeme: Lexeme) -> bool:
    """Whether a bracket that touches what stands before it holds an index: `a[0]`."""
    inner = lexeme.text[1:-1].strip()
    touches = before.end == lexeme.start and before.terminal in ("NAME", "BRACKETED", "QUOTED", "RPAR")
    return touches and (inner.isdecimal() or inner[:1] in ("'", '"'))


def _index_error(before: Lexeme, lexeme: Lexeme) -> Diagnostic:
    inner = lexeme.text[1:-1].strip()
    what = before.text if before.terminal != "RPAR" else "array"
    if inner.isdecimal():
        message, advice = "arrays are not indexed with brackets", f"write GetArrayElement({what}, {inner})"
    else:
        message = "fields are not read with brackets"
        advice = f"write {what}.[{inner[1:-1]}], or GetRecordPropertyValue({what}, '{inner[1:-1]}')"
    return Diagnostic("AQ104", message, lexeme.span, help=advice)
