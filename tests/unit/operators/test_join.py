"""Joins on the documentation's rules, and what they keep."""

import polars as pl
from oracle.drive import Event, Feed, batch_of, run

from asaql.model import Batch, Column, Kind, Watermark
from asaql.operators.join import JoinBound, JoinOperator, JoinPlan
from asaql.operators.merge import MergeOperator
from asaql.operators.reference_join import ReferenceJoinOperator, ReferenceJoinPlan


def pairs(
    left: list[Event], right: list[Event], bound: JoinBound, *, is_left: bool = False
) -> list[tuple[object, ...]]:
    plan = JoinPlan(("a",), ("b",), (("a", "b"),) if left and "k" in left[0] else (), (bound,), is_left)
    rows = run(lambda: JoinOperator(plan), [(left, ("a",)), (right, ("b",))], Feed((1,), (True,)))
    return [(t, row["a"], row["b"]) for t, row in rows]


def test_differences_count_boundaries_not_elapsed_units() -> None:
    left, right = [{"t": 1199, "a": "l"}], [{"t": 1200, "b": "r"}]
    assert pairs(left, right, JoinBound(600, 1, 1)) == [(1200, "l", "r")]
    assert pairs(left, right, JoinBound(600, 0, 0)) == []


def test_within_one_unit_the_right_event_may_be_the_earlier() -> None:
    assert pairs([{"t": 1199, "a": "l"}], [{"t": 601, "b": "r"}], JoinBound(600, 0, 0)) == [(1199, "l", "r")]


def test_a_lonely_left_event_is_stamped_with_the_upper_bound() -> None:
    assert pairs([{"t": 7, "a": 1}], [{"t": 40, "b": 1}], JoinBound(5, 0, 3), is_left=True) == [(22, 1, None)]


def test_a_match_in_the_last_unit_is_waited_for() -> None:
    left, right = [{"t": 4, "a": 1}], [{"t": 9, "b": 1}]
    assert pairs(left, right, JoinBound(5, 0, 1), is_left=True) == [(9, 1, 1)]


def test_a_lonely_event_holds_the_watermark_at_its_stamp() -> None:
    operator = JoinOperator(JoinPlan(("a",), ("b",), (), (JoinBound(5, 0, 1),), is_left=True), step_rows=1)
    operator.on_batch(batch_of([{"t": 4, "a": 1}], ("a",)), 0)
    list(operator.on_watermark(Watermark(30), 0))
    assert list(operator.on_watermark(Watermark(9), 1)) == [Watermark(9)]
    assert list(operator.on_watermark(Watermark(10), 1)) == []
    batch, watermark = operator.on_idle()
    assert isinstance(batch, Batch)
    assert batch.times.to_list() == [9]
    assert watermark == Watermark(10)


def test_rows_wait_until_there_are_enough_or_the_host_is_idle() -> None:
    operator = JoinOperator(JoinPlan(("a",), ("b",), (), (JoinBound(1, 0, 1000),)))
    operator.on_batch(batch_of([{"t": 1, "a": n} for n in range(100)], ("a",)), 0)
    list(operator.on_watermark(Watermark(5), 0))
    list(operator.on_watermark(Watermark(2), 1))
    operator.on_batch(batch_of([{"t": 3, "b": 1}], ("b",)), 1)
    assert list(operator.on_watermark(Watermark(4), 1)) == []
    batch, watermark = operator.on_idle()
    assert isinstance(batch, Batch)
    assert batch.height == 100
    assert watermark == Watermark(4)


def test_fewer_rows_are_joined_after_some_watermarks() -> None:
    operator = JoinOperator(JoinPlan(("a",), ("b",), (), (JoinBound(1, 0, 1000),)))
    emitted: list[object] = []
    for start in range(100):
        for port, name in enumerate("ab"):
            operator.on_batch(batch_of([{"t": start, name: start}] * 3, (name,)), port)
            emitted += operator.on_watermark(Watermark(start + 1), port)
    assert emitted


def test_many_pairs_come_a_batch_at_a_time() -> None:
    operator = JoinOperator(JoinPlan(("a",), ("b",), (), (JoinBound(1, 0, 1000),)))
    for port, name in enumerate("ab"):
        operator.on_batch(batch_of([{"t": 5, name: n} for n in range(1100)], (name,)), port)
    batches = [each for each in operator.on_end() if isinstance(each, Batch)]
    assert max(each.height for each in batches) <= 1 << 16
    assert [a for each in batches for a in each.columns["a"].to_values()] == [
        n for n in range(1100) for _ in range(1100)
    ]
    assert batches[-1].columns["b"].to_values()[-1100:] == list(range(1100))


def test_columns_are_of_one_kind_again_when_the_odd_value_has_gone() -> None:
    operator = JoinOperator(JoinPlan(("a",), ("b",), (("a", "b"),), (JoinBound(1, 0, 5),)), step_rows=1)
    kinds = []
    for start, odd in ((0, "x"), (10, 1), (20, 1)):
        for port, name in enumerate("ab"):
            operator.on_batch(batch_of([{"t": start, name: odd}, {"t": start + 8, name: 1}], (name,)), port)
            emitted = operator.on_watermark(Watermark(start + 9), port)
            kinds += [each.columns["a"].kind for each in emitted if isinstance(each, Batch)]
    assert kinds == [Kind.ANY, Kind.BIGINT, Kind.BIGINT]


def test_the_left_time_may_be_a_column_that_lies_behind_the_row() -> None:
    plan = JoinPlan(("a", "start"), ("b",), (), (JoinBound(1, 0, 5, "start"),), left_lag=10)
    operator = JoinOperator(plan)
    starts = Column(Kind.DATETIME, pl.Series([10]))
    operator.on_batch(batch_of([{"t": 12, "b": "r"}], ("b",)), 1)
    list(operator.on_watermark(Watermark(20), 1))
    list(operator.on_watermark(Watermark(18), 0))
    operator.on_batch(Batch({"a": Column.from_values(["l"]), "start": starts}, pl.Series([20])), 0)
    (batch,) = operator.on_end()
    assert isinstance(batch, Batch)
    assert batch.times.to_list() == [20]


def test_bounds_say_how_far_times_can_fall_behind() -> None:
    plan = JoinPlan((), (), (), (JoinBound(10, -2, 3), JoinBound(5, None, 1)), left_lag=7)
    assert plan.left_falls_behind == 10
    assert plan.right_falls_behind == 37


def test_state_stays_bounded_on_a_long_stream() -> None:
    plan = JoinPlan(("a",), ("b",), (("a", "b"),), (JoinBound(10, 0, 2),), is_left=True)
    operator = JoinOperator(plan, step_rows=1)
    largest = 0
    for start in range(0, 10_000, 20):
        for port, name in enumerate("ab"):
            events = [{"t": t, name: t % 7} for t in range(start, start + 20)]
            operator.on_batch(batch_of(events, (name,)), port)
            list(operator.on_watermark(Watermark(start + 20), port))
        largest = max(largest, operator.rows_held)
    assert largest <= 150


def test_a_merge_keeps_what_one_input_is_ahead() -> None:
    operator, largest = MergeOperator(2), 0
    for start in range(0, 20_000, 20):
        for port, behind in ((0, 0), (1, 100)):
            events = [{"t": t - behind, "n": t} for t in range(start + 100, start + 120)]
            list(operator.on_batch(batch_of(events, ("n",)), port))
            list(operator.on_watermark(Watermark(start + 120 - behind), port))
            largest = max(largest, operator.rows_held)
    assert largest <= 120


def test_a_reference_join_keeps_the_table_only() -> None:
    plan = ReferenceJoinPlan(("k", "n"), ("key", "v"), (("k", "key"),), is_left=True)
    operator = ReferenceJoinOperator(plan)
    table = [{"t": start, "key": key, "v": start} for start in (0, 5000) for key in range(50)]
    operator.on_batch(batch_of(table, ("key", "v")), 1)
    list(operator.on_port_end(1))
    for start in range(0, 10_000, 50):
        events = [{"t": t, "k": t % 60, "n": t} for t in range(start, start + 50)]
        list(operator.on_batch(batch_of(events, ("k", "n")), 0))
        list(operator.on_watermark(Watermark(start + 50), 0))
        assert operator.rows_held == 100


def test_rows_wait_for_reference_data() -> None:
    operator = ReferenceJoinOperator(ReferenceJoinPlan(("a",), ("b", "v"), (("a", "b"),), is_left=True))
    assert list(operator.on_batch(batch_of([{"t": 1, "a": "x"}], ("a",)), 0)) == []
    assert list(operator.on_watermark(Watermark(2), 0)) == []
    operator.on_batch(batch_of([{"t": 0, "b": "x", "v": 1}, {"t": 0, "b": "x", "v": 2}], ("b", "v")), 1)
    batch, watermark = operator.on_port_end(1)
    assert isinstance(batch, Batch)
    assert batch.columns["v"].to_values() == [1, 2]
    assert batch.times.to_list() == [1, 1]
    assert watermark == Watermark(2)


def test_without_reference_data_every_row_is_unmatched() -> None:
    operator = ReferenceJoinOperator(ReferenceJoinPlan(("a",), ("b",), (("a", "b"),), is_left=True))
    assert list(operator.on_port_end(1)) == []
    (batch,) = operator.on_batch(batch_of([{"t": 1, "a": "x"}], ("a",)), 0)
    assert isinstance(batch, Batch)
    assert batch.columns["b"].to_values() == [None]
