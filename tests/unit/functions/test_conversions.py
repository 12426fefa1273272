from typing import Any

import pytest

from asaql.functions import (
    FunctionError,
    cast_function,
    field_of,
    find_foreign,
    find_function,
    is_documented_type,
    parse_ticks_series,
    type_kind,
)
from asaql.functions.scalar.types import float_text
from asaql.model import Column, Instant, Kind, Value, parse_ticks

B, F, N, D, T, R, A = Kind.BIGINT, Kind.FLOAT, Kind.NVARCHAR, Kind.DATETIME, Kind.BIT, Kind.RECORD, Kind.ARRAY
EPOCH = Instant(621_355_968_000_000_000)
EPOCH_TEXT = "1970-01-01T00:00:00.0000000Z"
FAILS = object()
MATRIX: list[tuple[Value, dict[Kind, Any]]] = [
    (5, {B: 5, F: 5.0, N: "5", D: FAILS, T: True, R: FAILS, A: FAILS}),
    (0, {B: 0, F: 0.0, N: "0", D: FAILS, T: False, R: FAILS, A: FAILS}),
    (75.0, {B: 75, F: 75.0, N: "75", D: FAILS, T: True, R: FAILS, A: FAILS}),
    (-1.7, {B: -1, F: -1.7, N: "-1.7", D: FAILS, T: True, R: FAILS, A: FAILS}),
    (1e19, {B: FAILS, F: 1e19, N: "1E+19", T: True}),
    ("12", {B: 12, F: 12.0, N: "12", D: FAILS, T: FAILS, R: FAILS, A: FAILS}),
    (" -7 ", {B: -7, F: -7.0}),
    ("1.5", {B: FAILS, F: 1.5}),
    ("1e400", {B: FAILS, F: FAILS}),
    ("NaN", {B: FAILS, F: FAILS}),
    ("1,000", {B: FAILS, F: FAILS}),
    ("", {B: FAILS, F: FAILS, N: "", D: FAILS, T: FAILS}),
    ("9223372036854775808", {B: FAILS, F: 9.223372036854775808e18}),
    ("True", {T: True, B: FAILS}),
    ("0", {T: False}),
    ('{"a": 1}', {R: FAILS}),
    ("1970-01-01", {D: EPOCH}),
    ("9/10/2014", {D: FAILS}),
    (EPOCH, {B: FAILS, F: FAILS, N: EPOCH_TEXT, D: EPOCH, T: FAILS, R: FAILS, A: FAILS}),
    (True, {B: 1, F: 1.0, N: "true", D: FAILS, T: True, R: FAILS, A: FAILS}),
    ({"a": [1, EPOCH]}, {B: FAILS, N: f'{{"a":[1,"{EPOCH_TEXT}"]}}', T: FAILS, R: {"a": [1, EPOCH]}, A: FAILS}),
    ([1.5], {N: "[1.5]", R: FAILS, A: [1.5]}),
]


@pytest.mark.parametrize(("value", "kind", "expected"), [(v, k, e) for v, row in MATRIX for k, e in row.items()])
def test_cast_converts_or_fails_and_try_cast_converts_or_gives_null(value: Value, kind: Kind, expected: Any) -> None:
    cast, try_cast = cast_function(kind), cast_function(kind, is_safe=True)
    if expected is FAILS:
        assert try_cast.scalar(value) is None
        with pytest.raises(FunctionError) as raised:
            cast.scalar(value)
        assert raised.value.code == "AQ302"
        return
    for each in (cast, try_cast):
        result = each.scalar(value)
        assert result == expected
        assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (0.0001, "0.0001"),
        (0.00001, "1E-05"),
        (1.5e-10, "1.5E-10"),
        (123456789012345.0, "123456789012345"),
        (1e15, "1E+15"),
        (1.7976931348623157e308, "1.7976931348623157E+308"),
        (30.288547515869141, "30.28854751586914"),
    ],
)
def test_a_float_as_text_is_the_shortest_that_reads_back(number: float, text: str) -> None:
    assert float_text(number) == text
    assert float(text) == number


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "is_documented"),
    [
        ("bigint", (), B, True),
        ("NVARCHAR", ("MAX",), N, True),
        ("nvarchar", (20,), N, False),
        ("nvarchar", (), N, False),
        ("varchar", (8,), N, False),
        ("int", (), B, False),
        ("decimal", (5, 2), F, False),
        ("float", (), F, True),
        ("bigint", (5,), None, False),
        ("uniqueidentifier", (), None, False),
    ],
)
def test_type_names_of_other_dialects_are_told_apart(
    name: str, arguments: tuple[Any, ...], kind: Kind | None, is_documented: bool
) -> None:
    assert type_kind(name, arguments) is kind
    assert is_documented_type(name, arguments) is is_documented


TEXTS = [
    "2024-02-29T23:59:59.1234567Z",
    "2024-02-29 23:59:59",
    "2024-02-29T23:59:59+05:30",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59.9999999Z",
    "2023-02-29T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T23:59:60Z",
    "0000-01-01T00:00:00Z",
    "2024-01-01",
    "20240101T101010Z",
    "2020-01-06T10:10:343.4589604Z",
    "none",
    None,
]


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:3], TEXTS[3:4], TEXTS[8:9], [None]])
def test_datetime_texts_are_read_as_columns_as_they_are_one_by_one(texts: list[str | None]) -> None:
    series = Column.from_values(texts).cast_null(N).series
    assert parse_ticks_series(series).to_list() == [None if each is None else parse_ticks(each) for each in texts]


def test_a_field_is_found_without_case_the_exact_spelling_first() -> None:
    record: dict[str, Value] = {"ID": 1, "id": 2, "Straße": 3}
    assert field_of(record, "id") == 2
    assert field_of(record, "Id") == 1
    assert field_of(record, "STRASSE") == 3
    assert field_of(record, "x") is None
    assert field_of([1], "x") is None
    assert field_of(None, "x") is None


@pytest.mark.parametrize(
    "name",
    ["ISNULL", "IIF", "CHOOSE", "CONVERT", "TRY_CONVERT", "PARSE", "FORMAT", "STR", "ASCII", "CHAR", "QUOTENAME"],
)
def test_a_function_of_another_dialect_has_advice_and_no_declaration(name: str) -> None:
    assert find_foreign(name.lower())
    assert find_function(name) is None


def test_advice_is_given_for_no_function_of_this_dialect() -> None:
    assert find_foreign("coalesce") is None
