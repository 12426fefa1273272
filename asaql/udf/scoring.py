"""Scoring over HTTP: rows go out in requests, several at a time, and come back as one result per row.

    open_scorer(function)
    ├── serves the entry script, if the function has one     entry_script.py
    ├── fetches the service's description                     scoring_description.py
    └── HttpScorer.submit(rows) -> Future of results
        ├── writes the body                                   envelopes.py, signature.py, kserve.py
        ├── sends it, again and again where that may help     scoring_http.py, scoring_retry.py
        └── matches the answer with the rows                  envelopes.py, scoring_answer.py

What becomes of a request is decided here and nowhere else:

| answer | what follows |
|---|---|
| 200 with one element per row | the results |
| 200 with anything else | AQ612, the job fails |
| 503, 429; connection refused, reset or closed; no connection within 10 seconds | sent again, without end |
| 401, and the key's variable or file holds another key now | sent again, once, with that key |
| any other status | AQ611, the job fails |
| the service is silent for the function's time-out | AQ615, the job fails: sending again would hide that it hangs |
| unknown host, certificate not trusted, proxy refuses | AQ611, the job fails: waiting does not mend it |

Each request that is under way has a thread. Threads were measured against one event loop, both with the same HTTP
client: 60 requests of 1,000 rows at a time, 400 ms latency: 0.98 of the ideal throughput, and 0.95 on the event loop.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from ssl import SSLContext
from typing import Any, Final

import httpx
import orjson
from tenacity import RetryCallState

from asaql.diagnostics import Diagnostic, QueryError
from asaql.model import Value
from asaql.udf.entry_script import EntryScriptServer
from asaql.udf.envelopes import DescribedEnvelope, Envelope, make_envelope
from asaql.udf.kserve import EnvelopeError
from asaql.udf.scoring_answer import AnswerError, first_bytes, rows
from asaql.udf.scoring_description import fetch_description
from asaql.udf.scoring_http import (
    Connection,
    hide_query,
    lasting_reason,
    status_advice,
    status_text,
    trusted_certificates,
    try_again,
)
from asaql.udf.scoring_retry import Backoff, Sleep, TryAgain, retry_after_seconds, retrying
from asaql.udf.scoring_spec import ScoringError, ScoringFunction, Secret, shown_url
from asaql.udf.signature import Signature, result_converter

_LOG = logging.getLogger(__name__)


@dataclass
class _Service:
    """What the scorers of one function share."""

    function: ScoringFunction
    url: httpx.URL
    trust: SSLContext
    backoff: Backoff
    sleep: Sleep | None
    server: EntryScriptServer | None
    keys: list[Secret] = field(default_factory=list)
    envelope: Envelope = field(default_factory=lambda: DescribedEnvelope(Signature()))
    signature: Signature = field(default_factory=Signature)
    scorers: list["HttpScorer"] = field(default_factory=list)

    def connect(self) -> Connection:
        return Connection(self.function, self.url, self.trust, self.keys[-1] if self.keys else None)

    def newer_key(self, used: Secret | None) -> Secret | None:
        """Return the key that the source of a refused one holds now; None if that is the same, or headers win."""
        if used is None or any(name.casefold() == "authorization" for name in self.function.headers):
            return None
        key = used.read_again()
        if key == used:
            return None
        if key not in self.keys:
            self.keys.append(key)
        return key

    def hidden_in(self, text: str) -> str:
        """Return a text without the secrets of the function."""
        for each in self.keys:
            text = each.hidden_in(text)
        return self.function.hidden_in(text)

    def close(self) -> None:
        for each in self.scorers:
            each.close()


class HttpScorer:
    """Scores rows by one service; satisfies the `Scorer` protocol of the scoring operator.

    One scorer serves one partition; `partition()` gives further ones. Any thread may submit.

    Attributes:
        function: What the job says about the function.
        signature: What the service takes.
        function_requests: Requests sent so far, repeated ones included.
        function_events: Rows in requests, each request counted once however often it was sent.
        failed_requests: Requests that were not answered with results.
        retries: Requests that were sent again.
        in_flight: Requests now under way, waits between attempts included.
    """

    def __init__(self, service: _Service) -> None:
        self.function = service.function
        self.signature = service.signature
        self.function_requests = self.function_events = self.failed_requests = self.retries = self.in_flight = 0
        self._service = service
        self._envelope = service.envelope
        self._convert = result_converter(self.signature, self.function.output_type)
        self._executor = ThreadPoolExecutor(self.function.parallel_requests, f"asaql-{self.function.name}")
        self._own = threading.local()
        self._connections: list[Connection] = []
        self._counting = threading.Lock()
        self._waiting_requests = 0
        self._closed = threading.Event()
        service.scorers.append(self)

    @property
    def max_batch_rows(self) -> int:
        """The most rows in one request."""
        return self.function.max_batch_rows

    @property
    def parallel_requests(self) -> int:
        """The most requests that are under way at a time; further ones wait here."""
        return self.function.parallel_requests

    def partition(self) -> "HttpScorer":
        """Return a scorer for another partition, with its own number of parallel requests and its own counts."""
        return HttpScorer(self._service)

    def check_argument(self, shape: str) -> Diagnostic | None:
        """Return what is wrong with an argument of shape `array`, `record`, `scalar` or `any` (AQ613), or None."""
        return self.signature.check_argument(self.function.name, shape)

    def submit(self, rows: Sequence[Value], /) -> "Future[list[Value]]":
        """Start scoring rows: 1 to `max_batch_rows`.

        Returns:
            A future of one result per row, in order. It raises `ScoringError` with the reason if the service refuses
            the request or gives an answer that does not fit it, or if the rows have a shape that the service does not
            take, and is cancelled when the scorer is closed.
        """
        problem = self.check_argument(_shape_of(rows))
        if problem is not None:
            return _refused(problem)
        try:
            body = self._envelope.encode(rows)
        except EnvelopeError as error:
            message = f'scoring function "{self.function.name}": {error}'
            return _refused(Diagnostic("AQ613", message, help=error.help))
        except orjson.JSONEncodeError as error:
            message = f'scoring function "{self.function.name}" is given a value that JSON cannot hold: {error}'
            return _refused(Diagnostic("AQ613", message))
        return self._executor.submit(self._score, body, len(rows))

    def close(self) -> None:
        """Abandon the requests that are under way; no thread and no connection is left."""
        self._closed.set()
        self._executor.shutdown(wait=False, cancel_futures=True)
        with self._counting:
            connections = tuple(self._connections)
        for each in connections:
            each.abort()
        self._executor.shutdown()
        for each in connections:
            each.close()

    def _connection(self) -> Connection:
        """Return this thread's connection."""
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._service.connect()
            with self._counting:
                self._connections.append(connection)
                if self._closed.is_set():
                    connection.abort()
        return connection

    def _count(self, *, requests: int = 0, events: int = 0, failed: int = 0, in_flight: int = 0) -> None:
        with self._counting:
            self.function_requests += requests
            self.function_events += events
            self.failed_requests += failed
            self.in_flight += in_flight

    def _score(self, body: bytes, row_count: int) -> list[Value]:
        """Send a request until it is answered; it keeps its place among the parallel requests while it waits."""
        connection = self._connection()
        waited = False

        def on_retry(state: RetryCallState) -> None:
            nonlocal waited
            with self._counting:
                self.retries += 1
                self._waiting_requests += not waited
                is_first = not waited and self._waiting_requests == 1
            waited = True
            if is_first and not self._closed.is_set():
                self._warn(state)

        failures: list[TryAgain] = []

        def attempt() -> list[Value]:
            if failures:
                raise failures.pop()
            return self._attempt(connection, body, row_count)

        self._count(events=row_count, in_flight=1)
        try:
            try:
                return attempt()
            except TryAgain as error:
                failures.append(error)
            # What retries leaves cycles of garbage that hold the request, so it begins only with the first failure.
            return retrying(self._service.backoff, self._pause, on_retry)(attempt)
        finally:
            with self._counting:
                self.in_flight -= 1
                self._waiting_requests -= waited

    def _pause(self, seconds: float) -> None:
        """Wait before an attempt, but not longer than the scorer is open."""
        if self._service.sleep is not None:
            self._service.sleep(seconds)
        if self._closed.wait(0 if self._service.sleep is not None else seconds):
            raise CancelledError

    def _warn(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        text = 'scoring function "%s": %s: %s; trying again until it answers'
        _LOG.warning(text, self.function.name, hide_query(self._service.url), error)

    def _attempt(self, connection: Connection, body: bytes, row_count: int) -> list[Value]:
        """Send a request once.

        Raises:
            TryAgain: The service cannot answer now.
            ScoringError: It refuses, or its answer cannot be used.
        """
        if self._closed.is_set():
            raise CancelledError
        self._count(requests=1)
        try:
            response = connection.post(body)
            if response.status_code == HTTPStatus.UNAUTHORIZED:
                response = self._with_newer_key(connection, body, response)
            return self._results(response, row_count)
        except httpx.RequestError as error:
            self._count(failed=1)
            raise self._broken(error, row_count) from error
        except (TryAgain, ScoringError):
            self._count(failed=1)
            raise

    def _with_newer_key(self, connection: Connection, body: bytes, response: httpx.Response) -> httpx.Response:
        """Return the answer to the request with the key that its source holds now, if that is another one."""
        key = self._service.newer_key(connection.key)
        if key is None:
            return response
        connection.use_key(key)
        self._count(requests=1, failed=1)
        return connection.post(body)

    def _results(self, response: httpx.Response, row_count: int) -> list[Value]:
        if response.status_code != HTTPStatus.OK:
            raise self._refusal(response, row_count)
        try:
            answer = self._envelope.read(response.content, row_count)
        except AnswerError as error:
            fact = f"answered {self._service.hidden_in(str(error))}"
            code, advice = "AQ612", _NAME_ADVICE if error.is_about_names else None
            raise self._error(code, fact, self._beginning(response.content), help_=advice) from error
        return answer if self._convert is None else [self._convert(value) for value in answer]

    def _refusal(self, response: httpx.Response, row_count: int) -> Exception:
        """Return what a status other than 200 means."""
        status = response.status_code
        if status in self.function.retried_statuses:
            return TryAgain(f"status {status_text(status)}", retry_after_seconds(response.headers))
        fact = f"answered status {status_text(status)} to a request of {rows(row_count)}"
        advice = status_advice(status, self.function.envelope)
        return self._error("AQ611", fact, self._beginning(response.content), help_=advice)

    def _broken(self, error: httpx.RequestError, row_count: int) -> Exception:
        """Return what a broken connection means: try again, or fail if waiting would not mend it."""
        server = self._service.server
        if server is not None and not self._closed.is_set() and not server.is_running:
            return server.failure("ended while the job was running")
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            seconds = self.function.timeout_seconds
            fact = f"did not answer a request of {rows(row_count)} within {seconds:g} seconds"
            return self._error("AQ615", fact, help_=_TIMEOUT_ADVICE if row_count > 1 else None)
        reason = lasting_reason(error)
        if reason is None:
            return try_again(error)
        fact = f"could not be sent a request of {rows(row_count)}: {self._service.hidden_in(reason)}"
        return self._error("AQ611", fact)

    def _beginning(self, body: bytes) -> str:
        return f"the answer begins with {self._service.hidden_in(first_bytes(body))}" if body else "the answer is empty"

    def _error(self, code: str, fact: str, *notes: str, help_: str | None = None) -> ScoringError:
        server = self._service.server
        further = (self._service.hidden_in(server.log_note()),) if server is not None and code == "AQ611" else ()
        message = f'scoring function "{self.function.name}": {hide_query(self._service.url)} {fact}'
        return ScoringError(Diagnostic(code, message, notes=(*notes, *further), help=help_))


_NAME_ADVICE: Final = "name the place of the results in the answer: response_name"
_TIMEOUT_ADVICE: Final = "send fewer rows in a request, or allow the service more time"


def _refused(problem: Diagnostic) -> "Future[list[Value]]":
    refused: Future[list[Value]] = Future()
    refused.set_exception(ScoringError(problem))
    return refused


def _shape_of(rows: Sequence[Value]) -> str:
    """Return the shape of the first row that is not NULL, as `check_argument` takes it."""
    first = next((row for row in rows if row is not None), None)
    if first is None:
        return "any"
    return "record" if isinstance(first, dict) else "array" if isinstance(first, list) else "scalar"


class _HideQueries(logging.Filter):
    """Keeps user information and query strings out of what the HTTP client logs about its requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(hide_query(each) if isinstance(each, httpx.URL) else each for each in record.args)
        return True


logging.getLogger("httpx").addFilter(_HideQueries())


@contextmanager
def open_scorer(
    function: ScoringFunction,
    *,
    level: str = "1.2",
    backoff: Backoff | None = None,
    sleep: Sleep | None = None,
) -> Iterator[HttpScorer]:
    """Make a scoring function ready: serve its entry script if it has one, and learn its signature.

    Args:
        function: The function.
        level: The compatibility level of the job; scoring is the same at all of them.
        backoff: The waits between attempts.
        sleep: How to wait; None to wait in such a way that closing the scorer ends it.

    Yields:
        The scorer. When the context is left, requests under way are abandoned and the entry script's server is ended.

    Raises:
        ScoringError: The entry script's server does not start (AQ614).
        QueryError: The description that the function names cannot be read (AQ613), or the URL is none (AQ701).
    """
    del level
    with ExitStack() as stack:
        server: EntryScriptServer | None = None
        if function.entry_script is not None:
            server = stack.enter_context(EntryScriptServer(function.name, function.entry_script, function.model_dir))
        url = _parse_url(function, server.score_url if server is not None else function.url or "")
        service = _Service(function, url, trusted_certificates(url), backoff or Backoff(), sleep, server)
        service.keys += [function.key] if function.key is not None else []
        stack.callback(service.close)
        service.envelope, service.signature = make_envelope(function, _fetch_description(service), url.path)
        yield HttpScorer(service)


def _parse_url(function: ScoringFunction, text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        message = f'scoring function "{function.name}" has the URL "{shown_url(text)}", which cannot be used: {error}'
        raise QueryError(Diagnostic("AQ701", function.hidden_in(message))) from error


def _fetch_description(service: _Service) -> Any:
    connection = service.connect()
    url = service.url.copy_with(userinfo=b"")
    try:
        return fetch_description(service.function, url, connection, service.backoff, service.sleep or time.sleep)
    finally:
        connection.close()
