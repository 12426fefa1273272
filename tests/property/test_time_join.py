"""Joins of streams against the oracle, however rows are cut and the job is restarted."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.drive import FEEDS, Event, Feed, run
from oracle.joins import joined

from asaql.model import Batch
from asaql.operators.join import JoinBound, JoinOperator, JoinPlan

KEYS = st.sampled_from([None, "a", "a", 1, 1.0, 2, True, {"x": 1}])


@st.composite
def recordings(draw: st.DrawFn, number: str) -> list[Event]:
    times = sorted(draw(st.lists(st.integers(100, 160), max_size=20)))
    return [{"t": t, number: n, f"k{number}": draw(KEYS), f"v{number}": n % 3} for n, t in enumerate(times)]


@st.composite
def bounds(draw: st.DrawFn) -> tuple[int, int, int]:
    low = draw(st.integers(-6, 6))
    return draw(st.integers(1, 7)), low, low + draw(st.integers(0, 5))


def differ(batch: Batch) -> pl.Series:
    return batch.columns["vn"].series != batch.columns["vm"].series


@settings(max_examples=250)
@given(
    recordings("n"),
    recordings("m"),
    st.lists(bounds(), min_size=1, max_size=2),
    st.sampled_from([(), (("kn", "km"),), (("kn", "km"), ("vn", "vm"))]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 8, 1 << 16]),
    FEEDS,
)
def test_a_join_pairs_what_the_definition_pairs(
    left: list[Event],
    right: list[Event],
    limits: list[tuple[int, int, int]],
    keys: tuple[tuple[str, str], ...],
    is_left: bool,
    has_condition: bool,
    step_rows: int,
    feed: Feed,
) -> None:
    left_slots, right_slots = ("n", "kn", "vn"), ("m", "km", "vm")
    plan = JoinPlan(left_slots, right_slots, keys, tuple(JoinBound(*each) for each in limits), is_left)
    predicate = differ if has_condition else None
    rows = run(
        lambda: JoinOperator(plan, predicate, step_rows=step_rows), [(left, left_slots), (right, right_slots)], feed
    )
    expected = joined(left, right, keys, limits, lambda a, b: not has_condition or a["vn"] != b["vm"], is_left=is_left)
    assert [(t, row["n"], row["m"]) for t, row in rows] == [(t, row["n"], row["m"]) for t, row in expected]
