"""A tree written as text and read again is the same tree, whatever the names, the nesting and the layout."""

import string
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from asaql.diagnostics import Source
from asaql.syntax import ast, format_expression, format_script, parse, parse_expression
from asaql.syntax.words import KEYWORDS

ARITHMETIC = st.sampled_from([ast.BinaryOperator(each) for each in "+-*/%&|^"])
COMPARISONS = st.sampled_from([ast.BinaryOperator(each) for each in ("=", "<>", "<", "<=", ">", ">=")])
LOGICAL = st.sampled_from([ast.BinaryOperator.AND, ast.BinaryOperator.OR])
WORDS = st.sampled_from(
    ["a", "value", "時刻", "_x1", "top", "except", "n", "tumblingwindow", "udf", "max", *sorted(KEYWORDS)]
)
TEXTS = st.text(string.ascii_letters + string.digits + " '\"[].-_%/*é\u00a0", max_size=8)
TYPES = st.sampled_from(
    [ast.TypeName("bigint"), ast.TypeName("nvarchar", ("max",)), ast.TypeName("decimal", ("5", "2"))]
)
BOUNDS = st.sampled_from([(0, None), (1, None), (0, 1), (2, None), (3, 3), (1, 4)])

NAMES = st.builds(
    ast.Identifier,
    st.one_of(WORDS, WORDS.map(str.lower), TEXTS.filter(bool)),
    is_double_quoted=st.sampled_from([False] * 9 + [True]),
)
INTEGERS = st.integers(0, 2**63 - 1)
FLOATS = st.floats(0, allow_nan=False, allow_infinity=False)
STRINGS = TEXTS | st.just("two\nlines")
FLAGS = st.booleans()
RANGES = {(low, high): st.integers(low, high) for low in range(3) for high in range(9) if low <= high}
SIGNS = st.sampled_from(ast.UnaryOperator)
JOINS = st.sampled_from(ast.JoinKind)
APPLIES = st.sampled_from(ast.ApplyKind)

Draw = st.DrawFn


def many(draw: Draw, make: Callable[[], Any], smallest: int = 0, largest: int = 3) -> tuple[Any, ...]:
    return tuple(make() for _ in range(draw(RANGES[smallest, largest])))


def maybe(draw: Draw, make: Callable[[], Any]) -> Any:
    return make() if draw(FLAGS) else None


def name(draw: Draw) -> ast.Identifier:
    return draw(NAMES)


def names(draw: Draw, smallest: int, largest: int = 3) -> tuple[ast.Identifier, ...]:
    return many(draw, lambda: name(draw), smallest, largest)


def literal(draw: Draw) -> ast.Expression:
    kind = draw(RANGES[0, 3])
    if kind == 0:
        return ast.IntegerLiteral(draw(INTEGERS))
    if kind == 1:
        return ast.FloatLiteral(draw(FLOATS))
    return ast.StringLiteral(draw(STRINGS)) if kind == 2 else ast.NullLiteral()


def argument(draw: Draw, depth: int) -> Any:
    return ast.Star(names(draw, 0)) if draw(RANGES[0, 5]) == 5 else value(draw, depth)


def over(draw: Draw, depth: int) -> ast.Over:
    keys = many(draw, lambda: ast.OrderItem(value(draw, depth), draw(FLAGS)), 0, 2)
    partition_by = tuple(
        each for each in many(draw, lambda: value(draw, depth), 0, 2) if not isinstance(each, ast.Call)
    )
    return ast.Over(
        partition_by, keys, maybe(draw, lambda: duration(draw)), maybe(draw, lambda: condition(draw, depth))
    )


def duration(draw: Draw) -> ast.Duration:
    return ast.Duration(name(draw), value(draw, 0))


def call(draw: Draw, depth: int) -> ast.Call:
    is_distinct = draw(FLAGS)
    return ast.Call(
        name(draw),
        many(draw, lambda: argument(draw, depth), int(is_distinct)),
        names(draw, 0, 1),
        is_distinct,
        maybe(draw, lambda: over(draw, depth)) if not is_distinct else None,
    )


def case(draw: Draw, depth: int) -> ast.Case:
    operand = maybe(draw, lambda: value(draw, depth))
    test = condition if operand is None else value
    whens = many(draw, lambda: ast.When(test(draw, depth), value(draw, depth)), 1, 2)
    return ast.Case(operand, whens, maybe(draw, lambda: value(draw, depth)))


def value(draw: Draw, depth: int) -> ast.Expression:
    kind = draw(RANGES[0, 8]) if depth else 8
    inner = depth - 1
    if kind == 0:
        return call(draw, inner)
    if kind == 1:
        return ast.Unary(draw(SIGNS), value(draw, inner))
    if kind in (2, 3, 4):
        return ast.Binary(draw(ARITHMETIC), value(draw, inner), value(draw, inner))
    if kind == 5:
        return ast.FieldAccess(value(draw, inner), name(draw))
    if kind == 6:
        return ast.Cast(value(draw, inner), draw(TYPES), draw(FLAGS))
    if kind == 7:
        return case(draw, inner)
    return ast.Path(names(draw, 1)) if draw(FLAGS) else literal(draw)


def condition(draw: Draw, depth: int) -> ast.Expression:
    kind = draw(RANGES[0, 7 if depth else 4])
    inner = max(depth - 1, 0)
    negated = draw(FLAGS)
    if kind == 0:
        return ast.Binary(draw(COMPARISONS), value(draw, inner), value(draw, inner))
    if kind == 1:
        return ast.IsNull(value(draw, inner), negated)
    if kind == 2:
        return ast.Like(value(draw, inner), value(draw, inner), negated)
    if kind == 3:
        return ast.Between(value(draw, inner), value(draw, inner), value(draw, inner), negated)
    if kind == 4:
        return ast.In(value(draw, inner), many(draw, lambda: value(draw, inner), 1), negated)
    if kind == 5:
        return ast.Not(condition(draw, inner))
    return ast.Binary(draw(LOGICAL), condition(draw, inner), condition(draw, inner))


def source(draw: Draw) -> ast.SourceReference:
    return ast.SourceReference(
        name(draw),
        maybe(draw, lambda: name(draw)),
        maybe(
            draw,
            lambda: ast.PartitionBy(many(draw, lambda: value(draw, 1), 1, 2), maybe(draw, lambda: draw(RANGES[2, 8]))),
        ),
        maybe(draw, lambda: ast.TimestampBy(value(draw, 1), many(draw, lambda: value(draw, 1), 0, 2))),
    )


def operation(draw: Draw, depth: int) -> ast.Join | ast.Apply:
    if draw(FLAGS):
        return ast.Apply(draw(APPLIES), call(draw, 0), maybe(draw, lambda: name(draw)))
    is_nested = depth > 0 and draw(FLAGS)
    right = ast.From(source(draw), many(draw, lambda: operation(draw, 0), 1, 2)) if is_nested else source(draw)
    return ast.Join(draw(JOINS), right, condition(draw, 1))


def pattern(draw: Draw, depth: int) -> ast.Pattern:
    kind = draw(RANGES[0, 4]) if depth else 4
    inner = depth - 1
    if kind == 0:
        return ast.PatternSequence(many(draw, lambda: pattern(draw, inner), 2))
    if kind == 1:
        return ast.PatternAlternation(many(draw, lambda: pattern(draw, inner), 2))
    if kind == 2:
        return ast.PatternRepeat(pattern(draw, inner), *draw(BOUNDS))
    return ast.PatternAny() if kind == 3 else ast.PatternVariable(name(draw))


def match(draw: Draw) -> ast.MatchRecognize:
    return ast.MatchRecognize(
        maybe(draw, lambda: duration(draw)),
        many(draw, lambda: value(draw, 0), 0, 2),
        many(draw, lambda: ast.SelectItem(value(draw, 1), maybe(draw, lambda: name(draw)))),
        pattern(draw, 3),
        many(draw, lambda: ast.Definition(name(draw), condition(draw, 1)), 1),
        maybe(draw, lambda: name(draw)),
    )


def item(draw: Draw) -> ast.SelectItem:
    if draw(RANGES[0, 4]) == 4:
        return ast.SelectItem(ast.Star(names(draw, 0)))
    return ast.SelectItem(value(draw, 1), maybe(draw, lambda: name(draw)))


def select(draw: Draw) -> ast.Select:
    return ast.Select(
        many(draw, lambda: item(draw), 1),
        maybe(draw, lambda: name(draw)),
        ast.From(
            source(draw),
            many(draw, lambda: operation(draw, 1), 0, 2),
            maybe(draw, lambda: match(draw)) if draw(FLAGS) else None,
            many(draw, lambda: source(draw), 0, 1),
        ),
        maybe(draw, lambda: condition(draw, 2)),
        many(draw, lambda: value(draw, 1)),
        maybe(draw, lambda: condition(draw, 1)),
    )


def query(draw: Draw) -> ast.Query:
    if draw(FLAGS):
        return select(draw)
    return ast.Union(many(draw, lambda: select(draw), 2, 2), draw(FLAGS))


def part(draw: Draw) -> Any:
    kind = draw(RANGES[0, 2])
    if kind == 0:
        return query(draw)
    if kind == 1:
        return ast.With(many(draw, lambda: ast.Step(name(draw), query(draw)), 1, 2))
    return ast.CreateTable(name(draw), many(draw, lambda: ast.ColumnDefinition(name(draw), draw(TYPES)), 1))


@st.composite
def values(draw: Draw) -> ast.Expression:
    return value(draw, 3)


@st.composite
def conditions(draw: Draw) -> ast.Expression:
    return condition(draw, 3)


@st.composite
def scripts(draw: Draw) -> ast.Script:
    return ast.Script(many(draw, lambda: part(draw), 0, 2))


@settings(max_examples=300)
@given(values() | conditions())
def test_an_expression_survives_being_written_and_read(expression: ast.Expression) -> None:
    text = format_expression(expression)
    assert parse_expression(text) == expression, text


@settings(max_examples=100)
@given(scripts())
def test_a_script_survives_being_written_and_read(script: ast.Script) -> None:
    text = format_script(script)
    assert parse(Source("written", text)).script == script, text


@settings(max_examples=30)
@given(scripts())
def test_canonical_text_stays_as_it_is(script: ast.Script) -> None:
    text = format_script(script)
    assert format_script(parse(Source("written", text)).script) == text
