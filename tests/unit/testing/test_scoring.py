import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

from asaql.testing.case import Scores
from asaql.testing.scoring import serve


def _post(url: str, body: object) -> tuple[int, object]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    try:
        connection.request("POST", parts.path, json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_rows_are_answered_in_order_however_they_are_spread_over_requests() -> None:
    with serve(Scores("f", (([1, "x"], 0.5), ([2, "y"], 0.7)))) as (url, service):
        assert _post(url, {"data": [[2, "y"], [1, "x"]]}) == (200, [0.7, 0.5])
        assert _post(url, {"Inputs": {"WebServiceInput0": [[1, "x"]]}}) == (200, [0.5])
        assert service.faults() == []


def test_unexpected_and_unused_rows_are_faults() -> None:
    with serve(Scores("f", (([1], 0.5),))) as (url, service):
        assert _post(url, {"data": [[2]]})[0] == 400
        assert service.faults() == [
            'scoring function "f": unexpected row [2]',
            'scoring function "f": row [1] was never scored',
        ]


def test_the_first_requests_get_the_recorded_statuses() -> None:
    with serve(Scores("f", (([1], 0.5),), statuses=(503, 429))) as (url, _):
        assert [_post(url, {"data": [[1]]})[0] for _ in range(3)] == [503, 429, 200]
