"""Any text is a tree or a list of diagnostics: never another exception, and never much time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from asaql.diagnostics import Diagnostic, QueryError, Source
from asaql.syntax import ast, format_script, parse
from asaql.syntax.words import KEYWORDS

QUERIES = [
    """WITH hot AS (
  SELECT s.id, AVG(s.temp) AS t, LAG(s.temp) OVER (PARTITION BY s.id LIMIT DURATION(minute, 5) WHEN s.temp > 0) AS p
  FROM sensors s TIMESTAMP BY s.[event time] OVER s.id
  GROUP BY s.id, HoppingWindow(Duration(minute, 10), Hop(minute, 5)), System.Timestamp
  HAVING AVG(s.temp) NOT BETWEEN -5 AND 1.5e3
)
SELECT h.*, CASE h.id WHEN 'it''s' THEN 1 ELSE NULL END AS kind INTO [out-1] FROM hot h
LEFT OUTER JOIN rules r ON h.id = r.id AND DATEDIFF(second, h, r) BETWEEN 0 AND 10
WHERE h.t IS NOT NULL AND NOT (h.id IN ('a', 'b') OR h.id LIKE '%x') -- it's the end""",
    """CREATE TABLE input (id bigint, name nvarchar(max));
SELECT e.ArrayIndex, e.ArrayValue.v, udf.f(x).y FROM input PARTITION BY id CROSS APPLY GetArrayElements(a.b) AS e
UNION ALL
SELECT CAST(v AS float), ~a & b | c ^ 00, (LAG(*) OVER (LIMIT DURATION(ss, 1))).v FROM other""",
    """SELECT * INTO o FROM atm TIMESTAMP BY t /* block */ MATCH_RECOGNIZE (
  LIMIT DURATION(minute, 1) PARTITION BY id MEASURES Last(A.v) AS a, Classifier() AS c
  AFTER MATCH SKIP TO NEXT ROW PATTERN (A+ (B | C){2,} .) DEFINE A AS A.v > 1, B AS B.v = 2, C AS C.v = 3) AS m
GO
SELECT COUNT(DISTINCT x), TopOne() OVER (ORDER BY a DESC, b ASC) FROM i GROUP BY SessionWindow(second, 1, 2)""",
]
PIECES = [
    *sorted(KEYWORDS),
    *"()[]{},.;*+-/%=<>!'\"|&^~?@#`:\n\t\u00a0\u200b\ufeff\x00\ud800",
    *(
        "--",
        "/*",
        "*/",
        "//",
        "''",
        "||",
        "==",
        "1",
        "1.5",
        "99999999999999999999",
        "1e999",
        "x",
        "N'x'",
        "‘x’",
        "a[0]",
    ),
    *("\nGO\n", "SELECT a FROM b", "OVER (", "(SELECT", "SELECT DISTINCT", "SELECT TOP 5", "[", "ORDER BY"),
]


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A query in which a few stretches are cut, doubled or replaced by something that a query could hold."""
    text = draw(st.sampled_from(QUERIES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 15)))
        put = draw(st.one_of(st.just(""), st.sampled_from(PIECES), st.just(text[start:end] * 2)))
        space = draw(st.sampled_from(["", " "]))
        text = f"{text[:start]}{space}{put}{space}{text[end:]}"
    return text


def read(text: str) -> ast.Script | tuple[Diagnostic, ...]:
    try:
        return parse(Source("text", text)).script
    except QueryError as error:
        return error.diagnostics


def check(text: str) -> None:
    outcome = read(text)
    if isinstance(outcome, ast.Script):
        assert read(format_script(outcome)) == outcome
        return
    assert outcome
    for each in outcome:
        assert each.is_error
        assert each.code.startswith("AQ1")
        assert each.source is not None
        assert each.span is not None
        assert 0 <= each.span.start <= each.span.end <= len(text)


@settings(max_examples=400)
@given(mutations())
def test_a_query_with_changes_is_a_tree_or_diagnostics(text: str) -> None:
    check(text)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
def test_any_words_and_marks_are_a_tree_or_diagnostics(text: str) -> None:
    check(text)


@settings(max_examples=100)
@given(st.text(max_size=40))
def test_any_characters_are_a_tree_or_diagnostics(text: str) -> None:
    check(text)
