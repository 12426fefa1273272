"""The parser's tables and the loop that runs them.

The tables come from the grammar by way of `asaql.syntax.compile`. The loop is the textbook one: shift, reduce, or
report. It calls nothing recursively, so the depth of a query is bounded by memory alone.
"""

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

Action: TypeAlias = Callable[[list[Any]], Any]

END = "$END"


class Inline(list[Any]):
    """The children of a rule that makes no node, on their way into the node around it."""


class Rule(Struct, frozen=True):
    """A production: what it makes of how many symbols.

    Attributes:
        origin: The symbol that it makes.
        size: How many symbols it takes.
        action: The name of the method that makes the node; empty where the children go into the node around.
        is_transparent: Whether a single child stands for the whole.
        is_unit: Whether there always is a single child that does.
    """

    origin: str
    size: int
    action: str
    is_transparent: bool
    is_unit: bool


class Terminal(Struct, frozen=True):
    """A terminal of the grammar: a word or mark (`text`), a pattern, or a pattern between tokens (`ignored`)."""

    name: str
    kind: str
    pattern: str


class Tables(Struct, frozen=True):
    """The compiled grammar.

    Attributes:
        terminals: Every terminal.
        rules: Every production.
        states: By state and symbol: the next state, or `~rule` to reduce by.
        starts: By start symbol: its first state and the state in which it is complete.
    """

    terminals: tuple[Terminal, ...]
    rules: tuple[Rule, ...]
    states: tuple[dict[str, int], ...]
    starts: dict[str, tuple[int, int]]


@cache
def load_tables() -> Tables:
    """Return the tables of the dialect; read once."""
    text = resources.files("asaql.grammar").joinpath("asaql.tables.json").read_bytes()
    data = msgspec.json.decode(text)
    rules = tuple(
        Rule(origin, size, alias or ("" if origin.startswith("_") else origin), single > 0, single > 1)
        for origin, size, alias, single in data["rules"]
    )
    states = []
    for shifts, reductions in data["states"]:
        actions: dict[str, int] = dict(shifts)
        for rule, follow in reductions.items():
            actions.update(dict.fromkeys(data["follows"][follow], ~int(rule)))
        states.append(actions)
    return Tables(
        terminals=tuple(Terminal(*row) for row in data["terminals"]),
        rules=rules,
        states=tuple(states),
        starts={name: (first, last) for name, first, last in data["starts"]},
    )


class Stuck(Exception):
    """The parser cannot go on with a terminal."""


class Parser:
    """One parse: feed terminals with their values, then `finish`.

    Args:
        tables: The compiled grammar.
        start: The start symbol.
        actions: By name, what makes a node of its children; None to only recognise.
        stack: The states to begin in, to recognise what may follow a text that was read before.
    """

    def __init__(
        self, tables: Tables, start: str, actions: dict[str, Action] | None, stack: tuple[int, ...] = ()
    ) -> None:
        self._tables = tables
        self._actions = actions
        first, self._last = tables.starts[start]
        self._stack = list(stack) or [first]
        self._values: list[Any] = []

    @property
    def stack(self) -> tuple[int, ...]:
        """The states that the text so far has led to; as long as the text is nested."""
        return tuple(self._stack)

    def can_take(self, terminal: str) -> bool:
        """Whether `feed` would take a terminal here."""
        return _leads_on(self._tables, list(self._stack), terminal, self._last)

    def feed(self, terminal: str, value: Any) -> None:
        """Go on with one terminal.

        Raises:
            Stuck: The terminal cannot stand here.
        """
        self._reduce(terminal)
        self._stack.append(self._tables.states[self._stack[-1]][terminal])
        self._values.append(value)

    def finish(self) -> Any:
        """Return the value of the start symbol.

        Raises:
            Stuck: The text cannot end here.
        """
        self._reduce(END)
        return self._values[-1]

    def _reduce(self, terminal: str) -> None:
        """Reduce until `terminal` can be shifted, or the start symbol is complete."""
        states, rules, stack = self._tables.states, self._tables.rules, self._stack
        while True:
            action = states[stack[-1]].get(terminal)
            if action is None:
                if terminal == END and stack[-1] == self._last:
                    return
                raise Stuck
            if action >= 0:
                return
            rule = rules[~action]
            size = rule.size
            if rule.is_unit:
                del stack[-1]
            else:
                self._make(rule)
                if size:
                    del stack[-size:]
            stack.append(states[stack[-1]][rule.origin])

    def _make(self, rule: Rule) -> None:
        """Replace the values of a rule's symbols by what the rule makes of them."""
        if self._actions is None:
            return
        values, size = self._values, rule.size
        taken = values[-size:] if size else []
        if size:
            del values[-size:]
        children = _flat(taken)
        if not rule.action:
            values.append(children if isinstance(children, Inline) else Inline(children))
        elif rule.is_transparent and len(children) == 1:
            values.append(children[0])
        else:
            values.append(self._actions[rule.action](children))


def _flat(values: list[Any]) -> list[Any]:
    """Return `values` with the inlined ones spliced in; a leading one grows in place, for long lists."""
    if not any(type(each) is Inline for each in values):
        return values
    children: list[Any] = values[0] if type(values[0]) is Inline else Inline((values[0],))
    for each in values[1:]:
        if type(each) is Inline:
            children.extend(each)
        else:
            children.append(each)
    return children


def expected(tables: Tables, stack: tuple[int, ...], start: str) -> list[str]:
    """Return the terminals that can follow in the situation of `stack`, `END` among them where the text may end."""
    last = tables.starts[start][1]
    names = {*tables.states[stack[-1]], END} - {rule.origin for rule in tables.rules}
    return sorted(name for name in names if _leads_on(tables, list(stack), name, last))


def _leads_on(tables: Tables, stack: list[int], terminal: str, last: int) -> bool:
    """Whether the reductions that `terminal` asks for end in a state that takes it.

    That the present state knows the terminal is not enough: LALR merges what may follow in different places.
    """
    while True:
        action = tables.states[stack[-1]].get(terminal)
        if action is None:
            return terminal == END and stack[-1] == last
        if action >= 0:
            return True
        rule = tables.rules[~action]
        if rule.size:
            del stack[-rule.size :]
        stack.append(tables.states[stack[-1]][rule.origin])
