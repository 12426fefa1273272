"""The last steps of an output, shared with the workers: whole windows, what looks at one row at a time, and JSON."""

from bisect import bisect_right
from collections import deque

import polars as pl
from msgspec import Struct

from asaql.diagnostics import AsaqlError, Source
from asaql.functions.windowers import Hopping
from asaql.model import Batch, Watermark
from asaql.operators.contract import Emission
from asaql.operators.evaluate import EvaluationError, Evaluator
from asaql.operators.window import WindowAggregateOperator, WindowPlan
from asaql.runtime.failures import job_error
from asaql.runtime.flow import Sink, Stage
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
        windows: The windows that are computed before; every piece of work holds all rows of its windows. None if rows
            come from windows, or from something else.
    """

    rows: tuple[RowSpec, ...]
    lines: JsonLines
    query: Source
    windows: WindowPlan | None = None


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
        self._windows = task.windows

    def read(self, batch: Batch) -> Encoded | AsaqlError:
        """Return the lines of a batch, or the error of the job."""
        try:
            rows = through(self._operators, batch if self._windows is None else _grouped(self._windows, batch))
        except AsaqlError as error:
            return error
        except EvaluationError as error:
            return job_error(error, self._query)
        return Encoded(b"", 0) if rows is None else self._encoder.encode(rows)

    def close(self) -> None:
        """Nothing is open."""


def _grouped(windows: WindowPlan, batch: Batch) -> Batch:
    operator = WindowAggregateOperator(windows)
    operator.on_batch(batch)
    return Batch.concat([each for each in operator.on_end() if isinstance(each, Batch)])


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
        self.follow(self.submit(self._shared, emission) or Ticket(self._local.read(emission)))

    def submit(self, task: SharedTask, batch: Batch) -> Ticket | None:
        """Have a worker do a task with a batch; None if none has time for it, or it is not worth while."""
        self._pool.collect(is_waiting=False)
        if batch.height < _LEAST_ROWS or any(each.kind.is_object for each in batch.columns.values()):
            return None
        return self._pool.submit(task, batch)

    def follow(self, ticket: Ticket) -> None:
        """Write the lines that a ticket stands for behind all before."""
        self._pending.append(ticket)
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


class WindowShare:
    """Lets workers compute the windows that begin and end within one batch.

    Those are many where windows are short and groups are many; windows that go on are left to the operator.

    Args:
        windows: Windows of which an instant is in exactly one.
        task: The last steps, from the windows on.
        tail: The only target of the operator.
    """

    def __init__(self, windows: Hopping, task: TailTask, tail: TailStage) -> None:
        self._windows = windows
        self._shared = SharedTask(task)
        self._tail = tail

    def take(self, stage: Stage, batch: Batch) -> bool:
        """Have the whole windows of a batch computed, and the others by the operator; return False if none were.

        Args:
            stage: The stage of the operator.
            batch: Rows in the order of event time, none of them earlier than those before.
        """
        if batch.height < _LEAST_ROWS:
            return False
        first, last = self._windows.pane_ends(batch.times[pl.Series([0, batch.height - 1])])
        start = bisect_right(batch.times, first)
        stop = bisect_right(batch.times, last - self._windows.size)
        ticket = self._tail.submit(self._shared, batch.slice(start, stop - start)) if stop > start else None
        if ticket is None:
            return False
        stage.give(stage.operator.on_batch(batch.slice(0, start)))
        stage.give(stage.operator.on_watermark(Watermark(first + 1)))
        self._tail.follow(ticket)
        stage.give(stage.operator.on_batch(batch.slice(stop, batch.height - stop)))
        return True
