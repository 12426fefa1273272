"""Whole queries over time against the oracle: random text, random events, any batches, one worker or two.

With the tests of single operators beside this one, a run tries 2,070 random windows, joins, functions with OVER and
patterns; `make fuzz` tries a hundred times as many.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import values
from oracle.queries import Question, analyzed, grouped, joined, matched

import asaql

_RUNS = st.tuples(st.sampled_from([None, 1, 2, 3, 7]), st.sampled_from([1, 1, 1, 2]))


def check(question: Question, run: tuple[int | None, int]) -> None:
    """Compare every row of the engine, in order, with the row of the oracle."""
    batch_rows, parallelism = run
    rules, steps = question.rules, question.scale.steps
    late, out_of_order, early = (
        None if each is None else each // steps for each in (rules.late, rules.out_of_order, rules.early)
    )
    found = asaql.run(
        question.text,
        question.inputs,
        late_arrival=late,
        out_of_order=out_of_order,
        early_arrival=early,
        out_of_order_policy="adjust" if rules.is_adjusting else "drop",
        batch_rows=batch_rows,
        parallelism=parallelism,
    )["output"]
    assert [row["at"] for row in found] == [row["at"] for row in question.expected]
    for row, expected in zip(found, question.expected, strict=True):
        for name, value in expected.items():
            is_same = row[name] == value if name in question.loose else values.same(row[name], value)
            assert is_same, (name, row, expected)
        assert row.keys() == expected.keys()


@settings(max_examples=240)
@given(grouped(), _RUNS)
def test_groups_hold_what_the_definitions_say(question: Question, run: tuple[int | None, int]) -> None:
    check(question, run)


@settings(max_examples=240)
@given(joined(), _RUNS)
def test_joins_pair_what_the_definitions_say(question: Question, run: tuple[int | None, int]) -> None:
    check(question, run)


@settings(max_examples=200)
@given(analyzed(), _RUNS)
def test_functions_with_over_see_what_the_definitions_say(question: Question, run: tuple[int | None, int]) -> None:
    check(question, run)


@settings(max_examples=200)
@given(matched(), _RUNS)
def test_patterns_match_what_the_definitions_say(question: Question, run: tuple[int | None, int]) -> None:
    check(question, run)
