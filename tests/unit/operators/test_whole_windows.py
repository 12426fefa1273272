"""Windows of which all rows are at hand: what is merged, and what follows from one state."""

from typing import Any

import pytest
from oracle.drive import batch_of, rows_of

from asaql.functions.windowers import Hopping, Tumbling
from asaql.model import Batch
from asaql.operators.aggregation import AggregateColumn
from asaql.operators.partial_window import PartialWindowOperator, PartialWindowSpec
from asaql.operators.whole_windows import WholeWindows
from asaql.operators.window import KeyColumn, Window, WindowAggregateOperator, WindowPlan

AGGREGATES = (AggregateColumn("n", "COUNT"), AggregateColumn("total", "SUM", "v"), AggregateColumn("mean", "AVG", "v"))
PLAN = WindowPlan((KeyColumn("key", "k"),), (Window(Tumbling(10)),), AGGREGATES, takes_states=True)
Group = tuple[int, Any, int, Any, Any]


def states_of(*batches: list[tuple[int, Any, Any]]) -> Batch:
    """Return the states of batches of times, keys and values, in the order of event time."""
    operator = PartialWindowOperator(PartialWindowSpec(Hopping(10, 10), ("k",), AGGREGATES))
    found = []
    for batch in batches:
        rows = batch_of([{"t": t, "k": k, "v": v} for t, k, v in batch], ("k", "v"))
        found += [each for each in operator.on_batch(rows) if isinstance(each, Batch)]
    return Batch.concat(found).sort_by_time()


@pytest.fixture(name="merged")
def _merged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many states each operator takes."""
    taken: list[int] = []
    on_batch = WindowAggregateOperator.on_batch

    def counted(self: WindowAggregateOperator, batch: Batch, port: int = 0) -> Any:
        taken.append(batch.height)
        return on_batch(self, batch, port)

    monkeypatch.setattr(WindowAggregateOperator, "on_batch", counted)
    return taken


def groups_of(states: Batch) -> list[Group]:
    rows = rows_of(WholeWindows(PLAN).rows(states))
    return [(t, row["key"], row["n"], row["total"], row["mean"]) for t, row in rows]


def test_a_group_of_one_state_is_not_merged(merged: list[int]) -> None:
    states = states_of([(1, "a", 1), (2, "b", 4), (3, "a", 2), (11, "a", 7)])
    assert groups_of(states) == [(10, "a", 2, 3, 1.5), (10, "b", 1, 4, 4.0), (20, "a", 1, 7, 7.0)]
    assert merged == []


def test_only_windows_with_a_group_of_several_states_are_merged(merged: list[int]) -> None:
    first = [(5, 1, 0.5), (15, 1, 1.5), (15, 2, 2.5), (25, 1, 3.5), (35, 1, 4.5)]
    second = [(16, 1, 0.5), (26, 2, 0.5), (36, 2, None), (45, 1, 5.5)]
    assert groups_of(states_of(first, second)) == [
        (10, 1, 1, 0.5, 0.5),
        (20, 1, 2, 2.0, 1.0),
        (20, 2, 1, 2.5, 2.5),
        (30, 1, 1, 3.5, 3.5),
        (30, 2, 1, 0.5, 0.5),
        (40, 1, 1, 4.5, 4.5),
        (40, 2, 1, None, None),
        (50, 1, 1, 5.5, 5.5),
    ]
    assert merged == [3]


def test_where_most_windows_have_groups_of_several_states_all_are_merged_at_once(merged: list[int]) -> None:
    states = states_of([(1, "a", 1), (11, "a", 1)], [(2, "a", 2), (3, "b", 4), (21, "b", 3)])
    assert groups_of(states) == [
        (10, "a", 2, 3, 1.5),
        (10, "b", 1, 4, 4.0),
        (20, "a", 1, 1, 1.0),
        (30, "b", 1, 3, 3.0),
    ]
    assert merged == [states.height]


@pytest.mark.parametrize("keys", [[{"x": 1}, {"x": 1.0}], [1, 1.0], [1, "1"]])
def test_groups_are_merged_where_their_keys_have_no_columns_of_their_own(keys: list[Any], merged: list[int]) -> None:
    states = states_of([(t, key, 1) for t, key in enumerate(keys, 1)])
    assert sum(n for _, _, n, _, _ in groups_of(states)) == 2
    assert merged == [states.height]


def test_zero_and_negative_zero_are_one_key() -> None:
    (group,) = groups_of(states_of([(1, -0.0, 1), (2, 0.0, 2)]))
    assert group[1:] == (0, 2, 3, 1.5)
