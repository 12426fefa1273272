"""What kernels share: columns in, one column out, with eager operations on Polars series.

A kernel returns None whenever it is not certain to give what the scalar body gives; the rows then run one by one.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from asaql.functions.registry import Kernel
from asaql.model import BIGINT_MAX, BIGINT_MIN, Column, Kind

EXACT = 2**53
"""Whole numbers up to this size are the same as floats."""


def column_of(kind: Kind, series: pl.Series, arguments: Sequence[Column]) -> Column:
    """Return a result column, constant if every argument is."""
    return Column(kind, series, is_constant=all(each.is_constant for each in arguments))


def nulls_for(arguments: Sequence[Column], height: int) -> Column:
    """Return a column of NULLs, constant if every argument is."""
    if all(each.is_constant for each in arguments):
        return Column.constant(None)
    return Column.nulls(height)


def falses_for(arguments: Sequence[Column], height: int) -> Column:
    """Return a column that is false in every row."""
    is_constant = all(each.is_constant for each in arguments)
    series = pl.repeat(False, 1 if is_constant else height, dtype=pl.Boolean, eager=True)
    return Column(Kind.BIT, series, is_constant=is_constant)


def has_null(arguments: Sequence[Column]) -> bool:
    """Return whether a column is known to be all NULL."""
    return any(each.kind is Kind.NULL for each in arguments)


def strict(kernel: Kernel) -> Kernel:
    """Return a kernel that gives NULL where a whole argument is NULL, and otherwise what `kernel` gives."""

    def strict_kernel(arguments: Sequence[Column], height: int) -> Column | None:
        if has_null(arguments):
            return nulls_for(arguments, height)
        return kernel(arguments, height)

    return strict_kernel


def number_series(column: Column) -> pl.Series | None:
    """Return bigint, float or bit values as an Int64 or Float64 series; None for other kinds."""
    if column.kind.is_number:
        return column.series
    return column.series.cast(pl.Int64) if column.kind is Kind.BIT else None


def is_finite(series: pl.Series) -> bool:
    """Return whether a Float64 series holds neither NaN nor an infinity."""
    total = series.sum()
    return math.isfinite(total) or bool(series.is_finite().all())


def is_ascii(series: pl.Series) -> bool:
    """Return whether a String series holds ASCII only."""
    return series.str.len_bytes().sum() == series.str.len_chars().sum()


def is_basic(series: pl.Series) -> bool:
    """Return whether a String series holds no character outside the Basic Multilingual Plane."""
    return is_ascii(series) or not series.str.contains(r"[\x{10000}-\x{10FFFF}]").any()


def bounds(series: pl.Series) -> tuple[int, int]:
    """Return the least and the greatest value of an Int64 series; zeros if there is none."""
    return (series.min() or 0, series.max() or 0)  # type: ignore[return-value]


def fits(least: int, greatest: int) -> bool:
    """Return whether a range of exact results fits a bigint."""
    return least >= BIGINT_MIN and greatest <= BIGINT_MAX


def plain_numbers(column: Column) -> list[Any] | None:
    """Return the values of a column of bigints and floats mixed, as Python numbers; None if other kinds are among them.

    JSON holds 10 and 5.8 in one field, so that this mixture is common.
    """
    if column.kind.is_number:
        return column.series.to_list()
    if column.kind is not Kind.ANY:
        return None
    values = column.series.to_list()
    return values if set(map(type, values)) <= {int, float, type(None)} else None


def mixed_rows(compute: Callable[[Any, Any], Any], arguments: Sequence[Column], height: int) -> Column | None:
    """Compute with two columns that hold bigints and floats mixed, row by row on Python numbers.

    Args:
        compute: Takes two numbers, neither of them NULL.
        arguments: Two columns, not both constant.
        height: Number of rows.
    """
    left, right = (plain_numbers(each) for each in arguments)
    if left is None or right is None:
        return None
    left = left * height if arguments[0].is_constant else left
    right = right * height if arguments[1].is_constant else right
    results = [None if x is None or y is None else compute(x, y) for x, y in zip(left, right, strict=True)]
    if not all(-_HUGE < each < _HUGE for each in results if each is not None):
        return None
    try:
        return Column.from_values(results)
    except OverflowError:
        return None


_HUGE = 1e300
"""Floats of this size are left to the scalar body, which knows an overflow."""


def mixed_floats(column: Column) -> pl.Series | None:
    """Return a column of bigints and floats mixed as Float64, if no value changes by that."""
    values = plain_numbers(column)
    if values is None:
        return None
    series = pl.Series(values, dtype=pl.Float64, strict=False)
    least, greatest = series.min(), series.max()
    if least is None or greatest is None or not is_finite(series):
        return None
    return series if least >= -EXACT and greatest <= EXACT else None  # type: ignore[operator]


def rowwise(kind: Kind, body: Callable[..., Any], *kinds: Kind | tuple[Kind, ...]) -> Kernel:
    """Return a kernel that runs a body free of kind checks over columns of the given kinds.

    Args:
        kind: Kind of the result.
        body: Takes the values of a row, none of them NULL; datetimes as ticks, both as arguments and as the result.
        kinds: What each argument must be; the last one stands for all further arguments.
    """

    def rowwise_kernel(arguments: Sequence[Column], height: int) -> Column | None:
        for index, each in enumerate(arguments):
            wanted = kinds[min(index, len(kinds) - 1)]
            if each.kind is not wanted and (type(wanted) is not tuple or each.kind not in wanted):
                return None
        moving = [each.series for each in arguments if not each.is_constant]
        if len(moving) == 1:
            results = _over_one(arguments, body)
        else:
            rows = (
                zip(*(each.expand(height).series.to_list() for each in arguments), strict=True)
                if moving
                else ([tuple(each.series[0] for each in arguments)])
            )
            results = [None if None in row else body(*row) for row in rows]
        return column_of(kind, pl.Series(results, dtype=_NATIVE[kind]), arguments)

    return strict(rowwise_kernel)


_NATIVE: dict[Kind, Any] = {
    Kind.BIGINT: pl.Int64,
    Kind.FLOAT: pl.Float64,
    Kind.NVARCHAR: pl.String,
    Kind.DATETIME: pl.Int64,
    Kind.BIT: pl.Boolean,
}


def _over_one(arguments: Sequence[Column], body: Callable[..., Any]) -> list[Any]:
    """Run a body over the one column that is not constant."""
    place = next(i for i, each in enumerate(arguments) if not each.is_constant)
    before = [each.series[0] for each in arguments[:place]]
    after = [each.series[0] for each in arguments[place + 1 :]]
    values = arguments[place].series.to_list()
    if not before and not after:
        return [None if value is None else body(value) for value in values]
    if None in before or None in after:
        return [None] * len(values)
    return [None if value is None else body(*before, value, *after) for value in values]
