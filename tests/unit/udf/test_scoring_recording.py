"""Recordings of scores: written once, read in place of a service."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from servers.fault_server import FaultServer, Reply

from asaql.diagnostics import QueryError
from asaql.model import Instant
from asaql.udf.scoring import open_scorer
from asaql.udf.scoring_recording import Recording, RecordingWriter, row_key
from asaql.udf.scoring_replay import RecordingScorer, ReplayScorer
from asaql.udf.scoring_spec import ScoringError, ScoringFunction, Secret


def written(path: Path, *answers: tuple[Any, Any], function: str = "score") -> Recording:
    with RecordingWriter(path) as writer:
        for row, score in answers:
            writer.add(function, [row], [score])
        writer.commit()
    return Recording(path)


def replay(recording: Recording, name: str = "score") -> ReplayScorer:
    return ReplayScorer(ScoringFunction(name=name, replay=recording.path), recording)


def failure_of(future: "Future[list[Any]]") -> str:
    with pytest.raises(ScoringError) as caught:
        future.result(timeout=30)
    return str(caught.value)


def test_answers_of_a_service_are_kept_without_address_and_key_in_the_order_of_the_requests(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    with FaultServer(score=lambda row: row[0] / 2) as server:
        server.then(Reply(body=None, latency=0.05), Reply(503))
        function = ScoringFunction(name="score", url=server.url, key=Secret("hunter22"), headers={"x-k": "hunter33"})
        with RecordingWriter(path) as writer, open_scorer(function) as http:
            scorer = RecordingScorer(http, writer)
            futures = [scorer.submit([[number], [number]]) for number in range(5)]
            assert [each.result() for each in futures] == [[number / 2] * 2 for number in range(5)]
            scorer.close()
            writer.commit()
    lines = path.read_bytes().splitlines()
    assert lines[3] == b'{"function":"score","row":[3],"score":1.5}'
    assert len(lines) == 5
    assert replay(Recording(path)).submit([[4], [0]]).result() == [2.0, 0.0]


def test_a_request_that_fails_is_not_kept(tmp_path: Path) -> None:
    with FaultServer().then(Reply(400)) as server, RecordingWriter(tmp_path / "scores.jsonl") as writer:
        with open_scorer(ScoringFunction(name="score", url=server.url)) as http:
            scorer = RecordingScorer(http, writer)
            failure_of(scorer.submit([1]))
            assert (scorer.max_batch_rows, scorer.parallel_requests) == (1000, 20)
            scorer.close()
        writer.commit()
    assert Recording(tmp_path / "scores.jsonl").functions == ()


def test_without_a_commit_the_earlier_recording_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    written(path, ([1], 1))
    with RecordingWriter(path) as writer:
        writer.add("score", [[2]], [2])
    assert Recording(path).rows("SCORE") == [[1]]
    assert list(tmp_path.iterdir()) == [path]


def test_of_rows_that_count_as_the_same_the_first_is_kept(tmp_path: Path) -> None:
    recording = written(tmp_path / "s.jsonl", ({"a": 1, "b": "x"}, "first"), ({"b": "x", "a": 1.0}, "second"))
    assert recording.rows("score") == [{"a": 1, "b": "x"}]
    assert recording.score("Score", {"b": "x", "a": 1}) == "first"


@pytest.mark.parametrize(
    ("row", "other", "is_same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (1, "1", False),
        ([None], [], False),
        ({"a": [1.0]}, {"a": [1]}, True),
        (2**53 + 1, float(2**53), False),
        ([1, 2], [2, 1], False),
        (Instant(0), str(Instant(0)), True),
    ],
)
def test_rows_are_compared_by_value(row: Any, other: Any, is_same: bool) -> None:
    assert (row_key(row) == row_key(other)) is is_same


def test_a_row_that_was_not_recorded_is_shown_with_the_nearest_ones(tmp_path: Path) -> None:
    rides = [["1", "Mon", 5.8], ["2", "Wed", 10], ["1", "Mon", 5.9], ["7", "Sun", 90.5], ["1", "Tue", 5.8]]
    scorer = replay(written(tmp_path / "rides.jsonl", *((ride, 1) for ride in rides)))
    assert failure_of(scorer.submit([rides[0], ["1", "Mon", 6]])).splitlines() == [
        f'error[AQ616]: scoring function "score" is given a row that "{tmp_path / "rides.jsonl"}" does not hold: '
        '["1","Mon",6]',
        '  = note: recorded: ["1","Mon",5.9] (differs in element 3)',
        '  = note: recorded: ["1","Mon",5.8] (differs in element 3)',
        '  = note: recorded: ["1","Tue",5.8] (differs in element 2, element 3)',
        f"  = help: record again, with the service at hand: --record-scores {tmp_path / 'rides.jsonl'}",
    ]
    assert (scorer.function_requests, scorer.function_events, scorer.failed_requests) == (1, 2, 1)


def test_a_record_is_shown_with_the_fields_that_differ(tmp_path: Path) -> None:
    scorer = replay(written(tmp_path / "r.jsonl", ({"id": 1, "km": 5, "x": None}, 1), ("text", 2)))
    shown = failure_of(scorer.submit([{"id": 1, "km": 6, "y": 2}]))
    assert '= note: recorded: {"id":1,"km":5,"x":null} (differs in "km", "y")\n' in shown
    assert '= note: recorded: "text"\n' in shown


def test_a_function_without_any_row_is_named(tmp_path: Path) -> None:
    scorer = replay(written(tmp_path / "r.jsonl", ([1], 1)), "other")
    assert f'"{tmp_path / "r.jsonl"}" holds no row of "other"' in failure_of(scorer.partition().submit([[1]]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{}", "line 1: it has not the keys"), ('\n{"function"', "line 2: it is no JSON"), ("[]", "line 1: it has not")],
)
def test_a_file_that_is_no_recording_is_reported(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(text)
    with pytest.raises(QueryError, match=f"AQ616.*is no recording of scores: {reason}"):
        Recording(tmp_path / "r.jsonl")


def test_places_where_no_recording_is_or_can_be_are_reported(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"AQ702.*cannot be read: No such file"):
        Recording(tmp_path / "none.jsonl")
    with pytest.raises(QueryError, match=r"AQ704.*cannot be written: No such file"):
        RecordingWriter(tmp_path / "none" / "r.jsonl")
