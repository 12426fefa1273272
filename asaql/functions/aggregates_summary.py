"""Aggregates whose state has a fixed size: COUNT, SUM, AVG, MIN, MAX, STDEV, STDEVP, VAR, VARP.

Their state is a few partial columns, of which a single row is already a state of its own. States are merged column by
column with nothing but sum, min and max, so any engine that can group can merge them, and so can prefix sums.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from math import isqrt, sqrt
from typing import Any, Final

import polars as pl

from asaql.functions import exact_sums
from asaql.functions.registry import FunctionError
from asaql.model import BIGINT_MAX, BIGINT_MIN, Column, Kind, Value, kind_of

_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


class Merge(StrEnum):
    """How a partial column of two states becomes that of both together; a null is the state of no rows."""

    SUM = "sum"
    MIN = "min"
    MAX = "max"


class Summary:
    """An aggregate with a state of fixed size.

    The state of many groups is a set of partial columns with one row a group. Which columns there are depends on the
    kinds of values met so far; one that is missing is as one full of nulls.
    """

    def lift(self, argument: Column | None, height: int) -> dict[str, pl.Series]:
        """Return the state of each row taken for itself.

        Args:
            argument: The argument's values, not constant; None for COUNT(*).
            height: Number of rows.

        Raises:
            FunctionError: The aggregate does not take a value.
        """
        raise AssertionError(type(self))

    def merge(self, name: str) -> Merge:
        """Return how the partial column `name` is merged."""
        raise AssertionError(type(self))

    def result(self, partials: Mapping[str, pl.Series], height: int) -> Column:
        """Return the aggregate of each of `height` groups.

        Raises:
            FunctionError: A result does not fit its type, or values of unlike kinds came together in one group.
        """
        raise AssertionError(type(self))


class Count(Summary):
    """COUNT(*) without an argument, else COUNT of what is not NULL."""

    def lift(self, argument: Column | None, height: int) -> dict[str, pl.Series]:
        """Return one column: 1 where the row counts."""
        if argument is None:
            return {"n": pl.repeat(1, height, dtype=pl.Int64, eager=True)}
        return {"n": (~argument.is_null()).cast(pl.Int64)}

    def merge(self, name: str) -> Merge:
        """Return SUM."""
        return Merge.SUM

    def result(self, partials: Mapping[str, pl.Series], height: int) -> Column:
        """Return bigints, never NULL."""
        return Column(Kind.BIGINT, partials["n"].fill_null(0))


class Sum(Summary):
    """SUM: bigint where all values of the group are, else float; exact until it is rounded at the end."""

    name = "SUM"

    def lift(self, argument: Column | None, height: int) -> dict[str, pl.Series]:
        """Return the number of values (n), of floats among them (f), and the exact value (levels)."""
        integers, floats = numbers(self.name, argument)
        partials = self._lift_integers(integers) if integers is not None else {}
        if floats is not None:
            is_float = floats.is_not_null().cast(pl.Int64)
            partials["n"] = partials["n"] + is_float if "n" in partials else is_float
            partials["f"] = is_float
            for name, series in self._lift_floats(floats).items():
                partials[name] = partials[name] + series if name in partials else series
        return partials

    def merge(self, name: str) -> Merge:
        """Return SUM."""
        return Merge.SUM

    def result(self, partials: Mapping[str, pl.Series], height: int) -> Column:
        """Return sums; NULL for a group without values."""
        if "n" not in partials:
            return Column.nulls(height)
        counts = partials["n"].fill_null(0)
        is_empty = counts == 0
        is_float = partials["f"].fill_null(0) > 0 if "f" in partials else pl.repeat(False, height, eager=True)
        if not is_float.any():
            return self.of_totals(self._bigints(partials["l0"].fill_null(0)), counts)
        floats = exact_sums.rounded(_levels(partials), height)
        if not floats.filter(is_float).is_finite().all():
            message = f"{self.name} is above the greatest float"
            raise FunctionError(message, "AQ303")
        if (is_float | is_empty).all():
            return self.of_totals(floats, counts)
        bigints = self._bigints(partials["l0"].fill_null(0).zip_with(~is_float, pl.Series([0], dtype=pl.Int128)))
        values: list[Value] = [
            None if empty else one if inexact else whole
            for empty, inexact, one, whole in zip(is_empty, is_float, floats, bigints, strict=True)
        ]
        return Column.from_values(values)

    def of_totals(self, totals: pl.Series, counts: pl.Series) -> Column:
        """Return the aggregates of groups from their totals.

        Args:
            totals: Int64 or Float64, rounded already.
            counts: How many values each is of; the result is NULL where that is 0.
        """
        kind = Kind.FLOAT if totals.dtype == pl.Float64 else Kind.BIGINT
        return Column(kind, _blank(totals, counts == 0))

    def _lift_integers(self, values: pl.Series) -> dict[str, pl.Series]:
        return {"n": values.is_not_null().cast(pl.Int64), **levels_by_name(exact_sums.levels_of_integers(values))}

    def _lift_floats(self, values: pl.Series) -> dict[str, pl.Series]:
        return levels_by_name(exact_sums.levels_of_floats(values))

    def _bigints(self, totals: pl.Series) -> pl.Series:
        least, greatest = totals.min(), totals.max()
        if greatest is not None and (_integer(least) < BIGINT_MIN or _integer(greatest) > BIGINT_MAX):
            message = f"{self.name} does not fit a bigint"
            raise FunctionError(message, "AQ303")
        return totals.cast(pl.Int64)


class Average(Sum):
    """AVG: always a float."""

    name = "AVG"

    def result(self, partials: Mapping[str, pl.Series], height: int) -> Column:
        """Return averages; NULL for a group without values."""
        if "n" not in partials:
            return Column.nulls(height)
        count = partials["n"].fill_null(0)
        totals = exact_sums.rounded(_levels(partials), height)
        if totals.is_finite().all():
            return self.of_totals(totals, count)
        exact = exact_sums.exact_totals(_levels(partials), height)
        averages = pl.Series([float(x / n) if n else 0.0 for x, n in zip(exact, count, strict=True)])
        return Column(Kind.FLOAT, _blank(averages, count == 0))

    def of_totals(self, totals: pl.Series, counts: pl.Series) -> Column:
        """Return averages; see `Sum.of_totals`."""
        return Column(Kind.FLOAT, _blank(totals.cast(pl.Float64) / counts.cast(pl.Float64), counts == 0))


class Variance(Sum):
    """VAR, VARP, STDEV and STDEVP: computed from exact sums, so without the loss that differences of squares have.

    Args:
        name: The function's name, for messages.
        is_sample: Whether the divisor is the number of values less one.
        is_root: Whether the result is the square root.
    """

    def __init__(self, name: str, *, is_sample: bool, is_root: bool) -> None:
        self.name = name
        self._is_sample = is_sample
        self._is_root = is_root

    def _lift_integers(self, values: pl.Series) -> dict[str, pl.Series]:
        return super()._lift_integers(values) | levels_by_name(exact_sums.squares_of_integers(values), "s")

    def _lift_floats(self, values: pl.Series) -> dict[str, pl.Series]:
        return super()._lift_floats(values) | levels_by_name(exact_sums.squares_of_floats(values), "s")

    def result(self, partials: Mapping[str, pl.Series], height: int) -> Column:
        """Return floats; NULL for a group without values, and for a sample of one."""
        if "n" not in partials:
            return Column.nulls(height)
        sums = exact_sums.exact_totals(_levels(partials), height)
        squares = exact_sums.exact_totals(_levels(partials, "s"), height)
        counts = partials["n"].fill_null(0).to_list()
        values = [self._one(n, x, xx) for n, x, xx in zip(counts, sums, squares, strict=True)]
        return Column(Kind.FLOAT, pl.Series(values, dtype=pl.Float64))

    def _one(self, count: int, total: Fraction, squares: Fraction) -> float | None:
        divisor = count - 1 if self._is_sample else count
        if divisor <= 0:
            return None
        # The square of a tiny float is inexact, which can leave a difference below zero.
        variance = max((squares - total * total / count) / divisor, Fraction(0))
        return _root(variance) if self._is_root else float(variance)


class Extreme(Summary):
    """MIN or MAX.

    Args:
        name: The function's name, for messages.
        merge: Merge.MIN or Merge.MAX.
        is_text: Whether text is compared as text; otherwise it is taken for numbers.
    """

    def __init__(self, name: str, merge: Merge, *, is_text: bool) -> None:
        self._name = name
        self._merge = merge
        self.is_text = is_text

    def lift(self, argument: Column | None, height: int) -> dict[str, pl.Series]:
        """Return a column for each kind of value met: its symbol is the column's name."""
        argument = _required(argument)
        if argument.kind is Kind.ANY:
            return _joined(self._lift_kind(each) for each in _planes(argument))
        return self._lift_kind(argument)

    def _lift_kind(self, values: Column) -> dict[str, pl.Series]:
        match values.kind:
            case Kind.NULL:
                return {}
            case Kind.BIGINT:
                return {"i": values.series}
            case Kind.FLOAT:
                return {"f": values.series}
            case Kind.DATETIME:
                return {"d": values.series}
            case Kind.BIT:
                return {"b": values.series.cast(pl.Int8)}
            case Kind.NVARCHAR:
                return {"t": values.series} if self.is_text else {"f": _parsed(self._name, values.series)}
            case _:
                message = f"{self._name} takes bit, bigint, float, datetime or text, found {values.kind}"
                raise FunctionError(message)

    def merge(self, name: str) -> Merge:
        """Return MIN or MAX."""
        return self._merge

    def result(self, partials: Mapping[str, pl.Series], height: int) -> Column:
        """Return extremes; NULL for a group without values."""
        columns = [self._column(name, series) for name, series in partials.items()]
        columns = [each for each in columns if not each.is_null().all()]
        if not columns:
            return Column.nulls(height)
        if len(columns) == 1:
            return columns[0]
        rows = zip(*(each.to_values() for each in columns), strict=True)
        return Column.from_values([self._pick([x for x in row if x is not None]) for row in rows])

    def _column(self, name: str, series: pl.Series) -> Column:
        kinds = {"i": Kind.BIGINT, "f": Kind.FLOAT, "d": Kind.DATETIME, "b": Kind.BIT, "t": Kind.NVARCHAR}
        return Column(kinds[name], series.cast(pl.Boolean) if name == "b" else series)

    def _pick(self, values: list[Any]) -> Value:
        kinds = [kind_of(each) for each in values]
        if len(values) > 1 and not all(each.is_number for each in kinds):
            message = f"{self._name} cannot compare {kinds[0]} with {kinds[1]}"
            raise FunctionError(message)
        choose = min if self._merge is Merge.MIN else max
        return choose(values) if values else None


def numbers(function: str, argument: Column | None) -> tuple[pl.Series | None, pl.Series | None]:
    """Return the bigints and the floats among the values, as two series with nulls; None where there are none.

    Text that holds a number is a float.

    Raises:
        FunctionError: A value is neither a number nor text that holds one.
    """
    argument = _required(argument)
    match argument.kind:
        case Kind.NULL:
            return argument.cast_null(Kind.BIGINT).series, None
        case Kind.BIGINT:
            return argument.series, None
        case Kind.FLOAT:
            return None, argument.series
        case Kind.NVARCHAR:
            return None, _parsed(function, argument.series)
        case Kind.ANY:
            planes = _planes(argument) or [Column.nulls(len(argument))]
            integers: pl.Series | None = None
            floats: pl.Series | None = None
            for whole, inexact in (numbers(function, each) for each in planes):
                integers = whole if whole is not None else integers
                if inexact is not None:
                    floats = inexact if floats is None else floats.zip_with(floats.is_not_null(), inexact)
            return integers, floats
        case kind:
            message = f"{function} takes bigint or float, found {kind}"
            raise FunctionError(message)


def _planes(column: Column) -> list[Column]:
    """Return a column of each kind of value in a column of kind ANY, null where the value is of another kind."""
    values = column.to_values()
    kinds = [kind_of(each) for each in values]
    present = sorted(set(kinds) - {Kind.NULL})
    return [
        Column.from_values([value if kind is each else None for value, kind in zip(values, kinds, strict=True)])
        for each in present
    ]


def _joined(planes: Any) -> dict[str, pl.Series]:
    joined: dict[str, pl.Series] = {}
    for plane in planes:
        for name, series in plane.items():
            before = joined.get(name)
            joined[name] = series if before is None else before.zip_with(before.is_not_null(), series)
    return joined


def _parsed(function: str, texts: pl.Series) -> pl.Series:
    """Return the floats that texts hold."""
    parsed = texts.cast(pl.Float64, strict=False)
    doubtful = (parsed.is_null() & texts.is_not_null()) | ~parsed.is_finite().fill_null(True)
    if not doubtful.any():
        return parsed
    values = []
    for text in texts.to_list():
        if text is not None and (_NUMBER.fullmatch(text) is None or abs(float(text)) == float("inf")):
            message = f'{function} takes numbers, and the text "{text[:40]}" is none'
            raise FunctionError(message, "AQ302")
        values.append(None if text is None else float(text))
    return pl.Series(values, dtype=pl.Float64)


def _required(argument: Column | None) -> Column:
    assert argument is not None
    return argument


def levels_by_name(levels: exact_sums.Levels, prefix: str = "l") -> dict[str, pl.Series]:
    """Return levels as partial columns."""
    return {f"{prefix}{level}": series for level, series in levels.items()}


def _levels(partials: Mapping[str, pl.Series], prefix: str = "l") -> exact_sums.Levels:
    return {int(name[1:]): series for name, series in partials.items() if name[0] == prefix}


def _blank(values: pl.Series, is_null: pl.Series) -> pl.Series:
    """Return values with null where there shall be none."""
    if not is_null.any():
        return values
    return values.zip_with(~is_null, pl.Series([None], dtype=values.dtype))


def _integer(value: Any) -> int:
    return int(value)


def _root(value: Fraction) -> float:
    """Return the square root, rounded from more digits than a float has."""
    if value == 0:
        return 0.0
    shift = max(0, 128 - value.numerator.bit_length() + value.denominator.bit_length())
    shift += shift % 2
    scaled = isqrt((value.numerator << shift) // value.denominator)
    try:
        return float(Fraction(scaled, 1 << (shift // 2)))
    except OverflowError:
        return sqrt(float(value))
