"""Calls of JavaScript functions: arguments, results and their types."""

import multiprocessing
from typing import Any

import pytest

from asaql.diagnostics import Source
from asaql.model import Column, Instant, Kind, parse_ticks
from asaql.udf.javascript import ScriptHost
from asaql.udf.javascript_errors import ScriptError
from asaql.udf.script_spec import ScriptFunction

IDENTITY = "function main(value) { return value; }"
TAXI = """
function createArray(vendorid, weekday, pickuphour, passenger, distance) {
    'use strict';
    return [vendorid, weekday, pickuphour, passenger, distance];
}
"""


def instant(text: str) -> Instant:
    ticks = parse_ticks(text)
    assert ticks is not None
    return Instant(ticks)


def test_the_articles_function_makes_an_array_of_each_row(hosts: Any) -> None:
    column = hosts.column(TAXI, ["1", "2"], ["Mon", "Wed"], [12, 10], [1, 2], [5.8, 10.0])
    assert column.kind is Kind.ARRAY
    assert column.to_values() == [["1", "Mon", 12, 1, 5.8], ["2", "Wed", 10, 2, 10]]


def test_the_alias_of_the_job_counts_and_its_case_does_not(hosts: Any) -> None:
    host = hosts.open({"Twice": "function double(x) { return 2 * x; }"})
    assert host.call("TWICE", [Column.from_values([4])], 1).to_values() == [8]


def test_a_constant_argument_stands_for_every_row(hosts: Any) -> None:
    host = hosts.open({"f": "function main(a, b) { b.n = (b.n || 0) + a; return b.n; }"})
    arguments = [Column.from_values([1, 2, 3]), Column.constant({"n": 10})]
    assert host.call("f", arguments, 3).to_values() == [11, 12, 13]
    arguments[1] = Column.constant(instant("2024-01-01"))
    host = hosts.open({"f": "function main(a, b) { b.setUTCDate(a + b.getUTCDate()); return b; }"})
    assert host.call("f", arguments, 3).to_values() == [instant(f"2024-01-0{day}") for day in (2, 3, 4)]


def test_missing_arguments_are_undefined_and_further_ones_are_ignored(values: Any) -> None:
    assert values("function main(a, b) { return typeof b; }", [1]) == ["undefined"]
    assert values("function main(a) { return a; }", [1], [2]) == [1]
    assert values("function main() { return 7; }") == [7]


def test_no_rows_give_no_rows(hosts: Any) -> None:
    host = hosts.open({"f": IDENTITY})
    assert len(host.call("f", [Column.from_values([])], 0)) == 0


def test_more_rows_than_one_call_takes_give_one_column(hosts: Any) -> None:
    host = hosts.open({"f": "function main(a, b) { return a + b; }"})
    numbers = list(range(40_000))
    column = host.call("f", [Column.from_values(numbers), Column.constant(1)], len(numbers))
    assert column.to_values() == [each + 1 for each in numbers]


def test_an_error_names_the_row_within_the_whole_batch(hosts: Any) -> None:
    host = hosts.open({"f": "function main(a) { if (a === 20000) throw new Error('here'); }"})
    with pytest.raises(ScriptError) as caught:
        host.call("f", [Column.from_values(list(range(30_000)))], 30_000)
    assert caught.value.row == 20_000
    assert caught.value.diagnostic.notes == ("called as f(20000)",)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (5, Kind.BIGINT),
        (5.5, Kind.FLOAT),
        ("text", Kind.NVARCHAR),
        (True, Kind.BIT),
        (instant("2024-05-06T07:08:09.123Z"), Kind.DATETIME),
        ({"a": {"b": [1]}}, Kind.RECORD),
        ([1, "a", None], Kind.ARRAY),
        (None, Kind.NULL),
    ],
)
def test_a_value_of_each_type_comes_back_as_it_went(hosts: Any, value: Any, kind: Kind) -> None:
    column = hosts.column(IDENTITY, [value, value])
    assert column.kind is kind
    assert column.to_values() == [value, value]


def test_nulls_come_back_beside_values_of_each_kind(values: Any) -> None:
    for value in (5, 5.5, "text", True, instant("2024-05-06"), {"a": 1}, [1]):
        assert values(IDENTITY, [None, value]) == [None, value]


def test_rows_of_different_types_keep_their_types(hosts: Any) -> None:
    mixed = [1, 2.5, "3", False, instant("2024-05-06"), {"a": 1}, [instant("2024-05-07")], None]
    column = hosts.column(IDENTITY, mixed)
    assert column.kind is Kind.ANY
    assert column.to_values() == mixed
    assert [type(each) for each in column.to_values()] == [type(each) for each in mixed]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("5.0", 5),
        ("-0", 0),
        ("5.5", 5.5),
        ("2 ** 53", 2**53),
        ("2 ** 60 + 1", 2**60),
        ("2 ** 63", 2.0**63),
        ("-(2 ** 63)", -(2**63)),
        ("1e19", 1e19),
        ("1e300", 1e300),
        ("5e-324", 5e-324),
        ("NaN", None),
        ("1 / 0", None),
        ("-1 / 0", None),
        ("undefined", None),
        ("null", None),
        ("new Number(3)", 3),
        ("new String('x')", "x"),
        ("new Boolean(false)", False),
        ("[1, , undefined, NaN]", [1, None, None, None]),
        ("({z: 1, a: undefined, m: null})", {"z": 1, "a": None, "m": None}),
        ("({big: 2 ** 60, more: 1e19})", {"big": 2**60, "more": 1e19}),
        ("[new Date(0)]", [Instant(621355968000000000)]),
        ("new (class { constructor() { this.x = 1; } get y() { return 2; } })", {"x": 1}),
        ("Object.create(null)", {}),
        ("JSON.parse('{\"__proto__\": 1}')", {"__proto__": 1}),
    ],
)
def test_results_follow_the_type_table(values: Any, expression: str, expected: Any) -> None:
    (result,) = values(f"function main() {{ return {expression}; }}")
    assert result == expected
    assert type(result) is type(expected)


def test_the_order_of_fields_is_kept(values: Any) -> None:
    (result,) = values("function main() { return {z: 1, a: 2, m: {y: 1, b: 2}}; }")
    assert list(result) == ["z", "a", "m"]
    assert list(result["m"]) == ["y", "b"]


def test_a_bigint_beyond_two_to_the_53_loses_precision_on_the_way_in(values: Any) -> None:
    assert values(IDENTITY, [2**53 + 1, -(2**63), None]) == [2**53, -(2**63), None]


def test_a_whole_float_comes_back_as_bigint(values: Any) -> None:
    assert values(IDENTITY, [5.0, float("nan"), float("inf")]) == [5, None, None]


def test_a_datetime_is_a_date_of_milliseconds(values: Any) -> None:
    exact = instant("1969-12-31T23:59:59.9999999Z")
    assert values("function main(d) { return d.getTime(); }", [exact, None][:1]) == [-1]
    assert values(IDENTITY, [exact]) == [instant("1969-12-31T23:59:59.999Z")]
    extremes = [instant("0001-01-01"), instant("9999-12-31T23:59:59.999Z")]
    assert values(IDENTITY, extremes) == extremes


def test_datetimes_within_records_are_dates_too(values: Any) -> None:
    record = {"at": instant("2024-05-06"), "list": [instant("2024-05-07")], "$": 1}
    assert values("function main(r) { return r.at instanceof Date && r.list[0].getUTCDate(); }", [record]) == [7]
    assert values(IDENTITY, [record]) == [record]


def test_records_that_look_like_the_drivers_own_dates_stay_records(values: Any) -> None:
    records = [{"$": 5}, {"$": [5]}, {"$": {"$": 1}}, {"$": instant("2024-05-06")}]
    assert values(IDENTITY, records) == records
    assert values(IDENTITY, records[:3]) == records[:3]


def test_texts_of_every_sort_survive(values: Any) -> None:
    texts = ["", "a\0b", "\u2028\u2029", "😀", '"quoted" \\ \n', "</script>", "ÄÖ\u0301"]
    assert values(IDENTITY, texts) == texts


def test_half_a_surrogate_pair_becomes_the_replacement_character(values: Any) -> None:
    assert values("function main(t) { return t[0] + '|' + t; }", ["😀"]) == ["\ufffd|😀"]
    assert values("function main(t) { var r = {}; r[t[1]] = 1; return r; }", ["😀"]) == [{"\ufffd": 1}]
    assert values("function main(r) { return r.t.length; }", [{"t": "\ud83dx"}]) == [2]


def test_booleans_are_numbers_below_level_1_2(hosts: Any) -> None:
    script = "function main(b) { return {type: typeof b, nested: [b == 1], same: b === true}; }"
    assert hosts.values(script, [True], level="1.1") == [{"type": "number", "nested": [1], "same": 0}]
    assert hosts.values(script, [True], level="1.2") == [{"type": "boolean", "nested": [True], "same": True}]
    column = hosts.column("function main(n) { return n > 1; }", [1, 2, None], level="1.0")
    assert (column.kind, column.to_values()) == (Kind.BIGINT, [0, 1, 0])
    assert hosts.values("function main(r) { return typeof r.b; }", [{"b": True}], level="1.1") == ["number"]


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("function () {}", "a function"),
        ("[1, [() => 1]]", "a function"),
        ("Symbol('s')", "a symbol"),
        ("10n", "a BigInt"),
        ("new Error('e')", "an Error object"),
        ("({e: new TypeError('e')})", "an Error object"),
        ("Promise.resolve(1)", "a Promise"),
        ("new Map()", "a Map"),
        ("/x/", "a regular expression"),
        ("new Float32Array(2)", "a typed array"),
        ("new ArrayBuffer(2)", "an ArrayBuffer"),
        ("new Date(NaN)", "an invalid Date"),
        ("[new Date(-1e15)]", "a Date outside the years 1 to 9999"),
    ],
)
def test_a_result_without_a_type_fails(values: Any, expression: str, what: str) -> None:
    with pytest.raises(ScriptError) as caught:
        values(f"function main(n) {{ return n < 2 ? n : {expression}; }}", [1, 2])
    assert caught.value.row == 1
    assert caught.value.diagnostic.code == "AQ604"
    assert caught.value.diagnostic.message == f'function "f" returned {what}, which no type of the dialect holds'


def test_a_result_that_contains_itself_fails(values: Any) -> None:
    with pytest.raises(ScriptError, match="contains itself"):
        values("function main() { var o = {}; o.o = [o]; return o; }")


@pytest.mark.parametrize(
    ("output_type", "given", "expected"),
    [
        ("bigint", ["12", 3.0, True, None], [12, 3, 1, None]),
        ("float", [5, 2.5, "1e3"], [5.0, 2.5, 1000.0]),
        ("nvarchar(max)", [1, 2.5, {"a": 1}, None], ["1", "2.5", '{"a":1}', None]),
        ("NVARCHAR(MAX)", ["x"], ["x"]),
        ("datetime", ["2024-05-06T00:00:00Z"], [instant("2024-05-06")]),
        ("bit", [0, 1, "true"], [False, True, True]),
        ("record", [{"a": 1}], [{"a": 1}]),
        ("array", [[1], None], [[1], None]),
        ("any", [1, "a"], [1, "a"]),
    ],
)
def test_a_declared_output_type_converts_like_cast(values: Any, output_type: str, given: Any, expected: Any) -> None:
    result = values(IDENTITY, given, output_type=output_type)
    assert result == expected
    assert [type(each) for each in result] == [type(each) for each in expected]


def test_a_result_that_cannot_be_converted_fails(values: Any) -> None:
    with pytest.raises(ScriptError) as caught:
        values(IDENTITY, ["1", "abc"], output_type="bigint")
    assert caught.value.row == 1
    assert caught.value.diagnostic.code == "AQ604"
    assert 'the text "abc" cannot be converted to bigint' in caught.value.diagnostic.message


def test_scripts_share_neither_names_nor_strictness(hosts: Any) -> None:
    host = hosts.open(
        {
            "strict": "'use strict'; var step = 1; function helper(x) { return x + step; }\n"
            "function main(x) { return [helper(x), (function () { return this === undefined; })()]; }",
            "sloppy": "var step = 10; function helper(x) { return x + step; }\n"
            "function main(x) { total = helper(x); return [total, (function () { return this === undefined; })()]; }",
        }
    )
    assert host.call("strict", [Column.from_values([1])], 1).to_values() == [[2, True]]
    assert host.call("sloppy", [Column.from_values([1])], 1).to_values() == [[11, False]]


def test_a_script_that_changes_built_ins_does_not_change_what_crosses_over(values: Any) -> None:
    script = """
    JSON.stringify = JSON.parse = Object.keys = Array.isArray = function () { return 'broken'; };
    Date.prototype.getTime = Date.prototype.toJSON = function () { return 'broken'; };
    function main(r) { return [r, new Date(0)]; }
    """
    record = {"at": instant("2024-05-06")}
    assert values(script, [record]) == [[record, instant("1970-01-01")]]


def test_base64_is_there(values: Any) -> None:
    script = "function main(t) { return [btoa(t), atob(btoa(t)), atob(' ' + btoa(t))]; }"
    assert values(script, ["", "a", "ab", "abc", "héllo"]) == [
        ["", "", ""],
        ["YQ==", "a", "a"],
        ["YWI=", "ab", "ab"],
        ["YWJj", "abc", "abc"],
        ["aOlsbG8=", "héllo", "héllo"],
    ]
    for call in ("atob('@@@@')", "atob('a')", "btoa('😀')"):
        with pytest.raises(ScriptError, match=r"Error: [ab]to[ab] takes"):
            values(f"function main() {{ return {call}; }}")


def test_what_belongs_to_browsers_and_to_node_is_not_there(values: Any) -> None:
    names = ["require", "process", "setTimeout", "clearTimeout", "setInterval", "fetch", "window", "document"]
    script = f"function main() {{ return [{', '.join(f'typeof {name}' for name in names)}]; }}"
    assert values(script) == [["undefined"] * len(names)]


def test_typed_arrays_work_as_ever(values: Any) -> None:
    script = """
    function main(text) {
        var bytes = Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); });
        var view = new DataView(bytes.buffer);
        return [view.getFloat32(0), Array.from(bytes.slice(0, 2)), bytes instanceof Uint8Array];
    }
    """
    assert values(script, ["P8AAAA=="]) == [[1.5, [63, 192], True]]


def test_the_local_time_is_utc_and_dates_are_written_in_any_language(values: Any) -> None:
    script = """
    function main(d) {
        var long = {weekday: 'long', year: 'numeric', month: 'long', day: 'numeric'};
        return [d.getHours(), d.toLocaleString(), d.toLocaleDateString('de-DE', long)];
    }
    """
    assert values(script, [instant("2019-12-28T13:00:00Z")]) == [
        [13, "12/28/2019, 1:00:00 PM", "Samstag, 28. Dezember 2019"]
    ]


def _add_in_another_process(answers: Any) -> None:
    host = ScriptHost([ScriptFunction("f", Source("f.js", "function main(a) { return a + 1; }"))])
    answers.put(host.call("f", [Column.from_values([1])], 1).to_values())
    host.close()


def test_functions_run_in_a_spawned_process() -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_add_in_another_process, args=(answers,))
    process.start()
    assert answers.get(timeout=60) == [2]
    process.join(60)
    assert process.exitcode == 0
    answers.close()
    answers.join_thread()
