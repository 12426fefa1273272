"""Columns on their way to another process."""

import pickle
from typing import Any

import polars as pl
import pytest

from asaql.model import Batch, Column, Instant

BIGINTS = (0, -1, 127, 128, -129, 2**31, 2**63 - 1, -(2**63))
VALUES: list[list[Any]] = [
    [],
    [None, None],
    *([value, None, 1] for value in BIGINTS),
    [1.0, None, -0.0],
    ["a", None, ""],
    [True, None, False],
    [Instant(7), None, Instant(638_396_640_000_000_000)],
    [{"x": 1}, None, {"x": 1.0}],
    [1, 1.0, "1", True, None],
]


@pytest.mark.parametrize("values", VALUES, ids=repr)
def test_a_column_is_the_same_in_another_process(values: list[Any]) -> None:
    column = Column.from_values(values)
    copy = pickle.loads(pickle.dumps(column))
    assert (copy.kind, copy.series.dtype, repr(copy.to_values())) == (column.kind, column.series.dtype, repr(values))


def test_a_constant_and_the_times_of_a_batch_are_the_same_in_another_process() -> None:
    times = pl.Series([5, 6], dtype=pl.Int64)
    copy = pickle.loads(pickle.dumps(Batch({"one": Column.constant(1)}, times)))
    assert copy.columns["one"].is_constant
    assert copy.columns["one"].expand(2).series.to_list() == [1, 1]
    assert copy.times.equals(times, check_dtypes=True)


def test_small_bigints_take_a_byte_each_on_the_way() -> None:
    column = Column.from_values([value % 100 for value in range(10_000)])
    assert len(pickle.dumps(column)) < 11_000
