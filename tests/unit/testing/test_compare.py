from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from asaql.testing import compare_rows, values_equal
from asaql.testing.case import Output
from asaql.testing.markdown import Block
from asaql.testing.values import CsvText, row_text


def _output(*rows: dict[str, Any], ordered: bool = True, exact: bool = False) -> Output:
    text = "".join(f"{row_text(each)}\n" for each in rows)
    block = Block("jsonl", MappingProxyType({"out": "o"}), text, 10, 11 + len(rows))
    return Output("o", block, rows, ordered, exact)


@pytest.mark.parametrize(
    ("expected", "observed"),
    [
        (3, 3.0),
        (0.1 + 0.2, 0.3),
        (0.0, 1e-17),
        (float("nan"), float("nan")),
        ({"a": 1, "b": [1, "x"]}, {"b": [1, "x"], "a": 1}),
        (2**63 - 1, 2**63 - 1),
        (None, None),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.0000000Z"),
        ("2024-01-01T01:30:00.25+01:30", "2024-01-01T00:00:00.2500000Z"),
        ("2024-01-01 00:00", "2024-01-01T00:00:00.0000000Z"),
        (CsvText("1.50"), 1.5),
        (CsvText("True"), True),
        (CsvText("1"), "1"),
        (CsvText('[1, {"a": 2}]'), [1, {"a": 2}]),
        (CsvText("2024-01-01T00:00:00Z"), "2024-01-01T00:00:00.0000000Z"),
    ],
)
def test_values_that_count_as_equal(expected: object, observed: object) -> None:
    assert values_equal(expected, observed)


@pytest.mark.parametrize(
    ("expected", "observed"),
    [
        (1, True),
        (0, False),
        (1, "1"),
        (1.0, 1.00001),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        (2**63 - 1, 2**63 - 2),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:01.0000000Z"),
        ("2024-01-01", "2024-01-01T00:00:00.0000000Z"),
        ("2024-01-01T00:00:00.0000000Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01 00:00", "2024-01-01T00:00"),
        (None, 0),
        (CsvText("1.5"), 1.6),
        (CsvText("true"), 1),
        (CsvText("1"), True),
        (CsvText("x"), 1),
        (CsvText('"a"'), ["a"]),
    ],
)
def test_values_that_do_not_count_as_equal(expected: object, observed: object) -> None:
    assert not values_equal(expected, observed)


def test_an_exact_comparison_tells_bigints_from_floats() -> None:
    assert not values_equal(3, 3.0, exact=True)
    assert values_equal(3.0, 3.0 + 1e-12, exact=True)


def test_an_exact_comparison_takes_datetimes_as_they_are_written() -> None:
    assert not values_equal("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.0000000Z", exact=True)


def test_order_counts_unless_the_case_says_otherwise() -> None:
    rows: tuple[dict[str, Any], ...] = ({"a": 1}, {"a": 2})
    backwards = list(reversed(rows))
    assert compare_rows(_output(*rows, ordered=False), backwards) == []
    assert compare_rows(_output(*rows), backwards, path="f.md") == [
        'output "o": 2 rows expected, 2 rows observed; the same rows in another order',
        "  f.md:11: expected as row 1, observed as row 2",
        "  f.md:12: expected as row 2, observed as row 1",
    ]


def test_an_unordered_comparison_counts_how_often_a_row_is_there() -> None:
    assert compare_rows(_output({"a": 1}, {"a": 1}, {"a": 2}, ordered=False), [{"a": 1}, {"a": 2}, {"a": 2}]) != []


def test_floats_at_a_rounding_edge_find_their_counterpart() -> None:
    left, right = 1.2345678949999, 1.2345678950001
    assert compare_rows(_output({"a": left}, {"a": 7}, ordered=False), [{"a": 7}, {"a": right}]) == []


def test_a_difference_names_the_line_and_the_field() -> None:
    lines = compare_rows(_output({"k": "x", "n": 1}, {"k": "y", "n": 2}), [{"k": "x", "n": 1}, {"k": "y", "n": 3}])
    assert lines == [
        'output "o": 2 rows expected, 2 rows observed: 1 different',
        "  :12: row 2 differs",
        '    - {"k": "y", "n": 2}',
        '    + {"k": "y", "n": 3}',
        "                 ^^^^^^",
        '      "n": expected 2, observed 3',
    ]


def test_a_row_too_few_shifts_no_other_row() -> None:
    lines = compare_rows(_output({"n": 1}, {"n": 2}, {"n": 3}), [{"n": 2}, {"n": 3}], path="f.md")
    assert lines[1:] == ["  f.md:11: missing", '    - {"n": 1}']


def test_a_row_too_many_is_shown() -> None:
    lines = compare_rows(_output({"n": 1}), [{"n": 1}, {"m": 2}])
    assert lines == [
        'output "o": 1 row expected, 2 rows observed: 1 unexpected',
        "  row 2: unexpected",
        '    + {"m": 2}',
    ]


def test_fields_that_are_missing_or_too_many_are_named() -> None:
    lines = compare_rows(_output({"a": 1, "b": 2}), [{"a": 1, "c": 2}])
    assert lines[-2:] == ['      "b": missing', '      "c": not expected']


def test_characters_that_cannot_be_seen_are_written_as_escapes() -> None:
    assert row_text({"a": "茶\u200b\u2028\ud800 x"}) == '{"a": "茶\\u200b\\u2028\\ud800 x"}'


def test_floats_that_differ_say_how_far_and_how_far_they_may() -> None:
    lines = compare_rows(_output({"n": 2.0}), [{"n": 2.5}], tolerance=1e-6)
    assert lines[-1] == '      "n": expected 2.0, observed 2.5 (relative distance 0.2, tolerance 1e-06)'
    lines = compare_rows(_output({"n": 2}, exact=True), [{"n": 2.0}])
    assert lines[-1] == '      "n": expected 2, observed 2.0 (a bigint and a float, compared exactly)'


def test_rows_are_aligned_with_those_they_are_most_like() -> None:
    expected = [
        {"car": "a", "at": "08:00", "n": 1},
        {"car": "b", "at": "08:00", "n": 7},
        {"car": "c", "at": "x", "n": 3},
    ]
    observed = [
        {"car": "b", "at": "08:00", "n": 8},
        {"car": "a", "at": "09:00", "n": 1},
        {"car": "z", "at": "y", "n": None},
    ]
    lines = compare_rows(_output(*expected, ordered=False), observed, path="f.md")
    assert lines == [
        'output "o": 3 rows expected, 3 rows observed: 2 different, 1 missing, 1 unexpected',
        "  f.md:11: row 2 differs",
        '    - {"car": "a", "at": "08:00", "n": 1}',
        '    + {"car": "a", "at": "09:00", "n": 1}',
        "                   ^^^^^^^^^^^^^",
        '      "at": expected "08:00", observed "09:00"',
        "  f.md:12: row 1 differs",
        '    - {"car": "b", "at": "08:00", "n": 7}',
        '    + {"car": "b", "at": "08:00", "n": 8}',
        "                                  ^^^^^^",
        '      "n": expected 7, observed 8',
        "  f.md:13: missing",
        '    - {"car": "c", "at": "x", "n": 3}',
        "  row 3: unexpected",
        '    + {"car": "z", "at": "y", "n": null}',
    ]


def test_a_nearer_number_wins() -> None:
    lines = compare_rows(_output({"n": 10.0}, {"n": 100.0}, ordered=False), [{"n": 99.0}, {"n": 11.0}])
    assert [each for each in lines if "expected 1" in each] == [
        '      "n": expected 10.0, observed 11.0 (relative distance 0.091, tolerance 1e-09)',
        '      "n": expected 100.0, observed 99.0 (relative distance 0.01, tolerance 1e-09)',
    ]


def test_only_so_many_differences_are_shown() -> None:
    rows = [{"n": f"{each}"} for each in range(500)]
    lines = compare_rows(_output(*rows), [])
    assert lines[0].endswith("0 rows observed: 500 missing")
    assert (len(lines), lines[-1]) == (42, "  (and 480 more)")


def test_fields_that_are_ignored_are_neither_compared_nor_shown() -> None:
    output = replace(_output({"a": 1, "At": 2, "r": {"x": 1, "y": 2}}), ignored=frozenset({"at", "R.x", "gone"}))
    assert compare_rows(output, [{"a": 1, "r": {"y": 2, "x": 9}}]) == []
    assert '    + {"a": 2, "r": {"y": 2}}' in compare_rows(output, [{"a": 2, "at": 5, "r": {"y": 2}}])


def test_rows_of_a_csv_file_do_not_tell_null_from_empty_or_missing() -> None:
    output = _output({"a": CsvText("1"), "b": CsvText(""), "c": CsvText("")}, ordered=False)
    assert compare_rows(output, [{"a": 1, "b": None}]) == []
    assert compare_rows(output, [{"a": 1, "b": 0}]) != []


def test_fields_of_records_are_named_by_their_path_and_other_spellings_shown() -> None:
    lines = compare_rows(
        _output({"k": "x", "r": {"a": {"b": 1}, "Id": 2}}), [{"k": "x", "r": {"a": {"b": 3}, "ID": 2}}]
    )
    assert lines[-3:] == [
        '      "r.a.b": expected 1, observed 3',
        '      "r.Id": missing; it is spelled "ID"',
        '      "r.ID": not expected',
    ]


def test_rows_are_matched_within_a_wide_tolerance_in_any_order() -> None:
    rows = [{"k": f"{each % 50}", "n": float(each)} for each in range(2000)]
    observed = [{"k": row["k"], "n": row["n"] * 1.00001} for row in reversed(rows)]
    assert compare_rows(_output(*rows, ordered=False), observed, tolerance=1e-4) == []


def test_cells_of_every_kind_find_their_row_in_any_order() -> None:
    cells = [
        ("1.50", 1.5),
        ("TRUE", True),
        ('[1, "a"]', [1, "a"]),
        ("2024-01-01T00:00Z", "2024-01-01T00:00:00.0000000Z"),
    ]
    cells += [("1", "1"), ("NaN", "NaN"), (" x", " x")]
    expected = [{"a": CsvText(text)} for text, _ in cells]
    assert compare_rows(_output(*expected, ordered=False), [{"a": value} for _, value in reversed(cells)]) == []


def test_a_wide_row_is_shown_without_carets() -> None:
    left, right = {"a": "x" * 200, "n": 1}, {"a": "x" * 200, "n": 2}
    assert [each for each in compare_rows(_output(left), [right]) if "^" in each] == []


def test_carets_stand_below_wide_characters() -> None:
    lines = compare_rows(_output({"a": "漢字", "n": 1}), [{"a": "漢字", "n": 2}])
    assert [each for each in lines if "^" in each] == [" " * 20 + "^^^^^^"]
