"""The anomaly detectors against their formulas, however rows are cut and wherever the job is restarted."""

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import anomalies
from oracle.drive import FEEDS, Event, Feed, run

from asaql.operators.anomaly import AnomalyColumn, AnomalyOperator, Mode

NAMES = ("k", "s", "w", "v")
KEYS = st.sampled_from([None, "a", "b", 1, 1.0, {"x": 1}])
VALUES = st.one_of(
    st.none(), st.integers(-5, 5), st.floats(-3, 3), st.sampled_from([0.1, 100, -1000.0, 1e9, 2**53 + 1])
)
PARTITIONS = st.sampled_from([(), ("s",), ("k",), ("k", "s")])
WHENS = st.sampled_from([None, "w"])
LIMITS = st.one_of(st.sampled_from([2, 3, 8]), st.integers(1, 40))
# None of these makes a limit that sums of rounded terms could reach exactly.
CONFIDENCES = st.sampled_from([1.37, 49.9, 73.3, 80.7, 95.21, 99.9])


EVENTS = st.fixed_dictionaries(
    {
        "gap": st.sampled_from([0, 1, 1, 1, 2, 3, 8]),
        "k": KEYS,
        "s": st.sampled_from("xxxy"),
        "w": st.sampled_from([True, True, True, False, None]),
        "v": VALUES,
    }
)


@st.composite
def recordings(draw: st.DrawFn) -> list[Event]:
    time = 100
    events = draw(st.lists(EVENTS, min_size=draw(st.sampled_from([0, 20])), max_size=40))
    for event in events:
        time += event.pop("gap")
        event["t"] = time
    return events


def scores(call: AnomalyColumn, events: list[Event], feed: Feed) -> list[Any]:
    rows = run(lambda: AnomalyOperator([call]), [(events, NAMES)], feed)
    assert [t for t, _ in rows] == [event["t"] for event in events]
    return [row["r"] for _, row in rows]


@settings(max_examples=100)
@given(recordings(), PARTITIONS, LIMITS, WHENS, CONFIDENCES, st.integers(1, 9), st.sampled_from(Mode), FEEDS)
def test_spikes_and_dips_follow_the_formulas(
    events: list[Event],
    keys: tuple[str, ...],
    limit: int,
    when: str | None,
    confidence: float,
    size: int,
    mode: Mode,
    feed: Feed,
) -> None:
    call = AnomalyColumn("r", "AnomalyDetection_SpikeAndDip", "v", limit, confidence, size, mode, keys, when)
    expected = anomalies.spikes_and_dips(events, keys, limit, when, confidence, size, mode.value)
    for found, wanted in zip(scores(call, events, feed), expected, strict=True):
        assert (found is None) == (wanted is None)
        if wanted is not None:
            assert found["IsAnomaly"] == wanted["IsAnomaly"], (found, wanted)
            assert math.isclose(found["Score"], wanted["Score"], rel_tol=1e-9, abs_tol=1e-13)


@settings(max_examples=100)
@given(recordings(), PARTITIONS, LIMITS, WHENS, CONFIDENCES, st.integers(1, 9), FEEDS)
def test_change_points_follow_the_formulas(
    events: list[Event],
    keys: tuple[str, ...],
    limit: int,
    when: str | None,
    confidence: float,
    size: int,
    feed: Feed,
) -> None:
    call = AnomalyColumn("r", "AnomalyDetection_ChangePoint", "v", limit, confidence, size, None, keys, when)
    expected = anomalies.change_points(events, keys, limit, when, confidence, size)
    for found, wanted in zip(scores(call, events, feed), expected, strict=True):
        assert (found is None) == (wanted is None)
        if wanted is not None:
            assert found["IsAnomaly"] == wanted["IsAnomaly"], (found, wanted)
            # A p-value of 1e-8 is exact to eight digits.
            assert math.isclose(math.log(found["Score"]), wanted["Score"], rel_tol=1e-6, abs_tol=1e-6)


@settings(max_examples=60)
@given(recordings(), PARTITIONS, LIMITS, st.integers(1, 9), st.sampled_from([None, *Mode]), FEEDS)
def test_scores_do_not_depend_on_how_rows_are_cut(
    events: list[Event], keys: tuple[str, ...], limit: int, size: int, mode: Mode | None, feed: Feed
) -> None:
    call = AnomalyColumn("r", "detector", "v", limit, 80, size, mode, keys)
    assert scores(call, events, feed) == scores(call, events, Feed())
