"""A kernel gives what the scalar body gives, for every function, every kind of argument and every mixture of them."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asaql.functions import Function, FunctionError, functions
from asaql.model import MAX_TICKS, Column, Instant, Kind, Value

TEXTS = st.one_of(
    st.sampled_from(
        [
            *("", " ", "a", "A", "abc", "ABC", "a%c", "12", "-7", "1.5", "0", "true", "none", " x ", "straße", "😀"),
            *("a😀b", "2024-02-29T23:59:59.1234567Z", "2024-01-01", "2024-01-01 10:00:00", "2023-12-31T20:30:00-08:00"),
            *("0001-01-01T00:00:00+05:00", "2024-13-01T00:00:00Z", '{"a": 1}', "[1]", "%", "_", "[a-c]%", "9" * 20),
            *("%b_%", "%a%c", "[^a]%", "a+", "(a|b)[^c]*", r"\s$", "^.", "%é%"),
        ]
    ),
    st.text("aAbB %_[]^.é\t", max_size=6),
)
BIGINTS = st.one_of(
    st.integers(-20, 20),
    st.sampled_from([2**63 - 1, -(2**63), 2**53, 2**53 + 1, -(2**53) - 1, 10**15, 10**18]),
    st.integers(-(2**63), 2**63 - 1),
)
FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, 0.5, 2.5, -2.5, 1e15, 1e16, 1e-5, 1e308, -1e308, 2.0**53, 2.0**63, 123.9995, 5e-324]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1000, 1000),
)
INSTANTS = st.one_of(
    st.sampled_from([0, MAX_TICKS, 638_448_372_000_000_000]), st.integers(0, MAX_TICKS), st.integers(10**15, 7 * 10**17)
).map(Instant)
VALUES: dict[Kind, st.SearchStrategy[Value]] = {
    Kind.BIGINT: BIGINTS,
    Kind.FLOAT: FLOATS,
    Kind.NVARCHAR: TEXTS,
    Kind.DATETIME: INSTANTS,
    Kind.BIT: st.booleans(),
    Kind.RECORD: st.sampled_from([{}, {"a": 1}, {"A": "x", "b": [1]}]),
    Kind.ARRAY: st.sampled_from([[], [1], ["a", None], [[1]]]),
    Kind.NULL: st.none(),
    Kind.ANY: st.one_of(BIGINTS, FLOATS, st.none(), TEXTS, INSTANTS, st.booleans()),
}
NUMBERS = st.one_of(BIGINTS, FLOATS)
LIKELY: dict[str, tuple[Kind, ...]] = {
    "bigint": (Kind.BIGINT,),
    "float": (Kind.FLOAT, Kind.BIGINT),
    "bigint or float": (Kind.BIGINT, Kind.FLOAT),
    "nvarchar(max)": (Kind.NVARCHAR,),
    "datetime": (Kind.DATETIME, Kind.NVARCHAR),
    "record": (Kind.RECORD,),
    "array": (Kind.ARRAY,),
}
PARTS = ("year", "quarter", "month", "dayofyear", "day", "week", "weekday", "hour", "minute", "second", "millisecond")


@st.composite
def columns(draw: st.DrawFn, function: Function, height: int) -> list[Column]:
    least, most = function.arity
    count = draw(st.integers(least, least + 2 if most is None else most))
    drawn = []
    for index in range(count):
        parameter = function.parameters[min(index, len(function.parameters) - 1)]
        if parameter.type == "datepart":
            drawn.append(Column.constant(draw(st.sampled_from((*PARTS, "microsecond")))))
            continue
        likely = LIKELY.get(parameter.type)
        kind = draw(st.sampled_from(likely) if likely and draw(st.booleans()) else st.sampled_from(list(VALUES)))
        values = NUMBERS if kind is Kind.ANY and draw(st.booleans()) else VALUES[kind]
        if draw(st.integers(0, 2)) == 0:
            drawn.append(Column.constant(draw(values)))
        else:
            if draw(st.booleans()):
                values = st.one_of(values, st.none())
            drawn.append(Column.from_values(draw(st.lists(values, min_size=height, max_size=height))))
    return drawn


def row_by_row(function: Function, arguments: Sequence[Column], height: int) -> list[Value] | None:
    """Return what the scalar body gives, None if it fails for a row."""
    rows = zip(*(each.expand(height).to_values() for each in arguments), strict=True)
    try:
        return [None if function.is_strict and any(x is None for x in row) else function.scalar(*row) for row in rows]
    except FunctionError:
        return None


def same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and (left == right) and repr(left) == repr(right)


@pytest.mark.parametrize("function", [each for each in functions() if each.kernel], ids=lambda each: each.name)
@settings(derandomize=True, max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), height=st.integers(1, 5))
def test_a_kernel_gives_what_the_scalar_body_gives(function: Function, data: st.DataObject, height: int) -> None:
    arguments = data.draw(columns(function, height))
    assert function.kernel is not None
    try:
        result = function.kernel(arguments, height)
    except FunctionError:
        return
    if result is None:
        return
    if all(each.is_constant for each in arguments):
        assert result.is_constant
    expected = row_by_row(function, arguments, height)
    assert expected is not None, "the scalar body fails and the kernel does not"
    assert len(result) == (1 if result.is_constant else height)
    found = result.expand(height).to_values()
    assert all(map(same, found, expected)), f"{found} is not {expected}"
    assert result.kind is Column.from_values(expected).kind or set(expected) == {None}
