"""Exact sums of numbers, a column at a time.

A double is an integer times a power of two, so a sum of doubles is one, too, and can be kept without any rounding.
It is kept as levels: level k counts multiples of 2**(-64 * k), in an Int128 column of its own. Values around one need
the levels 0 and 1; further ones exist only when a value reaches them. Sums of levels are sums of integers, so a total
does not depend on the order or the grouping in which its parts were added, and it is rounded once, at the end.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import polars as pl

from asaql.functions.registry import FunctionError

_LEVEL_BITS: Final = 64
_LEVEL: Final = 2**_LEVEL_BITS
_LARGEST: Final = 2.0**63
_SPLITTER: Final = 134217729.0
"""2**27 + 1: halves the 53 bits of a double (Dekker)."""

_ZERO: Final = pl.Series([0.0])

Levels = dict[int, pl.Series]
"""Level to Int128 series."""


def levels_of_integers(values: pl.Series) -> Levels:
    """Return Int64 values as levels; NULL counts as zero."""
    return {0: values.fill_null(0).cast(pl.Int128)}


def levels_of_floats(values: pl.Series) -> Levels:
    """Return Float64 values as levels; NULL counts as zero.

    Raises:
        FunctionError: A value is not finite.
    """
    values = values.fill_null(0.0)
    if not values.is_finite().all():
        message = "a float that is not a finite number cannot be added up"
        raise FunctionError(message, "AQ303")
    levels: Levels = {}
    large = values.abs() >= _LARGEST
    if large.any():
        above = levels_of_floats((values / 2.0**_LEVEL_BITS).zip_with(large, _ZERO))
        levels = {level - 1: series for level, series in above.items()}
        values = values.zip_with(~large, _ZERO)
    level = 0
    while True:
        whole = values.cast(pl.Int128)
        levels[level] = levels[level] + whole if level in levels else whole
        values = (values - whole.cast(pl.Float64)) * 2.0**_LEVEL_BITS
        if not (values != 0.0).any():
            return levels
        level += 1


def squares_of_integers(values: pl.Series) -> Levels:
    """Return the squares of Int64 values as levels; NULL counts as zero."""
    wide = values.fill_null(0).cast(pl.Int128)
    squares = wide * wide
    if (squares < _integer(2**62)).all():
        return {0: squares}
    upper = squares // _integer(_LEVEL)
    return {-1: upper, 0: squares - upper * _integer(_LEVEL)}


def squares_of_floats(values: pl.Series) -> Levels:
    """Return the squares of Float64 values as levels; NULL counts as zero.

    Raises:
        FunctionError: A square is above the greatest float.
    """
    values = values.fill_null(0.0)
    product = values * values
    carried = values * _SPLITTER
    upper = carried - (carried - values)
    upper = upper.zip_with(upper.is_finite(), values)
    lower = values - upper
    error = ((upper * upper - product) + 2.0 * upper * lower) + lower * lower
    return add_levels(levels_of_floats(product), levels_of_floats(error))


def add_levels(left: Levels, right: Levels) -> Levels:
    """Return the row-wise sums."""
    total = dict(left)
    for level, series in right.items():
        total[level] = total[level] + series if level in total else series
    return total


def rounded(levels: Mapping[int, pl.Series], height: int) -> pl.Series:
    """Return totals as Float64, rounded to nearest (in rare near-ties one unit in the last place beside it).

    A total above the greatest float comes out as infinity.
    """
    total = pl.repeat(0.0, height, dtype=pl.Float64, eager=True)
    error = total
    for level, digits in _normalised(levels):
        # In two steps, as 2**1024 and 2**-1088 are no doubles although their products with a limb are.
        scale = 2.0 ** (-_LEVEL_BITS // 2 * level)
        upper = digits // _integer(2**32) * _integer(2**32)
        for limb in (upper.cast(pl.Float64), (digits - upper).cast(pl.Float64)):
            total, rest = _two_sum(total, limb * scale * scale)
            error = error + rest
    return (total + error).zip_with(total.is_finite(), total)


def exact_totals(levels: Mapping[int, pl.Series], height: int) -> list[Fraction]:
    """Return totals without any rounding, one Python number a row."""
    totals = [Fraction(0)] * height
    for level, series in levels.items():
        unit = Fraction(2) ** (-_LEVEL_BITS * level)
        for row, count in enumerate(series.to_list()):
            if count:
                totals[row] += count * unit
    return totals


def _normalised(levels: Mapping[int, pl.Series]) -> list[tuple[int, pl.Series]]:
    """Return the levels from the most to the least significant, all but the first within half of 2**64 from zero.

    Totals that are equal have equal normal forms, so that what is computed from it depends on the total only.
    """
    if not levels:
        return []
    pending = {level: series.fill_null(0) for level, series in levels.items()}
    normal: list[tuple[int, pl.Series]] = []
    level, top = max(pending), min(pending)
    carry = pl.zeros(len(pending[level]), dtype=pl.Int128, eager=True)
    while level >= top or (carry != _integer(0)).any():
        digits = pending[level] + carry if level in pending else carry
        carry = (digits + _integer(2**63)) // _integer(_LEVEL)
        normal.append((level, digits - carry * _integer(_LEVEL)))
        level -= 1
    return normal[::-1]


def _integer(value: int) -> pl.Series:
    """Return an Int128 constant: Series of that type do no arithmetic with Python's integers."""
    return pl.Series([value], dtype=pl.Int128)


def _two_sum(left: pl.Series, right: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the rounded sum and its exact error (Knuth)."""
    total = left + right
    virtual = total - left
    return total, (left - (total - virtual)) + (right - virtual)
