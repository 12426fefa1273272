from types import MappingProxyType
from typing import Any

import pytest

from asaql.testing import compare_rows, values_equal
from asaql.testing.case import Output
from asaql.testing.values import row_text
from asaql.testing.markdown import Block


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
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.0000000Z"),
        (None, 0),
    ],
)
def test_values_that_do_not_count_as_equal(expected: object, observed: object) -> None:
    assert not values_equal(expected, observed)


def test_an_exact_comparison_tells_bigints_from_floats() -> None:
    assert not values_equal(3, 3.0, exact=True)
    assert values_equal(3.0, 3.0 + 1e-12, exact=True)


def test_order_counts_unless_the_case_says_otherwise() -> None:
    rows: tuple[dict[str, Any], ...] = ({"a": 1}, {"a": 2})
    backwards = list(reversed(rows))
    assert compare_rows(_output(*rows, ordered=False), backwards) == []
    assert "the same rows in another order" in compare_rows(_output(*rows), backwards)[0]


def test_an_unordered_comparison_counts_how_often_a_row_is_there() -> None:
    assert compare_rows(_output({"a": 1}, {"a": 1}, {"a": 2}, ordered=False), [{"a": 1}, {"a": 2}, {"a": 2}]) != []


def test_floats_at_a_rounding_edge_find_their_counterpart() -> None:
    left, right = 1.2345678949999, 1.2345678950001
    assert compare_rows(_output({"a": left}, {"a": 7}, ordered=False), [{"a": 7}, {"a": right}]) == []


def test_a_difference_names_the_line_and_the_field() -> None:
    lines = compare_rows(_output({"k": "x", "n": 1}, {"k": "y", "n": 2}), [{"k": "x", "n": 1}, {"k": "y", "n": 3}])
    assert lines == [
        'output "o": 2 rows expected, 2 rows observed',
        "  :12: row 2 differs",
        '    - {"k": "y", "n": 2}',
        '    + {"k": "y", "n": 3}',
        '      "n": expected 2, observed 3',
    ]


def test_a_row_too_few_shifts_no_other_row() -> None:
    lines = compare_rows(_output({"n": 1}, {"n": 2}, {"n": 3}), [{"n": 2}, {"n": 3}], path="f.md")
    assert lines[1:] == ["  f.md:11: missing", '    - {"n": 1}']


def test_a_row_too_many_is_shown() -> None:
    lines = compare_rows(_output({"n": 1}), [{"n": 1}, {"m": 2}])
    assert lines == ['output "o": 1 row expected, 2 rows observed', "  row 2: unexpected", '    + {"m": 2}']


def test_fields_that_are_missing_or_too_many_are_named() -> None:
    lines = compare_rows(_output({"a": 1, "b": 2}), [{"a": 1, "c": 2}])
    assert lines[-2:] == ['      "b": missing', '      "c": not expected']


def test_characters_that_cannot_be_seen_are_written_as_escapes() -> None:
    assert row_text({"a": "茶\u200b\u2028\ud800 x"}) == '{"a": "茶\\u200b\\u2028\\ud800 x"}'
