"""Why the parser is stuck, in the user's words.

First what a person would recognise: a construct of another dialect (`foreign`), a clause in the wrong place, a name
that needs brackets. Then a single change that lets the parser go on (`repairs`). Else what could have stood there.
"""

from asaql.diagnostics import Diagnostic, Label, Source, Span
from asaql.syntax.foreign import explain_foreign
from asaql.syntax.lalr import END, expected, load_tables
from asaql.syntax.lexemes import Lexeme
from asaql.syntax.repairs import explain_repair
from asaql.syntax.words import RESERVED

_MAX_EXPECTED = 5

_NAMES = frozenset(("NAME", "BRACKETED", "QUOTED"))
_OPERANDS = _NAMES | {
    *("INTEGER", "FLOAT", "STRING", "CASE", "CAST", "TRY_CAST", "NULL", "LPAR", "MINUS", "PLUS", "TILDE", "NOT"),
}
_OPERATORS = frozenset(
    (
        *("COMPARISON", "AND", "OR", "IS", "LIKE", "BETWEEN", "IN", "NOT"),
        *("PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "AMPERSAND", "CIRCUMFLEX", "VBAR"),
    )
)
_QUANTIFIERS = frozenset(("STAR", "PLUS", "QMARK", "LBRACE"))
_STATEMENTS = frozenset(("SELECT", "WITH", "CREATE", "GO", "SEMICOLON"))

# In the order in which they are told; what is not here is told last, in the order of the alphabet.
_ORDER = ("RPAR", "COMMA", "THEN", "WHEN", "ELSE", "END", "AS", "INTO", "FROM", "ON", "BY", "JOIN", "WHERE", "GROUP")

_WORDS = {
    "RPAR": '")"',
    "LPAR": '"("',
    "COMMA": '","',
    "DOT": '"."',
    "STAR": '"*"',
    "VBAR": '"|"',
    "RBRACE": '"}"',
    "LBRACE": '"{"',
    "SEMICOLON": '";"',
    "COMPARISON": "a comparison",
    "INTEGER": "a whole number",
    "STRING": "a text",
    "GROUP": "GROUP BY",
    "PARTITION": "PARTITION BY",
    "TIMESTAMP": "TIMESTAMP BY",
    "ORDER": "ORDER BY",
    "LIMIT": "LIMIT DURATION",
    "LEFT": "LEFT JOIN",
    "INNER": "INNER JOIN",
    "CROSS": "CROSS APPLY",
    "OUTER": "OUTER APPLY",
    "CREATE": "CREATE TABLE",
    "UNION_SOURCE": "UNION",
    "OVER_KEYS": "OVER",
    END: "the end of the query",
}

_NAMED_AFTER = {
    "FROM": "the name of an input or a step",
    "JOIN": "the name of an input or a step",
    "UNION_SOURCE": "the name of an input or a step",
    "INTO": "the name of an output",
    "WITH": "the name of a step",
    "AS": "an alias",
    "DOT": "the name of a field",
    "TABLE": "the name of an input",
    "APPLY": "a function such as GetArrayElements(array)",
    "DEFINE": "the name of a pattern variable",
}


def explain(
    lexemes: list[Lexeme], index: int, stacks: tuple[tuple[int, ...], ...], start: str, source: Source
) -> Diagnostic:
    """Return the diagnostic for a lexeme that the parser cannot take.

    Args:
        lexemes: The text.
        index: The lexeme; the number of lexemes where the text ends too early.
        stacks: The parser's states before that lexeme, last, and before those that precede it.
        start: The start symbol.
        source: Where the lexemes come from.
    """
    names = expected(load_tables(), stacks[-1], start)
    return (
        explain_foreign(lexemes, index, frozenset(names))
        or _explain_place(lexemes, index, frozenset(names))
        or explain_repair(lexemes, index, stacks, start, source, frozenset(names))
        or _explain_generally(lexemes, index, names)
    )


def _explain_generally(lexemes: list[Lexeme], index: int, names: list[str]) -> Diagnostic:
    before = lexemes[index - 1] if index else None
    label = _listed(describe(names, before.terminal if before else ""))
    if index < len(lexemes):
        found = lexemes[index]
        message, span = f'"{_shown(found)}" cannot stand here', found.span
    else:
        message = "the query ends too early" if lexemes else "there is no expression"
        span = Span(lexemes[-1].end, lexemes[-1].end) if lexemes else Span(0, 0)
    opening = _open_parenthesis(lexemes, index) if "RPAR" in names else None
    labels = (Label(opening.span, "this is open"),) if opening is not None else ()
    advice = None
    if index < len(lexemes) and names and _NAMES & set(names) and _is_odd_name(lexemes[index]):
        advice = f"a column of this name is written [{lexemes[index].text}]"
    return Diagnostic("AQ101", message, span, label=f"expected {label}" if label else "", labels=labels, help=advice)


def _is_odd_name(lexeme: Lexeme) -> bool:
    clauses = ("SELECT", "FROM", "WHERE", "HAVING", "UNION", "JOIN", "INTO", "WITH", "AND", "OR")
    return lexeme.terminal in RESERVED and lexeme.terminal not in clauses


def _shown(lexeme: Lexeme) -> str:
    return lexeme.text if len(lexeme.text) <= 40 else f"{lexeme.text[:37]}..."


def _listed(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def describe(names: list[str], before: str) -> list[str]:
    """Return at most five things that the terminals in `names` stand for, behind a lexeme of the terminal `before`."""
    left = set(names)
    if not before:
        return ["SELECT", "WITH", "CREATE TABLE"] if "CREATE" in left else ["a column name", "an expression"]
    if left == _NAMES and before in ("AS", *_NAMES):
        return ["a type such as bigint"]
    first, last = _operands(left, before), list[str]()
    is_end = END in left
    if {"SELECT", "CREATE"} <= left:
        left -= _STATEMENTS
        last += ["another statement"] if not is_end else []
    if len(left & _OPERATORS) > 3:
        # Behind BETWEEN the AND is what is missing; anywhere else it is one operator of many.
        left -= _OPERATORS - ({"AND"} if "OR" not in left else set())
        last.append("an operator")
    if {"LEFT", "JOIN"} <= left:
        left -= {"LEFT", "INNER", "CROSS", "OUTER", "MATCH_RECOGNIZE"}
    if len(left) > 1:
        left -= {"OVER", "OVER_KEYS", "UNION_SOURCE", "DOT", END, *(("LPAR",) if before in _NAMES else ())}
    rest = sorted(left, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    told = [_WORDS.get(name, name) for name in rest]
    words = [*told, *first, *last] if first == ["an alias"] else [*first, *told, *last]
    words = words[:_MAX_EXPECTED]
    if is_end and len(words) < _MAX_EXPECTED and _WORDS[END] not in words:
        words.append(_WORDS[END])
    return words


def _operands(left: set[str], before: str) -> list[str]:
    """Take the terminals that begin an expression or a name out of `left`, and return words for them."""
    if {"INTEGER", "CASE", *_NAMES} <= left:
        left -= _OPERANDS
        return ["a column name", "an expression"]
    if left >= {"STRING", *_NAMES}:
        left -= {"STRING", "AS", *_NAMES}
        return ["an alias"]
    if left >= _NAMES:
        left -= _NAMES
        if {"QMARK", "LBRACE"} <= left:
            left -= _QUANTIFIERS
        return [_NAMED_AFTER.get(before, "a name")]
    return []


def _open_parenthesis(lexemes: list[Lexeme], index: int) -> Lexeme | None:
    """Return the innermost parenthesis that is open before `index`."""
    depth = 0
    for lexeme in reversed(lexemes[:index]):
        depth += (lexeme.terminal == "RPAR") - (lexeme.terminal == "LPAR")
        if depth < 0:
            return lexeme
    return None


def _explain_place(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    """Explain clauses in the wrong place, empty clauses and names that need other quotes."""
    found = lexemes[index] if index < len(lexemes) else None
    before = lexemes[index - 1] if index else None
    if before is not None and names >= _NAMES and before.terminal in ("FROM", "JOIN", "INTO", "UNION_SOURCE"):
        return _unnamed(before, found)
    if before is not None and before.terminal == "SELECT" and (found is None or found.terminal in ("FROM", "INTO")):
        span = found.span if found else before.span
        return Diagnostic("AQ101", "SELECT has no columns", span, help="write SELECT *, or the columns")
    if found is None:
        return None
    if found.terminal == "RPAR" and _open_parenthesis(lexemes, index) is None:
        return Diagnostic("AQ101", 'this ")" closes nothing', found.span, help="leave it out, or open it before")
    if before is not None and (advice := _quoting(lexemes, index, names)):
        return advice
    if before is not None and "SELECT" in names and found.terminal in _PLACES:
        return Diagnostic(
            "AQ101",
            f"{_WORDS.get(found.terminal, found.terminal)} stands too late",
            found.span,
            notes=("the order is SELECT, INTO, FROM, WHERE, GROUP BY, HAVING",),
            help=_PLACES[found.terminal],
        )
    return None


_PLACES = {
    "INTO": "write INTO before FROM",
    "FROM": "write one FROM in a SELECT",
    "WHERE": "write one WHERE, before GROUP BY and HAVING",
    "GROUP": "write GROUP BY before HAVING",
    "TIMESTAMP": "write TIMESTAMP BY behind the input's name in FROM",
    "PARTITION": "write PARTITION BY behind the source's name in FROM",
    "JOIN": "write JOIN before WHERE",
    "LEFT": "write LEFT JOIN before WHERE",
    "INNER": "write JOIN before WHERE",
    "CROSS": "write CROSS APPLY before WHERE",
    "OUTER": "write OUTER APPLY before WHERE",
    "HAVING": "write one HAVING, behind GROUP BY",
}


def _unnamed(before: Lexeme, found: Lexeme | None) -> Diagnostic:
    clause = before.terminal if before.terminal != "UNION_SOURCE" else "UNION"
    kind = "output" if clause == "INTO" else "source"
    if found is not None and found.terminal == "STRING":
        inner = found.text.lstrip("nN").strip("'")
        name = inner if inner.isidentifier() else f"[{inner}]"
        message = f"the name of an {kind}" if kind == "output" else f"the name of a {kind}"
        return Diagnostic("AQ101", f"{message} stands in no single quotes", found.span, help=f"write {clause} {name}")
    return Diagnostic(
        "AQ101",
        f"{clause} names no {kind}",
        before.span if found is None else found.span,
        label=f"expected {_NAMED_AFTER[before.terminal]}",
        help=f"write {clause} and the name of an {'output' if kind == 'output' else 'input or a step'}",
    )


def _quoting(lexemes: list[Lexeme], index: int, names: frozenset[str]) -> Diagnostic | None:
    """Explain names that hold marks or begin with digits and so need brackets."""
    before, found = lexemes[index - 1], lexemes[index]
    behind = lexemes[index + 1] if index + 1 < len(lexemes) else None
    is_named = before.terminal == "NAME" and index > 1 and lexemes[index - 2].terminal in _NAMED_AFTER
    touches = behind is not None and before.end == found.start and found.end == behind.start
    if found.terminal in ("MINUS", "DOT", "SLASH") and is_named and touches:
        last = index + 1
        while last + 1 < len(lexemes) and lexemes[last].end == lexemes[last + 1].start:
            last += 1
        name = "".join(each.text for each in lexemes[index - 1 : last + 1])
        span = Span(before.start, lexemes[last].end)
        return Diagnostic("AQ101", f'a name that holds "{found.text}" needs brackets', span, help=f"write [{name}]")
    if found.terminal == "FLOAT" and found.text[0] == "." and before.end == found.start and found.text[1:].isdigit():
        message = "a field whose name is a number needs brackets"
        return Diagnostic("AQ101", message, found.span, help=f"write {before.text}.[{found.text[1:]}]")
    if found.terminal in ("INTEGER", "FLOAT") and before.terminal == "DOT":
        return Diagnostic(
            "AQ101", "a field whose name is a number needs brackets", found.span, help=f"write .[{found.text}]"
        )
    return None
