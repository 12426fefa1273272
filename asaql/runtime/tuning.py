"""Finding how many rows a request should carry, and how many requests should be under way.

The procedure is the one that the scaling advice for scoring functions describes:

1. one request at a time, with batches of 50, 100, 200, 500, 1,000, 2,000, ... rows, until the time to an answer rises
   and larger batches bring no more rows a second to make up for it;
2. with the largest batch before that, 1, 2, 4, 8, ... requests at a time, until further ones bring no more rows a
   second, or the service says that it is busy.

Everything is bounded: `Limits` says by how much time and how many requests.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from statistics import median
from threading import Lock
from typing import Final, Protocol

from msgspec import Struct, field

from asaql.diagnostics import Diagnostic, QueryError
from asaql.jobs import Job
from asaql.model import Value
from asaql.operators.score import Scorer
from asaql.runtime.clock import Clock, SystemClock
from asaql.udf.scoring_recording import Recording
from asaql.udf.scoring_spec import MAX_BATCH_ROWS, ScoringError, ScoringFunction

BATCH_SIZES: Final = (50, 100, 200, 500, 1000, 2000, 5000, MAX_BATCH_ROWS)
_REQUESTS_PER_SIZE: Final = 5
_RISE: Final = 1.25
"""How much longer than the shortest an answer must take to count as risen."""

_GAIN: Final = 1.25
"""How many times the rows a second a larger batch must bring for a longer answer to be worth it."""

_PARALLEL_GAIN: Final = 1.1
"""How many times the rows a second twice the requests at a time must bring to be worth it."""


class Limits(Struct, frozen=True):
    """What tuning may cost.

    Attributes:
        seconds: How long it may take; requests under way are then abandoned.
        requests: How many requests may be sent.
        parallel_requests: How many requests may be under way at a time.
    """

    seconds: float = 60.0
    requests: int = 600
    parallel_requests: int = 64


class Round(Struct, frozen=True):
    """What a number of like requests gave.

    Attributes:
        latencies: Seconds from request to answer, of each answered request.
        seconds: From the first request to the last answer.
        retries: Requests that the service could not answer at once.
        refusal: What the service says against such requests, or None.
        is_cut: Whether time was up before all were answered.
    """

    latencies: tuple[float, ...]
    seconds: float
    retries: int = 0
    refusal: Diagnostic | None = None
    is_cut: bool = False


class Probe(Protocol):
    """What sends requests to a service and takes the time."""

    def send(self, batch_rows: int, parallel_requests: int, requests: int, seconds: float) -> Round:
        """Send so many requests of so many rows, but for no longer than so many seconds."""
        ...


class Measurement(Struct, frozen=True):
    """What was measured with one setting.

    Attributes:
        batch_rows: Rows in each request.
        parallel_requests: Requests under way at a time.
        requests: Requests answered.
        latency: The median of seconds to an answer.
        rows_per_second: Rows answered in a second.
        retries: Requests that the service could not answer at once.
    """

    batch_rows: int
    parallel_requests: int
    requests: int
    latency: float
    rows_per_second: float
    retries: int = 0


class Tuning(Struct):
    """What tuning found.

    Attributes:
        by_batch: Measurements with one request at a time, by growing batches.
        by_parallel: Measurements with the best batch, by growing numbers of requests at a time.
        max_batch_rows: The recommended number of rows in a request.
        most_parallel: The recommended number of requests under way, of all partitions together.
        parallel_requests: The same of each partition.
        batch_reason: Why no larger batch is recommended.
        parallel_reason: Why not more requests are recommended.
        requests: Requests sent in all.
    """

    by_batch: list[Measurement] = field(default_factory=list)
    by_parallel: list[Measurement] = field(default_factory=list)
    max_batch_rows: int = 0
    most_parallel: int = 1
    parallel_requests: int = 1
    batch_reason: str = ""
    parallel_reason: str = ""
    requests: int = 0


class _UpError(Exception):
    """Time or requests are used up."""


def tune(
    probe: Probe,
    limits: Limits | None = None,
    *,
    partitions: int = 1,
    clock: Clock | None = None,
    show: Callable[[Measurement], None] = lambda _: None,
) -> Tuning:
    """Return the settings that fit a service best.

    Args:
        probe: Sends the requests.
        limits: What it may cost.
        partitions: Partitions of the job, which share what the service can do.
        clock: Tells the time.
        show: Takes measurements as they are made.

    Raises:
        ScoringError: The service refuses even the smallest requests, or answers none in time.
    """
    return _Tuner(probe, limits or Limits(), partitions, clock or SystemClock(), show).tune()


class _Tuner:
    def __init__(
        self, probe: Probe, limits: Limits, partitions: int, clock: Clock, show: Callable[[Measurement], None]
    ) -> None:
        self._probe = probe
        self._limits = limits
        self._partitions = partitions
        self._clock = clock
        self._show = show
        self._started = clock.seconds()
        self._result = Tuning()

    def tune(self) -> Tuning:
        result = self._result
        self._find_batch()
        self._find_parallel()
        result.parallel_requests = -(-result.most_parallel // self._partitions)
        return result

    def _find_batch(self) -> None:
        result, best = self._result, None
        # The first request opens the connection, and often wakes the service.
        self._first(self._round(BATCH_SIZES[0], 1, 1, self._left()))
        result.batch_reason = f"no request can carry more than {MAX_BATCH_ROWS:,} rows"
        for size in BATCH_SIZES:
            try:
                measured = self._measure(size, 1, _REQUESTS_PER_SIZE, self._left() - self._limits.seconds / 2)
                if isinstance(measured, Measurement) and self._has_risen(measured):
                    # One disturbance on either machine looks the same, so ask again.
                    again = self._measure(size, 1, _REQUESTS_PER_SIZE, self._left() - self._limits.seconds / 2)
                    measured = min(measured, again, key=_latency) if isinstance(again, Measurement) else again
            except _UpError:
                result.batch_reason = f"time or requests were used up before {size:,} rows"
                break
            if isinstance(measured, Diagnostic):
                result.batch_reason = f"the service refuses {size:,} rows: {measured.message}"
                break
            has_risen = self._has_risen(measured)
            result.by_batch.append(measured)
            self._show(measured)
            if has_risen:
                result.batch_reason = f"answers take longer with {size:,} rows"
                break
            best = measured
        if best is None:
            raise ScoringError(Diagnostic("AQ615", "the service did not answer enough requests in the time allowed"))
        result.max_batch_rows = best.batch_rows

    def _has_risen(self, measured: Measurement) -> bool:
        before = self._result.by_batch
        if not before:
            return False
        is_longer = measured.latency > _RISE * min(map(_latency, before))
        return is_longer and measured.rows_per_second < _GAIN * before[-1].rows_per_second

    def _find_parallel(self) -> None:
        result, parallel = self._result, 1
        result.parallel_reason = f"{self._limits.parallel_requests} is the most that was asked for"
        while parallel <= self._limits.parallel_requests:
            try:
                measured = self._measure(result.max_batch_rows, parallel, max(10, 4 * parallel), self._left())
            except _UpError:
                result.parallel_reason = f"time or requests were used up before {parallel} at a time"
                break
            if isinstance(measured, Diagnostic):
                result.parallel_reason = f"the service refuses {parallel} requests at a time: {measured.message}"
                break
            before = result.by_parallel[-1] if result.by_parallel else None
            result.by_parallel.append(measured)
            self._show(measured)
            if before is not None and measured.retries:
                result.parallel_reason = f"the service is busy with {parallel} requests at a time"
                break
            if before is not None and measured.rows_per_second < _PARALLEL_GAIN * before.rows_per_second:
                result.parallel_reason = f"{parallel} requests at a time bring no more rows a second"
                break
            result.most_parallel = parallel
            parallel *= 2

    # Requests ----------------------------------------------------------------------------------------------------

    def _left(self) -> float:
        return self._limits.seconds - (self._clock.seconds() - self._started)

    def _first(self, round_: Round) -> None:
        if round_.refusal is not None:
            raise ScoringError(round_.refusal)
        if round_.is_cut:
            message = f"the service did not answer a request within the {self._limits.seconds:g} seconds allowed"
            raise ScoringError(Diagnostic("AQ615", message, help="allow more time with --seconds"))

    def _measure(self, batch_rows: int, parallel: int, requests: int, seconds: float) -> Measurement | Diagnostic:
        """Return what a round gave, or why the service refuses it.

        Raises:
            _UpError: Time or requests do not suffice for it.
        """
        round_ = self._round(batch_rows, parallel, requests, seconds)
        if round_.refusal is not None:
            return round_.refusal
        if round_.is_cut:
            raise _UpError
        answered = len(round_.latencies)
        latency = median(round_.latencies)
        rate = batch_rows / latency if parallel == 1 else answered * batch_rows / round_.seconds
        return Measurement(batch_rows, parallel, answered, latency, rate, round_.retries)

    def _round(self, batch_rows: int, parallel: int, requests: int, seconds: float) -> Round:
        if seconds <= 0 or self._result.requests + requests > self._limits.requests:
            raise _UpError
        self._result.requests += requests
        return self._probe.send(batch_rows, parallel, requests, seconds)


def _latency(measured: Measurement) -> float:
    return measured.latency


class _CountingScorer(Scorer, Protocol):
    retries: int


class ScorerProbe:
    """Sends the rows of a recording by a scorer, again from the first row when all were sent.

    Args:
        scorer: Sends requests; it has room for as many as are asked for.
        rows: The rows, at least one.
        clock: Tells the time.
    """

    def __init__(self, scorer: _CountingScorer, rows: Sequence[Value], clock: Clock) -> None:
        self._scorer = scorer
        self._rows = cycle(rows)
        self._clock = clock
        self._taking = Lock()

    def send(self, batch_rows: int, parallel_requests: int, requests: int, seconds: float) -> Round:
        """Send requests, so many at a time; those that time cuts off end when the scorer is closed."""
        started, retries = self._clock.seconds(), self._scorer.retries
        threads = ThreadPoolExecutor(parallel_requests, "asaql-tune")
        try:
            sent = [threads.submit(self._send_one, batch_rows) for _ in range(requests)]
            done, missing = wait(sent, timeout=seconds, return_when=FIRST_EXCEPTION)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        passed = self._clock.seconds() - started
        for each in done:
            error = None if each.cancelled() else each.exception()
            if isinstance(error, ScoringError):
                return Round((), passed, refusal=error.diagnostics[0])
        latencies = tuple(each.result() for each in done)
        return Round(latencies, passed, self._scorer.retries - retries, is_cut=bool(missing))

    def _send_one(self, batch_rows: int) -> float:
        with self._taking:
            rows = list(islice(self._rows, batch_rows))
        started = self._clock.seconds()
        self._scorer.submit(rows).result()
        return self._clock.seconds() - started


@contextmanager
def open_probe(job: Job, name: str | None, recording: Recording, limits: Limits, clock: Clock) -> Iterator[ScorerProbe]:
    """Open a job's scoring function for tuning.

    Args:
        job: Declares the function.
        name: Its name; None for the only one.
        recording: Holds rows of the function.
        limits: Say how many requests may be under way.
        clock: Tells the time.

    Raises:
        QueryError: There is no such function, it has no service, or no row of it was recorded (AQ708, AQ616).
        ScoringError: The service of an entry script does not start.
    """
    function = tuned_function(job, name)
    rows = recording.rows(function.name)
    if not rows:
        known = ", ".join(recording.functions) or "none"
        message = f'"{recording.path}" holds no row of "{function.name}"'
        raise QueryError(Diagnostic("AQ616", message, notes=(f"functions in it: {known}",)))
    from asaql.udf.scoring import open_scorer  # loading an HTTP client takes a tenth of a second

    wide = replace(function, max_batch_rows=MAX_BATCH_ROWS, parallel_requests=limits.parallel_requests)
    with open_scorer(wide, level=job.level) as scorer:
        yield ScorerProbe(scorer, rows, clock)


def tuned_function(job: Job, name: str | None) -> ScoringFunction:
    """Return the scoring function that is to be tuned; QueryError (AQ708) if there is none, or none with a service."""
    names = ", ".join(each.name for each in job.scorers)
    found = [each for each in job.scorers if name is None or each.name.casefold() == name.casefold()]
    if not found:
        message = f'the job has no scoring function "{name}"' if name else "the job has no scoring function"
        hint = "add --score NAME=http://127.0.0.1:5001/score"
        raise QueryError(Diagnostic("AQ708", message, help=f"--function {names}" if names and name else hint))
    if len(found) > 1:
        message = f"the job has several scoring functions: {names}"
        raise QueryError(Diagnostic("AQ708", message, help=f"--function {found[0].name}"))
    if found[0].replay is not None:
        message = f'scoring function "{found[0].name}" has a recording and no service, and only a service can be tuned'
        raise QueryError(Diagnostic("AQ708", message, help=f"--score {found[0].name}=http://127.0.0.1:5001/score"))
    return found[0]
