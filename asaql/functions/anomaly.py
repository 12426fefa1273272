"""Formulas of the anomaly detectors, over whole columns.

Both detectors ask how unusual a value is among the values before it, its history. The history is smoothed with a
Gaussian as wide as the history's own deviation; the share of the smoothed history that lies above the value is its
p-value. It is near 0 for a spike, near 1 for a dip and near 1/2 for an ordinary value.

A single p-value tells spikes and dips. A change of level is told by many unusual values in a row: each p-value is a bet
against the level being what it was, and the product of the stakes, the martingale, grows as long as the bets are won.
"""

import math
from functools import cache
from typing import Final

import polars as pl

LEAST_P_VALUE: Final = 1e-8
"""No p-value is closer to 0 or to 1 than this."""

_LEAST_WIDTH: Final = 1e-6
"""The smoothing is never narrower, however alike the values of a history are."""
_EPSILON: Final = 0.1
"""Exponent of the bets: the smaller, the more a single unusual value wins."""
_GREATEST_LOGARITHM: Final = math.log(math.nextafter(math.inf, 0.0))

_REACH: Final = 6.0
"""Beyond this erf is 1 to the last digit."""
_STEPS: Final = 128
_DEGREE: Final = 6
_FLAT_ROWS: Final = 1 << 17
"""How many pairs of a value and one of its history are looked at together."""


@cache
def _expansions() -> tuple[pl.Series, ...]:
    """Return the Taylor coefficients of erf around 0, 1/128, 2/128 and so on: one series for each power."""
    rows: list[list[float]] = []
    for step in range(int(_REACH * _STEPS) + 1):
        at = step / _STEPS
        terms = [math.erf(at), 2 / math.sqrt(math.pi) * math.exp(-at * at)]
        # The derivatives follow from one another, as the second is -2x times the first.
        for power in range(_DEGREE - 1):
            last, before = terms[power + 1], terms[power]
            terms.append(-2 * (at * (power + 1) * last + power * before) / ((power + 1) * (power + 2)))
        rows.append(terms)
    return tuple(pl.Series(column, dtype=pl.Float64) for column in zip(*rows, strict=True))


def erf(values: pl.Series) -> pl.Series:
    """Return the error function of floats, to within 2e-16 of the true value; NaN counts as 0."""
    distance = pl.col("value").fill_nan(0.0).abs().clip(upper_bound=_REACH)
    step = (distance * _STEPS).round(0)
    located = pl.DataFrame({"value": values}).select(
        (pl.col("value") < 0).alias("is_negative"),
        (distance - step / _STEPS).alias("rest"),
        step.cast(pl.UInt32).alias("place"),
    )
    *lower, highest = (pl.lit(terms).gather(pl.col("place")) for terms in _expansions())
    result = highest
    for terms in reversed(lower):
        result = result * pl.col("rest") + terms
    signed = pl.when(pl.col("is_negative")).then(-pl.col("result")).otherwise(pl.col("result"))
    return located.select("is_negative", result.alias("result")).select(signed.alias("result")).get_column("result")


def upper_shares(values: pl.Series, low: pl.Series, high: pl.Series) -> pl.Series:
    """Return, for each of some values, the share of its smoothed history above it.

    The time is linear in the length of the histories, the memory bounded.

    Args:
        values: Values, each among those of its history.
        low: Place of the first value of each history, Int64.
        high: Place of the value itself, which comes after its history, Int64.

    Returns:
        Floats from 0 to 1; 1/2 where the history is empty. Values so far apart that their squares are no floats count
        as equal.
    """
    before = (high - low).cum_sum().shift(1).fill_null(0)
    parts = before // _FLAT_ROWS
    frame = pl.DataFrame({"low": low, "high": high, "part": parts})
    shares = [_shares(values, part) for part in frame.partition_by("part", maintain_order=True)]
    return pl.concat(shares) if shares else pl.Series(dtype=pl.Float64)


def _shares(values: pl.Series, asked: pl.DataFrame) -> pl.Series:
    asked = asked.with_row_index("row")
    present = asked.filter(pl.col("low") < pl.col("high"))
    if not present.height:
        return pl.repeat(0.5, asked.height, dtype=pl.Float64, eager=True)
    own = pl.lit(values).gather(pl.col("high"))
    places = present.select("row", pl.int_ranges("low", "high").alias("place")).explode("place")
    rows = places.get_column("row")
    history = _lists(rows, values.gather(places.get_column("place")))
    count = (pl.col("high") - pl.col("low")).cast(pl.Float64)
    known = present.select("row", own.alias("own"), count.alias("count"), history)
    # Values that are alike differ from one of them by exactly nothing, from their mean by a rounding.
    shifted = pl.col("values") - pl.col("values").list.first()
    deviation = shifted - shifted.list.mean()
    # Where Polars knows a column to be one value, it multiplies by the reciprocal instead of dividing, which rounds
    # otherwise. Multiplied by reciprocals everywhere, a row's share is the same alone and among others.
    per_value = 1 / pl.col("count")
    # A step of its own: within `when` Polars adds up lists in another order, depending on the other rows.
    known = known.with_columns(((deviation * deviation).list.sum() * per_value).sqrt().alias("deviation"))
    # One value has no deviation; its smoothing is of width 1.
    width = math.sqrt(2) * pl.when(pl.col("count") > 1).then("deviation").otherwise(1.0)
    known = known.with_columns((1 / width.clip(lower_bound=_LEAST_WIDTH)).alias("per_width"))
    distances = known.select(((pl.col("own") - pl.col("values")) * pl.col("per_width")).explode().alias("distance"))
    sums = _lists(rows, erf(distances.get_column("distance")))
    found = known.select("row", share=0.5 - pl.lit(sums).list.sum() * (per_value / 2))
    if present.height == asked.height:
        return found.get_column("share")
    return asked.join(found, on="row", how="left", maintain_order="left").get_column("share").fill_null(0.5)


def _lists(rows: pl.Series, values: pl.Series) -> pl.Series:
    """Return the values of each row as a list; `rows` is nondecreasing."""
    frame = pl.DataFrame({"row": rows.set_sorted(), "values": values})
    return frame.group_by("row", maintain_order=True).agg("values").get_column("values")


def spike_p_values(shares: pl.Series) -> pl.Series:
    """Return how likely values this high are, from the shares above them."""
    return shares.clip(LEAST_P_VALUE, 1 - LEAST_P_VALUE)


def dip_p_values(shares: pl.Series) -> pl.Series:
    """Return how likely values this low are, from the shares above them."""
    return (1 - shares).clip(LEAST_P_VALUE, 1 - LEAST_P_VALUE)


def two_sided_p_values(shares: pl.Series) -> pl.Series:
    """Return how likely values this high or this low are, whichever is less; at most 1/2."""
    return shares.zip_with(shares <= 0.5, 1 - shares).clip(LEAST_P_VALUE, 1 - LEAST_P_VALUE)


def log_stakes(p_values: pl.Series) -> pl.Series:
    """Return the logarithm of what a bet on small p-values multiplies the martingale by."""
    return math.log(_EPSILON) + (_EPSILON - 1) * p_values.log()


def log_martingale_limit(confidence: float, history_size: int) -> float:
    """Return the logarithm of the martingale of a history whose p-values are all `1 - confidence / 100`.

    A change of level is one that reaches it. At a confidence of 100 nothing does.
    """
    p_value = 1 - confidence / 100
    stake = math.inf if p_value <= 0 else math.log(_EPSILON) + (_EPSILON - 1) * math.log(p_value)
    return history_size * stake


def martingales(logarithms: pl.Series) -> pl.Series:
    """Return martingales from their logarithms; the greatest float stands for those beyond it."""
    return logarithms.clip(upper_bound=_GREATEST_LOGARITHM).exp()


def moving_log_martingales(stakes: pl.Series, start: pl.Series, at: pl.Series, history_size: int) -> pl.Series:
    """Return the sums of the last `history_size` stakes up to some rows.

    Where a series has fewer rows, its first stake stands for those before it.

    Args:
        stakes: Logarithms of stakes.
        start: For each row asked for, the place of the first row of its series that is known, Int64.
        at: The places of the rows asked for, Int64.
        history_size: How many stakes make a martingale.
    """
    low = start.zip_with(start > at - history_size, at - history_size + 1)
    before = (at - low + 1).cum_sum().shift(1).fill_null(0)
    frame = pl.DataFrame({"low": low, "at": at, "part": before // _FLAT_ROWS})
    sums = [_sums(stakes, part) for part in frame.partition_by("part", maintain_order=True)]
    known = pl.concat(sums) if sums else pl.Series(dtype=pl.Float64)
    return known + (history_size - (at - low + 1)) * stakes.gather(low)


def _sums(stakes: pl.Series, asked: pl.DataFrame) -> pl.Series:
    ranges = asked.select(pl.int_range(pl.len()).alias("row"), pl.int_ranges("low", pl.col("at") + 1).alias("place"))
    flat = ranges.explode("place")
    return _lists(flat.get_column("row"), stakes.gather(flat.get_column("place"))).list.sum()
