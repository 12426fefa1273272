"""States of summaries in ordinary columns, so that they can be sorted, laid off and sent to other processes as rows.

A packed state has few columns of the common kinds, always the same for one aggregate; one that says nothing is a
constant NULL. Rows are packed each for itself. Where `foldable` finds that their columns can be added up without
rounding and without overflow, groups of them become one packed state by sum, min and max of native columns.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from asaql.functions import exact_sums
from asaql.functions.aggregates_summary import (
    Average,
    Count,
    Extreme,
    Merge,
    Sum,
    Summary,
    Variance,
    levels_by_name,
    numbers,
)
from asaql.model import Column, Kind

Packed = dict[str, Column]
"""Name to column: of kind BIGINT, FLOAT, NVARCHAR or DATETIME, or a constant NULL."""

_NOTHING: Final = Column.constant(None)


class Packing:
    """How the states of one summary are packed. `n`, where there is one, counts values; NULL stands for every row."""

    names: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for summaries of which the packed states of one serve the other."""
        return (type(self),)

    def pack(self, argument: Column | None) -> Packed:
        """Return the packed state of each row taken for itself.

        Args:
            argument: The argument's values, not constant; None for COUNT(*).

        Raises:
            FunctionError: The aggregate does not take a value.
        """
        raise AssertionError(type(self))

    def foldable(self, packed: Packed) -> Packed | None:
        """Return packed states of the same meaning of which groups can be merged natively; None if there are none."""
        return packed

    def merge(self, name: str) -> Merge:
        """Return how the column `name` is merged."""
        return Merge.SUM

    def unpack(self, packed: Mapping[str, Column], rows: pl.Series) -> dict[str, pl.Series]:
        """Return packed states as the partial columns of the summary.

        Args:
            packed: None of the columns is constant.
            rows: How many rows each state is made of.

        Raises:
            FunctionError: A value is not a finite number.
        """
        raise AssertionError(type(self))

    def result(self, summary: Summary, packed: Mapping[str, Column], rows: pl.Series) -> Column:
        """Return the aggregates of groups of which each has one packed state.

        Args:
            summary: A summary of which these are the states.
            packed: None of the columns is constant.
            rows: How many rows each state is made of.

        Raises:
            FunctionError: A value is not a finite number, or a result does not fit its type.
        """
        return summary.result(self.unpack(packed, rows), len(rows))


class CountPacking(Packing):
    """COUNT: the number of values."""

    names = ("n",)

    def pack(self, argument: Column | None) -> Packed:
        """Return 1 or 0, or nothing if every row counts."""
        if argument is None:
            return {"n": _NOTHING}
        if not argument.kind.is_object and argument.kind is not Kind.NULL:
            return {"n": _present(argument.series)}
        return {"n": Column(Kind.BIGINT, (~argument.is_null()).cast(pl.Int64))}

    def unpack(self, packed: Mapping[str, Column], rows: pl.Series) -> dict[str, pl.Series]:
        """Return the counts."""
        return {"n": _counts(packed["n"], rows)}


class SumPacking(Packing):
    """SUM and AVG: how many values (n) and floats (f) there are, bigints (i), floats in two parts (x and y).

    Args:
        name: The function's name, for messages.
    """

    names: tuple[str, ...] = ("n", "f", "i", "x", "y")

    def __init__(self, name: str) -> None:
        self._name = name

    def pack(self, argument: Column | None) -> Packed:
        """Return the numbers."""
        integers, floats = numbers(self._name, argument)
        packed = dict.fromkeys(self.names, _NOTHING)
        if integers is not None:
            packed["i"] = _column(Kind.BIGINT, integers)
        if floats is not None:
            packed["x"] = _column(Kind.FLOAT, floats)
            packed["f"] = _present(floats)
        if integers is None or floats is None:
            packed["n"] = _present(floats if integers is None else integers)
        else:
            packed["n"] = Column(Kind.BIGINT, (integers.is_not_null() | floats.is_not_null()).cast(pl.Int64))
        return packed

    def foldable(self, packed: Packed) -> Packed | None:
        """Return floats in two parts that can be added up."""
        if packed["i"] is not _NOTHING and not exact_sums.summable_integers(packed["i"].series):
            return None
        return _with_summable(packed, "x", "y") if packed["x"] is not _NOTHING else packed

    def unpack(self, packed: Mapping[str, Column], rows: pl.Series) -> dict[str, pl.Series]:
        """Return the number of values, of floats among them, and the exact value."""
        partials = {"n": _counts(packed["n"], rows)}
        levels: exact_sums.Levels = {}
        if packed["i"].kind is not Kind.NULL or packed["x"].kind is Kind.NULL:
            levels = exact_sums.levels_of_integers(packed["i"].cast_null(Kind.BIGINT).series)
        if packed["x"].kind is not Kind.NULL:
            present = packed["x"].series.is_not_null().cast(pl.Int64)
            partials["f"] = _counts(packed["f"], present)
            levels = _with_floats(levels, packed, ("x", "y"))
        return partials | levels_by_name(levels)

    def result(self, summary: Summary, packed: Mapping[str, Column], rows: pl.Series) -> Column:
        """Return sums or averages, without levels where they would make no difference."""
        totals = _ordinary_totals(packed)
        if totals is None:
            return super().result(summary, packed, rows)
        assert isinstance(summary, Sum)
        return summary.of_totals(totals, _counts(packed["n"], rows))


class VariancePacking(SumPacking):
    """VAR, VARP, STDEV and STDEVP: also the squares of bigints (q) and of floats, rounded (p, u) and the rest (e, w).

    Rows by themselves are packed without squares, which follow from their values.
    """

    names = (*SumPacking.names, "q", "p", "u", "e", "w")

    def foldable(self, packed: Packed) -> Packed | None:
        """Return the squares with the sums, all in parts that can be added up."""
        found = super().foldable(packed)
        if found is None:
            return None
        if packed["i"] is not _NOTHING:
            integers = packed["i"].series
            if not exact_sums.summable_integers(integers, 2):
                return None
            found = {**found, "q": Column(Kind.BIGINT, integers * integers)}
        if packed["x"] is _NOTHING:
            return found
        product, error = exact_sums.product_and_error(packed["x"].series)
        found = {**found, "p": Column(Kind.FLOAT, product), "e": Column(Kind.FLOAT, error)}
        halved = _with_summable(found, "p", "u")
        return None if halved is None else _with_summable(halved, "e", "w")

    def unpack(self, packed: Mapping[str, Column], rows: pl.Series) -> dict[str, pl.Series]:
        """Return what a sum has, and the exact sum of the squares."""
        partials = super().unpack(packed, rows)
        squares: exact_sums.Levels = {}
        is_single = packed["q"].is_null() & packed["p"].is_null()
        if packed["i"].kind is not Kind.NULL or packed["x"].kind is Kind.NULL:
            integers = packed["i"].cast_null(Kind.BIGINT).series
            squares = exact_sums.squares_of_integers(_only(integers, is_single))
            if packed["q"].kind is not Kind.NULL:
                squares = exact_sums.add_levels(squares, exact_sums.levels_of_integers(packed["q"].series))
        if packed["x"].kind is not Kind.NULL:
            singles = exact_sums.squares_of_floats(_only(packed["x"].series, is_single))
            squares = _with_floats(exact_sums.add_levels(squares, singles), packed, ("p", "u", "e", "w"))
        return partials | levels_by_name(squares, "s")

    def result(self, summary: Summary, packed: Mapping[str, Column], rows: pl.Series) -> Column:
        """Return variances, which take more than totals."""
        return Packing.result(self, summary, packed, rows)


class ExtremePacking(Packing):
    """MIN and MAX: a column for each kind of value, as the summary has them.

    Args:
        summary: The summary.
    """

    names = ("i", "b", "d", "f", "t")

    def __init__(self, summary: Extreme) -> None:
        self._summary = summary

    @property
    def key(self) -> tuple[object, ...]:
        """The direction and whether text is compared as text."""
        return (type(self), self._summary.merge(""), self._summary.is_text)

    def pack(self, argument: Column | None) -> Packed:
        """Return the values by kind."""
        assert argument is not None
        lifted = self._summary.lift(argument, len(argument))
        kinds = {"f": Kind.FLOAT, "t": Kind.NVARCHAR}
        packed = {name: _column(kinds.get(name, Kind.BIGINT), series) for name, series in lifted.items()}
        if "b" in lifted:
            packed["b"] = _column(Kind.BIGINT, lifted["b"].cast(pl.Int64))
        return {name: packed.get(name, _NOTHING) for name in self.names}

    def merge(self, name: str) -> Merge:
        """Return MIN or MAX."""
        return self._summary.merge(name)

    def unpack(self, packed: Mapping[str, Column], rows: pl.Series) -> dict[str, pl.Series]:
        """Return the columns of the kinds that there are."""
        partials = {name: packed[name].series for name in self.names if packed[name].kind is not Kind.NULL}
        if "b" in partials:
            partials["b"] = partials["b"].cast(pl.Int8)
        return partials


def packing_of(summary: Summary) -> Packing:
    """Return how the states of a summary are packed."""
    match summary:
        case Count():
            return CountPacking()
        case Variance():
            return VariancePacking(summary.name)
        case Average() | Sum():
            return SumPacking(summary.name)
        case Extreme():
            return ExtremePacking(summary)
        case _:
            raise AssertionError(summary)


def _column(kind: Kind, series: pl.Series) -> Column:
    return _NOTHING if series.null_count() == len(series) else Column(kind, series)


def _present(values: pl.Series | None) -> Column:
    """Return 1 where there is a value and 0 where there is none; nothing if there is one everywhere."""
    assert values is not None
    return Column(Kind.BIGINT, values.is_not_null().cast(pl.Int64)) if values.null_count() else _NOTHING


def _counts(counts: Column, unless_given: pl.Series) -> pl.Series:
    if counts.kind is Kind.NULL:
        return unless_given
    return counts.series.zip_with(counts.series.is_not_null(), unless_given) if counts.null_count() else counts.series


def _ordinary_totals(packed: Mapping[str, Column]) -> pl.Series | None:
    """Return sums from the states of SUM; None if bigints and floats are mixed, or a float has to be rounded with care.

    A null stands for the sum of no values.
    """
    integers, upper, lower = (packed[name] for name in "ixy")
    if upper.kind is Kind.NULL:
        is_plain = integers.kind is not Kind.NULL and exact_sums.ordinary_integers(integers.series)
        return integers.series if is_plain else None
    if integers.kind is not Kind.NULL:
        return None
    return exact_sums.sums_of_parts(upper.series, None if lower.kind is Kind.NULL else lower.series)


def _with_summable(packed: Packed, upper: str, lower: str) -> Packed | None:
    halves = exact_sums.summable_floats(packed[upper].series)
    if halves is None:
        return None
    rest = _NOTHING if halves[1] is None else Column(Kind.FLOAT, halves[1])
    return {**packed, upper: Column(Kind.FLOAT, halves[0]), lower: rest}


def _with_floats(levels: exact_sums.Levels, packed: Mapping[str, Column], names: tuple[str, ...]) -> exact_sums.Levels:
    for name in names:
        if packed[name].kind is not Kind.NULL:
            levels = exact_sums.add_levels(levels, exact_sums.levels_of_floats(packed[name].series))
    return levels


def _only(values: pl.Series, wanted: pl.Series) -> pl.Series:
    return values.zip_with(wanted, pl.Series([None], dtype=values.dtype))
