"""Ingress and merge against the oracle, however the rows are cut and wherever the job is restarted."""

from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.drive import FEEDS, Event, Feed, run
from oracle.policies import accepted

from asaql.model import Batch, Column, Instant, Kind
from asaql.operators import nearly_sorted
from asaql.operators.ingress import IngressOperator, IngressPlan
from asaql.operators.merge import MergeOperator
from asaql.runtime.spill import TemporarySpill

TOLERANCES = st.one_of(st.none(), st.integers(0, 12))


@st.composite
def arrivals(draw: st.DrawFn) -> list[Event]:
    """Draw events in the order of arrival, with event times around it."""
    steps = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(-25, 15)), max_size=40))
    events, arrival = [], 100
    for n, (step, skew) in enumerate(steps):
        arrival += step
        key = draw(st.sampled_from(["a", "b", None, 1]))
        events.append({"t": arrival + skew, "n": n, "k": key, "arrival": Instant(arrival)})
    return events


@settings(max_examples=150)
@given(arrivals(), TOLERANCES, TOLERANCES, TOLERANCES, st.booleans(), st.sampled_from([(), ("k",)]), FEEDS)
def test_policies_do_to_each_event_what_the_tables_say(
    events: list[Event],
    late: int | None,
    out_of_order: int | None,
    early: int | None,
    is_adjusting: bool,
    over: tuple[str, ...],
    feed: Feed,
) -> None:
    plan = IngressPlan("arrival", over, late, out_of_order, early, is_adjusting)
    feed = Feed(feed.cuts, (False,), feed.restart_after)
    rows = run(lambda: IngressOperator(plan), [(events, ("n", "k", "arrival"))], feed)
    expected = accepted(events, late=late, out_of_order=out_of_order, early=early, is_adjusting=is_adjusting, over=over)
    assert [(t, row["n"]) for t, row in rows] == [(event["t"], event["n"]) for event in expected]


@settings(max_examples=100)
@given(st.lists(st.integers(0, 50), max_size=60), st.none() | st.integers(0, 100_000), FEEDS)
def test_a_recording_without_policies_is_sorted_by_time_then_arrival(
    times: list[int], most_held: int | None, feed: Feed
) -> None:
    def make() -> IngressOperator:
        if most_held is None:
            return IngressOperator(IngressPlan())
        return IngressOperator(IngressPlan(), TemporarySpill(), most_held=most_held)

    events = [{"t": t, "n": n if n % 3 else str(n)} for n, t in enumerate(times)]
    rows = run(make, [(events, ("n",))], Feed(feed.cuts, (False,), feed.restart_after))
    assert [row["n"] for _, row in rows] == [event["n"] for event in sorted(events, key=lambda event: event["t"])]


@settings(max_examples=200)
@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=12), min_size=1, max_size=12), st.integers(1, 12))
def test_batches_that_overlap_a_little_are_put_in_order(times: list[list[int]], least_rows: int) -> None:
    batches = []
    for number, each in enumerate(times):
        rows = Column(Kind.BIGINT, pl.Series([100 * number + row for row in range(len(each))], dtype=pl.Int64))
        batches.append(Batch({"n": rows}, pl.Series(each, dtype=pl.Int64)))
    with patch.object(nearly_sorted, "_LEAST_ROWS", least_rows):
        ordered = nearly_sorted.in_order(batches)
    found = [(t, n) for each in ordered for t, n in zip(each.times, each.columns["n"].to_values(), strict=True)]
    expected = [(t, 100 * number + row) for number, each in enumerate(times) for row, t in enumerate(each)]
    assert found == sorted(expected)


@settings(max_examples=150)
@given(arrivals(), TOLERANCES, TOLERANCES, st.booleans(), st.integers(0, 30_000), st.booleans(), FEEDS)
def test_events_come_in_the_same_order_when_memory_holds_few_of_them(
    events: list[Event],
    late: int | None,
    out_of_order: int | None,
    has_keys: bool,
    most_held: int,
    are_long_files: bool,
    feed: Feed,
) -> None:
    plan = IngressPlan("arrival", ("k",) if has_keys else (), late, out_of_order)
    spills: list[TemporarySpill] = []

    def make() -> IngressOperator:
        spills.append(TemporarySpill(1 << 20 if are_long_files else 1))
        return IngressOperator(plan, spills[-1], most_held=most_held)

    feed = Feed(feed.cuts, (False,), feed.restart_after)
    ports = [(events, ("n", "k", "arrival"))]
    assert run(make, ports, feed) == run(lambda: IngressOperator(plan), ports, feed)
    assert all(each.bytes_held == 0 for each in spills)


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 30), max_size=25).map(sorted), min_size=1, max_size=3), FEEDS)
def test_merged_streams_are_in_time_order_lower_ports_first(ports: list[list[int]], feed: Feed) -> None:
    recordings = [[{"t": t, "p": port, "n": n} for n, t in enumerate(times)] for port, times in enumerate(ports)]
    rows = run(lambda: MergeOperator(len(ports)), [(events, ("p", "n")) for events in recordings], feed)
    expected = sorted((event for events in recordings for event in events), key=lambda e: (e["t"], e["p"], e["n"]))
    assert [(t, row["p"], row["n"]) for t, row in rows] == [(e["t"], e["p"], e["n"]) for e in expected]
