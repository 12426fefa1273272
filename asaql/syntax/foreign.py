"""Constructs of other SQL dialects, recognised where the parser is stuck, each with what to write instead."""

from collections.abc import Callable

from asaql.diagnostics import Diagnostic, Span, did_you_mean
from asaql.syntax.lexemes import Lexeme

_STEP = "make it a step: WITH part AS (SELECT ..), and read part in FROM"

_JOINS = {
    "RIGHT": ("there is no RIGHT JOIN", "swap the sources and write LEFT JOIN"),
    "FULL": ("there is no FULL JOIN", "write two LEFT JOINs and put UNION between them"),
    "CROSS": ("there is no CROSS JOIN", "write JOIN .. ON with a DATEDIFF that bounds the time between the events"),
}

_STATEMENTS = {
    "INSERT": "write to an output with SELECT .. INTO output",
    "UPDATE": "write the new rows to an output with SELECT .. INTO output",
    "DELETE": "leave rows out with WHERE",
    "MERGE": "write rows to an output with SELECT .. INTO output",
    "DECLARE": "write the value itself where it is used",
    "SET": "write the value itself where it is used",
    "ALTER": "declare an input with CREATE TABLE name (column type, ..)",
    "DROP": "leave it out",
    "USE": "leave it out",
    "EXEC": "leave it out",
    "EXECUTE": "leave it out",
    "PRINT": "write rows to an output with SELECT .. INTO output",
    "CREATE": "only CREATE TABLE name (column type, ..) exists; name a query with WITH name AS (SELECT ..)",
}

# Words that begin a clause elsewhere; here they are read as an alias, and what follows them is in the way.
_CLAUSES = {
    "LIMIT": ("there is no LIMIT", "take the first rows of a window with CollectTop(n) OVER (ORDER BY column)"),
    "OFFSET": ("there is no OFFSET", "take the first rows of a window with CollectTop(n) OVER (ORDER BY column)"),
    "FETCH": ("there is no FETCH", "take the first rows of a window with CollectTop(n) OVER (ORDER BY column)"),
    "USING": ("there is no JOIN .. USING", "write JOIN b ON a.key = b.key AND DATEDIFF(..) BETWEEN 0 AND 10"),
    "QUALIFY": ("there is no QUALIFY", "compute the function in a step of WITH and filter it with WHERE"),
    "WINDOW": ("there is no WINDOW clause", "write the window into GROUP BY, or the parts into OVER (..)"),
    "OPTION": ("there is no OPTION", "leave it out"),
    "ESCAPE": ("there is no ESCAPE", "put the wildcard in brackets: LIKE '100[%]'"),
    "ILIKE": ("there is no ILIKE", "write LOWER(text) LIKE 'pattern'"),
    "COLLATE": ("there is no COLLATE", "compare LOWER(a) with LOWER(b) to ignore case"),
    "RLIKE": ("there is no RLIKE", "write REGEXMATCH(text, 'pattern') > 0"),
    "REGEXP": ("there is no REGEXP", "write REGEXMATCH(text, 'pattern') > 0"),
    "FINAL": ("there is no FINAL", "leave it out"),
    "PIVOT": ("there is no PIVOT", "write one SUM(CASE WHEN .. THEN value END) for each column"),
    "UNPIVOT": ("there is no UNPIVOT", "write CROSS APPLY GetRecordProperties(record) AS property"),
    "NATURAL": ("there is no NATURAL JOIN", "write JOIN b ON a.key = b.key AND DATEDIFF(..) BETWEEN 0 AND 10"),
    "LATERAL": ("there is no LATERAL", "write CROSS APPLY GetArrayElements(array) AS element"),
    "TABLESAMPLE": ("there is no TABLESAMPLE", "leave rows out with WHERE"),
    "EMIT": ("there is no EMIT", "leave it out: a window gives its row when it ends"),
}


def explain_foreign(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    """Return what to write instead, if the text at `index` is SQL of another dialect.

    Args:
        lexemes: The text.
        index: The lexeme that the parser cannot take.
        names: The terminals that it could take.
    """
    for recognise in _RECOGNISERS:
        if (diagnostic := recognise(lexemes, index, names)) is not None:
            return diagnostic
    return None


def _error(message: str, span: Span, advice: str) -> Diagnostic:
    return Diagnostic("AQ104", message, span, help=advice)


def _word(lexemes: list[Lexeme], index: int) -> str:
    return lexemes[index].word if 0 <= index < len(lexemes) else ""


def _subquery(lexemes: list[Lexeme], index: int, _names: frozenset[str]) -> Diagnostic | None:
    if _word(lexemes, index) != "SELECT" or _word(lexemes, index - 1) != "(":
        return None
    span, around = lexemes[index].span, _word(lexemes, index - 2)
    if around == "EXISTS":
        return _error("there is no EXISTS", span, "join the other source and test it: LEFT JOIN .. WHERE b.key IS NULL")
    if around == "IN":
        return _error("IN takes a list of values, no SELECT", span, "join the other source instead")
    return _error("there are no subqueries", span, _STEP)


def _order(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    if index >= len(lexemes) or lexemes[index].terminal != "ORDER":
        return None
    span = Span(lexemes[index].start, lexemes[min(index + 1, len(lexemes) - 1)].end)
    if "MEASURES" in names:
        return _error("MATCH_RECOGNIZE takes no ORDER BY", span, "leave it out: events are matched in time order")
    advice = "leave it out: rows come in time order; rank them in a window with CollectTop(n) OVER (ORDER BY column)"
    return _error("there is no ORDER BY for a statement", span, advice)


def _comma_join(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    if _word(lexemes, index) != "," or "JOIN" not in names:
        return None
    advice = "write FROM a JOIN b ON DATEDIFF(second, a, b) BETWEEN 0 AND 10"
    return _error("sources are not joined with a comma", lexemes[index].span, advice)


def _other_join(lexemes: list[Lexeme], index: int, _names: frozenset[str]) -> Diagnostic | None:
    terminal = lexemes[index].terminal if index < len(lexemes) else ""
    if terminal == "JOIN" and index and lexemes[index - 1].terminal == "CROSS":
        index, terminal = index - 1, "CROSS"
    elif terminal not in ("RIGHT", "FULL"):
        return None
    message, advice = _JOINS[terminal]
    return _error(message, lexemes[index].span, advice)


def _statement(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    """Recognise a statement of other engines; where one could begin, its first word may have been read as an alias."""
    if not {"SELECT", "CREATE"} <= names:
        return None
    for at in (index, index - 1):
        word = _word(lexemes, at)
        if word in _STATEMENTS and lexemes[at].terminal == "NAME":
            return _error(f"there is no {word} statement", lexemes[at].span, _STATEMENTS[word])
    return None


def _clause(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    for at in (index, index - 1):
        word = _word(lexemes, at)
        if word not in _CLAUSES or lexemes[at].terminal != "NAME":
            continue
        if at == index or names & {"JOIN", "WHERE", "FROM", "ON", "SELECT"}:
            message, advice = _CLAUSES[word]
            return _error(message, lexemes[at].span, advice)
    return None


def _pattern_modes(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    if "SKIP" in (_word(lexemes, at) for at in (index - 1, index - 2, index - 3)) and names & {"TO", "NEXT", "ROW"}:
        advice = "write AFTER MATCH SKIP TO NEXT ROW"
        return _error("the only way to go on behind a match is the next row", lexemes[index - 1].span, advice)
    for at in (index, index - 1):
        if _word(lexemes, at) == "ALL" and _word(lexemes, at + 1) == "ROWS":
            span = Span(lexemes[at].start, lexemes[at + 1].end)
            return _error("a match gives one row", span, "write ONE ROW PER MATCH, or leave it out")
    return None


def _over(lexemes: list[Lexeme], index: int, _names: frozenset[str]) -> Diagnostic | None:
    if index >= len(lexemes) or lexemes[index].terminal != "OVER_KEYS":
        return None
    if (keyword := did_you_mean(_word(lexemes, index + 2), ("PARTITION", "ORDER", "LIMIT", "WHEN"))) is not None:
        lexeme = lexemes[index + 2]
        message, label = f'"{lexeme.text}" cannot stand here', f"did you mean {keyword}?"
        return Diagnostic("AQ101", message, lexeme.span, label=label, help=f"write {keyword}")
    advice = "write OVER (PARTITION BY key LIMIT DURATION(minute, 5))"
    return Diagnostic("AQ101", "OVER holds clauses, not names", lexemes[index].span, help=advice)


def _rows_frame(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    if _word(lexemes, index) not in ("ROWS", "RANGE", "GROUPS") or "LIMIT" not in names:
        return None
    advice = "write LIMIT DURATION(minute, 5)"
    return _error("the history of OVER is bounded by time, not by rows", lexemes[index].span, advice)


_RECOGNISERS: tuple[Callable[[list[Lexeme], int, frozenset[str]], Diagnostic | None], ...] = (
    _subquery,
    _order,
    _comma_join,
    _other_join,
    _statement,
    _clause,
    _pattern_modes,
    _over,
    _rows_frame,
)
