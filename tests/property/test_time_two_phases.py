"""Grouping before events are sorted gives what grouping behind it gives, and what the oracle says, order included."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import values, windows
from oracle.drive import Collector, Event, Row, batch_of

from asaql.diagnostics import JobError, Span
from asaql.functions.exact_sums import (
    add_levels,
    levels_of_floats,
    rounded,
    summable_floats,
    summable_integers,
    sums_of_parts,
)
from asaql.functions.windowers import Hopping, Snapshot, Tumbling, Windower
from asaql.model import Batch, Watermark
from asaql.operators.aggregation import AggregateColumn
from asaql.operators.contract import Emission
from asaql.operators.ingress import IngressOperator, IngressPlan
from asaql.operators.partial_window import PartialWindowOperator, PartialWindowSpec, common_panes
from asaql.operators.whole_windows import WholeWindows
from asaql.operators.window import KeyColumn, Window, WindowAggregateOperator, WindowPlan
from asaql.runtime.spill import TemporarySpill

KEYS = (1, 1, 1, 2, 2, None, "a", 1.0, 0.0, -0.0, True, {"x": 1}, {"x": 1.0}, [1], [1.0])
FEW_KEYS = (None, 1, 2, 3)
ORDINARY = (*range(-5, 6), *(each / 10 for each in range(-40, 400, 7)))
WILD = (
    *ORDINARY[:20],
    None,
    None,
    0.1,
    1e16,
    -1e16,
    1e-9,
    1e-30,
    1e200,
    5e-324,
    2**53 + 1,
    2**62,
    -(2**63),
    "7",
    " 2.5 ",
)
FAULTS = ("x", "1e999", True, float("inf"), 2**62, -(2**63), None, 1, 0.5)
SUMMARIES = ("COUNT", "SUM", "AVG", "MIN", "MAX", "STDEV", "STDEVP", "VAR", "VARP")
AGGREGATES = (
    AggregateColumn("rows", "COUNT"),
    *(AggregateColumn(name.lower(), name, "v", span=Span(at, at + 1)) for at, name in enumerate(SUMMARIES)),
    AggregateColumn("text", "MAX", "s", is_text=True),
    AggregateColumn("least_text", "MIN", "s", is_text=True),
    AggregateColumn("small", "SUM", "w"),
)
NAMES = ("k", "s", "v", "w")


class Draw:
    """Draws what a test needs from one seed: generated value by value, long recordings would all be alike."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.cuts = [self.any(1, 2, 5, 10, 20, 40) for _ in range(self.any(1, 2, 3))]
        self.workers = self.any(1, 1, 2, 50)
        self.most_held = self.any(1 << 30, 1, 9000)
        self.keys: tuple[str, ...] = self.any((), ("k",), ("s",), ("k", "s"))

    def any(self, *options: Any) -> Any:
        return self.random.choice(options)

    def windower(self) -> Windower:
        size, hop, offset = self.any(3, 6, 6, 12, 20), self.any(1, 2, 3, 6, 9), self.random.randint(-7, 7)
        return self.any(Tumbling(size, offset), Tumbling(size), Hopping(size, hop, offset), Snapshot())

    def events(self, numbers: Sequence[Any], keys: Sequence[Any]) -> list[Event]:
        """Return events in the order of arrival, with ties and disorder."""
        disorder, span = self.any((0, 30), (3, 30), (30, 60), (10, 5))
        times = sorted(self.random.randint(0, span) for _ in range(self.any(0, 1, 8, 30, 60)))
        of_one_type = self.any(True, False) and [each for each in numbers if type(each) is float]
        return [
            {
                "t": 100 + time + self.random.randint(0, disorder),
                "k": self.any(*keys),
                "s": self.any("x", "y", None),
                "v": self.any(*(of_one_type or numbers)),
                "w": 0.5,
            }
            for time in times
        ]


SEEDS = st.integers(0, 2**62).map(Draw)


def chunks_of(events: Sequence[Event], cuts: Sequence[int]) -> list[Batch]:
    chunks, start = [], 0
    while start < len(events):
        size = cuts[len(chunks) % len(cuts)]
        chunks.append(batch_of(events[start : start + size], NAMES))
        start += size
    return chunks


def sorted_and_grouped(chunks: Sequence[Batch], plan: WindowPlan, most_held: int) -> list[Row]:
    """Return what ingress and windows make of chunks."""
    ingress = IngressOperator(IngressPlan(), TemporarySpill(), most_held=most_held)
    window, collector = WindowAggregateOperator(plan), Collector()

    def take(emissions: Sequence[Emission]) -> None:
        for each in emissions:
            if isinstance(each, Watermark):
                collector.take(window.on_watermark(each))
            else:
                collector.take(window.on_batch(each))

    for chunk in chunks:
        take(list(ingress.on_batch(chunk)))
    take(list(ingress.on_end()))
    collector.take(window.on_end())
    ingress.close()
    return collector.rows


def states_of(chunks: Sequence[Batch], windowers: Sequence[Windower], keys: Sequence[str], how: Draw) -> list[Batch]:
    """Return what the first phase gives."""
    panes = common_panes(windowers)
    assert panes is not None
    spec = PartialWindowSpec(panes, tuple(keys), AGGREGATES)
    operators = [PartialWindowOperator(spec) for _ in range(how.workers)]
    states = []
    for number, chunk in enumerate(chunks):
        states += [each for each in operators[number % how.workers].on_batch(chunk) if isinstance(each, Batch)]
    return states


def in_two_phases(chunks: Sequence[Batch], windowers: Sequence[Windower], keys: Sequence[str], how: Draw) -> list[Row]:
    states = states_of(chunks, windowers, keys, how)
    return sorted_and_grouped(states, plan_of(windowers, keys, takes_states=True), how.most_held)


def whole(chunks: Sequence[Batch], windower: Windower, keys: Sequence[str], how: Draw) -> list[Row]:
    """Return what windows give if all states are at hand."""
    states = states_of(chunks, [windower], keys, how)
    collector = Collector()
    if states:
        windows = WholeWindows(plan_of([windower], keys, takes_states=True))
        collector.take([windows.rows(Batch.concat(states).sort_by_time())])
    return collector.rows


def plan_of(windowers: Sequence[Windower], keys: Sequence[str], *, takes_states: bool = False) -> WindowPlan:
    named = tuple(Window(each, f"w{at}") for at, each in enumerate(windowers))
    return WindowPlan(tuple(KeyColumn(key, key) for key in keys), named, AGGREGATES, "window", takes_states)


def common_grid(windower: Windower) -> Hopping:
    if isinstance(windower, Tumbling | Snapshot):
        return windower.as_hopping()
    assert isinstance(windower, Hopping)
    return windower


def outcome(compute: Callable[[], list[Row]]) -> Any:
    """Return the rows with their types, or the message and place of the failure."""
    try:
        rows = compute()
    except JobError as error:
        return [(each.message, each.span) for each in error.diagnostics]
    # Of equal numbers of different types, MIN and MAX may give either.
    loose = ("min", "max")
    return [
        (t, [(name, value if name in loose else (type(value), value)) for name, value in row.items()])
        for t, row in rows
    ]


@settings(max_examples=120)
@given(SEEDS)
def test_two_phases_give_the_rows_of_one(draw: Draw) -> None:
    chunks = chunks_of(draw.events(WILD, KEYS), draw.cuts)
    windowers = [draw.windower() for _ in range(draw.any(1, 1, 2, 3))]
    one = outcome(lambda: sorted_and_grouped(chunks, plan_of(windowers, draw.keys), 1 << 30))
    assert outcome(lambda: in_two_phases(chunks, windowers, draw.keys, draw)) == one


@settings(max_examples=160)
@given(SEEDS)
def test_whole_windows_give_the_rows_of_windows_whose_rows_come_bit_by_bit(draw: Draw) -> None:
    numbers, keys = draw.any((WILD, KEYS), (ORDINARY, FEW_KEYS), (ORDINARY, (0.0, -0.0, 1.5, None)))
    chunks = chunks_of(draw.events(numbers, keys), draw.cuts)
    windower = draw.any(Tumbling(draw.any(3, 6, 20), draw.random.randint(-7, 7)), Snapshot())
    one = outcome(lambda: sorted_and_grouped(chunks, plan_of([windower], draw.keys), 1 << 30))
    assert outcome(lambda: whole(chunks, windower, draw.keys, draw)) == one


@settings(max_examples=80)
@given(SEEDS)
def test_two_phases_give_what_the_oracle_says(draw: Draw) -> None:
    events, windower, keys = draw.events(ORDINARY, FEW_KEYS), draw.windower(), draw.keys
    grid = common_grid(windower)
    ordered = [{**event, "n": n} for n, event in enumerate(sorted(events, key=lambda each: int(each["t"])))]
    contents = windows.grouped(ordered, keys, lambda own: windows.grid_windows(own, grid.size, grid.hop, grid.offset))
    rows = in_two_phases(chunks_of(events, draw.cuts), [windower], keys, draw)
    assert [t for t, _ in rows] == [end for end, _ in contents]
    for (_, row), (_, group) in zip(rows, contents, strict=True):
        column = [event["v"] for event in group]
        assert row["rows"] == len(group)
        assert [row[key] for key in keys] == [group[0][key] for key in keys]
        for name in SUMMARIES:
            expected = values.AGGREGATES[name](column)
            got = row[name.lower()]
            assert got == expected if name in ("MIN", "MAX") else values.same(got, expected), name


@settings(max_examples=40)
@given(SEEDS)
def test_two_phases_fail_as_one_does(draw: Draw) -> None:
    events = draw.events(ORDINARY, FEW_KEYS)
    if events:
        draw.any(*events)["v"] = draw.any(*FAULTS)
    chunks = chunks_of(events, draw.cuts)
    one = outcome(lambda: sorted_and_grouped(chunks, plan_of([Tumbling(10)], ("k",)), 1 << 30))
    assert outcome(lambda: in_two_phases(chunks, [Tumbling(10)], ("k",), draw)) == one


@settings(max_examples=100)
@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.floats(-50, 50)), max_size=60),
    st.randoms(use_true_random=False),
)
def test_floats_in_two_parts_add_up_without_rounding(numbers: list[float | None], random: Any) -> None:
    series = pl.Series(numbers, dtype=pl.Float64)
    halves = summable_floats(series)
    if halves is None:
        return
    upper, lower = (None if each is None else each.to_list() for each in halves)
    rows = [row for row, number in enumerate(numbers) if number is not None]
    random.shuffle(rows)
    chosen = rows[: random.randint(0, len(rows))]
    assert upper is not None
    sums = [sum(part[row] for row in chosen) for part in (upper, lower) if part is not None]
    assert sum(map(Fraction, sums)) == sum(Fraction(numbers[row] or 0) for row in chosen)
    assert [each is None for each in upper] == [number is None for number in numbers]


@given(st.lists(st.integers(1, 400), min_size=2, max_size=5000))
def test_floats_of_usual_measures_can_be_taken_in_two_parts(tenths: list[int]) -> None:
    assert summable_floats(pl.Series([each / 10 for each in tenths])) is not None


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9)), max_size=9))
def test_integers_are_added_up_only_within_bigint(numbers: list[int | None]) -> None:
    present = [each for each in numbers if each is not None]
    if summable_integers(pl.Series(numbers, dtype=pl.Int64)):
        assert sum(map(abs, present)) < 2**63
    if summable_integers(pl.Series(numbers, dtype=pl.Int64), 2):
        assert sum(each * each for each in present) < 2**63


@given(
    st.lists(st.tuples(st.floats(-1e15, 1e15), st.floats(-1, 1).map(lambda x: round(x, 3))), min_size=1, max_size=20)
)
def test_totals_are_rounded_once_and_alike_beside_totals_that_take_more_room(pairs: list[tuple[float, float]]) -> None:
    left, right = (pl.Series([pair[side] for pair in pairs]) for side in (0, 1))
    far = pl.Series([1e200, 1e-40])
    alone = add_levels(levels_of_floats(left), levels_of_floats(right))
    beside = add_levels(levels_of_floats(pl.concat([left, far])), levels_of_floats(pl.concat([right, far * 0.0])))
    totals = rounded(beside, len(pairs) + 2).to_list()
    assert totals[len(pairs) :] == far.to_list()
    assert totals[: len(pairs)] == rounded(alone, len(pairs)).to_list()
    tiny = [each != 0 and abs(each) < 2.0**-11 for pair in pairs for each in pair]
    if not any(tiny):
        assert totals[: len(pairs)] == [float(Fraction(x) + Fraction(y)) for x, y in pairs]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.sampled_from((0.0, -0.0, 2.0**59, 5e-324)), st.floats(-1e15, 1e15), st.floats()),
            st.one_of(st.none(), st.just(-0.0), st.floats(-1, 1).map(lambda x: round(x, 3))),
        ),
        max_size=9,
    )
)
def test_floats_added_up_at_once_are_those_that_levels_give(pairs: list[tuple[float | None, float | None]]) -> None:
    pairs = [(upper, None if upper is None else lower) for upper, lower in pairs]
    upper, lower = (pl.Series([pair[side] for pair in pairs], dtype=pl.Float64) for side in (0, 1))
    for part in (None, lower):
        totals = sums_of_parts(upper, part)
        if totals is not None:
            levels = levels_of_floats(upper)
            levels = levels if part is None else add_levels(levels, levels_of_floats(part))
            expected = rounded(levels, len(pairs)).to_list()
            assert [repr(each or 0.0) for each in totals] == [repr(each) for each in expected]
            assert "-0.0" not in map(repr, totals)


@given(st.lists(st.floats(1e-3, 1e15), min_size=1, max_size=9))
def test_floats_of_usual_measures_are_added_up_at_once(numbers: list[float]) -> None:
    assert sums_of_parts(pl.Series(numbers), None) is not None
