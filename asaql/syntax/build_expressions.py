"""Children of a grammar rule -> node: names, literals, operators, calls. One function a rule, of the rule's name.

Every mark and keyword of a rule is among its children, so that a node's span is exact.
"""

# ruff: noqa: D103 - a function has the name of its rule, and the rule is what there is to say.

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from asaql.diagnostics import Diagnostic, Span
from asaql.syntax import ast
from asaql.syntax.ast import BinaryOperator, Identifier, UnaryOperator
from asaql.syntax.children import Clause, Rejected, clauses_of, has, nodes_of, optional, span_of
from asaql.syntax.lexemes import Lexeme

_LONG_CHAIN = 64

_COMPARISONS = {"!=": "<>", "!<": ">=", "!>": "<="}

# Names and literals ------------------------------------------------------------------------------------------------


def name(children: list[Any]) -> Identifier:
    (lexeme,) = children
    if lexeme.terminal == "BRACKETED":
        return Identifier(lexeme.text[1:-1].replace("]]", "]"), span=lexeme.span)
    if lexeme.terminal == "QUOTED":
        return Identifier(lexeme.text[1:-1].replace('""', '"'), is_double_quoted=True, span=lexeme.span)
    return Identifier(lexeme.text, span=lexeme.span)


def alias(children: list[Any]) -> Identifier:
    (child,) = children
    return Identifier(_text(child), span=child.span) if isinstance(child, Lexeme) else child


def _text(lexeme: Lexeme) -> str:
    text = lexeme.text if lexeme.text[0] == "'" else lexeme.text[1:]
    return text[1:-1].replace("''", "'")


def string(children: list[Any]) -> ast.StringLiteral:
    return ast.StringLiteral(_text(children[0]), span=children[0].span)


def integer(children: list[Any]) -> ast.IntegerLiteral:
    return ast.IntegerLiteral(whole_number(children[0]), span=children[0].span)


def whole_number(lexeme: Lexeme) -> int:
    """Return the value of a number in digits.

    Raises:
        Rejected: It is far beyond 64 bits; one just beyond is found by `shape`, which knows its sign.
    """
    digits = lexeme.text.lstrip("0") or "0"
    if len(digits) > 19:
        raise Rejected(out_of_range(lexeme.span, lexeme.text))
    return int(digits)


def out_of_range(span: Span, text: str) -> Diagnostic:
    """Return the diagnostic of a whole number beyond 64 bits."""
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    return Diagnostic(
        "AQ103",
        f"the number {shown} does not fit a bigint",
        span,
        label="more than 64 bits",
        notes=("a bigint is between -9223372036854775808 and 9223372036854775807",),
        help="write it with a point to make it a float, or in single quotes to make it a text",
    )


def float_(children: list[Any]) -> ast.FloatLiteral:
    (lexeme,) = children
    value = float(lexeme.text)
    if value == float("inf"):
        message = f"the number {lexeme.text[:40]} does not fit a float"
        raise Rejected(Diagnostic("AQ103", message, lexeme.span, label="more than 1.79E+308"))
    return ast.FloatLiteral(value, span=lexeme.span)


def null(children: list[Any]) -> ast.NullLiteral:
    return ast.NullLiteral(span=children[0].span)


def path(children: list[Any]) -> ast.Path:
    first = children[0]
    parts = first.parts if isinstance(first, ast.Path) else (first,)
    return ast.Path((*parts, children[-1]) if len(children) > 1 else parts, span=span_of(children))


def star(children: list[Any]) -> ast.Star:
    qualifier = children[0].parts if len(children) > 1 else ()
    return ast.Star(qualifier, span=span_of(children))


# Operators -----------------------------------------------------------------------------------------------------------


def binary(children: list[Any]) -> ast.Binary:
    left, mark, right = children
    operator = BinaryOperator(_COMPARISONS.get(mark.text, mark.text))
    return ast.Binary(operator, left, right, span=left.span.to(right.span))


def disjunction(children: list[Any]) -> ast.Expression:
    return _chain(BinaryOperator.OR, children[::2])


def conjunction(children: list[Any]) -> ast.Expression:
    return _chain(BinaryOperator.AND, children[::2])


def _chain(operator: BinaryOperator, operands: Sequence[Any]) -> ast.Expression:
    """Join operands to the left; very many of them evenly, so that generated filters of any length stay shallow."""
    if len(operands) > _LONG_CHAIN:
        middle = len(operands) // 2
        operands = (_chain(operator, operands[:middle]), _chain(operator, operands[middle:]))
    result: ast.Expression = operands[0]
    for each in operands[1:]:
        result = ast.Binary(operator, result, each, span=result.span.to(each.span))
    return result


def not_(children: list[Any]) -> ast.Not:
    return ast.Not(children[1], span=span_of(children))


def unary(children: list[Any]) -> ast.Unary:
    mark, operand = children
    return ast.Unary(UnaryOperator(mark.text), operand, span=span_of(children))


def is_null(children: list[Any]) -> ast.IsNull:
    return ast.IsNull(children[0], has(children, "NOT"), span=span_of(children))


def like(children: list[Any]) -> ast.Like:
    return ast.Like(children[0], children[-1], has(children, "NOT"), span=span_of(children))


def between(children: list[Any]) -> ast.Between:
    return ast.Between(children[0], children[-3], children[-1], has(children, "NOT"), span=span_of(children))


def in_(children: list[Any]) -> ast.In:
    return ast.In(children[0], children[-2].value, has(children, "NOT"), span=span_of(children))


def parenthesized(children: list[Any]) -> ast.Expression:
    result: ast.Expression = replace(children[1], span=span_of(children))
    return result


def field_access(children: list[Any]) -> ast.FieldAccess:
    return ast.FieldAccess(children[0], children[-1], span=span_of(children))


# Calls ---------------------------------------------------------------------------------------------------------------


def call(children: list[Any]) -> ast.Call:
    callee: ast.Path = children[0]
    *prefix, function = callee.parts
    over = optional(children, ast.Over)
    arguments: Any = tuple(each for each in children[1:] if isinstance(each, ast.Node) and each is not over)
    return ast.Call(function, arguments, tuple(prefix), has(children, "DISTINCT"), over, span=span_of(children))


def cast(children: list[Any]) -> ast.Cast:
    is_safe = children[0].terminal == "TRY_CAST"
    return ast.Cast(children[2], children[4], is_safe, span=span_of(children))


def type_(children: list[Any]) -> ast.TypeName:
    arguments = tuple(each.value for each in nodes_of(children, Clause))
    return ast.TypeName(children[0].name.lower(), arguments, span=span_of(children))


def type_argument(children: list[Any]) -> Clause:
    (child,) = children
    return Clause("", child.text if isinstance(child, Lexeme) else child.name.lower(), child.span)


def case(children: list[Any]) -> ast.Case:
    operand = None if isinstance(children[1], ast.When) else children[1]
    otherwise = children[-2] if has(children, "ELSE") else None
    return ast.Case(operand, nodes_of(children, ast.When), otherwise, span=span_of(children))


def when(children: list[Any]) -> ast.When:
    return ast.When(children[1], children[3], span=span_of(children))


def over(children: list[Any]) -> ast.Over:
    parts = clauses_of(children)
    return ast.Over(
        parts.get("PARTITION BY", ()),
        parts.get("ORDER BY", ()),
        parts.get("LIMIT DURATION"),
        parts.get("WHEN"),
        span=span_of(children),
    )


def partition_keys(children: list[Any]) -> Clause:
    return Clause("PARTITION BY", children[-1].value, span_of(children))


def order_by(children: list[Any]) -> Clause:
    return Clause("ORDER BY", nodes_of(children, ast.OrderItem), span_of(children))


def order_item(children: list[Any]) -> ast.OrderItem:
    return ast.OrderItem(children[0], has(children, "DESC"), span=span_of(children))


def limit(children: list[Any]) -> Clause:
    duration = ast.Duration(children[3], children[5], span=span_of(children[1:]))
    return Clause("LIMIT DURATION", duration, span_of(children))


def over_when(children: list[Any]) -> Clause:
    return Clause("WHEN", children[1], span_of(children))


def expressions(children: list[Any]) -> Clause:
    return Clause("", tuple(each for each in children if isinstance(each, ast.Node)), span_of(children))
