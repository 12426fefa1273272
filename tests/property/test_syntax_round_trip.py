"""A tree written as text and read again is the same tree, whatever the names, the nesting and the layout."""

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from asaql.diagnostics import Source
from asaql.syntax import ast, format_expression, format_script, parse, parse_expression
from asaql.syntax.words import KEYWORDS

OPERATORS = ast.BinaryOperator
ARITHMETIC = [OPERATORS(each) for each in "+-*/%&|^"]
COMPARISONS = [OPERATORS(each) for each in ("=", "<>", "<", "<=", ">", ">=")]
LOGICAL = [OPERATORS.AND, OPERATORS.OR]

WORDS = st.sampled_from(["a", "value", "時刻", "_x1", "top", "except", "n", "tumblingwindow", "udf", "max", *sorted(KEYWORDS)])
TEXTS = st.text(st.sampled_from(string.ascii_letters + string.digits + " '\"[].-_%/*\u00e9\u00a0"), max_size=8)


@st.composite
def names(draw: st.DrawFn) -> ast.Identifier:
    word = draw(st.one_of(WORDS, WORDS.map(str.lower), TEXTS.filter(bool)))
    return ast.Identifier(word, is_double_quoted=draw(st.integers(0, 9)) == 0)


def tuples(of: st.SearchStrategy[object], smallest: int = 0, largest: int = 3) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, min_size=smallest, max_size=largest).map(tuple)


PATHS = st.builds(ast.Path, tuples(names(), 1))
STARS = st.builds(ast.Star, tuples(names()))
LITERALS = st.one_of(
    st.builds(ast.IntegerLiteral, st.integers(0, 2**63 - 1)),
    st.builds(ast.FloatLiteral, st.floats(0, allow_nan=False, allow_infinity=False)),
    st.builds(ast.StringLiteral, TEXTS | st.just("two\nlines")),
    st.just(ast.NullLiteral()),
)
TYPES = st.sampled_from(
    [ast.TypeName("bigint"), ast.TypeName("nvarchar", ("max",)), ast.TypeName("decimal", ("5", "2"))]
)


def durations(values: st.SearchStrategy[object]) -> st.SearchStrategy[ast.Duration]:
    return st.builds(ast.Duration, names(), values)


def overs(values: st.SearchStrategy[object], conditions: st.SearchStrategy[object]) -> st.SearchStrategy[ast.Over]:
    plain = values.filter(lambda each: not isinstance(each, ast.Call))
    return st.builds(
        ast.Over,
        tuples(plain, largest=2),
        tuples(st.builds(ast.OrderItem, values, st.booleans()), largest=2),
        st.none() | durations(values),
        st.none() | conditions,
    )


def larger_values(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    conditions = conditions_over(values)
    calls = st.builds(
        ast.Call,
        names(),
        tuples(values | STARS),
        tuples(names(), largest=1),
        st.just(False),
        st.none() | overs(values, conditions),
    )
    distinct = st.builds(ast.Call, names(), tuples(values | STARS, 1), tuples(names(), largest=1), st.just(True))
    whens = tuples(st.builds(ast.When, conditions, values), 1, 2)
    simple_whens = tuples(st.builds(ast.When, values, values), 1, 2)
    return st.one_of(
        calls,
        distinct,
        st.builds(ast.Unary, st.sampled_from(ast.UnaryOperator), values),
        st.builds(ast.Binary, st.sampled_from(ARITHMETIC), values, values),
        st.builds(ast.FieldAccess, values.filter(lambda each: not isinstance(each, ast.Star)), names()),
        st.builds(ast.Cast, values, TYPES, st.booleans()),
        st.builds(ast.Case, st.none(), whens, st.none() | values),
        st.builds(ast.Case, values, simple_whens, st.none() | values),
    )


def conditions_over(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    flags = st.booleans()
    simple = st.one_of(
        st.builds(ast.Binary, st.sampled_from(COMPARISONS), values, values),
        st.builds(ast.IsNull, values, flags),
        st.builds(ast.Like, values, values, flags),
        st.builds(ast.Between, values, values, values, flags),
        st.builds(ast.In, values, tuples(values, 1), flags),
    )
    return st.recursive(
        simple,
        lambda inner: st.builds(ast.Not, inner) | st.builds(ast.Binary, st.sampled_from(LOGICAL), inner, inner),
        max_leaves=4,
    )


VALUES = st.recursive(PATHS | LITERALS, larger_values, max_leaves=6)
SMALL = PATHS | LITERALS
CONDITIONS = conditions_over(SMALL)
ITEMS = st.builds(ast.SelectItem, STARS) | st.builds(ast.SelectItem, SMALL, st.none() | names())
SOURCES = st.builds(
    ast.SourceReference,
    names(),
    st.none() | names(),
    st.none() | st.builds(ast.PartitionBy, tuples(SMALL, 1, 2), st.none() | st.integers(1, 99)),
    st.none() | st.builds(ast.TimestampBy, SMALL, tuples(SMALL, largest=2)),
)
CALLS = st.builds(ast.Call, names(), tuples(SMALL), tuples(names(), largest=1))
PATTERNS = st.recursive(
    st.builds(ast.PatternVariable, names()) | st.just(ast.PatternAny()),
    lambda inner: st.one_of(
        st.builds(ast.PatternSequence, tuples(inner, 2)),
        st.builds(ast.PatternAlternation, tuples(inner, 2)),
        st.sampled_from([(0, None), (1, None), (0, 1), (2, None), (3, 3), (1, 4)]).flatmap(
            lambda bounds: st.builds(ast.PatternRepeat, inner, st.just(bounds[0]), st.just(bounds[1]))
        ),
    ),
    max_leaves=4,
)
MATCHES = st.builds(
    ast.MatchRecognize,
    st.none() | durations(SMALL),
    tuples(SMALL, largest=2),
    tuples(st.builds(ast.SelectItem, SMALL, st.none() | names())),
    PATTERNS,
    tuples(st.builds(ast.Definition, names(), CONDITIONS), 1),
    st.none() | names(),
)


@st.composite
def froms(draw: st.DrawFn, *, depth: int = 1, is_inner: bool = False) -> ast.From:
    rights = SOURCES
    if depth:
        rights = rights | froms(depth=depth - 1, is_inner=True)
    joins = st.builds(ast.Join, st.sampled_from(ast.JoinKind), rights, CONDITIONS)
    applies = st.builds(ast.Apply, st.sampled_from(ast.ApplyKind), CALLS, st.none() | names())
    operations = draw(tuples(joins | applies, int(is_inner), 2))
    match = None if is_inner else draw(st.none() | MATCHES)
    union = () if is_inner else draw(tuples(SOURCES, largest=1))
    return ast.From(draw(SOURCES), operations, match, union)


SELECTS = st.builds(
    ast.Select,
    tuples(ITEMS, 1),
    st.none() | names(),
    froms(),
    st.none() | CONDITIONS,
    tuples(SMALL),
    st.none() | CONDITIONS,
)
QUERIES = SELECTS | st.builds(ast.Union, tuples(SELECTS, 2, 2), st.booleans())
PARTS = st.one_of(
    QUERIES,
    st.builds(ast.With, tuples(st.builds(ast.Step, names(), QUERIES), 1, 2)),
    st.builds(ast.CreateTable, names(), tuples(st.builds(ast.ColumnDefinition, names(), TYPES), 1)),
)
SCRIPTS = st.builds(ast.Script, tuples(PARTS, largest=2))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(VALUES | conditions_over(VALUES))
def test_an_expression_survives_being_written_and_read(expression: ast.Expression) -> None:
    text = format_expression(expression)
    assert parse_expression(text) == expression, text


@settings(max_examples=120, derandomize=True, deadline=None)
@given(SCRIPTS)
def test_a_script_survives_being_written_and_read(script: ast.Script) -> None:
    text = format_script(script)
    assert parse(Source("written", text)).script == script, text


@settings(max_examples=40, derandomize=True, deadline=None)
@given(SCRIPTS)
def test_canonical_text_is_written_as_it_is(script: ast.Script) -> None:
    text = format_script(script)
    assert format_script(parse(Source("written", text)).script) == text
