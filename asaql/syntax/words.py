"""Which words are keywords at their place, and which are names.

The dialect has no list of reserved words, and public queries use nearly every word as a column: `TIMESTAMP BY
timestamp`, `AS Time`, `SELECT value, partition`. So a word is a keyword

- always, if it is one of the few that structure a statement (`RESERVED`);
- if its neighbour makes it one: PARTITION before BY, LEFT before JOIN, DURATION after LIMIT;
- if the parser can take the keyword at this place (`CONTEXTUAL`): ASC behind a sort key, MEASURES in a pattern.

It is a name in every other place, and always behind a dot.
"""

from asaql.syntax.lexemes import Lexeme

RESERVED = frozenset(
    (
        *("SELECT", "FROM", "WHERE", "HAVING", "UNION", "JOIN", "ON", "AS", "INTO", "WITH", "OVER", "BY"),
        *("AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END"),
    )
)

JOIN_WORDS = frozenset(("INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER"))

_BEFORE = {
    "PARTITION": ("BY",),
    "TIMESTAMP": ("BY",),
    "GROUP": ("BY",),
    "ORDER": ("BY",),
    "LIMIT": ("DURATION",),
    "CREATE": ("TABLE",),
    "INNER": ("JOIN",),
    "LEFT": ("JOIN", "OUTER"),
    "RIGHT": ("JOIN", "OUTER"),
    "FULL": ("JOIN", "OUTER"),
    "CROSS": ("APPLY", "JOIN"),
    "OUTER": ("APPLY", "JOIN"),
    "CAST": ("(",),
    "TRY_CAST": ("(",),
    "MATCH_RECOGNIZE": ("(",),
}
_BEHIND = {"TABLE": ("CREATE",), "DURATION": ("LIMIT",), "APPLY": ("CROSS", "OUTER")}

CONTEXTUAL = frozenset(
    (
        *("ASC", "DESC", "DISTINCT", "ALL", "GO", "MEASURES", "PATTERN", "DEFINE"),
        *("AFTER", "MATCH", "SKIP", "TO", "NEXT", "ROW", "ONE", "PER"),
    )
)

KEYWORDS = RESERVED | CONTEXTUAL | frozenset(_BEFORE) | frozenset(_BEHIND)

# What follows DISTINCT and ALL where they are keywords; a column of that name is followed by something else.
_BEGIN_OPERANDS = frozenset(
    (
        *("NAME", "BRACKETED", "QUOTED", "STRING", "INTEGER", "FLOAT", "LPAR", "STAR", "MINUS", "PLUS", "TILDE"),
        *("CASE", "CAST", "TRY_CAST", "NULL", "NOT", "SELECT"),
    )
)
_END_ALIASES = frozenset((",", ")", ";", "FROM", "INTO", ""))
_NAMES = frozenset(("NAME", "BRACKETED", "QUOTED"))


def resolve_words(lexemes: list[Lexeme], text: str) -> None:
    """Set the terminal, and for contextual words the possible keyword, of every word in `lexemes`.

    Args:
        lexemes: The words, marks and literals of `text`, every bare word as a name.
        text: The text that the lexemes come from.
    """
    words = [each.word if each.terminal == "NAME" or len(each.text) == 1 else each.terminal for each in lexemes]
    words += ["", ""]
    for index, lexeme in enumerate(lexemes):
        if lexeme.terminal == "NAME" and words[index] in KEYWORDS:
            before = lexemes[index - 1] if index else None
            if before is None or not _makes_name(before, lexeme, words[index + 1]):
                _resolve(lexeme, before, words[index : index + 3], text)
    for index, lexeme in enumerate(lexemes):
        following = [each.terminal for each in lexemes[index + 1 : index + 3]] + ["", ""]
        if lexeme.keyword in ("DISTINCT", "ALL") and following[0] not in _BEGIN_OPERANDS:
            lexeme.keyword = None
        elif lexeme.terminal == "UNION" and following[1 if words[index + 1] == "ALL" else 0] in _NAMES:
            lexeme.terminal = "UNION_SOURCE"
        elif lexeme.terminal == "OVER" and not _opens_clauses(following):
            lexeme.terminal = "OVER_KEYS"


def _makes_name(before: Lexeme, lexeme: Lexeme, behind: str) -> bool:
    """Whether what stands around a word makes it a name: `a.from`, `AS end,`."""
    if before.terminal == "DOT":
        return lexeme.word not in RESERVED or before.end == lexeme.start
    return before.terminal == "AS" and behind in _END_ALIASES


def _resolve(lexeme: Lexeme, before: Lexeme | None, words: list[str], text: str) -> None:
    """Decide a word by its neighbours: `words` holds it and the two words behind it."""
    word, behind, second = words
    if word in RESERVED:
        lexeme.terminal = word
    elif behind == "OUTER" and word in ("LEFT", "RIGHT", "FULL"):
        lexeme.terminal = word if second == "JOIN" else "NAME"
    elif behind in _BEFORE.get(word, ()) or (before is not None and before.terminal in _BEHIND.get(word, ())):
        lexeme.terminal = word
    elif word in CONTEXTUAL and (word != "GO" or _is_alone(lexeme, text)):
        lexeme.keyword = word


def _is_alone(lexeme: Lexeme, text: str) -> bool:
    """Whether GO is the only word of its line, as the tools that know it demand."""
    first = text.rfind("\n", 0, lexeme.start) + 1
    last = text.find("\n", lexeme.end)
    line = text[first : last if last >= 0 else len(text)]
    return line.strip(" \t\r;").upper() == "GO"


def _opens_clauses(following: list[str]) -> bool:
    """Whether an OVER begins `OVER (PARTITION BY ..)` and not the keys of a TIMESTAMP BY."""
    return following[0] == "LPAR" and following[1] in ("PARTITION", "ORDER", "LIMIT", "WHEN", "RPAR")
