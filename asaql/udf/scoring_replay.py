"""Scorers that keep what a service answers, and scorers that answer from what was kept."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from asaql.diagnostics import Diagnostic
from asaql.model import Value
from asaql.udf.scoring_recording import Recording, RecordingWriter
from asaql.udf.scoring_spec import ScoringError, ScoringFunction


class CountingScorer(Protocol):
    """A scorer that counts, as `HttpScorer` describes it."""

    function: ScoringFunction
    function_requests: int
    function_events: int
    failed_requests: int
    retries: int
    in_flight: int

    @property
    def max_batch_rows(self) -> int:
        """The most rows in one request."""
        ...

    @property
    def parallel_requests(self) -> int:
        """The most requests that are under way at a time."""
        ...

    def submit(self, rows: Sequence[Value], /) -> "Future[list[Value]]":
        """Start scoring rows."""
        ...

    def check_argument(self, shape: str) -> Diagnostic | None:
        """Return what is wrong with an argument of this shape."""
        ...

    def close(self) -> None:
        """Abandon what is under way."""
        ...


class ReplayScorer:
    """Scores rows by a recording; no service is asked.

    Attributes:
        function: What the job says about the function.
        function_requests: Requests that a service would have been sent so far.
        function_events: Rows in these.
        failed_requests: Requests with a row that was not recorded.
        retries: None ever.
        in_flight: None ever: answers are there at once.
    """

    def __init__(self, function: ScoringFunction, recording: Recording) -> None:
        self.function = function
        self.function_requests = self.function_events = self.failed_requests = self.retries = self.in_flight = 0
        self._recording = recording

    @property
    def max_batch_rows(self) -> int:
        """The most rows in one request."""
        return self.function.max_batch_rows

    @property
    def parallel_requests(self) -> int:
        """The most requests that would be under way at a time."""
        return self.function.parallel_requests

    def partition(self) -> "ReplayScorer":
        """Return a scorer with its own counts."""
        return ReplayScorer(self.function, self._recording)

    def check_argument(self, shape: str) -> Diagnostic | None:
        """Return None: a recording holds rows of any shape."""
        del shape
        return None

    def submit(self, rows: Sequence[Value], /) -> "Future[list[Value]]":
        """Return the recorded scores of rows, or AQ616 for the first row that was not recorded."""
        self.function_requests += 1
        self.function_events += len(rows)
        future: Future[list[Value]] = Future()
        scores: list[Value] = []
        for row in rows:
            try:
                scores.append(self._recording.score(self.function.name, row))
            except KeyError:
                self.failed_requests += 1
                future.set_exception(ScoringError(self._recording.missing(self.function.name, row)))
                return future
        future.set_result(scores)
        return future

    def close(self) -> None:
        """Nothing is open."""


class RecordingScorer:
    """Scores by another scorer and keeps the answers in the order of the requests; counts are the other one's.

    One thread submits and closes.
    """

    def __init__(self, scorer: CountingScorer, writer: RecordingWriter) -> None:
        self._scorer = scorer
        self._writer = writer
        self._requests: deque[tuple[Sequence[Value], Future[list[Value]]]] = deque()

    @property
    def max_batch_rows(self) -> int:
        """The most rows in one request."""
        return self._scorer.max_batch_rows

    @property
    def parallel_requests(self) -> int:
        """The most requests that are under way at a time."""
        return self._scorer.parallel_requests

    def submit(self, rows: Sequence[Value], /) -> "Future[list[Value]]":
        """Start scoring rows."""
        self._keep_answered()
        future = self._scorer.submit(rows)
        self._requests.append((rows, future))
        return future

    def close(self) -> None:
        """Keep what was answered and close the other scorer."""
        self._keep_answered()
        self._scorer.close()

    def _keep_answered(self) -> None:
        while self._requests and self._requests[0][1].done():
            rows, future = self._requests.popleft()
            if not future.cancelled() and future.exception() is None:
                self._writer.add(self._scorer.function.name, rows, future.result())
