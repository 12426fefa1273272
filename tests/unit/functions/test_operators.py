from collections.abc import Callable
from typing import Any

import pytest

from asaql.functions import FunctionError, function_named
from asaql.model import Column, Instant, Kind, Value

ValueOf = Callable[..., Value]
SMALLEST, LARGEST = -(2**63), 2**63 - 1


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("a + 1", "AQ303"),
        ("a * 2", "AQ303"),
        ("0 - a - 2", "AQ303"),
        ("-b", "AQ303"),
        ("b / -1", "AQ303"),
        ("ABS(b)", "AQ303"),
        ("POWER(10, 19)", "AQ303"),
        ("f * 10.0", "AQ303"),
        ("EXP(1000)", "AQ303"),
        ("1 / 0", "AQ304"),
        ("1.0 / 0", "AQ304"),
        ("1 % 0", "AQ304"),
        ("POWER(0, -1)", "AQ304"),
        ("SQRT(-1)", "AQ306"),
        ("1 & 1.0", "AQ305"),
        ("'a' - 1", "AQ305"),
        ("r + 1", "AQ305"),
    ],
)
def test_a_result_that_has_no_value_fails(expression: str, code: str, value_of: ValueOf) -> None:
    with pytest.raises(FunctionError) as raised:
        value_of(expression, a=LARGEST, b=SMALLEST, f=1e308, r={})
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-7 / 2", -3),
        ("7 / -2", -3),
        ("-7 / -2", 3),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("-7.5 % 2", -1.5),
        ("'12' + 1", 13),
        ("'1.5' * 2", 3.0),
        ("'1' + '2'", "12"),
        ("b + 1", 2),
        ("a - 1 + 1", LARGEST),
        ("~ b", False),
        ("b | 8", 9),
        ("b & b", True),
    ],
)
def test_arithmetic_keeps_to_the_types_of_its_operands(expression: str, value: Value, value_of: ValueOf) -> None:
    result = value_of(expression, a=LARGEST, b=True)
    assert result == value
    assert type(result) is type(value)


COMPARISONS: list[tuple[Any, Any, bool]] = [
    (1, 1.0, True),
    (1, True, True),
    (2**53 + 1, float(2**53), True),
    ("a", "A", False),
    ("a", "a ", False),
    (1, "1", False),
    (True, "true", False),
    (Instant(0), "0001-01-01", True),
    ("0001-01-01T00:00:00Z", Instant(0), True),
    (Instant(0), "none", False),
    (Instant(0), 0, False),
    ({"a": 1}, {"a": 1}, True),
    ([1], {}, False),
]


@pytest.mark.parametrize(("left", "right", "is_equal"), COMPARISONS)
def test_values_of_unlike_types_are_different_and_no_error(left: Value, right: Value, is_equal: bool) -> None:
    assert function_named("=").scalar(left, right) is is_equal
    assert function_named("<>").scalar(left, right) is not is_equal
    if not is_equal:
        both = function_named("<").scalar(left, right), function_named(">").scalar(left, right)
        assert not all(both)


@pytest.mark.parametrize("suffix", ["", " (ignore case)"])
@pytest.mark.parametrize("name", ["=", "<>", "<", "<=", ">", ">=", "LIKE", "NOT LIKE", "IN", "NOT IN"])
@pytest.mark.parametrize("operands", [(None, "a"), ("a", None), (None, None)])
def test_a_comparison_with_null_is_false(name: str, suffix: str, operands: tuple[Value, Value]) -> None:
    assert function_named(name + suffix).scalar(*operands) is False


@pytest.mark.parametrize("name", ["BETWEEN", "NOT BETWEEN"])
@pytest.mark.parametrize("operands", [(None, 1, 2), (1, None, 2), (1, 1, None)])
def test_between_with_a_null_bound_is_false(name: str, operands: tuple[Value, ...]) -> None:
    assert function_named(name).scalar(*operands) is False


def test_not_in_is_false_when_an_item_is_null_and_in_is_true_when_another_one_matches() -> None:
    assert function_named("NOT IN").scalar(1, 2, None) is False
    assert function_named("NOT IN").scalar(1, 2, 3) is True
    assert function_named("IN").scalar(1, None, 1) is True


def test_the_variants_without_case_take_upper_and_lower_case_for_the_same() -> None:
    assert function_named("= (ignore case)").scalar("Start", "sTART") is True
    assert function_named("= (ignore case)").scalar("straße", "STRASSE") is False
    assert function_named("LIKE (ignore case)").scalar("Contoso", "c%[N-P]") is True
    assert function_named("IN (ignore case)").scalar("a", "B", "A") is True
    assert function_named("BETWEEN (ignore case)").scalar("b", "A", "C") is True


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("", "", True),
        ("", "%", True),
        ("abc", "a_c", True),
        ("abc", "a%c%", True),
        ("abab", "%ab", True),
        ("ab", "ab%ab", False),
        ("a%c", "a[%]c", True),
        ("x", "[^a-f]", True),
        ("-", "[a-]", True),
        ("]", "[]", False),
        ("[a", "[a", True),
        ("a\nb", "a%b", True),
        ("a" * 5000, "%a" * 30 + "%b", False),
        (12, "1_", True),
    ],
)
def test_like_matches_the_whole_text(text: Value, pattern: str, matches: bool) -> None:
    assert function_named("LIKE").scalar(text, pattern) is matches


@pytest.mark.parametrize("divisor", [3.3, 3.0, 7.0])
def test_a_column_divided_by_one_number_gives_the_quotients_of_single_divisions(divisor: float) -> None:
    kernel = function_named("/").kernel
    assert kernel is not None
    values = [0.1 * i for i in range(1, 200)]
    for arguments in (
        (Column.from_values(values), Column.constant(divisor)),
        (Column.from_values(values[:1]), Column.from_values([divisor])),
    ):
        result = kernel(arguments, len(arguments[0]))
        assert result is not None
        assert result.to_values() == [value / divisor for value in arguments[0].to_values()]


def test_bigints_and_floats_in_one_column_have_a_kernel() -> None:
    mixed = Column.from_values([10, 5.8, None])
    assert mixed.kind is Kind.ANY
    for name, expected in (("+", [11, 6.8, None]), (">", [True, False, False])):
        kernel = function_named(name).kernel
        assert kernel is not None
        result = kernel((mixed, Column.constant(1 if name == "+" else 6)), 3)
        assert result is not None
        assert result.to_values() == expected
