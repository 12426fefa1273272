"""The abstract syntax tree: what was written, nothing resolved.

Every node carries the span of its text. Spans do not count in comparisons, so that two texts with one meaning have
equal trees. Keywords, operators and prefixes are kept in their canonical spelling, names as they were written.
"""

from enum import StrEnum
from typing import TypeAlias

from asaql.diagnostics import Placed, Span

NOWHERE = Span(0, 0)


class Node(Placed, frozen=True, kw_only=True):
    """Anything with a place in the text."""

    span: Span = NOWHERE


class Identifier(Node, frozen=True):
    """A name; `is_double_quoted` where it stands in double quotes, which samples also use for strings."""

    name: str
    is_double_quoted: bool = False

    _uncounted = frozenset({"span", "is_double_quoted"})

    @property
    def folded(self) -> str:
        """The name as names are compared: without case."""
        return self.name.casefold()


# Expressions -----------------------------------------------------------------------------------------------------


class IntegerLiteral(Node, frozen=True):
    """`12`; never negative: a sign is a `Unary`."""

    value: int


class FloatLiteral(Node, frozen=True):
    """`1.5` or `1e3`."""

    value: float


class StringLiteral(Node, frozen=True):
    """`'text'`, without its quotes and with doubled quotes undone."""

    value: str


class NullLiteral(Node, frozen=True):
    """`NULL`."""


class Path(Node, frozen=True):
    """`a.b.c`: a column, a field of a record, a source or a step used as a value, or `System.Timestamp`."""

    parts: tuple[Identifier, ...]


class Star(Node, frozen=True):
    """`*`, `a.*` or `a.rec.*`."""

    qualifier: tuple[Identifier, ...] = ()


class FieldAccess(Node, frozen=True):
    """`<call>.name`: a field of a value that is no path."""

    operand: "Expression"
    name: Identifier


class Duration(Node, frozen=True):
    """`DURATION(unit, count)` of a LIMIT clause."""

    unit: Identifier
    count: "Expression"


class OrderItem(Node, frozen=True):
    """One key of `ORDER BY`."""

    key: "Expression"
    is_descending: bool = False


class Over(Node, frozen=True):
    """`OVER ([PARTITION BY ..] [ORDER BY ..] [LIMIT DURATION(..)] [WHEN ..])`."""

    partition_by: tuple["Expression", ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    limit: Duration | None = None
    when: "Expression | None" = None


class Call(Node, frozen=True):
    """A function call of any kind, windows included: `COUNT(DISTINCT x)`, `udf.f(x)`, `System.Timestamp()`.

    `prefix` is what stands before the last dot: `udf`, `uda`, `System`, or a mistake.
    """

    name: Identifier
    arguments: tuple["Expression | Star", ...] = ()
    prefix: tuple[Identifier, ...] = ()
    is_distinct: bool = False
    over: Over | None = None


class TypeName(Node, frozen=True):
    """A type as written: `bigint`, or `nvarchar` with the arguments `("max",)`."""

    name: str
    arguments: tuple[str, ...] = ()


class Cast(Node, frozen=True):
    """`CAST(operand AS type)`, or TRY_CAST when `is_safe`."""

    operand: "Expression"
    type: TypeName
    is_safe: bool = False


class When(Node, frozen=True):
    """`WHEN condition THEN result`; in a simple CASE the condition is the value to compare with."""

    condition: "Expression"
    result: "Expression"


class Case(Node, frozen=True):
    """`CASE [operand] WHEN .. THEN .. [ELSE ..] END`."""

    operand: "Expression | None"
    whens: tuple[When, ...]
    otherwise: "Expression | None" = None


class UnaryOperator(StrEnum):
    """A sign or `~`."""

    MINUS = "-"
    PLUS = "+"
    BITWISE_NOT = "~"


class BinaryOperator(StrEnum):
    """Arithmetic, bitwise, comparison and logical operators; `!=` is `<>`, `!<` is `>=`, `!>` is `<=`."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    MODULO = "%"
    BITWISE_AND = "&"
    BITWISE_OR = "|"
    BITWISE_XOR = "^"
    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    AND = "AND"
    OR = "OR"


class Unary(Node, frozen=True):
    """`-x`, `+x`, `~x`."""

    operator: UnaryOperator
    operand: "Expression"


class Binary(Node, frozen=True):
    """`left operator right`."""

    operator: BinaryOperator
    left: "Expression"
    right: "Expression"


class Not(Node, frozen=True):
    """`NOT operand`."""

    operand: "Expression"


class IsNull(Node, frozen=True):
    """`operand IS [NOT] NULL`."""

    operand: "Expression"
    is_negated: bool = False


class Like(Node, frozen=True):
    """`operand [NOT] LIKE pattern`."""

    operand: "Expression"
    pattern: "Expression"
    is_negated: bool = False


class Between(Node, frozen=True):
    """`operand [NOT] BETWEEN low AND high`."""

    operand: "Expression"
    low: "Expression"
    high: "Expression"
    is_negated: bool = False


class In(Node, frozen=True):
    """`operand [NOT] IN (items)`."""

    operand: "Expression"
    items: tuple["Expression", ...]
    is_negated: bool = False


Expression: TypeAlias = (
    IntegerLiteral
    | FloatLiteral
    | StringLiteral
    | NullLiteral
    | Path
    | FieldAccess
    | Call
    | Cast
    | Case
    | Unary
    | Binary
    | Not
    | IsNull
    | Like
    | Between
    | In
)


# Clauses ---------------------------------------------------------------------------------------------------------


class SelectItem(Node, frozen=True):
    """One entry of a SELECT list or of MEASURES."""

    expression: "Expression | Star"
    alias: Identifier | None = None


class PartitionBy(Node, frozen=True):
    """`PARTITION BY keys [INTO count]` of a source."""

    keys: tuple[Expression, ...]
    count: int | None = None


class TimestampBy(Node, frozen=True):
    """`TIMESTAMP BY expression [OVER keys]` of a source."""

    expression: Expression
    over: tuple[Expression, ...] = ()


class SourceReference(Node, frozen=True):
    """An input or a step that is read: `name [AS alias] [PARTITION BY ..] [TIMESTAMP BY ..]`."""

    name: Identifier
    alias: Identifier | None = None
    partition_by: PartitionBy | None = None
    timestamp_by: TimestampBy | None = None


class JoinKind(StrEnum):
    """The joins of the dialect."""

    INNER = "JOIN"
    LEFT = "LEFT JOIN"


class Join(Node, frozen=True):
    """`[INNER | LEFT [OUTER]] JOIN right ON condition`; `right` is a From where the text has parentheses."""

    kind: JoinKind
    right: "SourceReference | From"
    condition: Expression


class ApplyKind(StrEnum):
    """What happens to an event without elements: CROSS drops it, OUTER keeps it."""

    CROSS = "CROSS APPLY"
    OUTER = "OUTER APPLY"


class Apply(Node, frozen=True):
    """`CROSS | OUTER APPLY function(..) [AS] alias`."""

    kind: ApplyKind
    function: Call
    alias: Identifier | None


class PatternVariable(Node, frozen=True):
    """A variable of a pattern, matching one event."""

    name: Identifier


class PatternAny(Node, frozen=True):
    """`.`: any event."""


class PatternSequence(Node, frozen=True):
    """Patterns one after the other; two at least."""

    items: tuple["Pattern", ...]


class PatternAlternation(Node, frozen=True):
    """`a | b`; two options at least."""

    options: tuple["Pattern", ...]


class PatternRepeat(Node, frozen=True):
    """`item*`, `item+`, `item?`, `item{n}`, `item{n,}`, `item{n,m}`; `maximum` None is without limit."""

    item: "Pattern"
    minimum: int
    maximum: int | None


Pattern: TypeAlias = PatternVariable | PatternAny | PatternSequence | PatternAlternation | PatternRepeat


class Definition(Node, frozen=True):
    """`variable AS condition` of DEFINE."""

    variable: Identifier
    condition: Expression


class MatchRecognize(Node, frozen=True):
    """`MATCH_RECOGNIZE (..) [AS alias]`."""

    limit: Duration | None
    partition_by: tuple[Expression, ...]
    measures: tuple[SelectItem, ...]
    pattern: Pattern
    definitions: tuple[Definition, ...]
    alias: Identifier | None = None


class From(Node, frozen=True):
    """What a SELECT reads: a source, then joins and applies in the order written, then pattern matching.

    `union` holds the further sources of `FROM a UNION b`, which documented samples write without a second SELECT.
    """

    source: SourceReference
    operations: tuple[Join | Apply, ...] = ()
    match: MatchRecognize | None = None
    union: tuple[SourceReference, ...] = ()


class Select(Node, frozen=True):
    """One SELECT."""

    items: tuple[SelectItem, ...]
    into: Identifier | None
    from_: From
    where: Expression | None = None
    group_by: tuple[Expression, ...] = ()
    having: Expression | None = None


class Union(Node, frozen=True):
    """SELECTs joined by UNION [ALL]; two branches at least."""

    branches: tuple[Select, ...]
    is_all: bool = False


Query: TypeAlias = Select | Union


# Script ----------------------------------------------------------------------------------------------------------


class ColumnDefinition(Node, frozen=True):
    """`name type` of a CREATE TABLE."""

    name: Identifier
    type: TypeName


class CreateTable(Node, frozen=True):
    """`CREATE TABLE input (columns)`: the declared payload of an input."""

    name: Identifier
    columns: tuple[ColumnDefinition, ...]


class Step(Node, frozen=True):
    """`name AS (query)` of a WITH."""

    name: Identifier
    query: Query


class With(Node, frozen=True):
    """`WITH step, ..`: its steps serve every statement that follows."""

    steps: tuple[Step, ...]


class Script(Node, frozen=True):
    """A whole text: declarations, steps and statements in the order written."""

    parts: tuple[CreateTable | With | Query, ...]
