"""JavaScript aggregates: instances, methods, results."""

from typing import Any

import pytest

from asaql.model import Instant, parse_ticks
from asaql.udf.javascript_errors import ScriptError

WEIGHTED = """
// Average of levels, each counted by its weight; the result goes through an undeclared name.
function main() {
    this.init = function () {
        this.sum = 0;
        this.weights = 0;
    };
    this.accumulate = function (value, timestamp) {
        this.sum += value.level * value.weight;
        this.weights += value.weight;
    };
    this.deaccumulate = function (value, timestamp) {
        this.sum -= value.level * value.weight;
        this.weights -= value.weight;
    };
    this.computeResult = function () {
        average = this.sum / this.weights;
        return average;
    };
}
"""
COUNT = """
function tally() {
    this.init = function () { this.n = 0; };
    this.accumulate = function () { this.n += 1; };
    this.computeResult = function () { return this.n; };
}
"""
NOON = parse_ticks("2024-05-06T12:00:00Z") or 0


def test_each_group_has_an_instance_of_its_own(hosts: Any) -> None:
    host = hosts.open({"weighted": WEIGHTED}, kind="aggregate")
    values = [{"level": 1, "weight": 2}, {"level": 3, "weight": 2.0}, {"level": 5, "weight": 1}]
    assert list(host.aggregate("WEIGHTED", [2, 1], values, [NOON] * 3)) == [2, 5]


def test_results_keep_their_types(hosts: Any) -> None:
    host = hosts.open({"weighted": WEIGHTED}, kind="aggregate")
    (result,) = host.aggregate("weighted", [2], [{"level": 1, "weight": 1}, {"level": 2, "weight": 1}], [NOON] * 2)
    assert (result, type(result)) == (1.5, float)


def test_the_timestamp_is_the_event_time_as_a_date(hosts: Any) -> None:
    script = """
    function main() {
        this.init = function () { this.times = []; };
        this.accumulate = function (value, timestamp) { this.times.push(timestamp); };
        this.computeResult = function () { return this.times; };
    }
    """
    host = hosts.open({"times": script}, kind="aggregate", output_type="array")
    ticks = [NOON, NOON + 10_000]
    assert list(host.aggregate("times", [2], [1, 2], ticks)) == [[Instant(each) for each in ticks]]


def test_nulls_are_accumulated(hosts: Any) -> None:
    host = hosts.open({"n": COUNT}, kind="aggregate")
    assert list(host.aggregate("n", [3], [None, 1, None], [NOON] * 3)) == [3]


def test_many_and_large_groups_are_taken_in_parts(hosts: Any) -> None:
    host = hosts.open({"n": COUNT}, kind="aggregate")
    sizes = [3, 40_000, 1, 20_000, *[1] * 20_000]
    rows = sum(sizes)
    assert list(host.aggregate("n", sizes, list(range(rows)), [NOON] * rows)) == sizes
    assert list(host.aggregate("n", [], [], [])) == []


def test_a_function_named_like_the_alias_wins(hosts: Any) -> None:
    script = COUNT + "function main() { throw 'not this one'; }"
    host = hosts.open({"Tally": script}, kind="aggregate")
    assert list(host.aggregate("tally", [1], [5], [NOON])) == [1]


def test_an_aggregate_may_be_a_class_and_need_no_init(hosts: Any) -> None:
    script = "class Last { accumulate(v) { this.last = v; } computeResult() { return this.last; } }"
    host = hosts.open({"f": script}, kind="aggregate")
    assert list(host.aggregate("f", [2, 1], ["a", "b", "c"], [NOON] * 3)) == ["b", "c"]


def test_the_result_is_converted_to_the_output_type(hosts: Any) -> None:
    host = hosts.open({"n": COUNT}, kind="aggregate", output_type="nvarchar(max)")
    assert list(host.aggregate("n", [2], [1, 2], [NOON] * 2)) == ["2"]
    host = hosts.open({"n": COUNT}, kind="aggregate", output_type="record")
    with pytest.raises(ScriptError) as caught:
        host.aggregate("n", [2], [1, 2], [NOON] * 2)
    assert (caught.value.diagnostic.code, caught.value.row) == ("AQ604", None)


@pytest.mark.parametrize("method", ["accumulate", "computeResult"])
def test_a_missing_method_is_named(hosts: Any, method: str) -> None:
    host = hosts.open({"n": COUNT.replace(f"this.{method}", "this.other")}, kind="aggregate")
    with pytest.raises(ScriptError) as caught:
        host.aggregate("n", [1], [1], [NOON])
    assert caught.value.diagnostic.code == "AQ601"
    assert caught.value.diagnostic.message == f'aggregate "n" has no method "{method}"'


def test_a_failure_names_the_row_and_the_place(hosts: Any) -> None:
    script = COUNT.replace("this.n += 1;", "if (arguments[0] > 2) throw {value: arguments[0]};")
    host = hosts.open({"n": script}, kind="aggregate")
    with pytest.raises(ScriptError) as caught:
        host.aggregate("n", [2, 2], [1, 2, 3, 4], [NOON] * 4)
    diagnostic = caught.value.diagnostic
    assert caught.value.row == 2
    assert diagnostic.message == 'function "n" failed: {"value":3}'
    assert diagnostic.notes == ("called as n(3)",)
    assert diagnostic.source is not None
    assert diagnostic.span is not None
    assert diagnostic.source.position(diagnostic.span.start).line == 4


def test_console_error_stops_an_aggregate_too(hosts: Any) -> None:
    script = COUNT.replace("this.n += 1;", "try { console.error('no'); } catch (e) {}")
    host = hosts.open({"n": script}, kind="aggregate")
    with pytest.raises(ScriptError, match="stopped the job: no"):
        host.aggregate("n", [1], [1], [NOON])
