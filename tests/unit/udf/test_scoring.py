"""Scoring over HTTP, against a service on this machine that fails in every way."""

import gc
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers.fault_server import End, FaultServer, Reply

from asaql.diagnostics import QueryError
from asaql.udf.scoring import HttpScorer, open_scorer
from asaql.udf.scoring_http import lasting_reason
from asaql.udf.scoring_retry import Backoff
from asaql.udf.scoring_spec import ScoringError, ScoringFunction, Secret

SWAGGER = Path(__file__).parents[2] / "servers" / "swagger"
AT_ONCE = Backoff(base_seconds=0.0)


@contextmanager
def scorer_of(server: FaultServer, **settings: Any) -> Iterator[HttpScorer]:
    with open_scorer(ScoringFunction(name="score", url=server.url, **settings), backoff=AT_ONCE) as scorer:
        yield scorer


def failure_of(future: "Future[list[Any]]") -> str:
    with pytest.raises(ScoringError) as caught:
        future.result(timeout=30)
    return str(caught.value)


def test_rows_go_out_in_one_request_and_come_back_in_order() -> None:
    with FaultServer(score=lambda row: row[0]) as server, scorer_of(server) as scorer:
        rows = [["1", "Mon", "12", "1", "5.8"], ["2", "Wed", "10", "2", "10"]]
        assert scorer.submit(rows).result() == ["1", "2"]
        assert [each.body for each in server.requests] == [
            b'{"data":[["1","Mon","12","1","5.8"],["2","Wed","10","2","10"]]}'
        ]
        assert server.requests[0].headers["content-type"] == "application/json"


def test_every_kind_of_result_is_a_value() -> None:
    results = [1, 1.5, "a", True, None, [1, [2]], {"Scored Labels": 0.5}]
    with FaultServer(score=lambda row: results[row]) as server, scorer_of(server) as scorer:
        assert scorer.submit(list(range(len(results)))).result() == results


def test_numbers_are_sent_as_they_are_without_a_description() -> None:
    with FaultServer() as server, scorer_of(server) as scorer:
        scorer.submit([[1, 2.5, None, True], None]).result()
        assert server.bodies == [{"data": [[1, 2.5, None, True], None]}]
        assert [each.path for each in server.other_requests] == ["/swagger.json"]


def test_values_are_converted_to_the_types_of_the_description() -> None:
    swagger = httpx.Response(200, content=(SWAGGER / "array.json").read_bytes()).json()
    with FaultServer(score=lambda row: 1, swagger=swagger) as server, scorer_of(server) as scorer:
        results = scorer.submit([[1, "Mon", 12, 1, 5.8]]).result()
        assert (results, type(results[0])) == ([1.0], float)
        assert server.bodies == [{"data": [["1", "Mon", "12", "1", "5.8"]]}]


def test_the_designers_envelope_is_used_both_ways() -> None:
    reply = Reply(body=b'{"Results": {"WebServiceOutput0": [{"Scored Labels": 0.5}]}}')
    with FaultServer().then(reply) as server:
        with scorer_of(server, swagger=str(SWAGGER / "designer.json")) as scorer:
            assert scorer.submit([{"distance": 1}]).result() == [{"Scored Labels": 0.5}]
        assert server.bodies == [{"Inputs": {"WebServiceInput0": [{"distance": 1}]}, "GlobalParameters": {}}]
        assert server.other_requests == []


def test_the_description_may_be_at_another_address_which_gets_no_key() -> None:
    swagger = httpx.Response(200, content=(SWAGGER / "array.json").read_bytes()).json()
    with FaultServer(swagger=swagger) as elsewhere, FaultServer() as server:
        address = elsewhere.url.replace("/score", "/v1/swagger.json?version=2")
        with scorer_of(server, swagger=address, key=Secret("key")) as scorer:
            assert scorer.check_argument("record") is not None
        assert [each.path for each in elsewhere.other_requests] == ["/v1/swagger.json?version=2"]
        assert "authorization" not in elsewhere.other_requests[0].headers


def test_a_description_that_the_job_names_must_be_there(tmp_path: Path) -> None:
    with FaultServer() as server:
        for place in (str(tmp_path / "none.json"), server.url.replace("score", "none/swagger.json?code=secret")):
            with pytest.raises(QueryError, match="AQ613") as caught, scorer_of(server, swagger=place):
                pass
            assert "secret" not in str(caught.value)


def test_rows_of_another_shape_than_declared_are_refused_before_they_are_sent() -> None:
    with FaultServer() as server, scorer_of(server, swagger=str(SWAGGER / "array.json")) as scorer:
        assert "is given records and its service takes arrays" in failure_of(scorer.submit([None, {"a": 1}]))
        assert server.requests == []


def test_a_value_that_json_cannot_hold_is_refused_before_it_is_sent() -> None:
    with FaultServer() as server, scorer_of(server) as scorer:
        assert "AQ613" in failure_of(scorer.submit(["half of a pair: \ud83d"]))
        assert server.requests == []


def test_names_that_the_job_declares_are_used() -> None:
    with FaultServer().then(Reply(body=b'{"scores": [1]}')) as server:
        with scorer_of(server, request_name="rows", response_name="scores") as scorer:
            assert scorer.submit([5]).result() == [1]
        assert server.bodies == [{"rows": [5]}]


def test_key_and_headers_are_sent_with_every_request() -> None:
    with FaultServer() as server, scorer_of(server, key=Secret("abc"), headers={"X-Model": "blue"}) as scorer:
        scorer.submit([1]).result()
        for request in (server.requests[0], server.other_requests[0]):
            assert request.headers["authorization"] == "Bearer abc"
            assert request.headers["x-model"] == "blue"


def test_a_key_that_was_replaced_at_its_source_is_read_again_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("old-key\n", encoding="utf-8")
    key = Secret.from_file(tmp_path / "key")
    with FaultServer() as server, scorer_of(server, key=key, parallel_requests=1) as scorer:
        scorer.submit([1]).result()
        (tmp_path / "key").write_text("new-key\n", encoding="utf-8")
        server.then(Reply(401), Reply(body=None))
        assert scorer.submit([1]).result() == [0.5]
        assert scorer.submit([1]).result() == [0.5]
        sent = [each.headers["authorization"] for each in server.requests]
        assert sent == ["Bearer old-key", "Bearer old-key", "Bearer new-key", "Bearer new-key"]
        assert (scorer.function_requests, scorer.function_events, scorer.failed_requests) == (4, 3, 1)
        server.then(Reply(401, b"no new-key, no old-key"))
        message = failure_of(scorer.submit([1]))
        assert "status 401" in message
        assert "begins with no ***, no ***" in message
        assert len(server.requests) == 5


def test_a_new_key_that_is_refused_too_fails_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORE_KEY", "old-key")
    key = Secret.from_environment("SCORE_KEY")
    with FaultServer().then(Reply(401), Reply(401)) as server, scorer_of(server, key=key) as scorer:
        monkeypatch.setenv("SCORE_KEY", "new-key")
        assert "status 401" in failure_of(scorer.submit([1]))
        assert len(server.requests) == 2


def test_a_proxy_of_the_environment_is_used_for_services_elsewhere_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer() as proxy, FaultServer() as local:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/score"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with open_scorer(ScoringFunction(name="score", url="http://service.example/score")) as scorer:
            assert scorer.submit([1]).result() == [0.5]
        with scorer_of(local) as scorer:
            scorer.submit([1]).result()
        assert [each.path for each in proxy.requests] == ["http://service.example/score"]
        assert len(local.requests) == 1


def test_user_information_and_query_string_of_the_url_are_sent_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultServer().then(Reply(503), Reply(401, b"no access for pass-word")) as server:
        url = server.url.replace("//", "//user:pass-word@") + "?code=query-secret"
        with open_scorer(ScoringFunction(name="score", url=url), backoff=AT_ONCE) as scorer:
            failure = failure_of(scorer.submit([1]))
        assert server.requests[0].path == "/score?code=query-secret"
        assert server.requests[0].headers["authorization"].startswith("Basic ")
        assert server.other_requests[0].path == "/swagger.json?code=query-secret"
    assert "no access for ***" in failure
    assert "pass-word" not in caplog.text + failure
    assert "query-secret" not in caplog.text + failure


@pytest.mark.parametrize(
    "refusal",
    [
        Reply(503),
        Reply(429, b"slow down"),
        Reply(503, headers={"Retry-After": "0"}),
        Reply(0, end=End.CLOSE),
        Reply(0, end=End.RESET),
        Reply(200, b"[0.5]" + b" " * 1000, sent=3, end=End.CLOSE),
        Reply(200, b"[0.5]" + b" " * 1000, sent=3, end=End.RESET),
    ],
    ids=lambda reply: f"{reply.status} {reply.end.value}",
)
def test_a_request_that_the_service_cannot_answer_now_is_sent_again(refusal: Reply) -> None:
    with FaultServer().then(*[refusal] * 5) as server, scorer_of(server) as scorer:
        assert scorer.submit([1]).result() == [0.5]
        assert [each.body for each in server.requests] == [b'{"data":[1]}'] * 6
        assert (scorer.function_requests, scorer.function_events) == (6, 1)
        assert (scorer.failed_requests, scorer.retries, scorer.in_flight) == (5, 5, 0)


def test_waits_grow_and_the_services_wish_is_kept() -> None:
    replies = [Reply(503), Reply(503), Reply(429, headers={"Retry-After": "7"}), Reply(503)]
    waits: list[float] = []
    with FaultServer().then(*replies) as server:
        function = ScoringFunction(name="score", url=server.url)
        with open_scorer(function, backoff=Backoff(jitter=lambda: 1.0), sleep=waits.append) as scorer:
            scorer.submit([1]).result()
    assert waits == [0.1, 0.2, 7, 0.8]


def test_a_refused_connection_is_tried_until_the_service_is_there() -> None:
    with FaultServer() as server:
        url, port = server.url, int(server.url.rpartition(":")[2].partition("/")[0])
    refused = threading.Event()
    tries: list[float] = []

    def sleep(seconds: float) -> None:
        tries.append(seconds)
        if len(tries) > 8:
            refused.set()

    with open_scorer(ScoringFunction(name="score", url=url), backoff=AT_ONCE, sleep=sleep) as scorer:
        future = scorer.submit([1])
        assert refused.wait(30)
        with FaultServer(port=port):
            assert future.result(timeout=30) == [0.5]


def test_a_service_that_is_not_there_has_no_description_and_that_is_fine() -> None:
    with FaultServer() as server:
        url = server.url
    with open_scorer(ScoringFunction(name="score", url=url), backoff=AT_ONCE) as scorer:
        assert scorer.check_argument("record") is None


def test_the_first_retry_is_told_once_however_many_requests_wait(caplog: pytest.LogCaptureFixture) -> None:
    with FaultServer().then(*[Reply(503)] * 6) as server, scorer_of(server, parallel_requests=1) as scorer:
        scorer.submit([1]).result()
        url = server.url
    assert [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING] == [
        f'scoring function "score": {url}: status 503 (Service Unavailable); trying again until it answers'
    ]


@pytest.mark.parametrize("status", [201, 204, 301, 400, 401, 404, 409, 413, 500, 502, 504])
def test_any_other_status_fails_with_url_status_rows_and_first_bytes(status: int) -> None:
    body = b"" if status == 204 else b'{"message": "could not convert"}'
    with FaultServer().then(Reply(status, body)) as server, scorer_of(server) as scorer:
        failure = failure_of(scorer.submit([1, 2]))
        assert failure.startswith(f'error[AQ611]: scoring function "score": {server.url} answered status {status} (')
        assert " to a request of 2 rows" in failure
        assert ("the answer is empty" if status == 204 else '{"message": "could not convert"}') in failure
        assert (len(server.requests), scorer.failed_requests, scorer.retries) == (1, 1, 0)


def test_the_retried_statuses_can_be_chosen() -> None:
    retried = frozenset({500})
    with FaultServer().then(Reply(500), Reply(503)) as server, scorer_of(server, retried_statuses=retried) as scorer:
        assert "answered status 503" in failure_of(scorer.submit([1]))
        assert scorer.retries == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[1]", "answered 1 result for 2 rows"),
        (b"[1, 2, 3]", "answered 3 results for 2 rows"),
        (b'[1, 2, "trunc', "answered a body of 13 bytes that is no JSON"),
        (b'"could not convert string to float: Mon"', 'answered the text "could not convert string to float: Mon"'),
        (b'{"error": "x"}', 'answered an object with "error" instead of an array with results for 2 rows'),
        (b"[1, 18446744073709551615]", "answered the whole number 18446744073709551615, which does not fit a bigint"),
        (b"", "answered an empty body"),
    ],
)
def test_an_answer_that_does_not_fit_its_rows_fails_and_is_not_sent_again(body: bytes, reason: str) -> None:
    with FaultServer().then(Reply(200, body)) as server, scorer_of(server) as scorer:
        failure = failure_of(scorer.submit([1, 2]))
        assert failure.startswith(f'error[AQ612]: scoring function "score": {server.url} {reason}')
        assert (body.decode() or "the answer is empty") in failure
        assert len(server.requests) == 1


def test_a_json_text_that_holds_the_results_is_taken() -> None:
    with FaultServer().then(Reply(200, b'"[1, 2]"')) as server, scorer_of(server) as scorer:
        assert scorer.submit([1, 2]).result() == [1, 2]


def test_the_key_is_hidden_where_the_service_repeats_it() -> None:
    refusal = Reply(401, b"Bearer abc123 is unknown")
    with FaultServer().then(refusal) as server, scorer_of(server, key=Secret("abc123")) as scorer:
        failure = failure_of(scorer.submit([1]))
    assert "Bearer *** is unknown" in failure
    assert "abc123" not in failure


@pytest.mark.parametrize("reply", [Reply(0, end=End.HANG), Reply(200, b"[1]" * 9, sent=3, end=End.HANG)])
def test_a_service_that_hangs_fails_the_job_after_the_time_out(reply: Reply) -> None:
    with FaultServer().then(reply) as server, scorer_of(server, timeout_seconds=0.2) as scorer:
        failure = failure_of(scorer.submit([1, 2]))
        assert (
            f'AQ615]: scoring function "score": {server.url} did not answer a request of 2 rows within 0.2' in failure
        )


def test_a_url_that_cannot_be_used_is_reported() -> None:
    with pytest.raises(QueryError, match="AQ701"), open_scorer(ScoringFunction(name="score", url="http://a\tb/score")):
        pass


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "its host name is unknown"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), None),
        (ssl.SSLError("wrong version number"), "it does not answer in TLS"),
        (ssl.SSLEOFError("unexpected end"), None),
        (ConnectionRefusedError(), None),
    ],
)
def test_what_waiting_does_not_mend_fails_the_job(cause: OSError, reason: str | None) -> None:
    error = httpx.ConnectError("no connection")
    error.__cause__ = cause
    found = lasting_reason(error)
    assert (found is None) if reason is None else (found or "").startswith(reason)


def test_no_more_requests_are_under_way_than_allowed() -> None:
    with FaultServer() as server, scorer_of(server, parallel_requests=3) as scorer:
        server.hold()
        futures = [scorer.submit([n]) for n in range(10)]
        server.release()
        assert [each.result() for each in futures] == [[0.5]] * 10
        assert server.most_in_flight <= 3


def test_an_answered_request_leaves_no_cycle_of_garbage() -> None:
    with FaultServer() as server, scorer_of(server, parallel_requests=1) as scorer:
        scorer.submit([[1]]).result()
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(5):
                scorer.submit([[1]]).result()
            gc.collect()
            left = [type(each).__name__ for each in gc.garbage]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
        assert not {"Request", "Response", "Retrying"} & set(left)


def test_connections_are_kept_open_between_requests() -> None:
    with FaultServer() as server, scorer_of(server, parallel_requests=2) as scorer:
        for _ in range(20):
            scorer.submit([1]).result()
        assert server.connections <= 3


def test_partitions_have_their_own_parallel_requests_and_counts() -> None:
    with FaultServer() as server, scorer_of(server, parallel_requests=1) as first:
        second = first.partition()
        assert [first.submit([1, 2]).result(), second.submit([3]).result()] == [[0.5, 0.5], [0.5]]
        assert (first.function_events, second.function_events) == (2, 1)
        second.close()
        assert first.submit([4]).result() == [0.5]


def test_closing_abandons_requests_that_wait_for_an_answer_for_a_retry_and_for_their_turn() -> None:
    pauses = threading.Event()

    def jitter() -> float:
        pauses.set()
        return 1.0

    with FaultServer().then(Reply(503)) as server:
        function = ScoringFunction(name="score", url=server.url, parallel_requests=2)
        with open_scorer(function, backoff=Backoff(1000, 1000, jitter=jitter)) as scorer:
            waiting = scorer.submit([1])
            assert pauses.wait(30)
            server.hold()
            held, queued = scorer.submit([2]), scorer.submit([3])
            server.wait_for(2)
            scorer.close()
            assert queued.cancelled()
            for each in (waiting, held):
                with pytest.raises(CancelledError):
                    each.result(timeout=10)
        assert not [each for each in threading.enumerate() if each.name.startswith("asaql-score")]
