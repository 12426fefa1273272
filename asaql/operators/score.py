"""Calls of a scoring function: rows leave in requests and rejoin their batches in order.

Requests are cut from the stream of rows, not from batches: a request is sent when `max_batch_rows` rows are at hand,
wherever batches end. The rest goes out as a partial request when the host says that no more input is at hand
(`on_idle`) or that there will be none (`on_end`). So the sizes of requests depend on the cutting of batches only where
input pauses, and results never do.

What comes in stays in one queue until it may go on: batches until each of their rows has its result, watermarks
until the batches before them are gone.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Final, Protocol, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from asaql.diagnostics import JobError, Source, Span
from asaql.model import Batch, Column, Value, Watermark
from asaql.operators.contract import Emission, Operator

_QUEUED_PER_PARALLEL: Final = 2
"""Requests that are submitted and unanswered, for each that may be under way: the next one must be ready when an answer
comes, else the service waits for us."""


class Scorer(Protocol):
    """What computes results: a scoring service, or a function in tests."""

    @property
    def max_batch_rows(self) -> int:
        """The most rows that `submit` takes."""
        ...

    @property
    def parallel_requests(self) -> int:
        """How many requests are under way at a time; further ones wait in the scorer."""
        ...

    def submit(self, rows: Sequence[Value], /) -> "Future[list[Value]]":
        """Start scoring; the future gives one result per row, in order, or raises `JobError`."""
        ...

    def close(self) -> None:
        """Abandon what is under way."""
        ...


class _Held(Struct):
    """A batch with the results that its rows have so far."""

    batch: Batch
    results: list[Value] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return self.batch.height - len(self.results)


_Queued: TypeAlias = _Held | Watermark


class ScoreOperator(Operator):
    """Adds the results of a scoring function as a column; one partition's share.

    Batches go on in the order in which they came, each once all its rows have results. `on_batch` blocks while
    more than twice the parallel requests are unanswered, so at most that many requests' rows and one batch are held.

    What the methods return is lazy: the host takes emissions one at a time, up to the end, before it calls again. If
    the service refuses a row, the rows before it are emitted first, and then `JobError` is raised.

    Args:
        scorer: Computes the results; the operator closes it.
        argument_slot: The column that is sent: a record, an array or a scalar per row.
        result_slot: The column that is added.
        span: The call's place in the query, for errors.
        source: The query.
    """

    def __init__(
        self,
        scorer: Scorer,
        argument_slot: str,
        result_slot: str,
        *,
        span: Span | None = None,
        source: Source | None = None,
    ) -> None:
        self._scorer = scorer
        self._argument_slot = argument_slot
        self._result_slot = result_slot
        self._span = span
        self._source = source
        self._most_requests = _QUEUED_PER_PARALLEL * scorer.parallel_requests
        self._unsent: list[Value] = []
        self._requests: deque[tuple[Future[list[Value]], int]] = deque()
        self._queue: deque[_Queued] = deque()
        self._unanswered: deque[_Held] = deque()
        self._rows_held = 0
        self._newest: int | None = None
        self._oldest_held: int | None = None

    @property
    def rows_held(self) -> int:
        """Rows that have come in and not gone on; any thread may ask."""
        return self._rows_held

    @property
    def delay(self) -> int:
        """Ticks of event time from the oldest row held to the newest that has come in; any thread may ask."""
        newest, oldest = self._newest, self._oldest_held
        return 0 if newest is None or oldest is None else max(0, newest - oldest)

    @property
    def is_waiting(self) -> bool:
        """Whether requests are unanswered: the host then calls `on_idle` again, or `drain` to wait for them."""
        return bool(self._requests)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterator[Emission]:
        """Take rows; send what fills requests; return the batches that are complete."""
        if batch.height:
            held = _Held(batch)
            self._queue.append(held)
            self._rows_held += batch.height
            self._newest = int(batch.times[-1])
            if self._oldest_held is None:
                self._oldest_held = int(batch.times[0])
            self._unanswered.append(held)
            self._unsent += batch.columns[self._argument_slot].expand(batch.height).to_values()
        at, size = 0, self._scorer.max_batch_rows
        while len(self._unsent) - at >= size:
            while len(self._requests) >= self._most_requests:
                yield from self._take_answer()
            self._send(self._unsent[at : at + size])
            at += size
        del self._unsent[:at]
        yield from self._take_answers()

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterator[Emission]:
        """Take a watermark; return it once the batches before it have gone on."""
        self._queue.append(watermark)
        yield from self._take_answers()

    def on_idle(self) -> Iterator[Emission]:
        """Take notice that no more input is at hand: send the rest; return what is complete, without waiting."""
        self._send_rest()
        yield from self._take_answers()

    def drain(self) -> Iterator[Emission]:
        """Send the rest, wait for all answers and return everything that was held."""
        self._send_rest()
        while self._requests:
            yield from self._take_answer()
        yield from self._complete()

    def on_end(self) -> Iterator[Emission]:
        """Do what `drain` does."""
        yield from self.drain()

    def snapshot(self) -> dict[str, bytes]:
        """Return no state: the host drains the operator before it takes a snapshot.

        Raises:
            RuntimeError: Rows are held.
        """
        if self._queue:
            message = "a scoring operator is drained before a snapshot is taken"
            raise RuntimeError(message)
        return {}

    def close(self) -> None:
        """Abandon unanswered requests."""
        self._scorer.close()

    def _send(self, rows: list[Value]) -> None:
        self._requests.append((self._scorer.submit(rows), len(rows)))

    def _send_rest(self) -> None:
        if self._unsent:
            self._send(self._unsent)
            self._unsent = []

    def _take_answers(self) -> Iterator[Emission]:
        """Take the answers that have come, in order; return what is complete."""
        while self._requests and self._requests[0][0].done():
            yield from self._take_answer()
        yield from self._complete()

    def _take_answer(self) -> Iterator[Emission]:
        """Wait for the answer to the oldest request; return what is complete."""
        future, count = self._requests.popleft()
        try:
            results = future.result()
        except JobError as error:
            yield from self._answered_part()
            raise self._located(error) from error
        if len(results) != count:
            raise AssertionError((len(results), count))
        at = 0
        while at < count:
            held = self._unanswered[0]
            part = results[at : at + held.missing]
            held.results += part
            at += len(part)
            if not held.missing:
                self._unanswered.popleft()
        yield from self._complete()

    def _complete(self) -> Iterator[Emission]:
        """Return the batches and watermarks at the head of the queue that wait for nothing any more."""
        while self._queue:
            head = self._queue[0]
            if isinstance(head, Watermark):
                self._queue.popleft()
                yield head
            elif not head.missing:
                self._release(head)
                yield self._scored(head.batch, head.results)
            else:
                return

    def _release(self, head: _Held) -> None:
        """Let go of the batch at the head of the queue."""
        self._queue.popleft()
        self._rows_held -= head.batch.height
        oldest = self._unanswered[0] if self._unanswered else None
        self._oldest_held = None if oldest is None else int(oldest.batch.times[0])

    def _answered_part(self) -> Iterator[Emission]:
        """Return the rows before the oldest unanswered one."""
        yield from self._complete()
        head = self._queue[0] if self._queue else None
        if isinstance(head, _Held) and head.results:
            self._release(head)
            yield self._scored(head.batch.slice(0, len(head.results)), head.results)

    def _scored(self, batch: Batch, results: list[Value]) -> Batch:
        return batch.with_columns({self._result_slot: Column.from_values(results)})

    def _located(self, error: JobError) -> JobError:
        """Return the error with the call's place in the query."""
        if self._span is None:
            return error
        return type(error)(replace(each, span=self._span, source=self._source) for each in error.diagnostics)
