"""The value of an expression, by the scalar bodies alone: no binder, no batches, no kernels."""

from collections.abc import Callable
from typing import Any

import pytest

from asaql.functions import (
    Function,
    cast_function,
    field_of,
    find_datepart,
    find_function,
    function_named,
    type_kind,
)
from asaql.model import Value
from asaql.syntax import ast, parse_expression


@pytest.fixture
def value_of() -> Callable[..., Value]:
    """The value of an expression, given as text, for an event with the fields given by name."""
    return lambda text, **event: _value(parse_expression(text), event)


def _value(expression: ast.Expression, event: dict[str, Any]) -> Value:
    match expression:
        case ast.IntegerLiteral(value) | ast.FloatLiteral(value) | ast.StringLiteral(value):
            return value
        case ast.NullLiteral():
            return None
        case ast.Path(parts):
            found: Value = event
            for part in parts:
                found = field_of(found, part.name)
            return event if found is None and parts[0].name == "input" else found
        case ast.Call(name, arguments):
            function = find_function(name.name)
            assert function is not None, name
            values = []
            for index, argument in enumerate(arguments):
                parameter = function.parameters[min(index, len(function.parameters) - 1)]
                values.append(_part(argument) if parameter.type == "datepart" else _value(argument, event))
            return _call(function, *values)
        case ast.Cast(operand, type_, is_safe):
            kind = type_kind(type_.name, type_.arguments)
            assert kind is not None
            return _call(cast_function(kind, is_safe=is_safe), _value(operand, event))
        case ast.Unary(operator, operand):
            return _call(function_named("NEGATE" if operator == "-" else "~"), _value(operand, event))
        case ast.Binary(operator, left, right):
            return _call(function_named(operator), _value(left, event), _value(right, event))
        case ast.Like(operand, pattern, is_negated):
            return _predicate("LIKE", is_negated, (operand, pattern), event)
        case ast.Between(operand, low, high, is_negated):
            return _predicate("BETWEEN", is_negated, (operand, low, high), event)
        case ast.In(operand, items, is_negated):
            return _predicate("IN", is_negated, (operand, *items), event)
    raise AssertionError(expression)


def _predicate(name: str, is_negated: bool, operands: tuple[ast.Expression, ...], event: dict[str, Any]) -> Value:
    function = function_named(f"NOT {name}" if is_negated else name)
    return _call(function, *(_value(each, event) for each in operands))


def _part(argument: ast.Expression | ast.Star) -> str:
    assert isinstance(argument, ast.Path)
    part = find_datepart(argument.parts[0].name)
    assert part is not None
    return part


def _call(function: Function, *values: Value) -> Value:
    least, most = function.arity
    assert len(values) >= least
    assert most is None or len(values) <= most
    if function.is_strict and any(each is None for each in values):
        return None
    return function.scalar(*values)
