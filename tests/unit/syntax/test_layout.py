"""The layout of texts with their comments."""

import pytest

from asaql.diagnostics import QueryError, Source
from asaql.syntax import lay_out


def laid(text: str) -> str:
    return lay_out(Source("query", text))


def test_comments_stay_where_they_are():
    text = """-- about

with s as ( -- the step
  select id, -- which
     max(t) hottest /* ever */
     -- , min(t) coldest
     , count(*) n,
     -- avg(t)
  from i -- the input
  where t > 0 /* frost */ and t < 99 -- sane
  -- end of step
)
select * from s -- all
-- the end"""
    assert (
        laid(text)
        == """\
-- about

WITH
s AS ( -- the step
    SELECT
        id, -- which
        max(t) AS hottest, /* ever */
        -- , min(t) coldest
        count(*) AS n
        -- avg(t)
    FROM i -- the input
    WHERE t > 0 /* frost */ AND t < 99 -- sane
    -- end of step
)
SELECT *
FROM s; -- all
-- the end
"""
    )


def test_calls_cases_and_conditions_break_where_they_are_too_long():
    name = "n" * 40
    text = f"""SELECT CASE WHEN {name} > 1 THEN 'x'
    ELSE lag({name}) over (partition by kind limit duration(hour, 1)) END AS v
    FROM i JOIN j ON i.k = j.k AND datediff(minute, i, j) between 0 and 5 AND ({name} = 1 OR {name} = 2 OR c = 3)"""
    assert (
        laid(text)
        == f"""\
SELECT
    CASE
        WHEN {name} > 1 THEN 'x'
        ELSE lag({name}) OVER (
            PARTITION BY kind
            LIMIT DURATION(hour, 1)
        )
    END AS v
FROM i
JOIN j ON i.k = j.k
    AND datediff(minute, i, j) BETWEEN 0 AND 5
    AND (
        {name} = 1
        OR {name} = 2
        OR c = 3
    );
"""
    )


def test_names_and_parentheses_stay_and_keywords_do_not():
    assert laid("Select ((Count(*))) Cnt, Cast(a As BIGINT) [x y] From [i] Where Not (a != 1)") == (
        "SELECT ((Count(*))) AS Cnt, CAST(a AS bigint) AS [x y]\nFROM [i]\nWHERE NOT (a != 1);\n"
    )


def test_an_alias_before_its_expression_stays_there():
    assert laid("SELECT a = b + 1 FROM i") == "SELECT a = b + 1\nFROM i;\n"


@pytest.mark.parametrize("word", ["AND", "OR"])
def test_a_long_chain_gets_no_parentheses(word: str):
    condition = f" {word} ".join(f"column{n} = {n}" for n in range(200))
    text = laid(f"SELECT a FROM i WHERE {condition}")
    assert "(" not in text
    assert text.count("\n") == 202
    assert laid(text) == text


def test_line_ends_of_a_text_are_kept_also_in_strings():
    assert laid("SELECT 'a\r\nb' AS t\r\nFROM i\r\n") == "SELECT 'a\r\nb' AS t\r\nFROM i;\r\n"


def test_a_text_of_comments_alone_stays():
    assert laid("  -- nothing yet\n\n\n/* at all */") == "-- nothing yet\n\n/* at all */\n"
    assert laid(" \n") == ""


def test_a_separating_comma_and_go_are_left_out_with_their_comments_kept():
    assert laid("SELECT a, -- b\nFROM i\nGO\nSELECT b FROM j") == "SELECT a -- b\nFROM i;\n\nSELECT b\nFROM j;\n"


def test_a_text_with_errors_has_no_layout():
    with pytest.raises(QueryError):
        laid("SELECT FROM")
