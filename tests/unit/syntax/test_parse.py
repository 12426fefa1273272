"""What the dialect allows, and the trees that it makes."""

import pytest

from asaql.diagnostics import Source
from asaql.syntax import ast, parse, parse_expression
from asaql.syntax.ast import Identifier


def read(text: str) -> ast.Script:
    return parse(Source("query", text)).script


def select(text: str) -> ast.Select:
    (part,) = read(text).parts
    assert isinstance(part, ast.Select)
    return part


def aliases(text: str) -> list[str | None]:
    return [item.alias.name if item.alias else None for item in select(text).items]


ACCEPTED = [
    'SELECT System.Timestamp AS \'windowEnd\', ABS(x) AS "The ABS of x" INTO "CallStream-PowerBI" FROM "rideau-x"',
    'SELECT SUM("in"), InputJson1."record" FROM [pbi-output] GROUP BY TumblingWindow(second, 5)',
    "SELECT rec.[0].value, [identity].type, main.[Items], x.[user-data], [a].b, a.[index] FROM main",
    "SELECT d.Id, d.*, e.* FROM a d JOIN b AS e ON DATEDIFF(second, d, e) BETWEEN -5 AND 0 AND d.x = e.x",
    "SELECT l.*, l.body.*, c.ArrayValue.*, *, 1 AS x FROM l CROSS APPLY GetArrayElements(l.a) AS c",
    "SELECT a, * FROM input",
    "SELECT GetArrayElement(A.event,0).name, System.Window().Id, (LAG(V) OVER (LIMIT DURATION(hour,1))).Value FROM A",
    "SELECT __deviceid, UDF.json_stringify(input), udf.f(GA), uda.TWA(value) FROM input",
    "SELECT COUNT(*) AS [Count] FROM x GROUP BY a, TumblingWindow(minute, 1) HAVING [Count] >= 3",
    "SELECT a FROM x HAVING a > 3",
    "SELECT a FROM step1 PARTITION BY k INTO 10 WHERE a = 1",
    "SELECT a FROM x PARTITION BY k TIMESTAMP BY t",
    "SELECT a FROM x TIMESTAMP BY t OVER a, b PARTITION BY PartitionId",
    "SELECT a FROM x r TIMESTAMP BY DATEADD(second, r.t, '1970-01-01') OVER DeviceId",
    "SELECT a FROM x TIMESTAMP BY (CASE eventType WHEN 'a' THEN b ELSE c END)",
    "SELECT a FROM x TIMESTAMP BY CAST(t AS datetime) AS q JOIN y z ON DATEDIFF(minute,q,z) BETWEEN 0 AND 15",
    "SELECT a FROM x JOIN y ON ST_OVERLAPS(a, b) LEFT OUTER JOIN z ON x.a=z.a LEFT JOIN w ON 1=1 INNER JOIN v ON 2=2",
    "SELECT a FROM (x JOIN y ON x.a=y.a) JOIN z ON y.a = z.a",
    "SELECT a FROM x GROUP BY HOPPINGWINDOW (Duration(mi,5), Hop(ss, 30)), Tumbling(second, 10)",
    "SELECT a FROM x GROUP BY TumblingWindow(hour, 24, -4)",
    "SELECT a FROM x GROUP BY Windows(Window('id', TumblingWindow(minute,1)), HoppingWindow(minute, 2, 1))",
    "SELECT k FROM x GROUP BY k, SessionWindow(minute, 1, 60) OVER (PARTITION BY k)",
    "SELECT LAG(a) OVER(LIMIT Duration (hours, 2) PARTITION BY b, c WHEN a IS NOT NULL AND b > 1) FROM x",
    "SELECT a FROM x WHERE MAX(healthy) OVER (PARTITION BY a LIMIT DURATION(mi, 1)) = 0",
    "SELECT PERCENTILE_CONT(0.95) OVER (ORDER BY x), TopOne(e) OVER (ORDER BY a DESC, b ASC) FROM x",
    "SELECT ISFIRST(mi, 10) OVER (PARTITION BY d WHEN a = 1), ISFIRST(mi, 10) FROM x",
    "SELECT LAG(*) OVER (LIMIT DURATION(mi, 1)) FROM x",
    "SELECT a,- DATEPART(mi, x), 00, 1e3, 1.5E-3, .5, N'x''y' FROM x",
    "SELECT COUNT ( * ), COUNT(1), COUNT(), COUNT(ALL x), COUNT(DISTINCT x), COUNT(distinct), COUNT(all) FROM x",
    "SELECT CASE WHEN a = 1 THEN 2 END, CASE a.b WHEN 1 THEN CASE WHEN x=2 THEN 1 ELSE 0 END ELSE 2 END FROM x",
    "SELECT a FROM x WHERE a !> 3 AND c !< 3 AND b % 2 = 0 AND a & b | c ^ d = ~e AND NOT (a != 1 OR b LIKE 'x')",
    "SELECT NCHAR(UNICODE('茶')) AS 名 FROM [入力]",
    "SELECT CAST(a AS nvarchar(max)), TRY_CAST(b AS decimal(5, 2)), CAST(c AS record) FROM x",
    "SELECT a FROM x OUTER APPLY GetRecordProperties(x.b) r CROSS APPLY udf.f(x) AS y WHERE r.PropertyName = 'a'",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_spelling_of_public_queries_is_read_without_a_warning(text: str):
    assert parse(Source("query", text)).warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffSELECT a\u00a0FROM\tx -- it's the end",
        "SELECT a\r\nFROM x\r\n/* it's " + "x" * 30_000 + " */ -- 茶 //",
        "SELECT /* a\nb */ a FROM x;;",
        "SELECT a FROM x\nGO\n",
    ],
    ids=["byte-order mark and no-break space", "long block comment", "comment in a list", "GO"],
)
def test_blanks_and_comments_make_no_difference(text: str):
    assert read(text) == read("SELECT a FROM x")


def test_an_empty_text_is_an_empty_script():
    assert read(" -- nothing\n") == ast.Script(())


def test_statements_follow_each_other_with_and_without_separators():
    parts = read("SELECT a INTO o FROM x SELECT b INTO p FROM y; SELECT c FROM z\nGO\nSELECT d INTO q FROM w").parts
    assert [type(each) for each in parts] == [ast.Select] * 4


def test_several_with_and_create_table_parts_stand_in_any_order():
    text = """CREATE TABLE i (a bigint, [b c] nvarchar(max))
    SELECT a INTO o FROM i WITH s AS (SELECT a FROM i), t AS (SELECT a FROM s UNION SELECT a FROM i)
    SELECT * INTO p FROM t WITH u AS (SELECT a FROM i) SELECT * INTO q FROM u"""
    kinds = [type(each) for each in read(text).parts]
    assert kinds == [ast.CreateTable, ast.Select, ast.With, ast.Select, ast.With, ast.Select]


def test_aliases_come_in_every_documented_spelling():
    text = "SELECT a AS x, b y, c 'z', d AS \"w\", e [v u], t = f + 1, (g)as[s], h AS 'it''s' FROM i"
    assert aliases(text) == ["x", "y", "z", "w", "v u", "t", "s", "it's"]


def test_an_alias_may_be_a_reserved_word_behind_as():
    assert aliases("SELECT a AS end, b AS on, c AS [from], d AS in FROM i") == ["end", "on", "from", "in"]


WORDS = """
    time value count second user input output date type event partition timestamp offset first last level duration limit
    top left right group order apply cross inner outer table create asc desc go cast try_cast measures pattern define
    after match skip to next row one per distinct all escape exists using
"""


@pytest.mark.parametrize("word", WORDS.split())
def test_a_word_that_is_no_clause_is_a_name_everywhere(word: str):
    name = Identifier(word)
    item = ast.SelectItem(ast.Path((name,)), name)
    script = select(
        f"SELECT {word} AS {word}, {word}, a.{word}\nFROM {word} {word} TIMESTAMP BY {word} WHERE {word} = 1"
    )
    assert script.items == (item, ast.SelectItem(ast.Path((name,))), ast.SelectItem(ast.Path((Identifier("a"), name))))
    assert script.from_.source.name == script.from_.source.alias == name
    assert script.from_.source.timestamp_by == ast.TimestampBy(ast.Path((name,)))


def test_left_and_right_are_functions_and_joins():
    text = "SELECT LEFT(a, 2), RIGHT(b, 1) FROM x left LEFT JOIN y right ON 1 = 1"
    assert [item.expression.name.name for item in select(text).items] == ["LEFT", "RIGHT"]  # type: ignore[union-attr]
    (join,) = select(text).from_.operations
    assert isinstance(join, ast.Join)
    assert join.kind is ast.JoinKind.LEFT


def test_go_is_a_column_inside_a_list_and_an_end_on_its_own_line():
    assert len(select("SELECT a\n,go\nFROM x").items) == 2
    assert len(read("SELECT a FROM x\ngo\nSELECT b INTO o FROM x").parts) == 2


def path(*names: str) -> ast.Path:
    return ast.Path(tuple(Identifier(each) for each in names))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a & b + c", "(a & b) + c"),
        ("~a * b", "(~a) * b"),
        ("-a * b", "(-a) * b"),
        ("a * -b", "a * (-b)"),
        ("a + b > c", "(a + b) > c"),
        ("NOT a = 1 AND b = 2", "(NOT (a = 1)) AND (b = 2)"),
        ("a = 1 OR b = 2 AND c = 3", "(a = 1) OR ((b = 2) AND (c = 3))"),
        ("a BETWEEN 1 AND 2 AND b = 3", "(a BETWEEN 1 AND 2) AND (b = 3)"),
        ("a + 1 IS NULL", "(a + 1) IS NULL"),
        ("a NOT IN (1, 2)", "(a) NOT IN ((1), (2))"),
        ("a != 1", "a <> 1"),
        ("a !> 1", "a <= 1"),
        ("a !< 1", "a >= 1"),
        ("COUNT(ALL a)", "COUNT(a)"),
        ("CAST(a AS NVARCHAR(MAX))", "cast(a as nvarchar(max))"),
        ("00", "0"),
        ("N'x'", "'x'"),
    ],
)
def test_operators_bind_as_in_transact_sql(text: str, same: str):
    assert parse_expression(text) == parse_expression(same)


def test_names_keep_their_spelling_and_undo_their_quotes():
    assert parse_expression('[a]]b]."c""d".E') == path("a]b", 'c"d', "E")


def test_a_name_in_double_quotes_is_marked():
    expression = parse_expression('"on"')
    assert isinstance(expression, ast.Path)
    assert expression.parts[0].is_double_quoted


def test_system_timestamp_is_a_path_and_with_parentheses_a_call():
    assert parse_expression("System.TimeStamp") == path("System", "TimeStamp")
    call = parse_expression("System.TimeStamp()")
    assert call == ast.Call(Identifier("TimeStamp"), (), (Identifier("System"),))


def test_the_fields_of_a_call_are_accessed_with_dots():
    call = ast.Call(Identifier("f"), (path("x"),), (Identifier("udf"),))
    assert parse_expression("udf.f(x).a.b") == ast.FieldAccess(ast.FieldAccess(call, Identifier("a")), Identifier("b"))


def test_the_parts_of_over_stand_in_any_order():
    first = "LAG(a, 1) OVER (PARTITION BY k LIMIT DURATION(hour, 2) WHEN a > 0)"
    second = "LAG(a, 1) OVER (WHEN a > 0 LIMIT DURATION(hour, 2) PARTITION BY k)"
    assert parse_expression(first) == parse_expression(second)


def test_over_with_keys_belongs_to_timestamp_by():
    source = select("SELECT a FROM i TIMESTAMP BY f(t) OVER a, b").from_.source
    assert source.timestamp_by == ast.TimestampBy(ast.Call(Identifier("f"), (path("t"),)), (path("a"), path("b")))


def test_the_clauses_of_a_source_stand_in_any_order_with_the_alias_before_or_behind():
    spellings = [
        "i AS x PARTITION BY k INTO 4 TIMESTAMP BY t",
        "i x TIMESTAMP BY t PARTITION BY k INTO 4",
        "i TIMESTAMP BY t PARTITION BY k INTO 4 AS x",
    ]
    sources = {select(f"SELECT a FROM {each} WHERE a = 1").from_.source for each in spellings}
    assert len(sources) == 1


def test_parentheses_around_joins_decide_what_is_joined_first():
    nested = select("SELECT a FROM x JOIN (y JOIN z ON y.k = z.k) ON x.k = y.k").from_.operations[0]
    assert isinstance(nested, ast.Join)
    assert isinstance(nested.right, ast.From)
    assert select("SELECT a FROM (x JOIN y ON x.k = y.k) JOIN z ON y.k = z.k") == select(
        "SELECT a FROM x JOIN y ON x.k = y.k JOIN z ON y.k = z.k"
    )


def test_a_pattern_has_sequences_options_groups_and_counts():
    text = """SELECT * FROM i MATCH_RECOGNIZE (
        LIMIT DURATION(minute, 1) PARTITION BY k MEASURES LAST(A.v) AS a, Classifier() AS c
        ONE ROW PER MATCH AFTER MATCH SKIP TO NEXT ROW
        PATTERN (A+ B{2,} (A | B)? . B{3}* A{1,2}) DEFINE A AS A.v > 2 * MAX(A.v), B AS B.v = 1) AS m"""
    with pytest.raises(Exception, match="cannot stand here"):
        select(text)
    match = select(text.replace("B{3}*", "(B{3})*")).from_.match
    assert match is not None
    a, b = ast.PatternVariable(Identifier("A")), ast.PatternVariable(Identifier("B"))
    assert match.pattern == ast.PatternSequence(
        (
            ast.PatternRepeat(a, 1, None),
            ast.PatternRepeat(b, 2, None),
            ast.PatternRepeat(ast.PatternAlternation((a, b)), 0, 1),
            ast.PatternAny(),
            ast.PatternRepeat(ast.PatternRepeat(b, 3, 3), 0, None),
            ast.PatternRepeat(a, 1, 2),
        )
    )
    assert match.alias == Identifier("m")


def test_the_parts_of_a_pattern_stand_in_any_order():
    parts = ["LIMIT DURATION(ss, 1)", "PARTITION BY k", "MEASURES A.v AS v", "PATTERN (A)", "DEFINE A AS A.v > 1"]
    first = select(f"SELECT * FROM i MATCH_RECOGNIZE ({' '.join(parts)})")
    assert first == select(f"SELECT * FROM i MATCH_RECOGNIZE ({' '.join(reversed(parts))})")


def test_very_long_lists_and_conditions_are_read():
    condition = " AND ".join(f"a{n} = {n}" for n in range(5_000))
    script = select(f"SELECT {', '.join(['a'] * 5_000)} FROM i WHERE {condition} AND b IN ({', '.join(['1'] * 5_000)})")
    assert len(script.items) == 5_000


def test_the_least_bigint_is_written_with_its_sign():
    least = ast.Unary(ast.UnaryOperator.MINUS, ast.IntegerLiteral(2**63))
    assert parse_expression("-9223372036854775808") == least


def test_spans_cover_exactly_what_was_written():
    source = Source("query", "SELECT (a + b) * c AS x, COUNT ( * ) FROM [in put] i TIMESTAMP BY i.t -- end\n;")
    (part,) = parse(source).script.parts
    assert isinstance(part, ast.Select)
    product, count = (item.expression for item in part.items)
    assert isinstance(product, ast.Binary)
    spelled = [source.slice(each.span) for each in (part, product, product.left, count, part.from_.source)]
    assert spelled == [
        "SELECT (a + b) * c AS x, COUNT ( * ) FROM [in put] i TIMESTAMP BY i.t",
        "(a + b) * c",
        "(a + b)",
        "COUNT ( * )",
        "[in put] i TIMESTAMP BY i.t",
    ]


SLIPS = [
    ("SELECT a, FROM x", "SELECT a FROM x"),
    ("SELECT a, INTO o FROM x", "SELECT a INTO o FROM x"),
    ("SELECT a FROM x INNER JOIN, y ON 1 = 1", "SELECT a FROM x INNER JOIN y ON 1 = 1"),
    ("WITH s AS (SELECT a FROM x), SELECT a FROM s", "WITH s AS (SELECT a FROM x) SELECT a FROM s"),
]


@pytest.mark.parametrize(("slip", "meant"), SLIPS)
def test_slips_of_documented_samples_are_read_with_a_warning(slip: str, meant: str):
    parsed = parse(Source("query", slip))
    assert parsed.script == read(meant)
    assert [each.code for each in parsed.warnings] == ["AQ105"]
    assert not any(each.is_error for each in parsed.warnings)


def test_a_union_of_two_sources_is_read_with_a_warning():
    parsed = parse(Source("query", "SELECT a FROM s PARTITION BY k UNION ALL t PARTITION BY k WHERE a = 1"))
    (part,) = parsed.script.parts
    assert isinstance(part, ast.Select)
    assert [each.name for each in part.from_.union] == [Identifier("t")]
    assert [each.code for each in parsed.warnings] == ["AQ105"]
