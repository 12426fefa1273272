"""Aggregates: their documented examples, what they refuse, and that partial states can be merged."""

import math
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asaql.functions import exact_sums
from asaql.functions.aggregates import AggregateExample, AggregateOptions, aggregate_named, aggregates, find_aggregate
from asaql.functions.aggregates_gathering import Gathered, Gathering
from asaql.functions.aggregates_summary import Merge, Summary
from asaql.functions.registry import FunctionError
from asaql.model import BIGINT_MAX, Column, Instant, Kind

PLAIN = AggregateOptions()
EXAMPLES = [(each.name, example) for each in aggregates() for example in each.examples]


def aggregate(name: str, values: list[Any], options: AggregateOptions = PLAIN) -> Any:
    """Return an aggregate of one group of values, each of which is its own ORDER BY key."""
    function = aggregate_named(name).make(options)
    column = Column.from_values(values)
    if isinstance(function, Summary):
        partials = {
            each: pl.Series([reduce(series, function.merge(each))], dtype=series.dtype)
            for each, series in function.lift(column, len(values)).items()
        }
        return function.result(partials, 1).to_values()[0]
    groups = pl.repeat(0, len(values), dtype=pl.Int64, eager=True)
    return function.result(Gathered(groups, 1, column, (column,))).to_values()[0]


def reduce(series: pl.Series, merge: Merge) -> Any:
    return {Merge.SUM: series.sum, Merge.MIN: series.min, Merge.MAX: series.max}[merge]()


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[example.call for _, example in EXAMPLES])
def test_examples_hold(name: str, example: AggregateExample) -> None:
    found = aggregate(name, list(example.values), example.options)
    if isinstance(example.result, float):
        assert found == pytest.approx(example.result, rel=1e-12)
    assert type(found) is type(example.result)
    assert isinstance(found, float) or found == example.result


def test_names_are_found_without_regard_to_case() -> None:
    assert find_aggregate("collecttop") is aggregate_named("CollectTop")
    assert find_aggregate("MEDIAN") is None


def test_every_aggregate_is_documented() -> None:
    for each in aggregates():
        assert each.summary.endswith(".")
        assert each.examples
        assert all(note.endswith(".") for note in each.notes)


@pytest.mark.parametrize("name", ["SUM", "AVG", "MIN", "MAX", "STDEV", "STDEVP", "VAR", "VARP"])
def test_a_group_of_nulls_gives_null(name: str) -> None:
    assert aggregate(name, [None, None]) is None


@pytest.mark.parametrize("name", ["STDEV", "VAR"])
def test_a_sample_of_one_has_no_spread(name: str) -> None:
    assert aggregate(name, [5]) is None
    assert aggregate(name + "P", [5]) == 0.0


def test_a_sum_outside_bigint_is_an_error() -> None:
    with pytest.raises(FunctionError, match="does not fit a bigint") as caught:
        aggregate("SUM", [BIGINT_MAX, 1])
    assert caught.value.code == "AQ303"


def test_a_sum_may_leave_bigint_on_the_way() -> None:
    assert aggregate("SUM", [BIGINT_MAX, BIGINT_MAX, -BIGINT_MAX]) == BIGINT_MAX


def test_a_float_sum_above_all_floats_is_an_error_and_its_average_is_not() -> None:
    with pytest.raises(FunctionError, match="above the greatest float"):
        aggregate("SUM", [1.5e308, 1.5e308])
    assert aggregate("AVG", [1.5e308, 1.5e308]) == 1.5e308


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("SUM", [True], "SUM takes bigint or float, found bit"),
        ("AVG", [Instant(1)], "AVG takes bigint or float, found datetime"),
        ("SUM", ["1", "x"], 'SUM takes numbers, and the text "x" is none'),
        ("MAX", ["nan"], 'MAX takes numbers, and the text "nan" is none'),
        ("MIN", [{"a": 1}], "MIN takes bit, bigint, float, datetime or text, found record"),
        ("MIN", [1, Instant(1)], "MIN cannot compare"),
        ("STDEV", [[1]], "STDEV takes bigint or float, found array"),
    ],
)
def test_values_of_other_kinds_are_refused(name: str, values: list[Any], message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        aggregate(name, values)


@pytest.mark.parametrize("name", ["PERCENTILE_CONT", "PERCENTILE_DISC"])
def test_a_column_of_several_kinds_may_be_left_with_nulls_only(name: str) -> None:
    mixed = Column.from_values([1, 1.5, None]).gather(pl.Series([2, 2], dtype=pl.UInt32))
    function = aggregate_named(name).make(AggregateOptions(parameter=0.5, descending=(False,)))
    assert isinstance(function, Gathering)
    found = function.result(Gathered(pl.Series([0, 0]), 1, None, (mixed,)))
    assert found.to_values() == [None]


def test_text_as_an_order_key_is_refused() -> None:
    with pytest.raises(FunctionError, match="ORDER BY of TopOne takes bigint, float or datetime"):
        aggregate("TopOne", ["b", "a"], AggregateOptions(descending=(False,)))


def test_numeric_text_counts_as_float() -> None:
    assert aggregate("SUM", ["1", " 2.5 "]) == 3.5
    assert aggregate("MAX", ["9", "10", 11]) == 11


def test_datetimes_are_compared_as_instants() -> None:
    assert aggregate("MAX", [Instant(5), Instant(7), None]) == Instant(7)


def test_bits_stay_bits() -> None:
    assert aggregate("MIN", [True, False, None]) is False


def test_null_is_the_smallest_order_key() -> None:
    ascending = aggregate("CollectTop", [2, None, 1], AggregateOptions(parameter=3, descending=(False,)))
    assert [each["value"] for each in ascending] == [None, 1, 2]
    descending = aggregate("CollectTop", [2, None, 1], AggregateOptions(parameter=3, descending=(True,)))
    assert [each["value"] for each in descending] == [2, 1, None]


def test_bigints_and_floats_are_ordered_as_numbers() -> None:
    top = aggregate("CollectTop", [2, 1.5, 10], AggregateOptions(parameter=3, descending=(False,)))
    assert [each["value"] for each in top] == [1.5, 2, 10]


@pytest.mark.parametrize(("p", "expected"), [(0, 1), (0.07, 7), (0.5, 50), (1, 100)])
def test_a_discrete_percentile_is_not_off_by_a_binary_fraction(p: float, expected: int) -> None:
    options = AggregateOptions(parameter=p, descending=(False,))
    assert aggregate("PERCENTILE_DISC", list(range(100, 0, -1)), options) == expected


FLOATS = st.one_of(
    st.floats(-1e6, 1e6), st.floats(allow_nan=False, allow_infinity=False, max_value=1e300, min_value=-1e300)
)


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(FLOATS, st.sampled_from([0.1, 1e16, -1e16, 5e-324, 2.0**63, -(2.0**64)])), min_size=1, max_size=20
    )
)
def test_sums_of_floats_are_kept_exactly(values: list[float]) -> None:
    levels = {level: pl.Series([each.sum()]) for level, each in exact_sums.levels_of_floats(pl.Series(values)).items()}
    assert exact_sums.exact_totals(levels, 1) == [sum(map(Fraction, values))]
    assert math.isclose(exact_sums.rounded(levels, 1)[0], math.fsum(values), rel_tol=3e-16, abs_tol=1e-323)


@settings(max_examples=100)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=10))
def test_squares_of_bigints_are_kept_exactly(values: list[int]) -> None:
    squares = exact_sums.squares_of_integers(pl.Series(values, dtype=pl.Int64))
    levels = {level: pl.Series([each.sum()]) for level, each in squares.items()}
    assert exact_sums.exact_totals(levels, 1) == [sum(value * value for value in values)]


def test_a_float_that_is_no_number_cannot_be_summed() -> None:
    with pytest.raises(FunctionError, match="not a finite number"):
        exact_sums.levels_of_floats(pl.Series([float("inf")]))


def test_count_of_rows_has_no_argument() -> None:
    function = aggregate_named("COUNT").make(AggregateOptions())
    assert isinstance(function, Summary)
    assert function.lift(None, 3)["n"].to_list() == [1, 1, 1]
    assert function.result({"n": pl.Series([None, 2], dtype=pl.Int64)}, 2).kind is Kind.BIGINT
