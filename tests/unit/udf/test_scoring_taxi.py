"""The taxi sample: both queries of the article, run against the real inference server and a real model."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asaql

TAXI = Path(__file__).parents[3] / "samples" / "taxi"


@pytest.fixture(scope="module")
def fares() -> Iterator[list[float]]:
    """The fares that the model predicts when it is called without any service."""
    sys.path.insert(0, str(TAXI))
    try:
        import train

        rides = train.load_rides()
        yield train.predict(train.train(rides), rides)
    finally:
        sys.path.remove(str(TAXI))


def run(query: str, **settings: Any) -> list[float]:
    results = asaql.run((TAXI / query).read_text(), {"input": TAXI / "rides.ndjson"}, **settings)
    return [next(iter(row.values())) for row in results["output"]]


def test_the_article_s_array_query_scores_every_ride(fares: list[float]) -> None:
    functions = {"createArray": TAXI / "createArray.js"}
    assert run("array.sql", functions=functions, score={"score": TAXI / "score_array.py"}) == fares


def test_the_article_s_data_frame_query_scores_every_ride(fares: list[float]) -> None:
    assert run("dataframe.sql", score={"score": TAXI / "score_dataframe.py"}) == fares


def test_a_data_frame_for_the_service_of_arrays_is_refused_before_the_first_event() -> None:
    with pytest.raises(asaql.QueryError, match=r"AQ613.*is given records and its service takes arrays"):
        run("dataframe.sql", score={"score": TAXI / "score_array.py"})


def test_the_recording_is_what_its_script_makes() -> None:
    sys.path.insert(0, str(TAXI))
    try:
        import make_rides

        made = list(make_rides.rides())
    finally:
        sys.path.remove(str(TAXI))
    assert [json.loads(line) for line in (TAXI / "rides.ndjson").read_text().splitlines()] == made
    assert len(made) >= 1000


def test_the_queries_are_the_article_s_to_the_letter() -> None:
    assert (TAXI / "array.sql").read_text() == (
        "SELECT udf.score(\nudf.createArray(vendorid, weekday, pickuphour, passenger, distance)\n)\n"
        "INTO output\nFROM input\n"
    )
    assert (TAXI / "dataframe.sql").read_text() == (
        "WITH \nDataframe AS (\nSELECT vendorid, weekday, pickuphour, passenger, distance\nFROM input\n)\n\n"
        "SELECT udf.score(Dataframe)\nINTO output\nFROM input\n"
    )
