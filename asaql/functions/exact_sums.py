"""Exact sums of numbers, a column at a time.

A double is an integer times a power of two, so a sum of doubles is one, too, and can be kept without any rounding.
It is kept as levels: level k counts multiples of 2**(-64 * k), in an Int128 column of its own. Values around one need
the levels 0 and 1; further ones exist only when a value reaches them. Sums of levels are sums of integers, so a total
does not depend on the order or the grouping in which its parts were added, and it is rounded once, at the end.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import frexp, ldexp
from typing import Any, Final

import polars as pl

from asaql.functions.registry import FunctionError

_LEVEL_BITS: Final = 64
_LEVEL: Final = 2**_LEVEL_BITS
_LARGEST: Final = 2.0**63
_SPLITTER: Final = 134217729.0
"""2**27 + 1: halves the 53 bits of a double (Dekker)."""

_GREATEST_INTEGER: Final = 2**63 - 1
_FLOAT_BITS: Final = 53
_MOST_EXPONENT: Final = 1020
"""Above it, twice the magnitude would leave the range of floats."""

_GREATEST_ORDINARY: Final = 2**60
_ORDINARY: Final = {0: 2**59, 1: 2**123}
"""The levels of ordinary totals and bounds of what they hold: in normal form, level 0 is below the greatest one."""

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
    product, error = product_and_error(values.fill_null(0.0))
    return add_levels(levels_of_floats(product), levels_of_floats(error))


def product_and_error(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the rounded squares of Float64 values and what rounding took from them (Dekker)."""
    product = values * values
    carried = values * _SPLITTER
    upper = carried - (carried - values)
    upper = upper.zip_with(upper.is_finite(), values)
    lower = values - upper
    return product, ((upper * upper - product) + 2.0 * upper * lower) + lower * lower


def summable_integers(values: pl.Series, power: int = 1) -> bool:
    """Return whether powers of Int64 values can be added up natively, in any grouping, without leaving Int64."""
    largest: int = max(_number(values.max()), -_number(values.min()))
    most: int = largest**power * len(values)
    return most <= _GREATEST_INTEGER


def summable_floats(values: pl.Series) -> tuple[pl.Series, pl.Series | None] | None:
    """Return two series whose row-wise sums are the values, and that can be added up as floats without rounding.

    Each is a multiple of a power of two that leaves room for the sum of all rows in the 53 bits of a float, so sums
    are exact in any order and any grouping (error-free vector transformation, Rump). Nulls stay null.

    Returns:
        The upper and the lower parts, the latter None if all are zero. None if two parts cannot hold the values: they
        are too large, or their bits too far apart.
    """
    largest = max(abs(_number(values.max())), abs(_number(values.min())))
    if not largest:
        return values, None
    spare = len(values).bit_length() + 1
    exponent = frexp(largest)[1] + spare
    if exponent > _MOST_EXPONENT:
        return None
    upper = _multiples(values, exponent)
    lower = values - upper
    if not (lower.min() or lower.max()):
        return upper, None
    return (upper, lower) if _multiples(lower, exponent + spare - _FLOAT_BITS).eq(lower).all() else None


def _multiples(values: pl.Series, exponent: int) -> pl.Series:
    """Return the nearest multiples of a float's last bit at 2**exponent."""
    magic = ldexp(1.5, exponent)
    return (values + magic) - magic


def _number(value: Any) -> Any:
    return 0 if value is None else value


def add_levels(left: Levels, right: Levels) -> Levels:
    """Return the row-wise sums."""
    total = dict(left)
    for level, series in right.items():
        total[level] = total[level] + series if level in total else series
    return total


def rounded(levels: Mapping[int, pl.Series], height: int) -> pl.Series:
    """Return totals as Float64, rounded to nearest.

    Totals beyond some 2**60 or with bits below 2**-64 may come out one unit in the last place beside that in rare
    near-ties. A total above the greatest float comes out as infinity. What comes out depends on the total only.
    """
    ordinary = levels.keys() <= _ORDINARY.keys() and all(
        -limit < _number(levels[level].min()) and _number(levels[level].max()) < limit
        for level, limit in _ORDINARY.items()
        if level in levels
    )
    if ordinary and 0 in levels:
        return _rounded_at_once(levels[0].fill_null(0), levels[1].fill_null(0) if 1 in levels else None)
    total = pl.repeat(0.0, height, dtype=pl.Float64, eager=True)
    error, is_ordinary = total, pl.repeat(True, height, dtype=pl.Boolean, eager=True)
    normal = _normalised(levels)
    for level, digits in normal:
        # In two steps, as 2**1024 and 2**-1088 are no doubles although their products with a limb are.
        scale = 2.0 ** (-_LEVEL_BITS // 2 * level)
        upper = digits // _integer(2**32) * _integer(2**32)
        for limb in (upper.cast(pl.Float64), (digits - upper).cast(pl.Float64)):
            total, rest = _two_sum(total, limb * scale * scale)
            error = error + rest
        limit = _GREATEST_ORDINARY if level == 0 else _LEVEL if level == 1 else 1
        is_ordinary = is_ordinary & (digits < _integer(limit)) & (digits > _integer(-limit))
    total = (total + error).zip_with(total.is_finite(), total)
    if not is_ordinary.any():
        return total
    # The same totals must come out the same, whatever they stand beside.
    parts = {level: digits.zip_with(is_ordinary, _integer(0)) for level, digits in normal if level in _ORDINARY}
    nothing = pl.repeat(0, height, dtype=pl.Int128, eager=True)
    return _rounded_at_once(parts.get(0, nothing), parts.get(1)).zip_with(is_ordinary, total)


def _rounded_at_once(whole: pl.Series, fraction: pl.Series | None) -> pl.Series:
    if fraction is None:
        return whole.cast(pl.Float64)
    return (whole * _integer(_LEVEL) + fraction).cast(pl.Float64) * 2.0**-_LEVEL_BITS


def sums_of_parts(upper: pl.Series, lower: pl.Series | None) -> pl.Series | None:
    """Return the row-wise sums of Float64 values, the very floats that `rounded` gives for the same totals.

    Args:
        upper: Null where there is no total.
        lower: None for zeros; a null counts as zero.

    Returns:
        None if it takes levels to know.
    """
    if not _is_ordinary(upper) or not (lower is None or _is_ordinary(lower)):
        return None
    totals = upper if lower is None else upper + lower.fill_null(0.0)
    # Negative zero is no total. To add zero does not change it here, as Polars leaves that out.
    is_zero = totals == 0.0
    return totals.zip_with(~is_zero, _ZERO) if is_zero.any() else totals


def ordinary_integers(values: pl.Series) -> bool:
    """Return whether totals that are Int64 values become the same floats by a cast as `rounded` gives."""
    limit = _ORDINARY[0]
    return bool(-limit < _number(values.min()) and _number(values.max()) < limit)


def _is_ordinary(values: pl.Series) -> bool:
    """Return whether every float is in the range of ordinary totals, and without bits below those of level 1."""
    scaled = values * float(_LEVEL)
    return bool(((values.abs() < float(_ORDINARY[0])) & (scaled == scaled.floor())).all())


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
