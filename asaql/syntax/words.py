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

_OPERANDS = frozenset(("NAME", "BRACKETED", "QUOTED", "STRING", "INTEGER", "FLOAT", "CASE", "CAST", "TRY_CAST", "LPAR"))
_ALIAS_ENDS = frozenset((",", ")", ";", "FROM", "INTO"))


def resolve_words(lexemes: list[Lexeme], text: str) -> None:
    """Set the terminal, and for contextual words the possible keyword, of every word in `lexemes`."""
    words = [each.word if each.terminal in ("NAME", "MARK") or len(each.text) == 1 else "" for each in lexemes]
    words += ["", ""]
    for index, lexeme in enumerate(lexemes):
        if lexeme.terminal != "NAME" or (word := words[index]) not in KEYWORDS:
            continue
        before, behind = (words[index - 1] if index else ""), words[index + 1]
        is_field = before == "." and (word not in RESERVED or lexemes[index - 1].end == lexeme.start)
        if is_field or (before == "AS" and word != "NULL" and (behind in _ALIAS_ENDS or index + 1 == len(lexemes))):
            continue
        if word in RESERVED:
            lexeme.terminal = word
        elif behind in _BEFORE.get(word, ()) or before in _BEHIND.get(word, ()):
            if behind != "OUTER" or words[index + 2] == "JOIN":
                lexeme.terminal = word
        elif word == "GO":
            lexeme.keyword = word if _is_alone(lexeme, text) else None
        elif word in ("DISTINCT", "ALL"):
            following = lexemes[index + 1].terminal if index + 1 < len(lexemes) else ""
            lexeme.keyword = word if following in _OPERANDS or behind in ("SELECT", "CASE") else None
        elif word in CONTEXTUAL:
            lexeme.keyword = word
    for index, lexeme in enumerate(lexemes):
        if lexeme.terminal == "UNION":
            after = 2 if words[index + 1] == "ALL" else 1
            follower = lexemes[index + after] if index + after < len(lexemes) else None
            if follower is not None and follower.terminal in ("NAME", "BRACKETED", "QUOTED"):
                lexeme.terminal = "UNION_SOURCE"
        elif lexeme.terminal == "OVER" and not _opens_clauses(lexemes, index):
            lexeme.terminal = "OVER_KEYS"


def _is_alone(lexeme: Lexeme, text: str) -> bool:
    """Whether GO is the only word of its line, as the tools that know it demand."""
    first = text.rfind("\n", 0, lexeme.start) + 1
    last = text.find("\n", lexeme.end)
    line = text[first : last if last >= 0 else len(text)]
    return line.strip(" \t\r;").upper() == "GO"


def _opens_clauses(lexemes: list[Lexeme], index: int) -> bool:
    """Whether an OVER begins `OVER (PARTITION BY ..)` and not the keys of a TIMESTAMP BY."""
    following = [each.terminal for each in lexemes[index + 1 : index + 3]]
    return following[:1] == ["LPAR"] and following[-1] in ("PARTITION", "ORDER", "LIMIT", "WHEN", "RPAR")
