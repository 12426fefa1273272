"""The pairs of two sides against every row with every other, on both ways that find them."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.values import key_of

from asaql.model import Column
from asaql.operators.join_pairs import PairSearch

FEW: st.SearchStrategy[Any] = st.sampled_from([None, "a", "b"])
MIXED: st.SearchStrategy[Any] = st.sampled_from([None, 0, 0.0, -0.0, 1, 1.0, 1.5, True, "1", {"x": 1}, [1]])
WHOLE: st.SearchStrategy[Any] = st.integers(0, 30)
FLOATS: st.SearchStrategy[Any] = st.sampled_from([0.0, -0.0, 1.0, 1.5, None])
KINDS = st.sampled_from([FEW, MIXED, WHOLE, FLOATS, st.none()])


@st.composite
def sides(draw: st.DrawFn) -> tuple[list[list[Any]], list[list[Any]], int]:
    """Return the keys of both sides, row by row, and their number."""
    kinds = [
        (draw(KINDS), draw(KINDS)) if draw(st.booleans()) else (draw(KINDS),) * 2
        for _ in range(draw(st.integers(0, 2)))
    ]
    left, right = (draw(st.lists(st.tuples(*(each[side] for each in kinds)).map(list), max_size=30)) for side in (0, 1))
    return left, right, len(kinds)


def columns_of(rows: list[list[Any]], count: int) -> list[Column]:
    return [Column.from_values([row[at] for row in rows]) for at in range(count)]


@settings(max_examples=300)
@given(sides(), st.data())
def test_pairs_are_those_of_equal_keys_in_range_that_are_not_old(
    both: tuple[list[list[Any]], list[list[Any]], int], data: st.DataObject
) -> None:
    left, right, count = both
    times = sorted(data.draw(st.lists(st.integers(0, 20), min_size=len(right), max_size=len(right))))
    lows = data.draw(st.lists(st.integers(0, 20), min_size=len(left), max_size=len(left)))
    lengths = data.draw(st.lists(st.integers(-2, 20), min_size=len(left), max_size=len(left)))
    highs = [low + length for low, length in zip(lows, lengths, strict=True)]
    old_left, old_right = data.draw(st.integers(0, len(left))), data.draw(st.integers(0, len(right)))
    search = PairSearch(
        list(zip(columns_of(left, count), columns_of(right, count), strict=True)),
        pl.Series(lows, dtype=pl.Int64),
        pl.Series(highs, dtype=pl.Int64),
        pl.Series(times, dtype=pl.Int64),
        old_left,
        old_right,
    )
    found = [pair for lefts, rights in search.pairs() for pair in zip(lefts, rights, strict=True)]
    expected = [
        (one, other)
        for one, mine in enumerate(left)
        for other, theirs in enumerate(right)
        if lows[one] <= times[other] <= highs[one] and (one >= old_left or other >= old_right)
        if all(a is not None and key_of(a) == key_of(b) for a, b in zip(mine, theirs, strict=True))
    ]
    assert sorted(found) == expected
