"""LAG, LAST, ISFIRST and OVER on the documentation's rules, and what they keep."""

from typing import Any

import pytest
from oracle.drive import Event, Feed, batch_of, run

from asaql.diagnostics import JobError, Span
from asaql.operators.analytic import AnalyticColumn, AnalyticOperator


def values(call: AnalyticColumn, events: list[Event]) -> list[Any]:
    names = sorted({name for event in events for name in event} - {"t"})
    rows = run(lambda: AnalyticOperator([call]), [(events, names)], Feed((1, 2)))
    return [row["r"] for _, row in rows]


def series(*pairs: tuple[int, Any]) -> list[Event]:
    return [{"t": t, "v": v} for t, v in pairs]


def test_an_event_exactly_as_old_as_the_limit_does_not_count() -> None:
    assert values(AnalyticColumn("r", "LAG", 5, "v"), series((0, 1), (4, 2), (9, 3))) == [None, 1, None]


def test_a_null_value_is_given_and_not_the_default() -> None:
    events = [{"t": t, "v": v, "d": -1} for t, v in ((1, 10), (2, None), (3, 30))]
    assert values(AnalyticColumn("r", "LAG", 60, "v", default="d"), events) == [-1, 10, None]


def test_events_at_one_instant_follow_in_the_order_of_arrival() -> None:
    assert values(AnalyticColumn("r", "LAG", 60, "v"), series((1, 1), (1, 2), (2, 3))) == [None, 1, 2]


def test_a_default_may_be_of_another_kind() -> None:
    events = [{"t": t, "v": t, "d": "none"} for t in (1, 2)]
    assert values(AnalyticColumn("r", "LAG", 60, "v", default="d"), events) == ["none", 1]


def test_last_gives_the_present_event_if_it_counts() -> None:
    events = [{"t": t, "v": v, "w": v is not None} for t, v in ((1, None), (2, 10), (3, None), (4, 20))]
    assert values(AnalyticColumn("r", "LAST", 60, "v", when="w"), events) == [None, 10, 10, 20]


def test_an_event_on_the_end_of_an_interval_belongs_to_it() -> None:
    assert values(AnalyticColumn("r", "ISFIRST", 10), series((5, 0), (10, 0), (12, 0))) == [1, 0, 1]


def test_nothing_that_counts_gives_null_and_zero() -> None:
    events = [{"t": 1, "v": 1, "w": False}]
    assert values(AnalyticColumn("r", "SUM", 10, "v", when="w"), events) == [None]
    assert values(AnalyticColumn("r", "COUNT", 10, when="w"), events) == [0]


def test_a_when_that_is_always_null_lets_nothing_count() -> None:
    assert values(AnalyticColumn("r", "COUNT", 10, when="w"), [{"t": 1, "w": None}]) == [0]


def test_top_one_looks_at_the_running_history() -> None:
    call = AnalyticColumn("r", "TopOne", 60, "n", ("k",), order_by=(("v", True),))
    events = [{"t": n, "n": n, "k": 1, "v": v} for n, v in ((1, 5), (2, 3), (3, 8))]
    assert values(call, events) == [1, 1, 3]


def test_values_of_events_that_do_not_count_cannot_fail_the_job() -> None:
    events = [{"t": 1, "v": "x", "w": False}, {"t": 2, "v": 2, "w": True}]
    assert values(AnalyticColumn("r", "SUM", 10, "v", when="w"), events) == [None, 2]


def test_an_error_names_the_call() -> None:
    operator = AnalyticOperator([AnalyticColumn("r", "AVG", 10, "v", span=Span(3, 9))])
    with pytest.raises(JobError) as caught:
        operator.on_batch(batch_of([{"t": 1, "v": True}], ("v",)))
    assert caught.value.diagnostics[0].span == Span(3, 9)


@pytest.mark.parametrize(
    ("call", "most"),
    [
        (AnalyticColumn("r", "LAG", 100_000, "v", ("k",), offset=3), 9),
        (AnalyticColumn("r", "LAST", 100_000, "v", ("k",)), 3),
        (AnalyticColumn("r", "ISFIRST", 100, None, ("k",)), 3),
        (AnalyticColumn("r", "SUM", 100, "v", ("k",)), 100),
        (AnalyticColumn("r", "LAG", 100, "v", ("n",)), 4000),
    ],
)
def test_history_stays_bounded_on_a_long_stream(call: AnalyticColumn, most: int) -> None:
    operator = AnalyticOperator([call])
    largest = 0
    for start in range(0, 20_000, 50):
        events = [{"t": t, "v": 1, "k": t % 3, "n": t} for t in range(start, start + 50)]
        operator.on_batch(batch_of(events, ("v", "k", "n")))
        largest = max(largest, operator.rows_held)
    assert largest <= most
