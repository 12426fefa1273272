"""Aggregates that need the values themselves: COUNT(DISTINCT), PERCENTILE_*, Collect, CollectTop, TopOne.

Their state is the rows of a group. Two states are merged by putting the rows of one below those of the other, in the
order of arrival.
"""

from fractions import Fraction
from math import floor
from typing import Any

import polars as pl
from msgspec import Struct

from asaql.functions.aggregates_summary import numbers
from asaql.functions.registry import FunctionError
from asaql.functions.value_codes import equality_series
from asaql.model import Column, Kind, Value, kind_of


class Gathered(Struct, frozen=True):
    """The rows of many groups.

    Attributes:
        groups: The number of the group of each row, Int64, ascending; rows of one group are in the order of arrival.
        count: Number of groups; a group may be without rows.
        argument: The argument's values, not constant; None where there is no argument.
        keys: The values of the ORDER BY keys.
    """

    groups: pl.Series
    count: int
    argument: Column | None
    keys: tuple[Column, ...] = ()


class Gathering:
    """An aggregate whose state is the rows of the group."""

    def result(self, rows: Gathered) -> Column:
        """Return the aggregate of each group.

        Raises:
            FunctionError: The aggregate does not take a value.
        """
        raise AssertionError(type(self))


class CountDistinct(Gathering):
    """COUNT(DISTINCT x): how many unequal values other than NULL there are."""

    def result(self, rows: Gathered) -> Column:
        """Return bigints, never NULL."""
        assert rows.argument is not None
        frame = pl.DataFrame({"group": rows.groups, "value": equality_series(rows.argument)}).drop_nulls()
        counts = frame.group_by("group").agg(pl.col("value").n_unique().cast(pl.Int64).alias("n"))
        return Column(Kind.BIGINT, _spread(counts, rows.count, "n").fill_null(0))


class Percentile(Gathering):
    """PERCENTILE_CONT and PERCENTILE_DISC.

    Args:
        name: The function's name, for messages.
        fraction: 0 to 1, as the query writes it.
        is_descending: Whether values are ordered from the greatest.
        is_continuous: Whether to interpolate between the two values beside the position.
    """

    def __init__(self, name: str, fraction: float, *, is_descending: bool, is_continuous: bool) -> None:
        self._name = name
        self._fraction = Fraction(repr(fraction))
        self._is_descending = is_descending
        self._is_continuous = is_continuous

    def result(self, rows: Gathered) -> Column:
        """Return floats when continuous, else values of the key; NULL for a group without values."""
        integers, floats = numbers(self._name, rows.keys[0])
        if floats is not None and (integers is None or integers.is_null().all()):
            return self._of_native(Kind.FLOAT, floats, rows)
        if floats is None or floats.is_null().all():
            assert integers is not None
            return self._of_native(Kind.BIGINT, integers, rows)
        assert integers is not None
        return self._of_mixed(integers.to_list(), floats.to_list(), rows)

    def _of_native(self, kind: Kind, values: pl.Series, rows: Gathered) -> Column:
        frame = pl.DataFrame({"group": rows.groups, "value": values}).drop_nulls()
        frame = frame.sort("group", "value", descending=[False, self._is_descending], maintain_order=True)
        starts = frame.group_by("group", maintain_order=True).agg(pl.len().cast(pl.Int64).alias("size"))
        starts = starts.with_columns(start=pl.col("size").cum_sum() - pl.col("size"))
        sizes = starts["size"].unique().to_list()
        places = pl.DataFrame(
            {
                "size": sizes,
                "low": [self._position(n)[0] for n in sizes],
                "weight": [self._position(n)[1] for n in sizes],
            },
            schema={"size": pl.Int64, "low": pl.Int64, "weight": pl.Float64},
        )
        found = starts.join(places, on="size", how="left", maintain_order="left")
        low = frame["value"].gather(found["start"] + found["low"])
        if self._is_continuous:
            step = (found["weight"] > 0).cast(pl.Int64)
            high = frame["value"].gather(found["start"] + found["low"] + step).cast(pl.Float64)
            low = low.cast(pl.Float64)
            low = low + (high - low) * found["weight"]
            kind = Kind.FLOAT
        picked = pl.DataFrame({"group": found["group"], "value": low})
        return Column(kind, _spread(picked, rows.count, "value"))

    def _of_mixed(self, integers: list[Any], floats: list[Any], rows: Gathered) -> Column:
        groups: list[list[int | float]] = [[] for _ in range(rows.count)]
        for group, whole, inexact in zip(rows.groups.to_list(), integers, floats, strict=True):
            value = whole if whole is not None else inexact
            if value is not None:
                groups[group].append(value)
        return Column.from_values([self._of_values(each) for each in groups])

    def _of_values(self, values: list[int | float]) -> Value:
        if not values:
            return None
        # Of equal numbers the bigint stands first, so that the pick does not depend on the order of arrival.
        values.sort(key=lambda x: (x, type(x) is float), reverse=self._is_descending)
        low, weight = self._position(len(values))
        if not self._is_continuous:
            return values[low]
        return values[low] + (values[low + (weight > 0)] - values[low]) * weight

    def _position(self, size: int) -> tuple[int, float]:
        """Return the index of a value in order, and how far to go from it to the next one."""
        if self._is_continuous:
            place = self._fraction * (size - 1)
            return floor(place), float(place - floor(place))
        return max(-floor(-self._fraction * size) - 1, 0), 0.0


class Collect(Gathering):
    """Collect(): an array of the values that are not NULL, in the order of arrival; of records, all of them."""

    def result(self, rows: Gathered) -> Column:
        """Return arrays, empty for a group without values."""
        assert rows.argument is not None
        arrays: list[list[Any]] = [[] for _ in range(rows.count)]
        for group, value in zip(rows.groups.to_list(), rows.argument.to_values(), strict=True):
            if value is not None:
                arrays[group].append(value)
        return Column(Kind.ARRAY, pl.Series(arrays, dtype=pl.Object))


class Top(Gathering):
    """TopOne and CollectTop: the first rows by the ORDER BY keys, rows with equal keys in the order of arrival.

    Args:
        name: The function's name, for messages.
        limit: How many rows at most; None for TopOne, which gives the value instead of an array.
        descending: Whether each key is ordered from the greatest.
    """

    def __init__(self, name: str, limit: int | None, descending: tuple[bool, ...]) -> None:
        self._name = name
        self._limit = limit
        self._descending = descending

    def result(self, rows: Gathered) -> Column:
        """Return values, or arrays of records with `rank` and `value`."""
        assert rows.argument is not None
        keys = {f"key{number}": ordering(self._name, each) for number, each in enumerate(rows.keys)}
        height = len(rows.groups)
        frame = pl.DataFrame({"group": rows.groups, "row": pl.int_range(height, dtype=pl.UInt32, eager=True), **keys})
        frame = frame.sort(
            "group",
            *keys,
            descending=[False, *self._descending],
            # NULL is the smallest value.
            nulls_last=[False, *self._descending],
            maintain_order=True,
        )
        frame = frame.group_by("group", maintain_order=True).head(1 if self._limit is None else self._limit)
        values = rows.argument.gather(frame["row"])
        if self._limit is None:
            places = pl.DataFrame(
                {"group": frame["group"], "place": pl.int_range(len(frame), dtype=pl.UInt32, eager=True)}
            )
            return values.gather(_spread(places, rows.count, "place"))
        arrays: list[list[Any]] = [[] for _ in range(rows.count)]
        for group, value in zip(frame["group"].to_list(), values.to_values(), strict=True):
            array = arrays[group]
            array.append({"rank": len(array) + 1, "value": value})
        return Column(Kind.ARRAY, pl.Series(arrays, dtype=pl.Object))


def ordering(function: str, key: Column) -> pl.Series:
    """Return a series that sorts as the values of an ORDER BY key do.

    Raises:
        FunctionError: A value is none of bigint, float, datetime, or datetimes and numbers meet.
    """
    kinds = set(map(kind_of, key.to_values())) - {Kind.NULL} if key.kind is Kind.ANY else {key.kind}
    allowed = {Kind.BIGINT, Kind.FLOAT, Kind.DATETIME, Kind.NULL}
    if not kinds <= allowed or (Kind.DATETIME in kinds and len(kinds) > 1):
        named = ", ".join(sorted(kinds - {Kind.BIGINT, Kind.FLOAT}))
        message = f"ORDER BY of {function} takes bigint, float or datetime, found {named}"
        raise FunctionError(message)
    if key.kind is Kind.NULL:
        return key.series.cast(pl.Int64)
    if key.kind is not Kind.ANY:
        return key.series
    values: list[Any] = key.to_values()
    ranks = {value: rank for rank, value in enumerate(sorted({x for x in values if x is not None}))}
    return pl.Series([None if x is None else ranks[x] for x in values], dtype=pl.Int64)


def _spread(frame: pl.DataFrame, count: int, name: str) -> pl.Series:
    """Return the column `name` with one row for each of `count` groups, null for those the frame does not have."""
    groups = pl.DataFrame({"group": pl.int_range(count, dtype=pl.Int64, eager=True)})
    return groups.join(frame, on="group", how="left", maintain_order="left").get_column(name)
