"""The last steps of an output, shared with the workers: whole windows, what looks at one row at a time, and JSON."""

from bisect import bisect_right
from collections import deque

from msgspec import Struct

from asaql.diagnostics import AsaqlError, Source
from asaql.functions.windowers import Hopping
from asaql.model import Batch, Watermark
from asaql.operators.contract import Emission
from asaql.operators.evaluate import EvaluationError, Evaluator
from asaql.operators.whole_windows import WholeWindows
from asaql.operators.window import WindowPlan
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
        self._windows = None if task.windows is None else WholeWindows(task.windows)

    def read(self, batch: Batch) -> Encoded | AsaqlError:
        """Return the lines of a batch, or the error of the job."""
        try:
            rows = through(self._operators, batch if self._windows is None else self._windows.rows(batch))
        except AsaqlError as error:
            return error
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
    """Lets workers compute windows, as many at a time as begin and end within one batch.

    Those are nearly all where windows are short and groups are many. The rows of the last window wait for the batch
    behind; where that would be most rows, they are left to the operator.

    Args:
        windows: Windows of which an instant is in exactly one.
        task: The last steps, from the windows on.
        tail: The only target of the operator.
    """

    def __init__(self, windows: Hopping, task: TailTask, tail: TailStage) -> None:
        self._windows = windows
        self._shared = SharedTask(task)
        self._tail = tail
        self._waiting: Batch | None = None
        self._waiting_end = 0
        self._operator_end = -1

    def take(self, stage: Stage, batch: Batch) -> None:
        """Have the windows of a batch computed by a worker, or leave them to the operator.

        Args:
            stage: The stage of the operator.
            batch: Rows in the order of event time, none of them earlier than those before.
        """
        if self._waiting is not None:
            batch = Batch.concat([self._waiting, batch])
        last_end = int(self._windows.pane_ends(batch.times.tail(1))[0])
        # The operator gets all rows of a window if it got some.
        start = bisect_right(batch.times, self._operator_end)
        stop = max(bisect_right(batch.times, last_end - self._windows.size), start)
        ticket = None
        if stop - start > batch.height - stop:
            ticket = self._tail.submit(self._shared, batch.slice(start, stop - start))
        if ticket is None:
            self._leave(stage, batch, last_end)
            return
        if start:
            stage.give(stage.operator.on_batch(batch.slice(0, start)))
            stage.give(stage.operator.on_watermark(Watermark(self._operator_end + 1)))
        self._tail.follow(ticket)
        self._waiting = batch.slice(stop, batch.height - stop)
        self._waiting_end = last_end

    def reach(self, stage: Stage, watermark: Watermark | None) -> None:
        """Leave the rows that wait to the operator if it is to give their window now.

        Args:
            stage: The stage of the operator.
            watermark: What the operator gets next; None for the end of the stream.
        """
        if self._waiting is not None and (watermark is None or self._waiting_end < watermark.ticks):
            self._leave(stage, self._waiting, self._waiting_end)

    def _leave(self, stage: Stage, batch: Batch, last_end: int) -> None:
        self._waiting = None
        self._operator_end = last_end
        stage.give(stage.operator.on_batch(batch))
