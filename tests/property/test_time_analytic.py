"""LAG, LAST, ISFIRST and running aggregates against the oracle, however rows are cut and the job is restarted."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import analytic, values
from oracle.drive import FEEDS, Event, Feed, run

from asaql.operators.analytic import AnalyticColumn, AnalyticOperator

KEYS = st.sampled_from([None, "a", "b", 1, 1.0, {"x": 1}])
NUMBERS = st.one_of(st.none(), st.integers(-5, 5), st.sampled_from([0.1, 0.5, 2.0, 1e16]))
WHENS = st.sampled_from([None, "w"])
PARTITIONS = st.sampled_from([(), ("k",), ("k", "s")])


@st.composite
def recordings(draw: st.DrawFn, numbers: st.SearchStrategy[Any]) -> list[Event]:
    times = sorted(draw(st.lists(st.integers(100, 150), max_size=30)))
    return [
        {
            "t": t,
            "k": draw(KEYS),
            "s": draw(st.sampled_from("xy")),
            "w": draw(st.sampled_from([True, False, None])),
            "v": draw(numbers),
            "d": -1,
        }
        for t in times
    ]


def check(call: AnalyticColumn, events: list[Event], expected: list[Any], feed: Feed) -> None:
    rows = run(lambda: AnalyticOperator([call]), [(events, ("k", "s", "w", "v", "d"))], feed)
    assert [t for t, _ in rows] == [event["t"] for event in events]
    for (_, row), value in zip(rows, expected, strict=True):
        # 1 and 1.0 are equal, and either may be the least or the greatest.
        is_same = row["r"] == value if call.name in ("MIN", "MAX") else values.same(row["r"], value)
        assert is_same, (row["r"], value)


@settings(max_examples=100)
@given(
    recordings(st.one_of(NUMBERS, st.sampled_from(["x", {"a": 1}]))),
    PARTITIONS,
    st.integers(1, 30),
    WHENS,
    st.integers(1, 4),
    st.sampled_from([None, "d"]),
    FEEDS,
)
def test_lag_gives_an_earlier_event_and_never_one_too_old(
    events: list[Event],
    keys: tuple[str, ...],
    limit: int,
    when: str | None,
    offset: int,
    default: str | None,
    feed: Feed,
) -> None:
    expected = analytic.lag(events, keys, limit, when, offset, None if default is None else -1)
    check(AnalyticColumn("r", "LAG", limit, "v", keys, when, offset, default), events, expected, feed)


@settings(max_examples=60)
@given(recordings(NUMBERS), PARTITIONS, st.integers(1, 30), WHENS, st.sampled_from([None, "d"]), FEEDS)
def test_last_gives_the_latest_event_that_counts(
    events: list[Event], keys: tuple[str, ...], limit: int, when: str | None, default: str | None, feed: Feed
) -> None:
    expected = analytic.last(events, keys, limit, when, None if default is None else -1)
    check(AnalyticColumn("r", "LAST", limit, "v", keys, when, default=default), events, expected, feed)


@settings(max_examples=60)
@given(recordings(NUMBERS), PARTITIONS, st.integers(1, 20), WHENS, FEEDS)
def test_is_first_marks_one_event_of_an_interval(
    events: list[Event], keys: tuple[str, ...], interval: int, when: str | None, feed: Feed
) -> None:
    expected = analytic.is_first(events, keys, interval, when)
    check(AnalyticColumn("r", "ISFIRST", interval, None, keys, when), events, expected, feed)


@settings(max_examples=120)
@given(recordings(NUMBERS), PARTITIONS, st.integers(1, 30), WHENS, st.sampled_from(sorted(values.AGGREGATES)), FEEDS)
def test_running_aggregates_see_the_events_up_to_their_own(
    events: list[Event], keys: tuple[str, ...], limit: int, when: str | None, name: str, feed: Feed
) -> None:
    expected = analytic.running(events, keys, limit, when, name)
    check(AnalyticColumn("r", name, limit, "v", keys, when), events, expected, feed)
