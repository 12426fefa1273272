"""Where the lines of a script may be broken: the tree as nested groups of tokens, each whole on a line or broken.

A group that does not fit its line, or holds a comment that ends one, has all its breaks made; the groups in it decide
for themselves. Clauses and steps are always broken.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from asaql.syntax import ast
from asaql.syntax.ast import BinaryOperator
from asaql.syntax.layout_tokens import Token

_LOGICAL = (BinaryOperator.AND, BinaryOperator.OR)
_PRODUCTS = (BinaryOperator.MULTIPLY, BinaryOperator.DIVIDE, BinaryOperator.MODULO)
_SUMS = (
    *(BinaryOperator.ADD, BinaryOperator.SUBTRACT),
    *(BinaryOperator.BITWISE_AND, BinaryOperator.BITWISE_OR, BinaryOperator.BITWISE_XOR),
)
_FEW_TOKENS = 4
"""Arguments of fewer tokens are not broken: `COUNT(*)` would gain nothing."""

_MATCH_PARTS = ("LIMIT", "PARTITION", "MEASURES", "ONE", "AFTER", "PATTERN", "DEFINE")


class Group(Struct):
    """A run of tokens.

    Attributes:
        start: Index of its first token.
        end: Index behind its last one.
        breaks: Index of a token to the levels it is indented by when a line is broken before it.
        is_hard: Whether it is always broken.
        inner: The groups directly in it, in order.
    """

    start: int
    end: int
    breaks: dict[int, int]
    is_hard: bool = False
    inner: list["Group"] = field(default_factory=list)


def groups_of(script: ast.Script, tokens: Sequence[Token]) -> list[Group]:
    """Return the group of each part of a script."""
    finder = _Finder(tokens)
    for part in script.parts:
        finder.part(part)
    return _nested(finder.found)


def _nested(found: Iterable[Group]) -> list[Group]:
    """Return the outermost groups with the others in them."""
    ordered = [group for _, group in sorted(enumerate(found), key=lambda each: (each[1].start, -each[1].end, each[0]))]
    outermost: list[Group] = []
    stack: list[Group] = []
    for group in ordered:
        while stack and stack[-1].end <= group.start:
            stack.pop()
        (stack[-1].inner if stack else outermost).append(group)
        stack.append(group)
    return outermost


class _Finder:
    """Walks a script and collects its groups, an outer one before those in it."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.found: list[Group] = []
        self._tokens = tokens
        self._starts = [each.start for each in tokens]
        self._closing = _closing_marks(tokens)
        self._opening = {end: start for start, end in self._closing.items()}

    # Places ----------------------------------------------------------------------------------------------------------

    def _first(self, node: ast.Node) -> int:
        """Return the index of a node's first token."""
        at = bisect_left(self._starts, node.span.start)
        while self._tokens[at].start == self._tokens[at].end:
            at += 1
        return at

    def _behind(self, node: ast.Node) -> int:
        """Return the index of the token behind a node."""
        return bisect_left(self._starts, node.span.end)

    def _lead(self, node: ast.Node, words: int = 1) -> int:
        """Return the index of the keyword before a node, past parentheses that belong to no node."""
        at = self._first(node)
        while self._tokens[at - 1].terminal == "LPAR":
            at -= 1
        return at - words

    def _add(self, start: int, end: int, breaks: dict[int, int], *, is_hard: bool = False) -> None:
        breaks = {at: level for at, level in breaks.items() if start < at < end}
        if breaks:
            self.found.append(Group(start, end, breaks, is_hard))

    def _add_enclosed(self, start: int, opening: int, entries: Iterable[int], *, is_hard: bool = False) -> None:
        """Add what stands between two parentheses, from `start` on, an entry a line."""
        closing = self._closing[opening]
        breaks = dict.fromkeys(entries, 1)
        self._add(start, closing + 1, {**breaks, closing: 0} if breaks else {}, is_hard=is_hard)

    # Parts and clauses -----------------------------------------------------------------------------------------------

    def part(self, part: "ast.CreateTable | ast.With | ast.Query") -> None:
        """Add the groups of a part of a script."""
        if isinstance(part, ast.CreateTable):
            columns = [self._first(each) for each in part.columns]
            self._add_enclosed(self._first(part), columns[0] - 1, columns)
        elif isinstance(part, ast.With):
            steps = dict.fromkeys((self._first(each) for each in part.steps), 0)
            self._add(self._first(part), self._behind(part), steps, is_hard=True)
            for step in part.steps:
                start = self._first(step.query)
                self._add_enclosed(self._first(step), start - 1, [start], is_hard=True)
                self._query(step.query)
        else:
            self._query(part)

    def _query(self, query: ast.Query) -> None:
        if isinstance(query, ast.Select):
            self._select(query)
            return
        breaks: dict[int, int] = {}
        for before, branch in zip(query.branches, query.branches[1:], strict=False):
            breaks |= {self._behind(before): 0, self._first(branch): 0}
        self._add(self._first(query), self._behind(query), breaks, is_hard=True)
        for branch in query.branches:
            self._select(branch)

    def _select(self, node: ast.Select) -> None:
        clauses = [self._lead(node.from_)]
        clauses += [self._lead(node.into)] if node.into is not None else []
        clauses += [self._lead(node.where)] if node.where is not None else []
        clauses += [self._first(node.group_by[0]) - 2] if node.group_by else []
        clauses += [self._first(node.having) - 1] if node.having is not None else []
        clauses = [at if self._tokens[at].is_keyword else at + 1 for at in clauses]
        clauses += self._from_breaks(node.from_)
        start = self._first(node)
        self._add(start, self._behind(node), dict.fromkeys(clauses, 0), is_hard=True)
        self._list(start, node.items)
        for item in node.items:
            self._expression(item.expression)
        self._from(node.from_)
        if node.where is not None:
            self._expression(node.where)
        if node.group_by:
            self._list(self._first(node.group_by[0]) - 2, node.group_by)
            for each in node.group_by:
                self._expression(each)
        if node.having is not None:
            self._expression(node.having)

    def _list(self, start: int, entries: Sequence[ast.Node]) -> None:
        breaks = dict.fromkeys((self._first(each) for each in entries), 1)
        self._add(start, self._behind(entries[-1]), breaks)

    def _from_breaks(self, node: ast.From) -> list[int]:
        breaks = [self._first(each) for each in node.operations]
        breaks += [self._first(node.match)] if node.match is not None else []
        return breaks + [self._lead(each) for each in node.union]

    def _from(self, node: ast.From) -> None:
        for source in (node.source, *node.union):
            self._source(source)
        for operation in node.operations:
            if isinstance(operation, ast.Apply):
                self._expression(operation.function)
            else:
                self._join(operation)
        if node.match is not None:
            self._match(node.match)

    def _source(self, node: ast.SourceReference) -> None:
        clauses = [each for each in (node.partition_by, node.timestamp_by) if each is not None]
        self._list_breaks(node, [self._first(each) for each in clauses])
        if node.partition_by is not None:
            for each in node.partition_by.keys:
                self._expression(each)
        if node.timestamp_by is not None:
            for each in (node.timestamp_by.expression, *node.timestamp_by.over):
                self._expression(each)

    def _list_breaks(self, node: ast.Node, breaks: Iterable[int]) -> None:
        self._add(self._first(node), self._behind(node), dict.fromkeys(breaks, 1))

    def _join(self, node: ast.Join) -> None:
        if isinstance(node.right, ast.From):
            opening = self._first(node.right)
            self._add_enclosed(opening, opening, [opening + 1], is_hard=True)
            inner = dict.fromkeys(self._from_breaks(node.right), 0)
            self._add(opening + 1, self._closing[opening], inner, is_hard=True)
            self._from(node.right)
        else:
            self._source(node.right)
        self._expression(node.condition)

    def _match(self, node: ast.MatchRecognize) -> None:
        start = self._first(node)
        opening = start + 1
        parts: list[int] = []
        at = opening + 1
        while at < self._closing[opening]:
            if self._tokens[at].is_keyword and self._tokens[at].text in _MATCH_PARTS:
                parts.append(at)
            at = self._closing.get(at, at) + 1
        self._add_enclosed(start, opening, parts, is_hard=True)
        for each in node.partition_by:
            self._expression(each)
        if node.measures:
            self._list(self._first(node.measures[0]) - 1, node.measures)
        for measure in node.measures:
            self._expression(measure.expression)
        self._list(self._first(node.definitions[0]) - 1, node.definitions)
        for definition in node.definitions:
            self._expression(definition.condition)

    # Expressions -----------------------------------------------------------------------------------------------------

    def _expression(self, node: "ast.Expression | ast.Star", level: int = 1) -> None:
        """Add the groups of an expression whose operands are indented by `level` when it is broken."""
        start, end = self._first(node), self._behind(node)
        is_enclosed = False
        while self._closing.get(start) == end - 1 and end - start > 2:
            self._add_enclosed(start, start, [start + 1])
            start, end, is_enclosed = start + 1, end - 1, True
        level = 0 if is_enclosed else level
        match node:
            case ast.Binary():
                self._binary(node, start, end, level)
            case ast.Unary(operand=operand) | ast.Not(operand=operand) | ast.FieldAccess(operand=operand):
                self._expression(operand)
            case ast.IsNull(operand=operand):
                self._expression(operand)
            case ast.Like(operand=operand, pattern=pattern):
                self._all((operand, pattern))
            case ast.Between(operand=operand, low=low, high=high):
                self._all((operand, low, high))
            case ast.In(operand=operand, items=items):
                self._expression(operand)
                opening = self._opening[end - 1]
                self._add_enclosed(opening, opening, [self._first(each) for each in items])
                self._all(items)
            case ast.Call():
                self._call(node, start)
            case ast.Cast(operand=operand):
                self._add_enclosed(start, start + 1, [self._first(operand)])
                self._expression(operand)
            case ast.Case():
                self._case(node, start, end)
            case _:
                return

    def _all(self, nodes: "Iterable[ast.Expression | ast.Star]") -> None:
        for each in nodes:
            self._expression(each)

    def _binary(self, node: ast.Binary, start: int, end: int, level: int) -> None:
        operands = self._chain(node)
        breaks = {self._first(each) - 1: level for each in operands[1:]}
        self._add(start, end, breaks)
        self._all(operands)

    def _chain(self, node: ast.Binary) -> list[ast.Expression]:
        """Return the operands of a run of operators that bind alike."""
        alike = next((each for each in (_SUMS, _PRODUCTS) if node.operator in each), (node.operator,))
        is_logical = node.operator in _LOGICAL
        operands: list[ast.Expression] = []
        waiting: list[ast.Expression] = [node.right, node.left]
        while waiting:
            each = waiting.pop()
            goes_on = isinstance(each, ast.Binary) and each.operator in alike and not self._is_enclosed(each)
            if isinstance(each, ast.Binary) and goes_on and (is_logical or node.operator in (*_SUMS, *_PRODUCTS)):
                waiting += [each.right, each.left]
            else:
                operands.append(each)
        return operands

    def _is_enclosed(self, node: ast.Node) -> bool:
        return self._closing.get(self._first(node)) == self._behind(node) - 1

    def _call(self, node: ast.Call, start: int) -> None:
        opening = self._behind(node.name)
        entries = [self._first(each) for each in node.arguments]
        if entries:
            entries[0] = opening + 1
        if self._closing[opening] - opening > _FEW_TOKENS:
            self._add_enclosed(start, opening, entries)
        self._all(node.arguments)
        if node.over is not None:
            self._over(node.over)

    def _over(self, node: ast.Over) -> None:
        opening = self._first(node) + 1
        clauses: list[int] = []
        clauses += [self._first(node.partition_by[0]) - 2] if node.partition_by else []
        clauses += [self._first(node.order_by[0]) - 2] if node.order_by else []
        clauses += [self._first(node.limit) - 1] if node.limit is not None else []
        clauses += [self._first(node.when) - 1] if node.when is not None else []
        self._add_enclosed(opening, opening, clauses)
        self._all(node.partition_by)
        self._all(each.key for each in node.order_by)
        if node.when is not None:
            self._expression(node.when)

    def _case(self, node: ast.Case, start: int, end: int) -> None:
        breaks = {self._first(each): 1 for each in node.whens}
        if node.otherwise is not None:
            breaks[self._first(node.otherwise) - 1] = 1
        self._add(start, end, {**breaks, end - 1: 0})
        if node.operand is not None:
            self._expression(node.operand)
        for each in node.whens:
            self._list_breaks(each, [self._first(each.result) - 1])
            self._expression(each.condition)
            self._expression(each.result)
        if node.otherwise is not None:
            self._expression(node.otherwise)


def _closing_marks(tokens: Sequence[Token]) -> dict[int, int]:
    """Return the index of each opening parenthesis with that of its closing one."""
    result: dict[int, int] = {}
    open_marks: list[int] = []
    for index, token in enumerate(tokens):
        if token.terminal == "LPAR":
            open_marks.append(index)
        elif token.terminal == "RPAR":
            result[open_marks.pop()] = index
    return result
