"""Grammar file -> LALR tables: `python -m asaql.syntax.compile` rewrites grammar/asaql.tables.json.

The tables are kept in the tree because a start of asaql must not pay for building them, nor for importing Lark, and
because a cache in a shared folder would have to be trusted. The only module that imports Lark; nothing imports it at
run time.
"""

import json
from collections import deque
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from lark import Lark
from lark.common import LexerConf
from lark.grammar import Rule
from lark.lexer import Lexer, PatternStr, Token
from lark.parsers.lalr_analysis import Shift

GRAMMAR = "asaql.lark"
TABLES = "asaql.tables.json"
STARTS = ("script", "standalone_expression")


class _NoLexer(Lexer):
    """Stands where Lark wants a lexer: only the tables are asked for."""

    def __init__(self, lexer_conf: LexerConf) -> None:
        del lexer_conf

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Token]:
        raise AssertionError(lexer_state)


def compile_grammar(text: str) -> str:
    """Return the tables of a grammar as JSON with one rule, state or follow set a line.

    Raises:
        lark.exceptions.GrammarError: The text is no grammar, or the grammar is not LALR(1).
    """
    lark = Lark(
        text,
        parser="lalr",
        lexer=_NoLexer,
        start=list(STARTS),
        strict=True,
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    table: Any = lark.parser.parser._parse_table
    order = _numbered(table)
    numbers = {rule: number for number, rule in enumerate(lark.rules)}
    follows: dict[tuple[str, ...], int] = {}
    states: list[list[Any]] = []
    for state in order:
        shifts: dict[str, int] = {}
        reductions: dict[int, list[str]] = {}
        for symbol, (action, argument) in sorted(table.states[state].items()):
            if action is Shift:
                shifts[symbol] = order[argument]
            else:
                reductions.setdefault(numbers[argument], []).append(symbol)
        shared = {rule: follows.setdefault(tuple(symbols), len(follows)) for rule, symbols in reductions.items()}
        states.append([shifts, shared])
    sections: dict[str, list[Any]] = {
        "starts": [[name, order[table.start_states[name]], order[table.end_states[name]]] for name in STARTS],
        "terminals": _terminals(lark),
        "rules": [_rule(rule) for rule in lark.rules],
        "follows": [list(each) for each in follows],
        "states": states,
    }
    lines = []
    for name, rows in sections.items():
        body = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        lines.append(f'"{name}": [\n{body}\n]')
    return "{" + ",\n".join(lines) + "}\n"


def _numbered(table: Any) -> dict[Any, int]:
    """Number the states in the order in which they are reached: Lark's own numbers differ from run to run."""
    order: dict[Any, int] = {}
    waiting = deque(table.start_states[name] for name in STARTS)
    while waiting:
        state = waiting.popleft()
        if state in order:
            continue
        order[state] = len(order)
        waiting.extend(argument for _, (action, argument) in sorted(table.states[state].items()) if action is Shift)
    return order


def _rule(rule: Rule) -> list[Any]:
    """Return origin, size, alias, and whether a child stands for the whole: 2 always, 1 where it is alone, 0 never."""
    is_transparent = rule.options.expand1 and not rule.alias
    is_unit = is_transparent and len(rule.expansion) == 1 and not rule.expansion[0].name.startswith("_")
    return [rule.origin.name, len(rule.expansion), rule.alias or "", int(is_transparent) + int(is_unit)]


def _terminals(lark: Lark) -> list[list[str]]:
    """Return name, kind and pattern of each terminal, the more urgent ones first."""
    rows = []
    for each in sorted(lark.terminals, key=lambda each: (-each.priority, each.name)):
        # A terminal that is only declared has no pattern.
        if each.pattern is not None:
            kind = "text" if isinstance(each.pattern, PatternStr) else "pattern"
            rows.append([each.name, "ignored" if each.name in lark.ignore_tokens else kind, each.pattern.value])
    return rows


def main() -> None:
    """Rewrite the tables beside the grammar."""
    folder = Path(str(resources.files("asaql.grammar")))
    text = (folder / GRAMMAR).read_text(encoding="utf-8")
    (folder / TABLES).write_text(compile_grammar(text), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
