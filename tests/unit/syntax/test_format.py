"""The canonical layout."""

import pytest

from asaql.diagnostics import Source
from asaql.syntax import ast, format_expression, format_query, format_script, parse, parse_expression


def canonical(text: str) -> str:
    return format_script(parse(Source("query", text)).script)


def test_a_script_has_a_clause_a_line_and_indented_steps():
    text = """create table i (a bigint, [b c] nvarchar(max))
    with s as (select i.a, count(*) n from i timestamp by t partition by k where a > 1 and b <> 2
    group by i.a, tumblingwindow(second, 10) having count(*) > 3), t as (select a from s union all select a from i)
    select * into o from t left outer join (r join q on r.a = q.a) on t.a = r.a cross apply getarrayelements(t.b) e"""
    assert (
        canonical(text)
        == """\
CREATE TABLE i (a bigint, [b c] nvarchar(max));

WITH
s AS (
    SELECT i.a, count(*) AS n
    FROM i PARTITION BY k TIMESTAMP BY t
    WHERE a > 1 AND b <> 2
    GROUP BY i.a, tumblingwindow(second, 10)
    HAVING count(*) > 3
),
t AS (
    SELECT a
    FROM s
    UNION ALL
    SELECT a
    FROM i
)
SELECT *
INTO o
FROM t
LEFT JOIN (
    r
    JOIN q ON r.a = q.a
) ON t.a = r.a
CROSS APPLY getarrayelements(t.b) AS e;
"""
    )


def test_long_lists_and_conditions_take_a_line_an_entry():
    columns = [f"column_number_{n}" for n in range(7)]
    condition = " AND ".join(f"{each} > 10" for each in columns)
    lines = canonical(f"SELECT {', '.join(columns)} FROM i WHERE {condition}").splitlines()
    assert lines[:3] == ["SELECT", "    column_number_0,", "    column_number_1,"]
    assert lines[7:11] == [
        "    column_number_6",
        "FROM i",
        "WHERE column_number_0 > 10",
        "    AND column_number_1 > 10",
    ]


def test_a_pattern_has_its_parts_on_lines_of_their_own():
    text = (
        "select * from i match_recognize (partition by k limit duration(minute, 1) measures last(A.v) as v "
        "after match skip to next row pattern (A+ (B|C){2,} .) define A as A.v > 1, B as B.v = 2, C as C.v = 3) m"
    )
    assert (
        canonical(text)
        == """\
SELECT *
FROM i
MATCH_RECOGNIZE (
    LIMIT DURATION(minute, 1)
    PARTITION BY k
    MEASURES last(A.v) AS v
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A+ (B | C){2,} .)
    DEFINE A AS A.v > 1, B AS B.v = 2, C AS C.v = 3
) AS m;
"""
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("(a + b) * (c)", "(a + b) * c"),
        ("a - (b - c)", "a - (b - c)"),
        ("((a = 1) or b = 2) and not (c = 3)", "(a = 1 OR b = 2) AND NOT c = 3"),
        ("- - a", "- -a"),
        ("+-~a", "+-~a"),
        ("(lag(v) over (limit duration(hour, 1))).Value", "(lag(v) OVER (LIMIT DURATION(hour, 1))).Value"),
        ("udf.f(x).y", "udf.f(x).y"),
        ("(a.b).c", "(a.b).c"),
        ("a not in (1, 2)", "a NOT IN (1, 2)"),
        ("[time] + [left] + [in] + [a b] + rec.[0] + rec.[from]", "time + [left] + [in] + [a b] + rec.[0] + rec.from"),
        ('"a b"', '"a b"'),
        ("n'it''s'", "'it''s'"),
        ("CASE a WHEN 1 THEN 'x' ELSE NULL END", "CASE a WHEN 1 THEN 'x' ELSE NULL END"),
        ("count(distinct a)", "count(DISTINCT a)"),
        ("try_cast(a as DECIMAL(5, 2))", "TRY_CAST(a AS decimal(5, 2))"),
        ("topone(a) over (order by b desc, c asc)", "topone(a) OVER (ORDER BY b DESC, c)"),
    ],
)
def test_an_expression_has_no_parenthesis_and_no_bracket_too_many(text: str, written: str):
    assert format_expression(parse_expression(text)) == written


def test_texts_with_line_feeds_keep_them_in_indented_steps():
    script = parse(Source("query", "WITH s AS (SELECT 'two\nlines' AS t FROM i) SELECT t FROM s")).script
    assert parse(Source("canonical", format_script(script))).script == script


def test_a_query_alone_has_no_semicolon():
    (part,) = parse(Source("query", "select a from b")).script.parts
    assert isinstance(part, ast.Select)
    assert format_query(part) == "SELECT a\nFROM b"


def test_an_empty_script_is_an_empty_text():
    assert format_script(ast.Script(())) == ""


@pytest.mark.parametrize("word", ["AND", "OR"])
def test_a_chain_that_is_read_as_a_balanced_tree_gets_no_parentheses(word: str):
    text = f" {word} ".join(f"c{n} = {n}" for n in range(300))
    assert format_expression(parse_expression(text)) == text


def test_a_chain_that_leans_to_the_right_keeps_its_parentheses():
    assert format_expression(parse_expression("a = 1 AND (b = 2 AND c = 3)")) == "a = 1 AND (b = 2 AND c = 3)"
