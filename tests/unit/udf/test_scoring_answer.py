"""Answers of scoring services, matched with rows."""

import json
from typing import Any

import pytest

from asaql.udf.scoring_answer import AnswerError, first_bytes, read_answer


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[1, 2.5]", [1, 2.5]),
        (b'[[1, "a"], null]', [[1, "a"], None]),
        (b'[{"Scored Labels": 0.5}, true]', [{"Scored Labels": 0.5}, True]),
        (b'"[1, 2]"', [1, 2]),
        (json.dumps(json.dumps(["a", "b"])).encode(), ["a", "b"]),
        (b"[9223372036854775807, -9223372036854775808]", [2**63 - 1, -(2**63)]),
        (b"[0.00012345678901234567890, 1e300]", [0.00012345678901234567890, 1e300]),
        (b'["1234567890123456789012345", 1]', ["1234567890123456789012345", 1]),
    ],
)
def test_one_element_per_row_are_the_results(body: bytes, expected: list[Any]) -> None:
    assert read_answer(body, 2, ()) == expected


def test_results_are_found_under_declared_names() -> None:
    body = b'{"Results": {"WebServiceOutput0": [{"x": 1}]}}'
    assert read_answer(body, 1, ("Results", "WebServiceOutput0")) == [{"x": 1}]
    assert read_answer(json.dumps(body.decode()).encode(), 1, ("Results", "WebServiceOutput0")) == [{"x": 1}]


def test_a_bare_array_is_taken_where_names_are_declared() -> None:
    assert read_answer(b"[1]", 1, ("Results", "WebServiceOutput0")) == [1]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty body"),
        (b"[1, ", "a body of 4 bytes that is no JSON"),
        (b"<html>", "a body of 6 bytes that is no JSON"),
        (b"\xff\xfe", "a body of 2 bytes that is no JSON"),
        (b"[1]", "1 result for 2 rows"),
        (b"[1, 2, 3]", "3 results for 2 rows"),
        (b'"[1]"', "1 result for 2 rows"),
        (
            b'"could not convert string to float"',
            'the text "could not convert string to float" and no results for 2 rows',
        ),
        (b'"[1, "', 'the text "[1, " and no results for 2 rows'),
        (b"{}", "an empty object instead of an array with results for 2 rows"),
        (b'{"error": "x", "n": 1}', 'an object with "error", "n" instead of an array with results for 2 rows'),
        (b"null", "null instead of an array with results for 2 rows"),
        (b"0.5", "a number instead of an array with results for 2 rows"),
        (b"[9223372036854775808, 1]", "the whole number 9223372036854775808, which does not fit a bigint"),
        (b"[{" + b'"a": -9223372036854775809' + b"}, 1]", "the whole number -9223372036854775809, which does not"),
        (b"[1" + b"0" * 5000 + b", 1]", "the whole number 1000000000000000000000000000000000000000, which does not"),
        (b"[NaN, 1]", "NaN, which is no JSON"),
        (b"[1, -Infinity]", "-Infinity, which is no JSON"),
    ],
)
def test_any_other_answer_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(AnswerError) as caught:
        read_answer(body, 2, ())
    assert str(caught.value).startswith(reason)


def test_a_missing_name_is_told_with_what_is_there_instead() -> None:
    with pytest.raises(
        AnswerError, match='an object with "Result" without "Results/Output", where the results for 1 row'
    ):
        read_answer(b'{"Result": []}', 1, ("Results", "Output"))


def test_the_beginning_of_an_answer_is_one_line_of_printable_characters() -> None:
    assert first_bytes(b'a\n\x1b[31m"\xff' + "é".encode()) == 'a\\n\\x1b[31m"\ufffdé'
    assert first_bytes(b"x" * 1000) == "x" * 200 + "..."
