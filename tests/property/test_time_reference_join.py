"""Joins with reference data against nested loops."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.drive import FEEDS, Event, Feed, run
from oracle.values import key_of

from asaql.model import Batch
from asaql.operators.reference_join import ReferenceJoinOperator, ReferenceJoinPlan

KEYS = st.sampled_from([None, "a", "b", 1, 1.0, 2.5, True, {"x": 1}])


def rows(number: str, most: int, pace: int) -> st.SearchStrategy[list[Event]]:
    return st.lists(KEYS, max_size=most).map(
        lambda keys: [
            {"t": n // pace + len(keys) % 3, number: n, f"k{number}": key, f"v{number}": n % 3}
            for n, key in enumerate(keys)
        ]
    )


def differ(batch: Batch) -> pl.Series:
    return batch.columns["vn"].series != batch.columns["vm"].series


@settings(max_examples=150)
@given(rows("n", 25, 2), rows("m", 12, 4), st.booleans(), st.booleans(), st.booleans(), FEEDS)
def test_each_event_is_joined_with_the_rows_of_its_version_of_the_table_in_their_order(
    events: list[Event], table: list[Event], has_keys: bool, is_left: bool, has_condition: bool, feed: Feed
) -> None:
    keys = (("kn", "km"),) if has_keys else ()
    plan = ReferenceJoinPlan(("n", "kn", "vn"), ("m", "km", "vm"), keys, is_left)
    predicate = differ if has_condition else None
    ports = [(events, plan.left_slots), (table, plan.right_slots)]
    found = run(lambda: ReferenceJoinOperator(plan, predicate), ports, feed)
    expected = []
    for event in events:
        version = max((row["t"] for row in table if row["t"] <= event["t"]), default=None)
        matches = [
            row
            for row in table
            if row["t"] == version
            and (not has_keys or (event["kn"] is not None and key_of(event["kn"]) == key_of(row["km"])))
            and (not has_condition or event["vn"] != row["vm"])
        ]
        expected += [(event["t"], event["n"], row["m"]) for row in matches]
        if is_left and not matches:
            expected.append((event["t"], event["n"], None))
    assert [(t, row["n"], row["m"]) for t, row in found] == expected
