"""MATCH_RECOGNIZE on the documentation's rules, and what it keeps."""

from typing import Any

import polars as pl
from oracle.drive import Event, Feed, batch_of, run

from asaql.model import Batch, Watermark
from asaql.operators.match import MatchOperator, MatchPlan, PatternColumn
from asaql.syntax.ast import Identifier, Pattern, PatternAlternation, PatternRepeat, PatternSequence, PatternVariable

A, B, C = (PatternVariable(Identifier(name)) for name in ("A", "b", "C"))


def plus(item: Pattern) -> Pattern:
    return PatternRepeat(item, 1, None)


def sequence(*items: Pattern) -> Pattern:
    return PatternSequence(items)


def letter(name: str) -> Any:
    return lambda batch: pl.Series([value == name for value in batch.columns["k"].to_values()], dtype=pl.Boolean)


CONDITIONS = {name: letter(name) for name in "abc"}
MEASURES = (PatternColumn("first", "first", "a", "n"), PatternColumn("last", "last", "b", "n"))


def plan(pattern: Pattern, limit: int = 60, keys: tuple[str, ...] = ()) -> MatchPlan:
    return MatchPlan(limit, pattern, keys, (), MEASURES, "names")


def matches(pattern: Pattern, letters: str, limit: int = 60) -> list[tuple[int, Any, Any, Any]]:
    events = [{"t": n, "n": n, "k": letter} for n, letter in enumerate(letters, start=1)]
    operator = plan(pattern, limit)
    rows = run(lambda: MatchOperator(operator, CONDITIONS), [(events, ("n", "k"))], Feed((1, 3), (True,)))
    return [(t, row["first"], row["last"], "".join(row["names"])) for t, row in rows]


def test_matches_may_overlap_and_begin_one_after_the_other() -> None:
    assert matches(sequence(plus(A), B), "aab") == [(3, 1, 3, "AAb"), (3, 2, 3, "Ab")]


def test_an_event_that_fits_nothing_breaks_a_match() -> None:
    assert matches(sequence(A, B), "axb") == []


def test_the_longest_match_is_taken() -> None:
    assert matches(plus(A), "aax") == [(2, 1, None, "AA"), (2, 2, None, "A")]


def test_alternatives_stand_in_a_group() -> None:
    assert matches(sequence(A, PatternAlternation((B, C))), "acab") == [(2, 1, None, "AC"), (4, 3, 4, "Ab")]


def test_first_and_last_event_lie_closer_than_the_limit() -> None:
    assert matches(sequence(A, C, B), "acb", limit=3) == [(3, 1, 3, "ACb")]
    assert matches(sequence(A, C, B), "acb", limit=2) == []


def test_a_match_comes_out_once_no_longer_one_can_follow() -> None:
    operator = MatchOperator(plan(plus(A)), CONDITIONS)
    operator.on_batch(batch_of([{"t": 1, "n": 1, "k": "a"}, {"t": 5, "n": 2, "k": "a"}], ("n", "k")))
    assert list(operator.on_watermark(Watermark(30))) == [Watermark(5)]
    assert list(operator.on_watermark(Watermark(61))) == []
    batch, watermark = operator.on_watermark(Watermark(65))
    assert isinstance(batch, Batch)
    assert batch.columns["names"].to_values() == [["A", "A"], ["A"]]
    assert watermark == Watermark(65)


def test_a_variable_without_a_definition_takes_any_event() -> None:
    free = PatternVariable(Identifier("Free"))
    assert matches(sequence(A, free), "ax") == [(2, 1, None, "AFree")]


def test_attempts_stay_bounded_on_a_long_stream() -> None:
    operator = MatchOperator(plan(sequence(plus(A), B), 20), CONDITIONS)
    largest = 0
    for t in range(1, 2000):
        event: Event = {"t": t, "n": t, "k": "a"}
        operator.on_batch(batch_of([event], ("n", "k")))
        list(operator.on_watermark(Watermark(t)))
        largest = max(largest, operator.rows_held)
    assert largest <= 21
