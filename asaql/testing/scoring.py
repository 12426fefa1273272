"""A scoring service on the loopback interface that answers from a table of recorded rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from asaql.testing.case import Scores
from asaql.testing.values import canonical_text, row_text, values_equal


class ScoringService:
    """Answers `POST /score` with one score a row, in order, and remembers what it was asked.

    A row that the table does not hold is answered with status 400, which fails the job. Answers depend on the row only,
    never on how rows are spread over requests.
    """

    def __init__(self, scores: Scores) -> None:
        self._scores = scores
        self._by_row: dict[str, list[int]] = {}
        for at, (row, _) in enumerate(scores.answers):
            self._by_row.setdefault(canonical_text(row), []).append(at)
        self._lock = Lock()
        self._statuses = list(scores.statuses)
        self._used: set[int] = set()
        self._unexpected: list[str] = []

    def faults(self) -> list[str]:
        """Return what the requests and the table have not in common: one line for each row."""
        name = self._scores.name
        with self._lock:
            unused = [row for at, (row, _) in enumerate(self._scores.answers) if at not in self._used]
            lines = [f'scoring function "{name}": unexpected row {each}' for each in self._unexpected]
            return lines + [f'scoring function "{name}": row {row_text(each)} was never scored' for each in unused]

    def answer(self, body: bytes) -> tuple[int, Any]:
        """Return status and JSON value of the answer to a request."""
        with self._lock:
            if self._statuses:
                return self._statuses.pop(0), {"error": "recorded status"}
            rows = _rows(json.loads(body))
            found = [self._find(row) for row in rows]
            if None in found:
                return 400, {"error": "row not recorded"}
            return 200, [self._scores.answers[each][1] for each in found if each is not None]

    def _find(self, row: object) -> int | None:
        for at in self._by_row.get(canonical_text(row), []):
            if values_equal(self._scores.answers[at][0], row):
                self._used.add(at)
                return at
        self._unexpected.append(row_text(row))
        return None


def _rows(body: Any) -> list[Any]:
    """Return the rows of a request: `{"data": rows}`, or `{"Inputs": {name: rows}}`."""
    if "data" in body:
        return list(body["data"])
    (rows,) = body["Inputs"].values()
    return list(rows)


@contextmanager
def serve(scores: Scores) -> Iterator[tuple[str, ScoringService]]:
    """Serve a table of scores while the context is open; yields the URL to score at, and the service."""
    service = ScoringService(scores)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            status, answer = service.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(status, json.dumps(answer))

        def do_GET(self) -> None:
            is_document = scores.swagger is not None and self.path.endswith("swagger.json")
            self._send(200 if is_document else 404, (scores.swagger or "") if is_document else "{}")

        def _send(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Keep requests off standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/score", service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
