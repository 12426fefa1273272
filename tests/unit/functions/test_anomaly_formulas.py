"""The formulas of the anomaly detectors against Python's own functions."""

import math

import polars as pl
import pytest

from asaql.functions import anomaly


def test_erf_is_exact_to_the_last_digits() -> None:
    points = [each / 1717 for each in range(-12_000, 12_001)]
    found = anomaly.erf(pl.Series(points)).to_list()
    assert max(abs(each - math.erf(at)) for at, each in zip(points, found, strict=True)) < 2.3e-16


def test_erf_of_what_is_far_is_one_and_of_nothing_is_zero() -> None:
    values = pl.Series([math.inf, -math.inf, 1e300, -27.0, 0.0, -0.0, math.nan])
    assert anomaly.erf(values).to_list() == [1.0, -1.0, 1.0, -1.0, 0.0, 0.0, 0.0]


def test_an_empty_history_leaves_the_share_at_one_half() -> None:
    values = pl.Series([1.0, 2.0])
    places = pl.Series([0, 1], dtype=pl.Int64)
    assert anomaly.upper_shares(values, places, places).to_list() == [0.5, 0.5]


def test_no_rows_have_no_shares() -> None:
    none = pl.Series(dtype=pl.Int64)
    assert anomaly.upper_shares(pl.Series(dtype=pl.Float64), none, none).to_list() == []
    assert anomaly.moving_log_martingales(pl.Series(dtype=pl.Float64), none, none, 3).to_list() == []


def test_p_values_are_clipped() -> None:
    shares = pl.Series([0.0, 0.25, 0.75, 1.0])
    assert anomaly.spike_p_values(shares).to_list() == [1e-8, 0.25, 0.75, 1 - 1e-8]
    assert anomaly.dip_p_values(shares).to_list() == [1 - 1e-8, 0.75, 0.25, 1e-8]
    assert anomaly.two_sided_p_values(shares).to_list() == [1e-8, 0.25, 0.25, 1e-8]


def test_a_bet_on_a_small_p_value_wins() -> None:
    (stake,) = anomaly.log_stakes(pl.Series([0.01])).to_list()
    assert math.exp(stake) == pytest.approx(0.1 * 0.01**-0.9)


def test_the_first_stake_stands_for_those_before_it() -> None:
    stakes, places = pl.Series([1.0, 2.0, 4.0, 8.0]), pl.Series(range(4), dtype=pl.Int64)
    found = anomaly.moving_log_martingales(stakes, pl.Series([0, 0, 0, 0]), places, 3)
    assert found.to_list() == [3.0, 4.0, 7.0, 14.0]


def test_the_limit_is_the_martingale_of_equal_p_values() -> None:
    (stake,) = anomaly.log_stakes(pl.Series([0.2])).to_list()
    assert anomaly.log_martingale_limit(80, 20) == pytest.approx(20 * stake)
    assert anomaly.log_martingale_limit(100, 20) == math.inf
