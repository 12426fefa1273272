"""What is said about texts that are not in the dialect."""

import pytest

from asaql.diagnostics import Diagnostic, QueryError, Source
from asaql.syntax import parse, parse_expression


def faults(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(QueryError) as caught:
        parse(Source("query", text))
    return caught.value.diagnostics


def fault(text: str) -> tuple[str, str, str, str]:
    """Return code, message, text under the caret, and the help (or the label where there is none)."""
    (only,) = faults(text)
    assert only.span is not None
    return only.code, only.message, text[only.span.start : only.span.end], only.help or only.label


SPELLING = [
    ("SELET a FROM x", "SELET", "SELECT"),
    ("SELECT a FORM x WHERE b = 1", "FORM", "FROM"),
    ("SELECT a INOT o FROM x", "INOT", "INTO"),
    ("SELECT a FROM x WERE (b = 1)", "WERE", "WHERE"),
    ("SELECT a FROM x WHERE b BETWEEEN 1 AND 2", "BETWEEEN", "BETWEEN"),
    ("SELECT a FROM x PARTITON BY k", "PARTITON", "PARTITION"),
    ("SELECT a FROM x TIMESTMP BY t", "TIMESTMP", "TIMESTAMP"),
    ("SELECT a FROM x GRUOP BY k", "GRUOP", "GROUP"),
    ("SELECT a FROM x LEFT JION y ON 1 = 1", "JION", "JOIN"),
    ("SELECT CASE WHEN a = 1 THEM 2 END FROM x", "THEM", "THEN"),
    ("SELECT LAG(a) OVER (LIMT DURATION(ss, 1)) FROM x", "LIMT", "LIMIT"),
]


@pytest.mark.parametrize(("text", "word", "keyword"), SPELLING)
def test_a_misspelled_keyword_is_named_with_the_one_meant(text: str, word: str, keyword: str):
    assert fault(text) == ("AQ101", f'"{word}" cannot stand here', word, f"write {keyword}")


MISSING = [
    ("SELECT a b c FROM x", 'a comma is missing before "c"', "write b, c"),
    ("SELECT a b.c FROM x", 'a comma is missing before "b"', "write a, b"),
    ("SELECT a COUNT(*) FROM x", 'a comma is missing before "COUNT"', "write a, COUNT"),
    ("SELECT a, b CASE WHEN c = 1 THEN 2 END FROM x", 'a comma is missing before "CASE"', "write b, CASE"),
    ("CREATE TABLE x (a bigint b float)", 'a comma is missing before "b"', "write bigint, b"),
    ("WITH s (SELECT a FROM x) SELECT a FROM s", 'AS is missing before "("', "write s AS ("),
    ("SELECT CAST(a bigint) FROM x", 'AS is missing before "bigint"', "write a AS bigint"),
    ("SELECT a FROM x GROUP k, W(ss, 1)", 'BY is missing before "k"', "write GROUP BY k"),
    ("SELECT COUNT(* FROM x", 'a ")" is missing before "FROM"', 'write ")" before it'),
    ("SELECT a, , b FROM x", 'this "," joins nothing', "leave it out"),
    ("SELECT a FROM x WHERE a = 1 AND GROUP BY a", 'this "AND" joins nothing', "leave it out"),
    ("SELECT a) FROM x", 'this ")" closes nothing', "leave it out, or open it before"),
    ("SELECT FROM x", "SELECT has no columns", "write SELECT *, or the columns"),
    ("SELECT a FROM WHERE b = 1", "FROM names no source", "write FROM and the name of an input or a step"),
    ("SELECT a FROM PARTITION BY k", "FROM names no source", "write FROM and the name of an input or a step"),
    ("SELECT a INTO FROM x", "INTO names no output", "write INTO and the name of an output"),
    ("SELECT a FROM my-in-put", 'a name that holds "-" needs brackets', "write [my-in-put]"),
    ("SELECT a FROM 'input'", "the name of a source stands in no single quotes", "write FROM input"),
    ("SELECT rec.0.v FROM x", "a field whose name is a number needs brackets", "write rec.[0]"),
    ("SELECT a FROM 1st", 'the name "1st" begins with a digit', "write it in brackets: [1st]"),
    ("SELECT a FROM x INTO y", "INTO stands too late", "write INTO before FROM"),
    ("SELECT a FROM x GROUP BY a WHERE b = 1", "WHERE stands too late", "write one WHERE, before GROUP BY and HAVING"),
    (
        "SELECT a FROM x WHERE a = 1 TIMESTAMP BY t",
        "TIMESTAMP BY stands too late",
        "write TIMESTAMP BY behind the input's name in FROM",
    ),
    (
        "SELECT LAG(a) OVER (b) FROM x",
        "OVER holds clauses, not names",
        "write OVER (PARTITION BY key LIMIT DURATION(minute, 5))",
    ),
    ("SELECT LAG(a) OVER (WHEN a = 1 WHEN b = 1) FROM x", "WHEN is written twice", "keep one WHEN"),
    (
        "SELECT a FROM x TIMESTAMP BY t TIMESTAMP BY u",
        "TIMESTAMP BY is written twice for one source",
        "keep one TIMESTAMP BY",
    ),
    ("SELECT end, b FROM x", '"end" cannot stand here', "a column of this name is written [end]"),
    ("SELECT [] FROM x", "the name in brackets is empty", "write the name between [ and ]"),
    (
        "SELECT a < b FROM x",
        "a condition stands in the place of a value",
        "write CASE WHEN condition THEN 1 ELSE 0 END",
    ),
]


@pytest.mark.parametrize(("text", "message", "advice"), MISSING)
def test_a_common_slip_is_told_with_what_to_write(text: str, message: str, advice: str):
    code, told, _, told_advice = fault(text)
    assert (code, told, told_advice) == ("AQ101", message, advice)


EXPECTED = [
    ("hello world", "expected SELECT, WITH or CREATE TABLE"),
    ("SELECT a", 'expected ",", INTO, FROM, an alias or an operator'),
    ("SELECT a FROM x WHERE", "expected a column name or an expression"),
    ("SELECT a AS FROM x", "expected an alias"),
    ("SELECT CASE WHEN a = 1 THEN b FROM x", "expected WHEN, ELSE, END or an operator"),
    ("SELECT a FROM x JOIN y WHERE a = 1", "expected ON, PARTITION BY, TIMESTAMP BY or an alias"),
    ("SELECT a FROM x WHERE a BETWEEN 1 , 2", "expected AND or an operator"),
    ("SELECT a FROM x WHERE a IS 1", "expected NOT or NULL"),
    ("CREATE TABLE x (a, b)", "expected a type such as bigint"),
    ("SELECT a FROM x UNION", "expected ALL or SELECT"),
    ("SELECT a. FROM x", 'expected the name of a field or "*"'),
    ("SELECT a FROM x b c", "expected JOIN, WHERE, GROUP BY, HAVING or PARTITION BY"),
]


@pytest.mark.parametrize(("text", "label"), EXPECTED)
def test_what_could_stand_there_is_told_in_the_users_words(text: str, label: str):
    (only,) = faults(text)
    assert only.label == label


FOREIGN = [
    ("SELECT DISTINCT a FROM x", "there is no SELECT DISTINCT", "DISTINCT"),
    ("SELECT TOP 5 a FROM x", "there is no SELECT TOP", "TOP 5"),
    ("SELECT TOP (5) a FROM x", "there is no SELECT TOP", "TOP (5)"),
    ("SELECT a FROM x ORDER BY a", "there is no ORDER BY for a statement", "ORDER BY"),
    ("SELECT a FROM (SELECT b FROM y) z", "there are no subqueries", "SELECT"),
    ("SELECT a FROM x WHERE a IN (SELECT b FROM y)", "IN takes a list of values, no SELECT", "SELECT"),
    ("SELECT a FROM x WHERE EXISTS (SELECT 1 FROM y)", "there is no EXISTS", "SELECT"),
    ("SELECT a FROM x, y", "sources are not joined with a comma", ","),
    ("SELECT a FROM x RIGHT JOIN y ON 1 = 1", "there is no RIGHT JOIN", "RIGHT"),
    ("SELECT a FROM x FULL OUTER JOIN y ON 1 = 1", "there is no FULL JOIN", "FULL"),
    ("SELECT a FROM x CROSS JOIN y", "there is no CROSS JOIN", "CROSS"),
    ("SELECT a FROM x JOIN y USING (k)", "there is no JOIN .. USING", "USING"),
    ("SELECT a FROM x WHERE a LIKE 'x' ESCAPE '!'", "there is no ESCAPE", "ESCAPE"),
    ("SELECT a FROM x LIMIT 10", "there is no LIMIT", "LIMIT"),
    ("SELECT a FROM x EXCEPT SELECT a FROM y", "there is no EXCEPT", "EXCEPT"),
    ("SELECT a FROM x # why", 'a comment begins with --, not with "#"', "# why"),
    ("SELECT a FROM x // why", 'a comment begins with --, not with "//"', "// why"),
    ("SELECT ‘a’ AS b FROM x", "text stands in straight quotes, not in curly ones", "‘a’"),
    ("SELECT `a` FROM x", "a name is not quoted with back-quotes", "`a`"),
    ("SELECT a[0] FROM x", "arrays are not indexed with brackets", "[0]"),
    ("SELECT a['b'] FROM x", "fields are not read with brackets", "['b']"),
    ("SELECT a || b FROM x", 'there is no operator "||"', "||"),
    ("SELECT a FROM x WHERE a == 1", 'there is no operator "=="', "=="),
    ("SELECT a FROM x WHERE a = @p", 'there are no variables: "@p"', "@p"),
    ("INSERT INTO o SELECT a FROM x", "there is no INSERT statement", "INSERT"),
    ("CREATE VIEW v AS SELECT a FROM x", "there is no CREATE statement", "CREATE"),
    (
        "SELECT COUNT(*) OVER (PARTITION BY a, TumblingWindow(ss, 1)) FROM x",
        "OVER (PARTITION BY ..) takes no window",
        "TumblingWindow(ss, 1)",
    ),
    (
        "SELECT SUM(a) OVER (PARTITION BY b ROWS 5) FROM x",
        "the history of OVER is bounded by time, not by rows",
        "ROWS",
    ),
    (
        "SELECT * FROM x MATCH_RECOGNIZE (ORDER BY t MEASURES A.b AS c PATTERN (A) DEFINE A AS 1 = 1)",
        "MATCH_RECOGNIZE takes no ORDER BY",
        "ORDER BY",
    ),
    (
        "SELECT * FROM x MATCH_RECOGNIZE (AFTER MATCH SKIP PAST LAST ROW PATTERN (A) DEFINE A AS 1 = 1)",
        "the only way to go on behind a match is the next row",
        "SKIP",
    ),
    (
        "SELECT * FROM x MATCH_RECOGNIZE (ALL ROWS PER MATCH PATTERN (A) DEFINE A AS 1 = 1)",
        "a match gives one row",
        "ALL ROWS",
    ),
]


@pytest.mark.parametrize(("text", "message", "place"), FOREIGN)
def test_sql_of_other_engines_is_recognised_with_what_to_write_instead(text: str, message: str, place: str):
    code, told, under, advice = fault(text)
    assert (code, told, under) == ("AQ104", message, place)
    assert advice


@pytest.mark.parametrize(
    ("text", "message", "opening"),
    [
        ("SELECT 'abc FROM x", "this text has no end", "'"),
        ("SELECT N'it''s FROM x", "this text has no end", "'"),
        ("SELECT [abc FROM x", "this name in brackets has no end", "["),
        ('SELECT "abc FROM x', "this quoted name has no end", '"'),
        ("SELECT a FROM x /* abc", "this comment has no end", "/*"),
    ],
)
def test_what_has_no_end_is_shown_where_it_is_opened(text: str, message: str, opening: str):
    assert fault(text)[:3] == ("AQ102", message, opening)


@pytest.mark.parametrize("number", ["9223372036854775808", "99999999999999999999", "1" * 5_000])
def test_a_whole_number_beyond_64_bits_is_told(number: str):
    code, _, under, _ = fault(f"SELECT {number} FROM x")
    assert (code, under) == ("AQ103", number)


def test_a_number_beyond_the_floats_is_told():
    assert fault("SELECT 1e999 FROM x")[:2] == ("AQ103", "the number 1e999 does not fit a float")


def test_all_faults_of_a_text_are_told_at_once():
    text = """SELECT x y z FROM a
    SELECT b FORM y;
    WITH q AS (SELECT 1 AS one FRM z), r AS (SELECT a b c FROM y) SELECT FROM z
    SELECT ‘d’ AS d FROM y LIMIT 5"""
    assert [(each.code, each.message) for each in faults(text)] == [
        ("AQ101", 'a comma is missing before "z"'),
        ("AQ101", '"FORM" cannot stand here'),
        ("AQ101", '"FRM" cannot stand here'),
        ("AQ101", 'a comma is missing before "c"'),
        ("AQ101", "SELECT has no columns"),
        ("AQ104", "text stands in straight quotes, not in curly ones"),
        ("AQ104", "there is no LIMIT"),
    ]


def test_at_most_twenty_faults_are_told():
    assert len(faults("SELECT a b c FROM x;" * 50)) == 20


DEEP = {
    "parentheses": "SELECT " + "(" * 10_000,
    "closed parentheses": "SELECT " + "(" * 10_000 + "a" + ")" * 10_000 + " FROM x",
    "calls": "SELECT " + "f(" * 10_000,
    "signs": "SELECT " + "- " * 10_000 + "1 FROM x",
    "negations": "SELECT a FROM x WHERE " + "NOT " * 10_000 + "a = 1",
    "sums": "SELECT " + " + ".join(["a"] * 10_000) + " FROM x",
    "cases": "SELECT " + "CASE WHEN a THEN " * 10_000,
    "joins": "SELECT a FROM " + "(" * 10_000 + "x",
    "patterns": "SELECT * FROM x MATCH_RECOGNIZE (PATTERN (" + "(" * 10_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_what_is_nested_too_deeply_is_told(text: str):
    (only,) = faults(text)
    assert (only.code, "nested" in only.message) == ("AQ101", True)


def test_expressions_of_a_hundred_levels_are_read():
    parse_expression("f(" * 100 + "a" + ")" * 100)
    parse_expression("(" * 300 + "a" + ")" * 300)
    parse_expression(" + ".join(["a"] * 100))


def test_an_expression_ends_where_the_text_ends():
    with pytest.raises(QueryError, match='"b" cannot stand here'):
        parse_expression("a b")
    with pytest.raises(QueryError, match="there is no expression"):
        parse_expression("  ")


def test_a_fault_is_rendered_with_its_line_and_caret():
    with pytest.raises(QueryError) as caught:
        parse(Source("alerts.asaql", "SELECT a\nFROM x\nWHERE b BETWEEEN 1 AND 2"))
    assert str(caught.value) == "\n".join(
        [
            'error[AQ101]: "BETWEEEN" cannot stand here',
            " --> alerts.asaql:3:9",
            "  |",
            "2 | FROM x",
            "3 | WHERE b BETWEEEN 1 AND 2",
            "  |         ^^^^^^^^ did you mean BETWEEN?",
            "  |",
            "  = help: write BETWEEN",
        ]
    )
