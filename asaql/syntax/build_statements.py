"""Children of a grammar rule -> node: FROM, patterns, clauses, statements. One function a rule, of the rule's name."""

# ruff: noqa: D103 - a function has the name of its rule, and the rule is what there is to say.

from typing import Any, TypeVar

from msgspec.structs import replace

from asaql.diagnostics import Diagnostic, Label, Span
from asaql.syntax import ast
from asaql.syntax.ast import BinaryOperator, Identifier
from asaql.syntax.build_expressions import whole_number
from asaql.syntax.children import Clause, Rejected, clauses_of, has, nodes_of, optional, span_of

_Kind = TypeVar("_Kind")

# FROM ----------------------------------------------------------------------------------------------------------------


def from_body(children: list[Any]) -> ast.From:
    head = children[0]
    operations = tuple(each for each in children if isinstance(each, ast.Join | ast.Apply))
    match = optional(children, ast.MatchRecognize)
    union = tuple(each.value for each in nodes_of(children, Clause))
    if isinstance(head, ast.From):
        if head.match is not None or head.union:
            raise Rejected(
                Diagnostic(
                    "AQ104",
                    "parentheses in FROM hold sources and joins only",
                    head.span,
                    help="make this part a step: WITH part AS (SELECT * FROM ..)",
                )
            )
        return ast.From(head.source, head.operations + operations, match, union, span=span_of(children))
    return ast.From(head, operations, match, union, span=span_of(children))


def nested_from(children: list[Any]) -> ast.SourceReference | ast.From:
    inner: ast.From = children[1]
    if inner.operations or inner.match or inner.union:
        return replace(inner, span=span_of(children))
    return inner.source


def union_source(children: list[Any]) -> Clause:
    return Clause("UNION", children[-1], span_of(children))


def source(children: list[Any]) -> ast.SourceReference:
    names = nodes_of(children, Identifier)
    if len(names) > 2:
        raise Rejected(
            Diagnostic(
                "AQ101",
                f'the source "{names[0].name}" has two aliases',
                names[2].span,
                label="the second alias",
                labels=(Label(names[1].span, "the first alias"),),
                help="keep the alias behind the name of the source",
            )
        )
    partition_by, timestamp_by = _once(children, ast.PartitionBy), _once(children, ast.TimestampBy)
    return ast.SourceReference(
        names[0], names[1] if len(names) > 1 else None, partition_by, timestamp_by, span=span_of(children)
    )


def _once(children: list[Any], kind: type[_Kind]) -> _Kind | None:
    found: tuple[Any, ...] = nodes_of(children, kind)
    if len(found) > 1:
        clause = "PARTITION BY" if kind is ast.PartitionBy else "TIMESTAMP BY"
        raise Rejected(
            Diagnostic(
                "AQ101",
                f"{clause} is written twice for one source",
                found[1].span,
                label="the second time",
                labels=(Label(found[0].span, "the first time"),),
                help=f"keep one {clause}",
            )
        )
    return found[0] if found else None


def partition_by(children: list[Any]) -> ast.PartitionBy:
    count = whole_number(children[-1]) if has(children, "INTO") else None
    return ast.PartitionBy(children[2].value, count, span=span_of(children))


def timestamp_by(children: list[Any]) -> ast.TimestampBy:
    over = children[-1].value if len(children) > 3 else ()
    return ast.TimestampBy(children[2], over, span=span_of(children))


def join(children: list[Any]) -> ast.Join:
    kind = ast.JoinKind.LEFT if children[0].terminal == "LEFT" else ast.JoinKind.INNER
    return ast.Join(kind, children[-3], children[-1], span=span_of(children))


def apply(children: list[Any]) -> ast.Apply:
    kind = ast.ApplyKind.CROSS if children[0].terminal == "CROSS" else ast.ApplyKind.OUTER
    return ast.Apply(kind, children[2], optional(children, Identifier), span=span_of(children))


# MATCH_RECOGNIZE -----------------------------------------------------------------------------------------------------


def match_recognize(children: list[Any]) -> ast.MatchRecognize:
    parts = clauses_of(children)
    for part, example in (("PATTERN", "PATTERN (A B+)"), ("DEFINE", "DEFINE A AS A.value > 1")):
        if part not in parts:
            message = f"MATCH_RECOGNIZE has no {part}"
            raise Rejected(Diagnostic("AQ101", message, children[0].span, help=f"add, for example, {example}"))
    return ast.MatchRecognize(
        parts.get("LIMIT DURATION"),
        parts.get("PARTITION BY", ()),
        parts.get("MEASURES", ()),
        parts["PATTERN"],
        parts["DEFINE"],
        optional(children, Identifier),
        span=span_of(children),
    )


def measures(children: list[Any]) -> Clause:
    return Clause("MEASURES", nodes_of(children, ast.SelectItem), span_of(children))


def measure(children: list[Any]) -> ast.SelectItem:
    return ast.SelectItem(children[0], optional(children[1:], Identifier), span=span_of(children))


def rows_per_match(children: list[Any]) -> Clause:
    return Clause("ONE ROW PER MATCH", None, span_of(children))


def after_match(children: list[Any]) -> Clause:
    return Clause("AFTER MATCH", None, span_of(children))


def pattern(children: list[Any]) -> Clause:
    return Clause("PATTERN", children[2], span_of(children))


def pattern_alternation(children: list[Any]) -> ast.PatternAlternation:
    return ast.PatternAlternation(tuple(children[::2]), span=span_of(children))


def pattern_sequence(children: list[Any]) -> ast.PatternSequence:
    return ast.PatternSequence(tuple(children), span=span_of(children))


def pattern_repeat(children: list[Any]) -> ast.PatternRepeat:
    item, bounds = children
    minimum, maximum = bounds.value
    if maximum is not None and (maximum < minimum or maximum == 0):
        raise Rejected(
            Diagnostic(
                "AQ101",
                "a repetition needs a highest count of at least its lowest, and of at least 1",
                bounds.span,
                help=f"write {{{minimum},{max(minimum, 1)}}}",
            )
        )
    return ast.PatternRepeat(item, minimum, maximum, span=span_of(children))


def quantifier(children: list[Any]) -> Clause:
    shorthand = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(children[0].text)
    counts = [whole_number(each) for each in children if each.terminal == "INTEGER"]
    if shorthand is None:
        is_open = has(children, ",") and len(counts) == 1
        shorthand = (counts[0], None if is_open else counts[-1])
    return Clause("", shorthand, span_of(children))


def pattern_variable(children: list[Any]) -> ast.PatternVariable:
    return ast.PatternVariable(children[0], span=children[0].span)


def pattern_any(children: list[Any]) -> ast.PatternAny:
    return ast.PatternAny(span=children[0].span)


def pattern_group(children: list[Any]) -> ast.Pattern:
    result: ast.Pattern = replace(children[1], span=span_of(children))
    return result


def define(children: list[Any]) -> Clause:
    return Clause("DEFINE", nodes_of(children, ast.Definition), span_of(children))


def definition(children: list[Any]) -> ast.Definition:
    return ast.Definition(children[0], children[2], span=span_of(children))


# Statements ----------------------------------------------------------------------------------------------------------


def select_item(children: list[Any]) -> ast.SelectItem:
    expression = children[0]
    label = optional(children[1:], Identifier)
    span = span_of(children)
    if isinstance(expression, ast.Binary) and expression.operator is BinaryOperator.EQUAL:
        left = expression.left
        is_bare = expression.span.start == left.span.start
        if is_bare and label is None and isinstance(left, ast.Path) and len(left.parts) == 1:
            return ast.SelectItem(expression.right, left.parts[0], span=span)
        if is_bare and label is None and isinstance(left, ast.StringLiteral):
            return ast.SelectItem(expression.right, Identifier(left.value, span=left.span), span=span)
    return ast.SelectItem(expression, label, span=span)


def select_list(children: list[Any]) -> Clause:
    return Clause("SELECT", nodes_of(children, ast.SelectItem), span_of(children))


def into(children: list[Any]) -> Clause:
    return Clause("INTO", children[1], span_of(children))


def from_(children: list[Any]) -> Clause:
    return Clause("FROM", children[1], span_of(children))


def where(children: list[Any]) -> Clause:
    return Clause("WHERE", children[1], span_of(children))


def group_by(children: list[Any]) -> Clause:
    return Clause("GROUP BY", children[2].value, span_of(children))


def having(children: list[Any]) -> Clause:
    return Clause("HAVING", children[1], span_of(children))


def select(children: list[Any]) -> ast.Select:
    parts = clauses_of(children)
    return ast.Select(
        parts["SELECT"],
        parts.get("INTO"),
        parts["FROM"],
        parts.get("WHERE"),
        parts.get("GROUP BY", ()),
        parts.get("HAVING"),
        span=span_of(children),
    )


def query(children: list[Any]) -> ast.Union:
    return ast.Union(nodes_of(children, ast.Select), has(children, "ALL"), span=span_of(children))


def column_definition(children: list[Any]) -> ast.ColumnDefinition:
    return ast.ColumnDefinition(children[0], children[1], span=span_of(children))


def create_table(children: list[Any]) -> ast.CreateTable:
    return ast.CreateTable(children[2], nodes_of(children, ast.ColumnDefinition), span=span_of(children))


def step(children: list[Any]) -> ast.Step:
    return ast.Step(children[0], children[3], span=span_of(children))


def with_(children: list[Any]) -> ast.With:
    return ast.With(nodes_of(children, ast.Step), span=span_of(children))


def script(children: list[Any]) -> ast.Script:
    parts = tuple(each for each in children if isinstance(each, ast.CreateTable | ast.With | ast.Select | ast.Union))
    return ast.Script(parts, span=span_of(children) if children else Span(0, 0))


def standalone_expression(children: list[Any]) -> ast.Expression:
    result: ast.Expression = children[0]
    return result
