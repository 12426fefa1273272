"""The abstract syntax tree: what was written, nothing resolved.

Every node carries the span of its text. Spans do not count in comparisons, so that two texts with one meaning have
equal trees. Keywords, operators and prefixes are kept in their canonical spelling, names as they were written.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from asaql.diagnostics import Span

NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything with a place in the text."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    """A name; `is_double_quoted` where it stands in double quotes, which samples also use for strings."""

    name: str
    is_double_quoted: bool = field(default=False, compare=False)

    @property
    def folded(self) -> str:
        """The name as names are compared: without case."""
        return self.name.casefold()


# Expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IntegerLiteral(Node):
    """`12`; never negative: a sign is a `Unary`."""

    value: int


@dataclass(frozen=True, slots=True)
class FloatLiteral(Node):
    """`1.5` or `1e3`."""

    value: float


@dataclass(frozen=True, slots=True)
class StringLiteral(Node):
    """`'text'`, without its quotes and with doubled quotes undone."""

    value: str


@dataclass(frozen=True, slots=True)
class NullLiteral(Node):
    """`NULL`."""


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`a.b.c`: a column, a field of a record, a source or a step used as a value, or `System.Timestamp`."""

    parts: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Star(Node):
    """`*`, `a.*` or `a.rec.*`."""

    qualifier: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldAccess(Node):
    """`<call>.name`: a field of a value that is no path."""

    operand: "Expression"
    name: Identifier


@dataclass(frozen=True, slots=True)
class Duration(Node):
    """`DURATION(unit, count)` of a LIMIT clause."""

    unit: Identifier
    count: "Expression"


@dataclass(frozen=True, slots=True)
class OrderItem(Node):
    """One key of `ORDER BY`."""

    key: "Expression"
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Over(Node):
    """`OVER ([PARTITION BY ..] [ORDER BY ..] [LIMIT DURATION(..)] [WHEN ..])`."""

    partition_by: tuple["Expression", ...] = ()
    order_by: tuple[OrderItem, ...] = ()
    limit: Duration | None = None
    when: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function call of any kind, windows included: `COUNT(DISTINCT x)`, `udf.f(x)`, `System.Timestamp()`.

    `prefix` is what stands before the last dot: `udf`, `uda`, `System`, or a mistake.
    """

    name: Identifier
    arguments: tuple["Expression | Star", ...] = ()
    prefix: tuple[Identifier, ...] = ()
    is_distinct: bool = False
    over: Over | None = None


@dataclass(frozen=True, slots=True)
class TypeName(Node):
    """A type as written: `bigint`, or `nvarchar` with the arguments `("max",)`."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cast(Node):
    """`CAST(operand AS type)`, or TRY_CAST when `is_safe`."""

    operand: "Expression"
    type: TypeName
    is_safe: bool = False


@dataclass(frozen=True, slots=True)
class When(Node):
    """`WHEN condition THEN result`; in a simple CASE the condition is the value to compare with."""

    condition: "Expression"
    result: "Expression"


@dataclass(frozen=True, slots=True)
class Case(Node):
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


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`-x`, `+x`, `~x`."""

    operator: UnaryOperator
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left operator right`."""

    operator: BinaryOperator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`NOT operand`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class IsNull(Node):
    """`operand IS [NOT] NULL`."""

    operand: "Expression"
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Like(Node):
    """`operand [NOT] LIKE pattern`."""

    operand: "Expression"
    pattern: "Expression"
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`operand [NOT] BETWEEN low AND high`."""

    operand: "Expression"
    low: "Expression"
    high: "Expression"
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class In(Node):
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


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    """One entry of a SELECT list or of MEASURES."""

    expression: "Expression | Star"
    alias: Identifier | None = None


@dataclass(frozen=True, slots=True)
class PartitionBy(Node):
    """`PARTITION BY keys [INTO count]` of a source."""

    keys: tuple[Expression, ...]
    count: int | None = None


@dataclass(frozen=True, slots=True)
class TimestampBy(Node):
    """`TIMESTAMP BY expression [OVER keys]` of a source."""

    expression: Expression
    over: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceReference(Node):
    """An input or a step that is read: `name [AS alias] [PARTITION BY ..] [TIMESTAMP BY ..]`."""

    name: Identifier
    alias: Identifier | None = None
    partition_by: PartitionBy | None = None
    timestamp_by: TimestampBy | None = None


class JoinKind(StrEnum):
    """The joins of the dialect."""

    INNER = "JOIN"
    LEFT = "LEFT JOIN"


@dataclass(frozen=True, slots=True)
class Join(Node):
    """`[INNER | LEFT [OUTER]] JOIN right ON condition`; `right` is a From where the text has parentheses."""

    kind: JoinKind
    right: "SourceReference | From"
    condition: Expression


class ApplyKind(StrEnum):
    """What happens to an event without elements: CROSS drops it, OUTER keeps it."""

    CROSS = "CROSS APPLY"
    OUTER = "OUTER APPLY"


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """`CROSS | OUTER APPLY function(..) [AS] alias`."""

    kind: ApplyKind
    function: Call
    alias: Identifier | None


@dataclass(frozen=True, slots=True)
class PatternVariable(Node):
    """A variable of a pattern, matching one event."""

    name: Identifier


@dataclass(frozen=True, slots=True)
class PatternAny(Node):
    """`.`: any event."""


@dataclass(frozen=True, slots=True)
class PatternSequence(Node):
    """Patterns one after the other; two at least."""

    items: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class PatternAlternation(Node):
    """`a | b`; two options at least."""

    options: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class PatternRepeat(Node):
    """`item*`, `item+`, `item?`, `item{n}`, `item{n,}`, `item{n,m}`; `maximum` None is without limit."""

    item: "Pattern"
    minimum: int
    maximum: int | None


Pattern: TypeAlias = PatternVariable | PatternAny | PatternSequence | PatternAlternation | PatternRepeat


@dataclass(frozen=True, slots=True)
class Definition(Node):
    """`variable AS condition` of DEFINE."""

    variable: Identifier
    condition: Expression


@dataclass(frozen=True, slots=True)
class MatchRecognize(Node):
    """`MATCH_RECOGNIZE (..) [AS alias]`."""

    limit: Duration | None
    partition_by: tuple[Expression, ...]
    measures: tuple[SelectItem, ...]
    pattern: Pattern
    definitions: tuple[Definition, ...]
    alias: Identifier | None = None


@dataclass(frozen=True, slots=True)
class From(Node):
    """What a SELECT reads: a source, then joins and applies in the order written, then pattern matching.

    `union` holds the further sources of `FROM a UNION b`, which documented samples write without a second SELECT.
    """

    source: SourceReference
    operations: tuple[Join | Apply, ...] = ()
    match: MatchRecognize | None = None
    union: tuple[SourceReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Select(Node):
    """One SELECT."""

    items: tuple[SelectItem, ...]
    into: Identifier | None
    from_: From
    where: Expression | None = None
    group_by: tuple[Expression, ...] = ()
    having: Expression | None = None


@dataclass(frozen=True, slots=True)
class Union(Node):
    """SELECTs joined by UNION [ALL]; two branches at least."""

    branches: tuple[Select, ...]
    is_all: bool = False


Query: TypeAlias = Select | Union


# Script ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ColumnDefinition(Node):
    """`name type` of a CREATE TABLE."""

    name: Identifier
    type: TypeName


@dataclass(frozen=True, slots=True)
class CreateTable(Node):
    """`CREATE TABLE input (columns)`: the declared payload of an input."""

    name: Identifier
    columns: tuple[ColumnDefinition, ...]


@dataclass(frozen=True, slots=True)
class Step(Node):
    """`name AS (query)` of a WITH."""

    name: Identifier
    query: Query


@dataclass(frozen=True, slots=True)
class With(Node):
    """`WITH step, ..`: its steps serve every statement that follows."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Script(Node):
    """A whole text: declarations, steps and statements in the order written."""

    parts: tuple[CreateTable | With | Query, ...]
