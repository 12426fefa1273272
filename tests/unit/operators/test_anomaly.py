"""The anomaly detectors on series whose spikes, dips and changes are known."""

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from oracle.anomalies import share_above
from oracle.drive import Event, Feed, restarted, run

from asaql.diagnostics import JobError
from asaql.operators.anomaly import AnomalyColumn, AnomalyOperator, Mode

SPIKE_AND_DIP = "AnomalyDetection_SpikeAndDip"
CHANGE_POINT = "AnomalyDetection_ChangePoint"
_SEVENS = Feed((7,))


def series(values: Sequence[Any], every: int = 1, **columns: Any) -> list[Event]:
    """Return an event for each value, `every` ticks apart."""
    return [{"t": 1000 + at * every, "v": value, **columns} for at, value in enumerate(values)]


def detect(call: AnomalyColumn, events: list[Event], feed: Feed = _SEVENS) -> list[Any]:
    rows = run(lambda: AnomalyOperator([call]), [(events, ("v", "k", "w"))], feed)
    return [row["r"] for _, row in rows]


def spike_and_dip(
    mode: Mode, *, confidence: float = 95, size: int = 20, limit: int = 20, **others: Any
) -> AnomalyColumn:
    return AnomalyColumn("r", SPIKE_AND_DIP, "v", limit, confidence, size, mode, **others)


def change_point(*, confidence: float = 82, size: int = 40, limit: int = 40, **others: Any) -> AnomalyColumn:
    return AnomalyColumn("r", CHANGE_POINT, "v", limit, confidence, size, **others)


def flagged(records: Sequence[Any]) -> list[int]:
    return [at for at, each in enumerate(records) if each is not None and each["IsAnomaly"] == 1]


def noise(count: int, level: float = 0.0, seed: int = 7) -> list[float]:
    # Even noise: none of its values is far from the others.
    draw = random.Random(seed)
    return [level + draw.uniform(-1, 1) for _ in range(count)]


@pytest.mark.parametrize(
    ("mode", "expected"), [(Mode.SPIKES, [40]), (Mode.DIPS, [70]), (Mode.SPIKES_AND_DIPS, [40, 70])]
)
def test_a_mode_says_which_side_counts(mode: Mode, expected: list[int]) -> None:
    values = noise(100)
    values[40], values[70] = 30.0, -30.0
    assert flagged(detect(spike_and_dip(mode, confidence=99), series(values))) == expected


def test_a_high_p_value_is_a_dip_when_spikes_are_sought() -> None:
    values = [*noise(30), -1000.0]
    assert detect(spike_and_dip(Mode.SPIKES), series(values))[-1] == {"IsAnomaly": 0, "Score": 1 - 1e-8}
    assert detect(spike_and_dip(Mode.DIPS), series(values))[-1] == {"IsAnomaly": 1, "Score": 1e-8}


def test_a_second_smaller_spike_hides_behind_the_first() -> None:
    values = noise(60)
    values[40], values[45] = 100.0, 20.0
    assert flagged(detect(spike_and_dip(Mode.SPIKES, confidence=99), series(values))) == [40]


def test_the_first_value_is_neither_high_nor_low() -> None:
    assert detect(spike_and_dip(Mode.SPIKES), series([12])) == [{"IsAnomaly": 0, "Score": 0.5}]


def test_the_second_value_is_compared_with_a_smoothing_of_width_one() -> None:
    (_, record) = detect(spike_and_dip(Mode.SPIKES), series([10, 11]))
    assert record["Score"] == pytest.approx(0.5 - math.erf(1 / math.sqrt(2)) / 2, abs=1e-15)


def test_nothing_is_flagged_until_the_history_is_full() -> None:
    values = [0.0] * 25
    values[18], values[19] = 50.0, 5000.0
    assert flagged(detect(spike_and_dip(Mode.SPIKES), series(values))) == [19]


def test_equal_values_make_the_narrowest_smoothing() -> None:
    records = detect(spike_and_dip(Mode.SPIKES, size=3, limit=100), series([0.1, 0.1, 0.1, 0.1, 0.1 + 1e-5]))
    assert [each["Score"] for each in records] == [0.5, 0.5, 0.5, 0.5, 1e-8]


def test_values_leave_the_history_when_enough_others_came() -> None:
    tail = [1.0, 2.0, 3.0]
    one = detect(spike_and_dip(Mode.SPIKES, size=3, limit=1000), series([500.0, *tail, 2.5]))
    other = detect(spike_and_dip(Mode.SPIKES, size=3, limit=1000), series([0.0, *tail, 2.5]))
    assert one[-1] == other[-1]


def test_values_leave_the_history_exactly_when_they_are_as_old_as_the_limit() -> None:
    def score(gap: int) -> float:
        events = [{"t": 100, "v": 50.0}, {"t": 105, "v": 1.0}, {"t": 100 + gap, "v": 2.0}]
        found: float = detect(spike_and_dip(Mode.SPIKES, limit=10), events)[-1]["Score"]
        return found

    alone = detect(spike_and_dip(Mode.SPIKES, limit=10), [{"t": 105, "v": 1.0}, {"t": 110, "v": 2.0}])[-1]["Score"]
    assert score(10) == alone
    assert score(9) != alone


def test_events_that_are_rarer_than_expected_still_end_the_warm_up() -> None:
    # At every third tick the limit spans 7 of the 20 values.
    values = [*noise(40), 80.0]
    assert flagged(detect(spike_and_dip(Mode.SPIKES, confidence=99), series(values, every=3))) == [40]


def test_a_model_whose_values_are_all_too_old_starts_anew() -> None:
    before, after = series(noise(40)), [{"t": 2000 + at, "v": v} for at, v in enumerate([900.0, *noise(30, 900)])]
    fresh = detect(spike_and_dip(Mode.SPIKES), after)
    assert detect(spike_and_dip(Mode.SPIKES), [*before, *after])[40:] == fresh
    fresh = detect(change_point(), after)
    assert detect(change_point(), [*before, *after])[40:] == fresh


def test_a_lower_confidence_finds_more_anomalies() -> None:
    values = noise(300)
    counts = [
        len(flagged(detect(spike_and_dip(Mode.SPIKES_AND_DIPS, confidence=each), series(values))))
        for each in (60, 80, 90, 99.999)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 0


def test_a_confidence_of_one_hundred_flags_nothing() -> None:
    values = [*noise(50), 1e6, 1e6]
    assert flagged(detect(spike_and_dip(Mode.SPIKES, confidence=100), series(values))) == []
    assert flagged(detect(change_point(confidence=100), series(values))) == []


@pytest.mark.parametrize("level", [8.0, -8.0])
def test_a_change_of_level_is_flagged_once_when_it_begins(level: float) -> None:
    values = [*noise(120), *noise(40, level)]
    (first,) = flagged(detect(change_point(), series(values)))
    assert 120 <= first <= 128


def test_a_trend_that_begins_is_a_change() -> None:
    values = [*noise(120), *(0.5 * each for each in range(40))]
    first, *_ = flagged(detect(change_point(), series(values)))
    assert 120 < first < 135


def test_changes_are_flagged_a_history_apart() -> None:
    # Every value wins the bet, so only the distance holds flags back.
    values = [1.7**each for each in range(60)]
    places = flagged(detect(change_point(confidence=50, size=5, limit=1000), series(values)))
    assert [each - places[0] for each in places] == list(range(0, 60 - places[0], 5))


def test_steady_values_change_nothing() -> None:
    assert flagged(detect(change_point(), series([10.0, 11.0] * 100))) == []


def test_a_martingale_beyond_the_greatest_float_stays_there() -> None:
    values = [100.0 ** (each % 150) for each in range(100)]
    scores = [each["Score"] for each in detect(change_point(size=90, limit=1000), series(values))]
    assert max(scores) == pytest.approx(1.7976931348623157e308, rel=1e-9)


def test_each_partition_has_a_model_of_its_own() -> None:
    calm, wild = noise(50), [*noise(40, 500), 900.0, *noise(9, 500)]
    events = [
        {"t": 1000 + at, "k": key, "v": value}
        for at, pair in enumerate(zip(calm, wild, strict=True))
        for key, value in zip(("calm", "wild"), pair, strict=True)
    ]
    call = spike_and_dip(Mode.SPIKES, confidence=99, partition_by=("k",))
    assert flagged(detect(call, events)) == [81]


def test_rows_that_do_not_satisfy_when_are_neither_scored_nor_learned() -> None:
    values = noise(50)
    events = series(values, w=True)
    others = [{"t": each["t"], "v": 1e6, "w": at % 2 == 0 and None} for at, each in enumerate(events)]
    mixed = [each for pair in zip(others, events, strict=True) for each in pair]
    records = detect(spike_and_dip(Mode.SPIKES, when="w"), mixed)
    assert records[::2] == [None] * 50
    assert records[1::2] == detect(spike_and_dip(Mode.SPIKES), events)


def test_null_and_values_that_are_no_numbers_are_neither_scored_nor_learned() -> None:
    records = detect(spike_and_dip(Mode.SPIKES), series([1.0, None, math.inf, math.nan, 2.0]))
    assert records[1:4] == [None, None, None]
    assert records[4] == detect(spike_and_dip(Mode.SPIKES), [{"t": 1000, "v": 1.0}, {"t": 1004, "v": 2.0}])[1]


def test_bigint_float_and_numeric_text_are_one_series() -> None:
    mixed = detect(spike_and_dip(Mode.SPIKES), series([1, 2.5, "3", None, 4]))
    assert mixed == detect(spike_and_dip(Mode.SPIKES), series([1.0, 2.5, 3.0, None, 4.0]))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "AnomalyDetection_SpikeAndDip takes bigint or float, found bit"),
        ("high", 'AnomalyDetection_SpikeAndDip takes numbers, and the text "high" is none'),
        ({"x": 1}, "AnomalyDetection_SpikeAndDip takes bigint or float, found record"),
    ],
)
def test_a_value_that_is_no_number_fails_the_job(value: Any, message: str) -> None:
    with pytest.raises(JobError) as failure:
        detect(spike_and_dip(Mode.SPIKES), series([value]))
    assert failure.value.diagnostics[0].message == message


def test_a_value_outside_when_does_not_fail_the_job() -> None:
    assert detect(spike_and_dip(Mode.SPIKES, when="w"), series(["high"], w=False)) == [None]


def test_values_too_far_apart_to_be_squared_count_as_equal() -> None:
    records = detect(spike_and_dip(Mode.SPIKES), series([1e308, -1e308, 1e308]))
    assert records[-1]["Score"] == 0.5


def test_huge_values_that_left_do_not_blur_the_history() -> None:
    tail = noise(30)
    after = detect(spike_and_dip(Mode.SPIKES), series([1e12, *tail]))
    assert after[25:] == detect(spike_and_dip(Mode.SPIKES), series([0.0, *tail]))[25:]


def test_no_more_than_the_history_is_kept_of_a_partition() -> None:
    events = [{"t": at, "k": at % 3, "v": float(at % 5)} for at in range(3000)]
    for call in (
        spike_and_dip(Mode.SPIKES, size=10, limit=1000, partition_by=("k",)),
        change_point(size=10, limit=1000, partition_by=("k",)),
    ):
        operator = AnomalyOperator([call])
        run(lambda operator=operator: operator, [(events, ("v", "k"))], Feed((100,)))  # type: ignore[misc]
        assert operator.rows_held == 30


def test_partitions_that_fell_silent_are_forgotten() -> None:
    events = [{"t": at, "k": at, "v": 1.0} for at in range(20_000)]
    for call in (
        spike_and_dip(Mode.SPIKES, limit=50, partition_by=("k",)),
        change_point(limit=50, partition_by=("k",)),
    ):
        operator = AnomalyOperator([call])
        run(lambda operator=operator: operator, [(events, ("v", "k"))], Feed((500,)))  # type: ignore[misc]
        assert operator.rows_held < 3000


def test_a_state_of_many_partitions_is_saved_in_chunks() -> None:
    call = change_point(size=50, limit=100_000, partition_by=("k",))
    operator = AnomalyOperator([call])
    events = [{**each, "k": at % 400} for at, each in enumerate(series(noise(24_000)))]
    run(lambda: operator, [(events[:-900], ("v", "k"))], Feed())
    assert len(operator.snapshot()) > 3
    resumed = restarted(operator, lambda: AnomalyOperator([call]))
    rest = run(lambda: resumed, [(events[-900:], ("v", "k"))], Feed((80,)))
    assert [row["r"] for _, row in rest] == detect(call, events, Feed())[-900:]


def test_long_histories_are_read_in_parts() -> None:
    values = noise(1200)
    call = spike_and_dip(Mode.SPIKES, size=500, limit=1000)
    whole = detect(call, series(values), Feed())
    assert whole == detect(call, series(values), Feed((100,)))
    assert whole[-1]["Score"] == pytest.approx(share_above(values[-1], values[-501:-1]), abs=1e-14)


def test_an_operator_may_hold_several_detectors() -> None:
    values = [*noise(40), 50.0]
    calls = [spike_and_dip(Mode.SPIKES), AnomalyColumn("c", CHANGE_POINT, "v", 20, 95, 20)]
    rows = run(lambda: AnomalyOperator(calls), [(series(values), ("v",))], Feed((9,), restart_after=2))
    assert set(rows[-1][1]) == {"v", "r", "c"}
    assert [row["r"] for _, row in rows] == detect(calls[0], series(values))
