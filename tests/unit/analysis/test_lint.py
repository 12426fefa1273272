"""Warnings about queries that run, and how they are silenced."""

import pytest

from asaql.analysis import Catalog, DeclaredFunction, FunctionKind
from asaql.analysis.lint import lint, without_silenced
from asaql.diagnostics import Diagnostic, Severity, Source, Span
from asaql.syntax import parse

CATALOG = Catalog(functions=(DeclaredFunction("score", FunctionKind.SCORE),), reference=("Zones",))
WINDOW = "GROUP BY TumblingWindow(second, 10)"


def found(text: str) -> list[tuple[str, str]]:
    """Return code and place, as text, of each warning."""
    source = Source("query", text)
    warnings = without_silenced(lint(parse(source).script, source, CATALOG), source)
    return [(each.code, source.slice(each.span)) for each in warnings if each.span is not None]


def helps(text: str) -> list[str | None]:
    source = Source("query", text)
    return [each.help for each in lint(parse(source).script, source, CATALOG)]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM i WHERE a <> 1 AND a NOT LIKE 'x%'",
        f"SELECT MAX(a) AS m, MIN(CAST(t AS datetime)) AS n FROM i TIMESTAMP BY t {WINDOW}",
        f"CREATE TABLE i (t nvarchar(max)); SELECT MAX(t) AS m FROM i TIMESTAMP BY t {WINDOW}",
        "WITH s AS (SELECT a FROM i), t AS (SELECT a FROM s) SELECT a FROM t",
        "WITH s AS (SELECT a FROM i) SELECT udf.score(s) AS x FROM i",
        "SELECT CASE WHEN a > 1 THEN udf.other(a) END AS x, udf.score(a) AS y FROM i",
        "SELECT i.a FROM i JOIN Zones ON i.a = Zones.a",
        "SELECT a FROM i WHERE NOT (a IS NULL) AND NOT (COALESCE(a, 1) = 2)",
        "SELECT a FROM i WHERE a IS NULL OR NOT (a = 1)",
        "SELECT a FROM i LEFT JOIN Zones z ON i.a = z.a WHERE z.b IS NULL OR z.b <> 1",
    ],
)
def test_what_is_meant_as_it_is_written_gives_no_warning(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected", "help_text"),
    [
        (f"SELECT MAX(time) AS m FROM i TIMESTAMP BY time {WINDOW}", ("AQ801", "time"), "MAX(CAST(time AS datetime))"),
        (
            f"SELECT min(i.city) AS m FROM i TIMESTAMP BY time WHERE city LIKE 'B%' {WINDOW}",
            ("AQ801", "i.city"),
            "MIN(CAST(i.city AS nvarchar(max)))",
        ),
        (
            f"SELECT MAX(UPPER(a)) AS m FROM i TIMESTAMP BY time {WINDOW}",
            ("AQ801", "UPPER(a)"),
            "MAX(CAST(UPPER(a) AS nvarchar(max)))",
        ),
        (
            "WITH s AS (SELECT a FROM i) SELECT a FROM i",
            ("AQ802", "s"),
            "remove the step, or read it: SELECT * INTO output FROM s",
        ),
        (
            "SELECT CASE WHEN a > 1 THEN udf.score(a) END AS x FROM i",
            ("AQ803", "udf.score(a)"),
            "score in a step with WHERE, and join the other rows with UNION",
        ),
        (f"SELECT COUNT(*) AS n FROM i {WINDOW}", ("AQ804", "i"), "i TIMESTAMP BY column"),
        (
            f"WITH s AS (SELECT a FROM i) SELECT COUNT(*) AS n FROM s {WINDOW}",
            ("AQ804", "i"),
            "i TIMESTAMP BY column",
        ),
        (
            "SELECT LAG(a) OVER (LIMIT DURATION(minute, 1)) AS b FROM i",
            ("AQ804", "i"),
            "i TIMESTAMP BY column",
        ),
        (
            "SELECT a FROM i WHERE NOT (a = 1)",
            ("AQ805", "NOT (a = 1)"),
            "a <> 1, or to keep NULL: (a IS NULL OR a <> 1)",
        ),
        (
            "SELECT a FROM i LEFT JOIN Zones z ON i.a = z.a WHERE z.b <> 1",
            ("AQ805", "z.b <> 1"),
            "(z.b IS NULL OR z.b <> 1)",
        ),
        (
            "SELECT a FROM i WHERE TRY_CAST(a AS bigint) <> 1",
            ("AQ805", "TRY_CAST(a AS bigint) <> 1"),
            "(TRY_CAST(a AS bigint) IS NULL OR TRY_CAST(a AS bigint) <> 1)",
        ),
    ],
)
def test_what_may_not_mean_what_it_says_is_shown(text: str, expected: tuple[str, str], help_text: str) -> None:
    assert found(text) == [expected]
    assert helps(text) == [help_text]


def test_an_unused_step_that_only_unused_steps_read_is_unused_too() -> None:
    text = "WITH s AS (SELECT a FROM i), t AS (SELECT a FROM s) SELECT a FROM i"
    assert found(text) == [("AQ802", "s"), ("AQ802", "t")]


def test_a_join_of_streams_shows_both_sides() -> None:
    text = "SELECT i.a FROM i JOIN j ON i.a = j.a AND DATEDIFF(second, i, j) BETWEEN 0 AND 5"
    assert found(text) == [("AQ804", "i"), ("AQ804", "j")]


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT COUNT(*) AS n FROM i {WINDOW} -- asaql: ignore[AQ804]",
        f"SELECT COUNT(*) AS n\n-- asaql: ignore[aq801, AQ804]: arrival is meant\n\n/* really */\nFROM i {WINDOW}",
        f"/* asaql: ignore[AQ804] */\nSELECT COUNT(*) AS n FROM i {WINDOW}",
    ],
)
def test_a_comment_on_the_line_or_above_it_silences_a_code(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT COUNT(*) AS n FROM i {WINDOW} -- asaql: ignore[AQ801]",
        f"-- asaql: ignore[AQ804]\nSELECT COUNT(*) AS n\nFROM i {WINDOW}",
        f"SELECT 'asaql: ignore[AQ804]' AS t, COUNT(*) AS n FROM i {WINDOW}",
    ],
)
def test_other_codes_other_lines_and_texts_silence_nothing(text: str) -> None:
    assert found(text) == [("AQ804", "i")]


def test_errors_are_never_silenced_and_codes_can_be_silenced_everywhere() -> None:
    source = Source("query", "SELECT -- asaql: ignore[AQ203]")
    error = Diagnostic("AQ203", "no such column", Span(0, 6), source=source)
    warning = Diagnostic("AQ804", "by arrival", Span(0, 6), severity=Severity.WARNING, source=source)
    assert without_silenced([error, warning], source, ["AQ203", "AQ804"]) == (error,)
