"""The last steps of an output, shared with the workers: what looks at one row at a time, and writing rows as JSON."""

from collections import deque

from msgspec import Struct

from asaql.diagnostics import AsaqlError, Source
from asaql.model import Batch
from asaql.operators.contract import Emission
from asaql.operators.evaluate import EvaluationError, Evaluator
from asaql.runtime.failures import job_error
from asaql.runtime.flow import Sink
from asaql.runtime.outputs import Encoded, JsonLines
from asaql.runtime.pool import Pool, SharedTask, Ticket, result_of
from asaql.runtime.reading import RowSpec, row_operator, through

_LEAST_ROWS = 512
"""Fewer rows are sooner written than sent."""
_PENDING_FOR_EACH = 8
"""Batches, for each process, that may be encoded before their turn."""


class TailTask(Struct, frozen=True):
    """The last steps of an output; plain data, sent to worker processes.

    Attributes:
        rows: What is computed of each row; no JavaScript functions.
        lines: The output.
        query: The query, for messages.
    """

    rows: tuple[RowSpec, ...]
    lines: JsonLines
    query: Source


class TailReader:
    """Does the last steps.

    Args:
        task: What they are.
    """

    def __init__(self, task: TailTask) -> None:
        evaluator = Evaluator(None)
        self._operators = [row_operator(each, evaluator) for each in task.rows]
        self._encoder = task.lines.encoder()
        self._query = task.query

    def read(self, batch: Batch) -> Encoded | AsaqlError:
        """Return the lines of a batch, or the error of the job."""
        try:
            rows = through(self._operators, batch)
        except EvaluationError as error:
            return job_error(error, self._query)
        return Encoded(b"", 0) if rows is None else self._encoder.encode(rows)

    def close(self) -> None:
        """Nothing is open."""


class TailStage:
    """The end of a flow that lets workers take the last steps, as far as they have nothing else to do.

    Args:
        task: The steps.
        sink: Takes the lines, in the order of the rows.
        pool: The workers.
    """

    def __init__(self, task: TailTask, sink: Sink, pool: Pool) -> None:
        self._shared = SharedTask(task)
        self._local = TailReader(task)
        self._sink = sink
        self._pool = pool
        self._pending: deque[Ticket] = deque()

    def take(self, emission: Emission, port: int) -> None:
        """Write rows, or have them written; watermarks end here."""
        if not isinstance(emission, Batch) or not emission.height:
            return
        self._pool.collect(is_waiting=False)
        ticket = None
        if emission.height >= _LEAST_ROWS and not any(each.kind.is_object for each in emission.columns.values()):
            ticket = self._pool.submit(self._shared, emission)
        self._pending.append(ticket or Ticket(self._local.read(emission)))
        self._write(_PENDING_FOR_EACH * (self._pool.size + 1))

    def end(self, port: int) -> None:
        """Write all rows that are still under way."""
        self._write(0)

    def _write(self, most: int) -> None:
        """Write what is there in order; wait until no more than a number of batches is under way."""
        while self._pending:
            if self._pending[0].answer is not None:
                encoded = result_of(self._pending.popleft())
                if encoded.rows:
                    self._sink.write_encoded(encoded)
            elif len(self._pending) > most:
                self._pool.collect(is_waiting=True)
            else:
                return
