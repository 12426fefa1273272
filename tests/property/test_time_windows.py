"""Windows and aggregates against the oracle, however the rows are cut and wherever the job is restarted."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import values, windows
from oracle.drive import FEEDS, Event, Feed, run

from asaql.functions.windowers import Hopping, Session, Sliding, Snapshot, Tumbling, Windower
from asaql.operators.aggregation import AggregateColumn
from asaql.operators.window import KeyColumn, Window, WindowAggregateOperator, WindowPlan

NUMBERS = st.one_of(
    st.none(),
    st.integers(-5, 5),
    st.floats(-4, 4).map(lambda x: round(x, 2)),
    st.sampled_from([0.1, 0.2, 0.3, 1e16, -1e16, 1e-9, 2**53 + 1, 3.0]),
)
KEYS = st.one_of(st.none(), st.sampled_from(["a", "b"]), st.sampled_from([1, 2, 1.0, True, {"x": 1}, {"x": 1.0}]))
AGGREGATES = (
    *(AggregateColumn(name.lower(), name, "v") for name in values.AGGREGATES if name != "Collect"),
    AggregateColumn("rows", "COUNT"),
    AggregateColumn("distinct", "COUNT", "v", is_distinct=True),
    AggregateColumn("all", "Collect", "v"),
    AggregateColumn("disc", "PERCENTILE_DISC", order_by=(("v", True),), parameter=0.3),
    AggregateColumn("cont", "PERCENTILE_CONT", order_by=(("v", False),), parameter=0.7),
    AggregateColumn("top", "CollectTop", "n", order_by=(("v", True),), parameter=2),
)


@st.composite
def recordings(draw: st.DrawFn, spread: int = 60) -> list[Event]:
    """Draw events in the order of event time, with ties, NULLs and keys of several types."""
    times = sorted(draw(st.lists(st.integers(100, 100 + spread), max_size=30)))
    return [
        {"t": t, "n": n, "k": draw(KEYS), "s": draw(st.sampled_from("xy")), "v": draw(NUMBERS)}
        for n, t in enumerate(times)
    ]


def expected_row(group: Sequence[Event], keys: Sequence[str]) -> dict[str, Any]:
    column = [event["v"] for event in group]
    return {
        **{key: group[0][key] for key in keys},
        **{name.lower(): compute(column) for name, compute in values.AGGREGATES.items() if name != "Collect"},
        "rows": len(group),
        "distinct": values.count_distinct(column),
        "all": values.AGGREGATES["Collect"](column),
        "disc": values.percentile_disc(column, "0.3", descending=True),
        "cont": values.percentile_cont(column, "0.7", descending=False),
        "top": values.top([event["n"] for event in group], column, 2, descending=True),
    }


def check(
    events: list[Event],
    keys: Sequence[str],
    windower: Windower,
    contents: list[windows.Content],
    feed: Feed,
    session_keys: tuple[str, ...] = (),
) -> None:
    plan = WindowPlan(
        tuple(KeyColumn(key, key) for key in keys), (Window(windower, session_keys=session_keys),), AGGREGATES
    )
    rows = run(lambda: WindowAggregateOperator(plan), [(events, ("k", "s", "v", "n"))], feed)
    assert [t for t, _ in rows] == [end for end, _ in contents]
    for (_, row), (_, group) in zip(rows, contents, strict=True):
        expected = expected_row(group, keys)
        for name, value in expected.items():
            got = row[name]
            if name in ("disc", "min", "max") and got is not None:
                # 1 and 1.0 are equal, and either may stand for both.
                assert got == value, name
            else:
                assert values.same(got, value), (name, got, value)


@settings(max_examples=60)
@given(recordings(), st.integers(1, 20), st.integers(-7, 7), st.sampled_from([(), ("k",), ("k", "s")]), FEEDS)
def test_tumbling_windows_hold_what_their_interval_holds(
    events: list[Event], size: int, offset: int, keys: tuple[str, ...], feed: Feed
) -> None:
    contents = windows.grouped(events, keys, lambda own: windows.grid_windows(own, size, size, offset))
    check(events, keys, Tumbling(size, offset), contents, feed)


@settings(max_examples=60)
@given(recordings(), st.integers(1, 20), st.integers(1, 12), st.integers(-7, 7), st.sampled_from([(), ("k",)]), FEEDS)
def test_hopping_windows_of_any_size_and_hop_hold_what_their_interval_holds(
    events: list[Event], size: int, hop: int, offset: int, keys: tuple[str, ...], feed: Feed
) -> None:
    contents = windows.grouped(events, keys, lambda own: windows.grid_windows(own, size, hop, offset))
    check(events, keys, Hopping(size, hop, offset), contents, feed)


@settings(max_examples=40)
@given(recordings(spread=8), st.sampled_from([(), ("k",)]), FEEDS)
def test_a_snapshot_window_holds_one_instant(events: list[Event], keys: tuple[str, ...], feed: Feed) -> None:
    contents = windows.grouped(events, keys, lambda own: windows.grid_windows(own, 1, 1, 0))
    check(events, keys, Snapshot(), contents, feed)


@settings(max_examples=60)
@given(recordings(), st.integers(1, 20), st.sampled_from([(), ("k",), ("k", "s")]), FEEDS)
def test_sliding_windows_change_as_events_enter_and_leave(
    events: list[Event], size: int, keys: tuple[str, ...], feed: Feed
) -> None:
    contents = windows.grouped(events, (), lambda own: windows.sliding_windows(own, size), per=keys)
    check(events, keys, Sliding(size), contents, feed)


@settings(max_examples=80)
@given(
    recordings(),
    st.integers(1, 12),
    st.integers(1, 25),
    st.sampled_from([((), ()), (("k",), ("k",)), (("k", "s"), ("k",)), (("k",), ())]),
    FEEDS,
)
def test_sessions_last_as_long_as_events_follow_one_another(
    events: list[Event], timeout: int, maximum: int, keys: tuple[tuple[str, ...], tuple[str, ...]], feed: Feed
) -> None:
    group_keys, session_keys = keys
    contents = windows.grouped(
        events, group_keys, lambda own: windows.sessions(own, timeout, maximum), per=session_keys
    )
    check(events, group_keys, Session(timeout, maximum), contents, feed, session_keys)
