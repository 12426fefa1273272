"""Every operator with a state: stopped in the middle, it goes on in a new process as if nothing had been."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from oracle.drive import Collector, Event, Row
from oracle.resume import Message, Recipe, feed, is_even, is_odd, left_is_not_right, receive, send

from asaql.functions.windowers import Hopping, Session, Sliding, Snapshot, Tumbling, Windower
from asaql.model import Instant
from asaql.operators.aggregation import AggregateColumn
from asaql.operators.analytic import AnalyticColumn, AnalyticOperator
from asaql.operators.anomaly import AnomalyColumn, AnomalyOperator, Mode
from asaql.operators.chunks import CHUNK_BYTES
from asaql.operators.ingress import IngressOperator, IngressPlan
from asaql.operators.join import JoinBound, JoinOperator, JoinPlan
from asaql.operators.match import MatchOperator, MatchPlan, PatternColumn
from asaql.operators.merge import MergeOperator
from asaql.operators.reference_join import ReferenceJoinOperator, ReferenceJoinPlan
from asaql.operators.window import KeyColumn, Window, WindowAggregateOperator, WindowPlan
from asaql.syntax.ast import Identifier, PatternRepeat, PatternSequence, PatternVariable

_TESTS = Path(__file__).parent.parent.parent
_BATCHES = 8

Resume = Callable[[Recipe, dict[str, bytes], Sequence[Message]], list[Row]]


@pytest.fixture(scope="module")
def resume() -> Iterator[Resume]:
    """Another process, which is given states and gives the rows that follow."""
    environment = {**os.environ, "PYTHONPATH": str(_TESTS), "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, "-m", "oracle.resume"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ends = process.stdin, process.stdout

        def ask(recipe: Recipe, chunks: dict[str, bytes], messages: Sequence[Message]) -> list[Row]:
            send(ends[0], (recipe, chunks, messages))
            rows: list[Row] = receive(ends[1])
            return rows

        yield ask
        process.stdin.close()
    assert process.returncode == 0


def recording(rows: int, spread: int, names: tuple[str, ...], port: int = 0, **columns: Any) -> list[Message]:
    """Return batches of events at even times up to `spread`, each with a watermark in the first half of the way there.

    Keys are long and of two kinds, so that states are large and not all of their columns native.
    """
    events = [
        {
            "t": 1 + at * spread // rows,
            "n": at,
            "g": at % 1999,
            "k": f"key {at % 9000:0100d}" if at % 7 else at,
            "v": at * 7919 % 100,
            "w": at * 31 % 100,
            "r": {"place": at, "seen": Instant(at), "text": f"{at:0250d}"},
            "arrival": Instant(1 + at * spread // rows + at % 5),
            **columns,
        }
        for at in range(rows)
    ]
    size = rows // _BATCHES
    return [
        Message(port, events[at : at + size], names, events[at]["t"], is_last=at + size >= rows)
        for at in range(0, rows, size)
    ]


def in_turn(*ports: list[Message]) -> list[Message]:
    return [message for messages in zip(*ports, strict=True) for message in messages]


@dataclass(frozen=True)
class Case:
    """An operator, and a recording in the middle of which its state is large."""

    recipe: Recipe
    messages: list[Message]


_AGGREGATES = (
    AggregateColumn("rows", "COUNT"),
    AggregateColumn("total", "SUM", "v"),
    AggregateColumn("middle", "PERCENTILE_CONT", order_by=(("v", False),), parameter=0.5),
    AggregateColumn("last", "TopOne", "r", order_by=(("n", True),)),
)


def _windows(*windowers: Windower) -> Case:
    windows = tuple(Window(each, str(at), ("v",)[: isinstance(each, Session)]) for at, each in enumerate(windowers))
    plan = WindowPlan((KeyColumn("k", "k"),), windows, _AGGREGATES, "id" if len(windows) > 1 else None)
    spread = 3 if isinstance(windowers[0], Snapshot) else 1000
    return Case(Recipe(WindowAggregateOperator, (plan,)), recording(16_000, spread, ("n", "k", "v", "r")))


def _analytic(name: str, limit: int = 900, **others: Any) -> Case:
    argument = None if name == "ISFIRST" else "v"
    call = AnalyticColumn("found", name, limit, argument, ("k",), **others)
    return Case(Recipe(AnalyticOperator, ([call],)), recording(16_000, 1000, ("n", "k", "v")))


def _anomaly(name: str, mode: Mode | None) -> Case:
    call = AnomalyColumn("found", name, "v", 900, 95, 12, mode, partition_by=("k",))
    return Case(Recipe(AnomalyOperator, ([call],)), recording(16_000, 1000, ("n", "k", "v")))


def _join() -> Case:
    plan = JoinPlan(("n", "k", "v", "r"), ("m", "w"), (("k", "key"),), (JoinBound(10, -2, 40),), is_left=True)
    left = recording(12_000, 1000, plan.left_slots)
    right = [
        Message(
            1,
            [{**event, "m": event["n"], "key": event["k"]} for event in each.events],
            ("m", "key", "w"),
            each.watermark,
            each.is_last,
        )
        for each in recording(12_000, 1000, ())
    ]
    return Case(Recipe(JoinOperator, (plan, left_is_not_right)), in_turn(left, right))


def _reference_join() -> Case:
    plan = ReferenceJoinPlan(("n", "k", "v"), ("key", "w", "place"), (("k", "key"),), is_left=True)
    table: list[Event] = [
        {"t": start, "key": f"key {at:0100d}", "w": at % 100, "place": {"x": at}}
        for start in (1, 600)
        for at in range(9000)
    ]
    return Case(
        Recipe(ReferenceJoinOperator, (plan, left_is_not_right)),
        [Message(1, table, ("key", "w", "place"), is_last=True), *recording(16_000, 1000, plan.left_slots)],
    )


def _match() -> Case:
    a, b = (PatternVariable(Identifier(name)) for name in "AB")
    plan = MatchPlan(
        900,
        PatternSequence((PatternRepeat(a, 1, None), b)),
        ("g",),
        (("a", ()), ("b", ())),
        (PatternColumn("first", "first", "a", "r"), PatternColumn("most", "max", "b", "v")),
        "names",
    )
    conditions = {"a": is_even, "b": is_odd}
    return Case(Recipe(MatchOperator, (plan, conditions)), recording(16_000, 1000, ("n", "g", "v", "r")))


def _ingress(*over: str) -> Case:
    plan = IngressPlan("arrival", over, 900, 800, 500)
    messages = [
        Message(0, sorted(each.events, key=lambda event: event["v"]), each.names, is_last=each.is_last)
        for each in recording(16_000, 1000, ("n", "k", "v", "r", "arrival"))
    ]
    return Case(Recipe(IngressOperator, (plan,)), messages)


def _merge() -> Case:
    names = ("n", "k", "r")
    ahead = [Message(0, each.events, names, None, each.is_last) for each in recording(16_000, 1000, names)]
    return Case(Recipe(MergeOperator, (2,)), in_turn(ahead, recording(800, 1000, names, 1)))


CASES: dict[str, Callable[[], Case]] = {
    "ingress": _ingress,
    "ingress of substreams": lambda: _ingress("k"),
    "merge": _merge,
    "tumbling": lambda: _windows(Tumbling(950)),
    "hopping": lambda: _windows(Hopping(900, 300)),
    "sliding": lambda: _windows(Sliding(900)),
    "session": lambda: _windows(Session(100, 900)),
    "snapshot": lambda: _windows(Snapshot()),
    "several windows": lambda: _windows(Tumbling(950), Sliding(40), Session(100, 900)),
    "join": _join,
    "reference join": _reference_join,
    "lag": lambda: _analytic("LAG", offset=2),
    "last": lambda: _analytic("LAST"),
    "isfirst": lambda: _analytic("ISFIRST"),
    "running": lambda: _analytic("SUM"),
    "spikes": lambda: _anomaly("AnomalyDetection_SpikeAndDip", Mode.SPIKES),
    "changes": lambda: _anomaly("AnomalyDetection_ChangePoint", None),
    "match": _match,
}


@pytest.mark.parametrize("name", CASES)
def test_a_state_is_continued_by_a_new_process_as_if_nothing_had_been(name: str, resume: Resume) -> None:
    case = CASES[name]()
    middle = len(case.messages) // 2
    before, after = case.messages[:middle], case.messages[middle:]

    whole, operator = Collector(), case.recipe.make()
    feed(operator, case.messages, whole)
    whole.take(operator.on_end())
    operator.close()

    first, operator = Collector(), case.recipe.make()
    feed(operator, before, first)
    chunks = operator.snapshot()
    operator.close()
    assert max(map(len, chunks.values())) <= CHUNK_BYTES < sum(map(len, chunks.values()))

    assert first.rows + resume(case.recipe, chunks, after) == whole.rows
    assert len(first.rows) < len(whole.rows)


@pytest.mark.parametrize("name", CASES)
def test_a_state_of_a_later_version_is_refused(name: str) -> None:
    operator = CASES[name]().recipe.make()
    chunks = operator.snapshot()
    form = msgspec.json.decode(chunks["format"])
    later = {**chunks, "format": msgspec.json.encode({**form, "version": 99})}
    message = f"state of {form['operator']} version 99 cannot be read as {form['operator']} version {form['version']}"
    with pytest.raises(ValueError, match=message):
        operator.restore(later)


def test_a_map_without_a_format_is_no_state() -> None:
    with pytest.raises(ValueError, match="state has no format"):
        MergeOperator(2).restore({"given/000000": b"1"})
