"""MATCH_RECOGNIZE against backtracking, however rows are cut and the job is restarted."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.drive import FEEDS, Event, Feed, run
from oracle.matches import Binding, matches

from asaql.model import Batch
from asaql.operators.match import MatchOperator, MatchPlan, PatternColumn
from asaql.syntax.ast import (
    Identifier,
    Pattern,
    PatternAlternation,
    PatternAny,
    PatternRepeat,
    PatternSequence,
    PatternVariable,
)


def variable(name: str) -> Pattern:
    return PatternVariable(Identifier(name))


ATOMS = st.one_of(st.sampled_from("ABCD").map(variable), st.just(PatternAny()))
REPEATS = st.sampled_from([(0, None), (1, None), (0, 1), (2, 2), (1, 2), (2, None)])
PATTERNS: st.SearchStrategy[Pattern] = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda items: PatternSequence(tuple(items))),
        st.lists(inner, min_size=2, max_size=2).map(lambda items: PatternAlternation(tuple(items))),
        st.tuples(inner, REPEATS).map(lambda pair: PatternRepeat(pair[0], *pair[1])),
    ),
    max_leaves=4,
)


@st.composite
def recordings(draw: st.DrawFn) -> list[Event]:
    times = sorted(draw(st.lists(st.integers(100, 130), max_size=12)))
    return [
        {
            "t": t,
            "n": n,
            "p": draw(st.sampled_from(["x", 1])),
            "k": draw(st.sampled_from("abc")),
            "v": draw(st.integers(0, 3)),
        }
        for n, t in enumerate(times)
    ]


def last(bound: Binding, name: str) -> Any:
    values = [event["v"] for variable, event in bound if variable == name]
    return values[-1] if values else None


def is_kind(kind: str) -> Any:
    return lambda batch: pl.Series([value == kind for value in batch.columns["k"].to_values()], dtype=pl.Boolean)


def grows(batch: Batch) -> pl.Series:
    known = batch.columns["lastA"].expand(batch.height).to_values()
    return pl.Series(
        [a is not None and a < b for a, b in zip(known, batch.columns["v"].to_values(), strict=True)], dtype=pl.Boolean
    )


@settings(max_examples=300)
@given(recordings(), PATTERNS, st.integers(1, 30), st.sampled_from([(), ("p",)]), st.booleans(), FEEDS)
def test_matches_are_the_longest_from_each_event(
    events: list[Event], pattern: Pattern, limit: int, keys: tuple[str, ...], looks_back: bool, feed: Feed
) -> None:
    last_a = PatternColumn("lastA", "last", "a", "v")
    measures = (
        PatternColumn("firstA", "first", "a", "v"),
        PatternColumn("maxB", "max", "b", "v"),
        PatternColumn("lastC", "last", "c", "n"),
    )
    reads = (("a", ()), ("b", (last_a,) if looks_back else ()))
    plan = MatchPlan(limit, pattern, keys, reads, measures, "names")
    conditions = {"a": is_kind("a"), "b": grows if looks_back else is_kind("b"), "c": is_kind("c")}
    rows = run(lambda: MatchOperator(plan, conditions), [(events, ("n", "p", "k", "v"))], feed)
    expected = matches(
        events,
        pattern,
        limit,
        keys,
        {
            "A": lambda event, bound: event["k"] == "a",
            "B": lambda event, bound: (
                (last(bound, "A") is not None and last(bound, "A") < event["v"]) if looks_back else event["k"] == "b"
            ),
            "C": lambda event, bound: event["k"] == "c",
        },
    )
    assert [t for t, _ in rows] == [t for t, _ in expected]
    for (_, row), (_, binding) in zip(rows, expected, strict=True):
        assert row["names"] == [name for name, _ in binding]
        assert row["firstA"] == next((event["v"] for name, event in binding if name == "A"), None)
        assert row["maxB"] == max((event["v"] for name, event in binding if name == "B"), default=None)
        assert row["lastC"] == next((event["n"] for name, event in reversed(binding) if name == "C"), None)
