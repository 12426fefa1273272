"""What the first phase of GROUP BY gives, and which queries have one."""

import pickle
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.drive import batch_of, rows_of

import asaql
from asaql.functions.windowers import Hopping, Session, Sliding, Snapshot, Tumbling
from asaql.model import Batch, Column, Kind
from asaql.operators.aggregation import AggregateColumn
from asaql.operators.partial_window import ROWS, PartialWindowOperator, PartialWindowSpec, common_panes

COUNT_AND_SUM = (AggregateColumn("n", "COUNT"), AggregateColumn("total", "SUM", "v"))


def states(events: list[dict[str, Any]], pane: int = 10) -> list[tuple[int, Any, int, Any]]:
    """Return the time, key, number of rows and sum of bigints of each state."""
    operator = PartialWindowOperator(PartialWindowSpec(Hopping(pane, pane), ("k",), COUNT_AND_SUM))
    (batch,) = operator.on_batch(batch_of(events, ("k", "v", "unread")))
    assert isinstance(batch, Batch)
    return [(t, row["k"], row[ROWS], row["1.i"]) for t, row in rows_of(batch)]


def test_a_state_stands_for_the_rows_of_one_pane_and_key_and_has_the_time_of_the_first() -> None:
    events = [{"t": t, "k": k, "v": 1} for t, k in ((7, "a"), (3, "b"), (5, "a"), (10, "b"), (11, "a"), (11, "a"))]
    assert states(events) == [(3, "b", 2, 2), (5, "a", 2, 2), (11, "a", 2, 2)]


def test_the_key_shown_is_that_of_the_first_row_in_time() -> None:
    events = [{"t": 2, "k": 1, "v": 1}, {"t": 1, "k": 1.0, "v": 1}, {"t": 3, "k": "x", "v": 1}, {"t": 3, "k": 1}]
    assert [(t, repr(k), n) for t, k, n, _ in states(events)] == [(1, "1.0", 3), (3, "'x'", 1)]


def test_rows_far_apart_in_time_are_grouped_like_others() -> None:
    late = 3_000_000_000_000_000_000
    events = [{"t": t, "k": None, "v": 1} for t in (late, 5, late - 1, 4)]
    assert states(events) == [(4, None, 2, 2), (late - 1, None, 2, 2)]


@given(st.integers(1, 10**13), st.lists(st.integers(1, 10_000), min_size=1, max_size=20, unique=True).map(sorted))
def test_panes_begin_and_end_where_their_length_says(length: int, ends: list[int]) -> None:
    events = [{"t": t, "k": None, "v": 1} for end in ends for t in ((end - 1) * length + 1, end * length)]
    assert states(events, length) == [((end - 1) * length + 1, None, 2, 2) for end in ends]


def test_sums_that_could_leave_bigint_are_left_to_the_second_phase() -> None:
    events = [{"t": 1, "k": "a", "v": 2**62}, {"t": 1, "k": "a", "v": 2**62}]
    assert states(events) == [(1, "a", 1, 2**62), (1, "a", 1, 2**62)]


def test_where_groups_are_hardly_fewer_than_rows_the_next_batches_are_not_grouped() -> None:
    operator = PartialWindowOperator(PartialWindowSpec(Hopping(10, 10), ("k",), COUNT_AND_SUM))

    def height(keys: list[int]) -> int:
        batch = batch_of([{"t": 1, "k": key, "v": 1} for key in keys], ("k", "v"))
        return sum(len(each) for each in operator.on_batch(batch) if isinstance(each, Batch))

    assert height([1, 1, 2, 2]) == 2
    assert height([1, 2, 3, 3, 4]) == 4
    heights = [height([1, 1, 1, 1]) for _ in range(16)]
    assert heights == [4] * 15 + [1]


def test_panes_are_those_of_all_windows_together() -> None:
    assert common_panes([Tumbling(6), Tumbling(6, 3)]) == Hopping(3, 3)
    assert common_panes([Hopping(10, 4, 1), Tumbling(6, 3)]) == Hopping(2, 2, 1)
    assert common_panes([Tumbling(60, -1)]) == Hopping(60, 60, -1)
    assert common_panes([Tumbling(6), Snapshot()]) == Hopping(1, 1)
    assert common_panes([Tumbling(6), Sliding(5)]) is None
    assert common_panes([Session(5, 10)]) is None


def test_a_specification_can_be_sent_to_another_process() -> None:
    spec = PartialWindowSpec(Hopping(10, 10), ("k",), COUNT_AND_SUM)
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_states_have_the_same_columns_whatever_the_values_are() -> None:
    operator = PartialWindowOperator(PartialWindowSpec(Hopping(10, 10), (), COUNT_AND_SUM))
    kinds = [Column(Kind.BIGINT, pl.Series([1])), Column(Kind.FLOAT, pl.Series([0.1])), Column.nulls(1)]
    found = [operator.on_batch(Batch({"v": each}, pl.Series([1]))) for each in kinds]
    names = {tuple(batch.columns) for batches in found for batch in batches if isinstance(batch, Batch)}
    assert len(names) == 1


EVENTS = [{"t": f"2024-01-01T00:00:{s:02}Z", "k": s % 2, "v": s} for s in (1, 4, 2, 3, 12)]


def first_phases(monkeypatch: pytest.MonkeyPatch, text: str, **options: Any) -> int:
    """Return how many batches a first phase takes as a query runs."""
    taken = []
    on_batch = PartialWindowOperator.on_batch

    def counted(self: PartialWindowOperator, batch: Batch, port: int = 0) -> Any:
        taken.append(batch.height)
        return on_batch(self, batch, port)

    with monkeypatch.context() as patch:
        patch.setattr(PartialWindowOperator, "on_batch", counted)
        asaql.run(text, {"s": EVENTS}, **options)
    return len(taken)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("SELECT k, SUM(v) FROM s TIMESTAMP BY t WHERE v > 1 GROUP BY k, TumblingWindow(second, 10)", {}, 1),
        ("SELECT k, SUM(v) FROM s TIMESTAMP BY t GROUP BY k, HoppingWindow(second, 10, 5)", {}, 1),
        ("SELECT COUNT(*) FROM s GROUP BY TumblingWindow(second, 10)", {}, 1),
        (
            "SELECT SUM(udf.seen(v)) FROM s TIMESTAMP BY t GROUP BY TumblingWindow(second, 10)",
            {"functions": {"seen": "let n = 0; function main(v) { n += 1; return n; }"}},
            0,
        ),
        ("SELECT COUNT(*) FROM s TIMESTAMP BY t GROUP BY SlidingWindow(second, 10)", {}, 0),
        ("SELECT COUNT(DISTINCT v) FROM s TIMESTAMP BY t GROUP BY TumblingWindow(second, 10)", {}, 0),
        ("SELECT COUNT(*) FROM s TIMESTAMP BY t GROUP BY TumblingWindow(second, 10)", {"out_of_order": 5}, 0),
        (
            "WITH a AS (SELECT v FROM s TIMESTAMP BY t) SELECT COUNT(*) FROM a GROUP BY TumblingWindow(second, 10)",
            {},
            0,
        ),
    ],
)
def test_a_first_phase_is_where_rows_are_read_and_their_order_has_no_bearing(
    monkeypatch: pytest.MonkeyPatch, text: str, options: dict[str, Any], expected: int
) -> None:
    assert first_phases(monkeypatch, text, **options) == expected


@pytest.mark.parametrize("parallelism", [1, 2])
def test_arguments_fail_with_their_place_in_the_query(parallelism: int) -> None:
    text = "SELECT SUM(v % (v - 4)) FROM s TIMESTAMP BY t GROUP BY TumblingWindow(second, 10)"
    with pytest.raises(asaql.JobError) as caught:
        asaql.run(text, {"s": EVENTS}, parallelism=parallelism)
    (found,) = caught.value.diagnostics
    assert found.span is not None
    assert text[found.span.start : found.span.end] == "v % (v - 4)"
