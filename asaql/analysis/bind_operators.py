"""Literals, operators, CASE and CAST: what is bound alike in every clause."""

from abc import ABC, abstractmethod

from asaql.analysis.bound import (
    BoundExpression,
    Branch,
    Conditional,
    Constant,
    FieldOf,
    Invoke,
    Logical,
    LogicalOperator,
    Negation,
    NullTest,
)
from asaql.analysis.findings import Findings
from asaql.diagnostics import Span, did_you_mean
from asaql.functions import Function, cast_function, function_named, is_documented_type, type_kind
from asaql.model import Kind
from asaql.syntax import ast

_COMPARISONS = {"=", "<>", "<", "<=", ">", ">="}


class OperatorBinder(ABC):
    """Binds everything in an expression but names and calls, which a subclass knows.

    Args:
        findings: Takes the errors.
        ignores_case: Whether comparisons of text ignore case.
    """

    def __init__(self, findings: Findings, *, ignores_case: bool) -> None:
        self.findings = findings
        self.ignores_case = ignores_case

    @abstractmethod
    def path(self, path: ast.Path) -> BoundExpression:
        """Bind a name."""

    @abstractmethod
    def call(self, call: ast.Call) -> BoundExpression:
        """Bind a call."""

    @abstractmethod
    def null_operand(self, operand: ast.Expression) -> BoundExpression:
        """Bind what IS NULL looks at."""

    def bind(self, expression: ast.Expression) -> BoundExpression:
        """Return the bound expression; NULL after an error, which is then among the findings."""
        span = expression.span
        match expression:
            case ast.IntegerLiteral(value) | ast.FloatLiteral(value) | ast.StringLiteral(value):
                return Constant(value, span=span)
            case ast.NullLiteral():
                return Constant(None, span=span)
            case ast.Path():
                return self.path(expression)
            case ast.FieldAccess(operand, name):
                return FieldOf(self.bind(operand), name.name, span=span)
            case ast.Call():
                return self.call(expression)
            case ast.Cast():
                return self._cast(expression)
            case ast.Case():
                return self._case(expression)
            case ast.Unary(operator, operand):
                return self._unary(operator, operand, span)
            case ast.Binary():
                return self._binary(expression)
            case ast.Not(operand):
                return Negation(self.bind(operand), span=span)
            case ast.IsNull(operand, is_negated):
                return NullTest(self.null_operand(operand), is_negated, span=span)
            case ast.Like(operand, pattern, is_negated):
                return self._predicate("LIKE", is_negated, (operand, pattern), span)
            case ast.Between(operand, low, high, is_negated):
                return self._predicate("BETWEEN", is_negated, (operand, low, high), span)
            case ast.In(operand, items, is_negated):
                return self._predicate("IN", is_negated, (operand, *items), span)

    def compare(self, name: str) -> Function:
        """Return the function of a comparison, as the job compares text."""
        return function_named(f"{name} (ignore case)" if self.ignores_case else name)

    def _predicate(
        self, name: str, is_negated: bool, operands: tuple[ast.Expression, ...], span: Span
    ) -> BoundExpression:
        function = self.compare(f"NOT {name}" if is_negated else name)
        return Invoke(function, tuple(self.bind(each) for each in operands), span=span)

    def _unary(self, operator: ast.UnaryOperator, operand: ast.Expression, span: Span) -> BoundExpression:
        bound = self.bind(operand)
        if operator is ast.UnaryOperator.PLUS:
            return bound
        if operator is ast.UnaryOperator.MINUS:
            if isinstance(operand, ast.IntegerLiteral | ast.FloatLiteral):
                return Constant(-operand.value, span=span)
            return Invoke(function_named("NEGATE"), (bound,), span=span)
        return Invoke(function_named("~"), (bound,), span=span)

    def _binary(self, expression: ast.Binary) -> BoundExpression:
        operator = expression.operator
        if operator in (ast.BinaryOperator.AND, ast.BinaryOperator.OR):
            operands = tuple(self.bind(each) for each in chain(expression, operator))
            return Logical(LogicalOperator(operator.value), operands, span=expression.span)
        function = self.compare(operator.value) if operator.value in _COMPARISONS else function_named(operator.value)
        return Invoke(function, (self.bind(expression.left), self.bind(expression.right)), span=expression.span)

    def _case(self, expression: ast.Case) -> BoundExpression:
        subject = self.bind(expression.operand) if expression.operand is not None else None
        branches = []
        for when in expression.whens:
            condition = self.bind(when.condition)
            if subject is not None:
                condition = Invoke(self.compare("="), (subject, condition), span=when.condition.span)
            branches.append(Branch(condition, self.bind(when.result), span=when.span))
        otherwise = self.bind(expression.otherwise) if expression.otherwise is not None else Constant(None)
        return Conditional(tuple(branches), otherwise, span=expression.span)

    def _cast(self, expression: ast.Cast) -> BoundExpression:
        operand = self.bind(expression.operand)
        kind = bind_type(expression.type, self.findings)
        if kind is None:
            return Constant(None, span=expression.span)
        return Invoke(cast_function(kind, is_safe=expression.is_safe), (operand,), span=expression.span)


def bind_type(type_: ast.TypeName, findings: Findings) -> Kind | None:
    """Return the kind that a type name means; None after an error."""
    kind = type_kind(type_.name, type_.arguments)
    written = type_.name + (f"({', '.join(type_.arguments)})" if type_.arguments else "")
    if kind is None:
        types = ("bigint", "float", "nvarchar(max)", "datetime", "bit", "record", "array")
        nearest = did_you_mean(type_.name, types)
        findings.error(
            "AQ301",
            f'type "{written}" is unknown',
            type_.span,
            notes=(f"the types are {', '.join(types)}",),
            help=f"did you mean {nearest}?" if nearest else None,
        )
    elif not is_documented_type(type_.name, type_.arguments):
        findings.warning(
            "AQ301", f'type "{written}" is not of this dialect', type_.span, label=f"taken for {kind}", help=str(kind)
        )
    return kind


def chain(expression: ast.Expression, operator: ast.BinaryOperator) -> list[ast.Expression]:
    """Return the operands of a run of one logical operator, without recursion: runs can be thousands long."""
    operands: list[ast.Expression] = []
    stack = [expression]
    while stack:
        each = stack.pop()
        if isinstance(each, ast.Binary) and each.operator is operator:
            stack += (each.right, each.left)
        else:
            operands.append(each)
    return operands
