import pytest

from asaql.analysis import Catalog, DeclaredFunction, FunctionKind, analyse
from asaql.diagnostics import Source
from asaql.plan import Plan, explain_json, explain_mermaid, explain_text
from asaql.plan.build import build
from asaql.plan.logical import Output, Project, Scan, nodes_of
from asaql.plan.rules import RULES
from asaql.plan.rules.drop_unread_slots import drop_unread_slots
from asaql.plan.rules.drop_unread_steps import drop_unread_steps
from asaql.plan.rules.fold_constants import fold_constants
from asaql.plan.rules.narrow_whole_events import narrow_whole_events
from asaql.plan.rules.place_exchanges import place_exchanges
from asaql.plan.verify import PlanError, verify
from asaql.syntax import parse

CATALOG = Catalog(
    functions=(
        DeclaredFunction("score", FunctionKind.SCORE),
        DeclaredFunction("shorten", FunctionKind.SCRIPT),
    )
)


def built(query: str) -> Plan:
    source = Source("query", query)
    return build(analyse(parse(source).script, source, CATALOG).script)


def scans(plan: Plan) -> list[Scan]:
    return [node for tree in plan.trees for node in nodes_of(tree) if isinstance(node, Scan)]


def test_each_rule_has_the_name_of_its_file() -> None:
    assert [rule.__module__.rpartition(".")[2] for rule in RULES] == [rule.__name__ for rule in RULES]


def test_a_step_that_nobody_reads_is_left_out() -> None:
    plan = drop_unread_steps(built("WITH a AS (SELECT x FROM i), b AS (SELECT y FROM i) SELECT y FROM b"))
    assert [name for name, _ in plan.steps] == ["b"]


def test_a_step_read_by_a_step_that_is_read_stays() -> None:
    plan = drop_unread_steps(built("WITH a AS (SELECT x FROM i), b AS (SELECT x FROM a) SELECT x FROM b"))
    assert [name for name, _ in plan.steps] == ["a", "b"]


def test_constants_are_computed_before_the_run() -> None:
    text = explain_text(fold_constants(built("SELECT x FROM i WHERE x > 1 + 2 * 3")))
    assert "Filter (i.x > 7)" in text


def test_a_constant_call_that_fails_is_left_to_the_run() -> None:
    text = explain_text(fold_constants(built("SELECT x FROM i WHERE x > 1 / 0")))
    assert "Filter (i.x > (1 / 0))" in text


def test_a_step_of_whole_events_is_narrowed_to_the_fields_its_readers_name() -> None:
    plan = narrow_whole_events(built("WITH s AS (SELECT * FROM i WHERE v > 0) SELECT a, s.b.c FROM s"))
    (scan,) = scans(plan)
    assert scan.record_slot is None
    assert [path for _, path in scan.fields] == [("v",), ("a",), ("b",)]


def test_a_step_whose_rows_are_needed_whole_keeps_whole_events() -> None:
    plan = narrow_whole_events(built("WITH s AS (SELECT * FROM i) SELECT udf.score(s) AS p, a FROM s"))
    assert scans(plan)[0].record_slot is not None


def test_an_exchange_stands_below_what_needs_equal_keys_together() -> None:
    text = explain_text(place_exchanges(built("SELECT k, COUNT(*) FROM i GROUP BY k, TumblingWindow(second, 1)")))
    assert "Exchange by i.k" in text


def test_no_exchange_stands_where_rows_may_be_anywhere() -> None:
    assert "Exchange" not in explain_text(place_exchanges(built("SELECT k FROM i WHERE k > 1")))


def test_a_rule_that_changes_an_output_is_caught() -> None:
    before = built("SELECT a, b FROM i")
    output = before.outputs[0]
    assert isinstance(output.child, Project)
    narrowed = Output(Project(output.child.child, output.child.columns[:1]), output.name, output.columns)
    with pytest.raises(PlanError, match="changed the columns"):
        verify(before, Plan((), (narrowed,)), "broken")


def test_a_rule_that_reads_a_slot_nobody_gives_is_caught() -> None:
    before = built("SELECT a FROM i")
    output = before.outputs[0]
    assert isinstance(output.child, Project)
    blind = Output(Project(Scan("i", "i"), output.child.columns), output.name, output.columns)
    with pytest.raises(PlanError, match="which nothing gives"):
        verify(before, Plan((), (blind,)), "broken")


def test_scoring_stands_behind_the_filter_of_its_select() -> None:
    text = explain_text(built("SELECT udf.score(udf.shorten(a)) FROM i WHERE b = 1"))
    lines = [line.strip("└├─│ ").split(" ")[0] for line in text.splitlines()]
    assert lines == ["Output", "Project", "Score", "Filter", "Scan"]


def test_the_plan_is_shown_as_mermaid_and_json() -> None:
    plan = built("WITH s AS (SELECT a FROM i) SELECT a INTO o FROM s")
    assert explain_mermaid(plan).splitlines()[0] == "flowchart TD"
    shown = explain_json(plan)
    assert shown["steps"][0]["name"] == "s"
    assert shown["outputs"][0]["node"] == "Output"
    assert shown["outputs"][0]["columns"] == ["a"]


def test_a_window_gets_only_what_is_read_behind_it() -> None:
    query = (
        "SELECT COUNT(*) AS n, MAX(a) AS a FROM i TIMESTAMP BY t WHERE b > 0 GROUP BY c, SessionWindow(second, 1, 9)"
    )
    text = explain_text(drop_unread_slots(built(query)))
    assert "Project i.c, i.a [any]" in text


def test_a_join_gets_only_what_is_read_behind_it() -> None:
    query = (
        "SELECT x.a, y.b FROM i x TIMESTAMP BY t JOIN j y TIMESTAMP BY u "
        "ON x.k = y.k AND x.c > y.d AND DATEDIFF(second, x, y) BETWEEN 0 AND 5"
    )
    text = explain_text(drop_unread_slots(built(query)))
    assert "Project x.k, x.c, x.a [any]" in text
    assert "Project y.k, y.d, y.b [any]" in text


def test_a_join_of_three_keeps_the_times_that_it_compares() -> None:
    query = (
        "SELECT x.a FROM i x TIMESTAMP BY t "
        "JOIN j y TIMESTAMP BY u ON x.k = y.k AND DATEDIFF(second, x, y) BETWEEN 0 AND 5 "
        "JOIN l z ON x.k = z.k AND DATEDIFF(second, y, z) BETWEEN 0 AND 5"
    )
    text = explain_text(drop_unread_slots(built(query)))
    assert "Project y.k, $time.y [any]" in text


def test_what_every_row_shows_is_not_dropped() -> None:
    query = "SELECT *, LAG(a) OVER (LIMIT DURATION(second, 5)) AS b FROM i TIMESTAMP BY t"
    assert "Project i.a, i.* [any]" in explain_text(drop_unread_slots(built(query)))
