"""Time policies on the documentation's worked tables, and how events leave ingress."""

from collections.abc import Callable, Iterable, Sequence

import pytest
from oracle.drive import Event, Feed, batch_of, run

from asaql.model import TICKS_PER_MINUTE, TICKS_PER_SECOND, Batch, Instant, Kind, Value, Watermark
from asaql.operators.contract import Emission, Operator
from asaql.operators.ingress import IngressOperator, IngressPlan
from asaql.operators.join import JoinBound, JoinOperator, JoinPlan
from asaql.operators.merge import MergeOperator
from asaql.runtime.clock import ManualClock
from asaql.runtime.spill import TemporarySpill

M = TICKS_PER_MINUTE
S = TICKS_PER_SECOND

ILLUSTRATED = [
    (7, 7, "device1"),
    (8, 8, "device2"),
    (17, 11, "device1"),
    (8, 13, "device3"),
    (19, 16, "device1"),
    (12, 17, "device3"),
    (17, 18, "device2"),
    (20, 19, "device2"),
    (16, 21, "device3"),
    (23, 22, "device2"),
    (22, 24, "device2"),
    (21, 27, "device3"),
]
"""Minute of event and of arrival, and device, as the article on time handling has them."""


def events(rows: Sequence[tuple[float, float, str]], unit: int = M) -> list[Event]:
    return [
        {"t": round(time * unit), "arrival": Instant(round(arrival * unit)), "n": n, "device": device}
        for n, (time, arrival, device) in enumerate(rows, start=1)
    ]


def times(plan: IngressPlan, recording: list[Event], unit: int = M) -> dict[int, float]:
    """Return the number of each event that is left and the time it has."""
    rows = run(lambda: IngressOperator(plan), [(recording, ("n", "arrival", "device"))], Feed((2,)))
    return {row["n"]: t / unit for t, row in rows}


def test_the_article_on_time_handling() -> None:
    plan = IngressPlan("arrival", (), 5 * M, 2 * M, 5 * M)
    expected = {1: 7, 2: 8, 4: 8, 5: 19, 6: 17, 7: 17, 8: 20, 9: 18, 10: 23, 11: 22, 12: 22}
    assert times(plan, events(ILLUSTRATED)) == expected


def test_without_the_early_policy_an_outlier_moves_the_others() -> None:
    plan = IngressPlan("arrival", (), 5 * M, 2 * M, None)
    found = times(plan, events(ILLUSTRATED))
    assert (found[3], found[4]) == (17, 15)


def test_substreams_have_watermarks_of_their_own() -> None:
    plan = IngressPlan("arrival", ("device",), 5 * M, 2 * M, 5 * M)
    expected = {1: 7, 2: 8, 4: 8, 5: 19, 6: 12, 7: 17, 8: 20, 9: 16, 10: 23, 11: 22, 12: 22}
    assert times(plan, events(ILLUSTRATED)) == expected


SKEWED = events([(0, 40, "d"), (30, 41, "d"), (42, 42, "d"), (38, 43, "d"), (35, 45, "d")], S)


def test_adjust_moves_late_events_and_events_out_of_order() -> None:
    plan = IngressPlan("arrival", (), 15 * S, 5 * S)
    assert times(plan, SKEWED, S) == {1: 25, 2: 30, 3: 42, 4: 38, 5: 37}


def test_drop_drops_them() -> None:
    operator = IngressOperator(IngressPlan("arrival", (), 15 * S, 5 * S, is_adjusting=False))
    list(operator.on_batch(batch_of(SKEWED, ("n", "arrival"))))
    assert operator.counts == {"LateInputEvents": 1, "OutOfOrderEvents": 1, "DroppedEvents": 2}
    (last,) = (each for each in operator.on_end() if isinstance(each, Batch))
    assert last.columns["n"].to_values() == [4, 3]


@pytest.mark.parametrize(("skew", "is_left"), [(300, True), (300.0000001, False)])
def test_exactly_the_early_tolerance_is_fine(skew: float, is_left: bool) -> None:
    found = times(IngressPlan("arrival", (), None, None, 300 * S), events([(skew + 100, 100, "d")], S), S)
    assert bool(found) is is_left


def test_exactly_the_late_tolerance_is_fine() -> None:
    found = times(IngressPlan("arrival", (), 5 * S, 0), events([(0, 5, "d"), (1, 7, "d")], S), S)
    assert found == {1: 0, 2: 2}


def test_ordered_events_wait_for_nothing() -> None:
    operator = IngressOperator(IngressPlan(is_in_order=True))
    batch, watermark = operator.on_batch(batch_of([{"t": 3}, {"t": 4}], ()))
    assert isinstance(batch, Batch)
    assert watermark == Watermark(4)
    assert operator.rows_held == 0


def test_hidden_columns_go_no_further() -> None:
    operator = IngressOperator(IngressPlan("arrival", ("device",), 5 * M, 0))
    list(operator.on_batch(batch_of(events(ILLUSTRATED), ("n", "arrival", "device"))))
    batches = [each for each in operator.on_end() if isinstance(each, Batch)]
    assert all(list(each.columns) == ["n"] for each in batches)


def test_a_silent_input_is_released_as_time_goes_on() -> None:
    operator = IngressOperator(IngressPlan("arrival", (), 5, 0))
    held = [{"t": 100, "arrival": Instant(101)}, {"t": 103, "arrival": Instant(103)}]
    batch, watermark = operator.on_batch(batch_of(held, ("arrival",)))
    assert isinstance(batch, Batch)
    assert batch.times.to_list() == [100]
    assert watermark == Watermark(103)
    batch, watermark = operator.advance(110)
    assert isinstance(batch, Batch)
    assert batch.times.to_list() == [103]
    assert watermark == Watermark(105)


def recorded(times: Iterable[int], at_once: int, **columns: Callable[[int], Value]) -> list[Emission]:
    """Return what becomes of a recording, given so many events at once; columns are made of an event's number."""
    operator = IngressOperator(IngressPlan(), TemporarySpill(), most_held=1 << 18)
    rows = [{"t": t, **{name: make(n) for name, make in columns.items()}} for n, t in enumerate(times)]
    for start in range(0, len(rows), at_once):
        assert list(operator.on_batch(batch_of(rows[start : start + at_once], tuple(columns)))) == []
    assert operator.rows_held == len(rows)
    emitted = list(operator.on_end())
    assert operator.rows_held == 0
    operator.close()
    return emitted


def test_batches_of_a_sorted_recording_are_passed_on_together() -> None:
    emitted = recorded(range(6), 2, n=lambda n: n)
    assert [each.ticks for each in emitted if isinstance(each, Watermark)] == [0]
    assert [each.height for each in emitted if isinstance(each, Batch)] == [6]


def test_batches_with_values_of_different_kinds_stay_apart() -> None:
    kinds: list[Value] = [None, 1, None, 2.0, 3, {}, {}]
    emitted = recorded(range(14), 2, n=lambda n: kinds[n // 2])
    columns = [each.columns["n"] for each in emitted if isinstance(each, Batch)]
    assert [(each.kind, len(each)) for each in columns] == [
        (Kind.BIGINT, 6),
        (Kind.FLOAT, 2),
        (Kind.BIGINT, 2),
        (Kind.RECORD, 2),
        (Kind.RECORD, 2),
    ]
    assert [each.ticks for each in emitted if isinstance(each, Watermark)] == [0, 6, 8, 10, 12]


@pytest.mark.parametrize(
    "times",
    [
        [n ^ 7 for n in range(30_000)],
        [n - 20_000 * (n % 100 == 99) for n in range(30_000)],
        [10**9, *range(30_000)],
        list(range(30_000, 0, -1)),
        [*range(15_000), *range(15_000)],
        [n // 100 % 50 for n in range(30_000)],
    ],
    ids=["near", "some_far_back", "one_far_ahead", "backwards", "twice", "to_and_fro"],
)
def test_a_recording_is_sorted_stably_in_whatever_order_it_comes(times: list[int]) -> None:
    emitted = recorded(times, 1000, n=lambda n: n)
    batches = [each for each in emitted if isinstance(each, Batch)]
    found = [n for each in batches for n in each.columns["n"].to_values()]
    assert found == sorted(range(len(times)), key=times.__getitem__)
    assert [each.ticks for each in emitted if isinstance(each, Watermark)] == [each.times[0] for each in batches]


def test_with_policies_only_the_tolerance_is_held() -> None:
    operator = IngressOperator(IngressPlan("arrival", (), 1000, 20))
    largest = 0
    for start in range(0, 5000, 10):
        batch = [{"t": t, "arrival": Instant(t)} for t in range(start, start + 10)]
        list(operator.on_batch(batch_of(batch, ("arrival",))))
        largest = max(largest, operator.rows_held)
    assert largest <= 30


def test_rows_laid_off_are_counted_and_bounded_by_the_tolerance() -> None:
    spill = TemporarySpill(1 << 16)
    operator = IngressOperator(IngressPlan("arrival", (), 1000, 300), spill, most_held=1)
    largest = longest = 0
    for start in range(0, 20_000, 20):
        batch = [{"t": t ^ 7, "arrival": Instant(t), "text": "x" * 50} for t in range(start, start + 20)]
        list(operator.on_batch(batch_of(batch, ("arrival", "text"))))
        largest = max(largest, operator.rows_held)
        longest = max(longest, spill.bytes_held)
    assert 300 <= largest <= 350
    assert 0 < longest <= 1 << 18
    operator.close()
    assert spill.bytes_held == 0


def test_a_recording_of_one_instant_is_merged_in_the_order_of_arrival() -> None:
    operator = IngressOperator(IngressPlan(), TemporarySpill(), most_held=1 << 20)
    for start in range(0, 100_000, 5000):
        list(operator.on_batch(batch_of([{"t": 7, "n": n} for n in range(start, start + 5000)], ("n",))))
    batches = [each for each in operator.on_end() if isinstance(each, Batch)]
    assert max(each.height for each in batches) <= 1 << 16
    assert [n for each in batches for n in each.columns["n"].to_values()] == list(range(100_000))
    operator.close()


def silent(make: Callable[[], Operator], late: int) -> list[tuple[int, int]]:
    """Return when, by a clock moved by hand, the rows of a busy input come out beside an input that fell silent.

    Returns:
        Event time and the instant of the clock for each row.
    """
    clock = ManualClock(1000)
    inputs = [IngressOperator(IngressPlan("arrival", (), late, 0)) for _ in range(2)]
    operator = make()
    found: list[tuple[int, int]] = []

    def give(port: int, emissions: Iterable[Emission]) -> None:
        for each in emissions:
            given = operator.on_batch(each, port) if isinstance(each, Batch) else operator.on_watermark(each, port)
            found.extend(
                (t, clock.now()) for out in (*given, *operator.on_idle()) if isinstance(out, Batch) for t in out.times
            )

    for step in range(200):
        for port, ingress in enumerate(inputs):
            if port == 0 or step < 20:
                event = {"t": clock.now() - 3, "arrival": Instant(clock.now()), "k": "a"}
                give(port, ingress.on_batch(batch_of([event], ("arrival", "k"))))
            give(port, ingress.advance(clock.now()))
        clock.advance(1)
    return found


@pytest.mark.parametrize("late", [5, 20])
def test_a_silent_input_holds_a_merge_back_by_the_late_arrival_tolerance_at_most(late: int) -> None:
    found = silent(lambda: MergeOperator(2), late)
    assert [t for t, _ in found][-1] >= 1199 - 3 - late
    assert max(now - t for t, now in found) <= late + 1


@pytest.mark.parametrize("late", [5, 20])
def test_a_silent_input_holds_a_join_back_by_the_late_arrival_tolerance_at_most(late: int) -> None:
    plan = JoinPlan(("k",), ("k2",), (("k", "k2"),), (JoinBound(1, 0, 4),), is_left=True)

    def make() -> Operator:
        return _Renaming(JoinOperator(plan))

    found = silent(make, late)
    assert len(found) > 180
    # A lonely left event is given at its own time plus the upper bound.
    assert max(now - t for t, now in found) <= late + 1


class _Renaming(Operator):
    """Gives a join its right side under another name."""

    def __init__(self, join: JoinOperator) -> None:
        self._join = join

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        columns = {("k2" if port else "k"): batch.columns["k"]}
        return self._join.on_batch(Batch(columns, batch.times), port)

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterable[Emission]:
        return self._join.on_watermark(watermark, port)

    def on_idle(self) -> Iterable[Emission]:
        return self._join.on_idle()
