"""Windows on the documentation's own examples, and what the operator keeps."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from oracle import values
from oracle.drive import Event, Feed, batch_of, restarted, run

from asaql.diagnostics import JobError, Span
from asaql.functions.windowers import Hopping, Session, Sliding, Snapshot, Tumbling, Windower
from asaql.model import TICKS_PER_DAY, TICKS_PER_SECOND, Batch, Column, Value, Watermark, format_ticks, parse_ticks
from asaql.operators.aggregation import AggregateColumn
from asaql.operators.window import KeyColumn, Window, WindowAggregateOperator, WindowPlan

S = TICKS_PER_SECOND
ORIGIN = parse_ticks("2021-10-26T10:15:00Z") or 0
COUNT = AggregateColumn("n", "COUNT")


def at(*seconds: float, **columns: Any) -> list[Event]:
    return [{"t": ORIGIN + round(second * S), **columns} for second in seconds]


def counts(windower: Windower, events: Sequence[Event], session_keys: tuple[str, ...] = ()) -> list[tuple[float, int]]:
    """Return the second of each window's end and its count, for windows of one topic."""
    plan = WindowPlan((KeyColumn("k", "k"),), (Window(windower, session_keys=session_keys),), (COUNT,))
    rows = run(lambda: WindowAggregateOperator(plan), [(events, ("k",))], Feed((2,), (True,)))
    return [((t - ORIGIN) / S, row["n"]) for t, row in rows]


STREAM = at(1, 3, 6, 7, 9, 17, 18, 22, 23, 26, 28, k="Streaming")


def test_hopping_windows_as_in_the_diagram() -> None:
    expected = [(5, 2), (10, 5), (15, 3), (20, 2), (25, 4), (30, 4), (35, 2)]
    assert counts(Hopping(10 * S, 5 * S), STREAM) == expected


def test_a_window_includes_its_end_and_excludes_its_start() -> None:
    assert counts(Tumbling(10 * S), at(0, 0.0000001, 10, 10.0000001)) == [(0, 1), (10, 2), (20, 1)]


def test_seven_days_end_on_a_monday() -> None:
    plan = WindowPlan((), (Window(Tumbling(7 * TICKS_PER_DAY)),), (COUNT,))
    rows = run(lambda: WindowAggregateOperator(plan), [(at(0), ())], Feed())
    assert format_ticks(rows[0][0]) == "2021-11-01T00:00:00.0000000Z"


def test_an_offset_shifts_the_grid_and_the_end() -> None:
    assert counts(Tumbling(10 * S, -S), at(8, 9, 9.5)) == [(9, 2), (19, 1)]


def test_sliding_windows_give_a_row_as_events_enter_and_leave() -> None:
    expected = [(10, 1), (12, 2), (15, 4), (20, 3), (22, 2), (27, 1)]
    assert counts(Sliding(10 * S), at(10, 12, 15, 15, 27)) == expected


def test_entering_and_leaving_at_one_instant_give_one_row() -> None:
    assert counts(Sliding(5 * S), at(0, 5)) == [(0, 1), (5, 1)]


def test_sessions_end_a_time_out_after_their_last_event() -> None:
    events = at(1, 4, 13, 15, 19, 25, 26, 34, k="Streaming")
    assert counts(Session(5 * S, 10 * S), events, ("k",)) == [(9, 2), (24, 3), (31, 2), (39, 1)]


def test_a_session_that_goes_on_is_cut_at_check_points() -> None:
    events = at(13, 17, 21, 25, 29, 33, 37, k="Streaming")
    assert counts(Session(5 * S, 10 * S), events, ("k",)) == [(30, 5), (40, 2)]


def test_a_gap_of_exactly_the_time_out_is_none() -> None:
    assert counts(Session(5 * S, 60 * S), at(1, 6), ()) == [(11, 2)]


def test_without_keys_of_its_own_a_session_spans_all_groups() -> None:
    events = [*at(1, k="a"), *at(4, k="b"), *at(8, k="a")]
    assert counts(Session(5 * S, 60 * S), events) == [(13, 2), (13, 1)]
    assert counts(Session(5 * S, 60 * S), events, ("k",)) == [(6, 1), (9, 1), (13, 1)]


def test_a_snapshot_is_one_instant() -> None:
    assert counts(Snapshot(), at(4, 4, 4, 4, 10, 10, 13, 22, 22)) == [(4, 4), (10, 2), (13, 1), (22, 2)]


def test_several_windows_give_the_rows_of_all_in_time_order() -> None:
    windows = (Window(Tumbling(20 * S), "20s"), Window(Tumbling(10 * S), "10s"))
    plan = WindowPlan((), windows, (COUNT,), "id")
    rows = run(lambda: WindowAggregateOperator(plan), [(at(5, 15), ())], Feed())
    found = [(row["id"], (t - ORIGIN) / S, row["n"]) for t, row in rows]
    assert found == [("10s", 10, 1), ("20s", 20, 2), ("10s", 20, 1)]


def test_windows_without_identities_have_a_null_id() -> None:
    plan = WindowPlan((), (Window(Tumbling(10 * S)), Window(Tumbling(20 * S))), (COUNT,), "id")
    rows = run(lambda: WindowAggregateOperator(plan), [(at(5, 15), ())], Feed((1,), (True,)))
    assert [row["id"] for _, row in rows] == [None, None, None]


def test_a_window_comes_out_when_the_watermark_is_behind_its_end() -> None:
    operator = WindowAggregateOperator(WindowPlan((), (Window(Tumbling(10)),), (COUNT,)))
    operator.on_batch(batch_of([{"t": 5}], ()))
    assert list(operator.on_watermark(Watermark(10))) == [Watermark(10)]
    batch, watermark = operator.on_watermark(Watermark(11))
    assert isinstance(batch, Batch)
    assert batch.times.to_list() == [10]
    assert watermark == Watermark(11)
    assert list(operator.on_end()) == []


def test_keys_of_several_types_are_told_apart_and_equal_numbers_are_not() -> None:
    events = [{"t": 1, "k": key} for key in ("1", 1, 1.0, True, None, {"a": 1, "b": 2}, {"b": 2, "a": 1.0})]
    plan = WindowPlan((KeyColumn("k", "k"),), (Window(Tumbling(10)),), (COUNT,))
    for size in (1, 2, 7):
        rows = run(lambda: WindowAggregateOperator(plan), [(events, ("k",))], Feed((size,)))
        found = [(row["k"], row["n"]) for _, row in rows]
        assert found == [("1", 1), (1, 2), (True, 1), (None, 1), ({"a": 1, "b": 2}, 2)]


def test_an_error_names_the_call() -> None:
    column = AggregateColumn("s", "SUM", "v", span=Span(7, 13))
    operator = WindowAggregateOperator(WindowPlan((), (Window(Tumbling(10)),), (column,)))
    with pytest.raises(JobError) as caught:
        operator.on_batch(batch_of([{"t": 1, "v": "many"}], ("v",)))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "AQ302"
    assert diagnostic.span == Span(7, 13)


class Medians:
    """A stand-in for JavaScript aggregates."""

    def aggregate(
        self, name: str, sizes: Sequence[int], values: Sequence[Value], ticks: Sequence[int]
    ) -> Sequence[Value]:
        assert name == "median"
        assert sum(sizes) == len(values) == len(ticks)
        found, start = [], 0
        for size in sizes:
            found.append(sorted(values[start : start + size], key=str)[size // 2])
            start += size
        return found


@pytest.mark.parametrize("windower", [Tumbling(10), Hopping(10, 5), Sliding(10), Session(10, 100)])
def test_script_aggregates_get_the_rows_of_each_group_in_order(windower: Windower) -> None:
    plan = WindowPlan((), (Window(windower),), (AggregateColumn("m", "median", "v", is_script=True), COUNT))
    events = [{"t": t, "v": t} for t in (1, 2, 3, 4, 12, 13)]
    rows = run(lambda: WindowAggregateOperator(plan, Medians()), [(events, ("v",))], Feed((2,), (True,)))
    assert all(isinstance(row["m"], int) for _, row in rows)


@pytest.mark.parametrize(
    ("windower", "most"),
    [(Tumbling(100), 10), (Hopping(100, 25), 50), (Sliding(100), 120), (Session(5, 50), 20), (Snapshot(), 10)],
)
def test_state_stays_bounded_on_a_long_stream(windower: Windower, most: int) -> None:
    plan = WindowPlan((KeyColumn("k", "k"),), (Window(windower, session_keys=()),), (COUNT,))
    operator = WindowAggregateOperator(plan)
    largest = 0
    for start in range(0, 20_000, 50):
        times = pl.Series(range(start, start + 50), dtype=pl.Int64)
        keys = Column.from_values([t % 3 for t in range(start, start + 50)])
        operator.on_batch(Batch({"k": keys}, times))
        operator.on_watermark(Watermark(start + 50))
        largest = max(largest, operator.rows_held)
    assert largest <= most


@pytest.mark.parametrize("windower", [Tumbling(100), Hopping(100, 25), Sliding(100), Session(5, 50), Snapshot()])
def test_rows_of_open_windows_stay_bounded_on_a_long_stream(windower: Windower) -> None:
    aggregates = (AggregateColumn("all", "Collect", "v"), AggregateColumn("m", "median", "v", is_script=True))
    plan = WindowPlan((KeyColumn("k", "k"),), (Window(windower), Window(Tumbling(50))), aggregates)
    operator, largest = WindowAggregateOperator(plan, Medians()), 0
    for start in range(0, 10_000, 50):
        events = [{"t": t, "v": t, "k": t % 3} for t in range(start, start + 50)]
        operator.on_batch(batch_of(events, ("v", "k")))
        list(operator.on_watermark(Watermark(start + 50)))
        largest = max(largest, operator.rows_held)
    assert largest <= 300


def test_a_large_state_is_cut_into_chunks() -> None:
    plan = WindowPlan((KeyColumn("k", "k"),), (Window(Tumbling(1_000_000)),), (COUNT,))
    operator = WindowAggregateOperator(plan)
    events = [{"t": 1, "k": f"key {number:040d}"} for number in range(20_000)]
    operator.on_batch(batch_of(events, ("k",)))
    chunks = operator.snapshot()
    assert len(chunks) > 4
    fresh = restarted(operator, lambda: WindowAggregateOperator(plan))
    (batch,) = fresh.on_end()
    assert isinstance(batch, Batch)
    assert batch.height == 20_000


def test_a_state_of_another_operator_is_refused() -> None:
    operator = WindowAggregateOperator(WindowPlan((), (Window(Tumbling(1)),), (COUNT,)))
    with pytest.raises(ValueError, match="cannot be read as window version 1"):
        operator.restore({"format": b'{"operator":"join","version":1}'})


BY_V = AggregateColumn("r", "CollectTop", "n", (("v", False),), parameter=3)


@pytest.mark.parametrize(
    ("column", "expect"),
    [
        (AggregateColumn("r", "COUNT", "v", is_distinct=True), lambda _, vs: values.count_distinct(vs)),
        (BY_V, lambda ns, vs: values.top(ns, vs, 3, descending=False)),
        (
            AggregateColumn("r", "TopOne", "n", (("v", True),)),
            lambda ns, vs: values.top(ns, vs, 1, descending=True)[0]["value"],
        ),
    ],
)
def test_rows_without_a_bearing_on_the_result_are_dropped(column: AggregateColumn, expect: Any) -> None:
    plan = WindowPlan((KeyColumn("k", "k"),), (Window(Tumbling(10**9)),), (column,))
    operator, largest = WindowAggregateOperator(plan), 0
    events = [{"t": n + 1, "k": n % 2, "n": n, "v": (n * 7919) % 500 or None} for n in range(30_000)]
    for start in range(0, len(events), 1000):
        operator.on_batch(batch_of(events[start : start + 1000], ("k", "n", "v")))
        largest = max(largest, operator.rows_held)
    assert largest <= 10_000
    (batch,) = operator.on_end()
    assert isinstance(batch, Batch)
    expected = [
        expect(
            [event["n"] for event in events if event["k"] == key], [event["v"] for event in events if event["k"] == key]
        )
        for key in (0, 1)
    ]
    assert batch.columns["r"].to_values() == expected
