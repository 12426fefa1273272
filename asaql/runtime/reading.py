"""From chunks of bytes to stamped batches: the part of a job that runs anywhere, also in a worker process.

One `InputTask` serves an input however many SELECTs read it: the bytes are decoded once, for the fields that any of
them needs. Each reading SELECT is a `Leaf`, with the row-by-row operators that may run before events are sorted.
"""

from collections.abc import Iterable, Sequence

import polars as pl
from msgspec import Struct, field

from asaql.analysis.bound import BoundExpression
from asaql.diagnostics import Source
from asaql.formats import Chunk, Problem, Projection, ReadOptions, decoder_for
from asaql.functions import cast_function
from asaql.model import Batch, Column, Kind
from asaql.model.column import repeated
from asaql.operators.contract import Operator
from asaql.operators.evaluate import EvaluationError, Evaluator, Scripts
from asaql.operators.partial_window import PartialWindowOperator, PartialWindowSpec
from asaql.operators.project import (
    ComputeOperator,
    ComputeSpec,
    FilterOperator,
    FilterSpec,
    ProjectOperator,
    ProjectSpec,
)
from asaql.operators.unnest import UnnestOperator, UnnestSpec
from asaql.runtime.outputs import Encoded, JsonLines
from asaql.udf.script_spec import ScriptFunction

ARRIVAL_FIELD = "EventEnqueuedUtcTime"
"""The field in which a recorded event may carry its arrival time."""
ARRIVAL_SLOT = "$arrival"
"""The slot of arrival times on the way to the time policies."""
RowSpec = FilterSpec | ComputeSpec | ProjectSpec | UnnestSpec | PartialWindowSpec


class Leaf(Struct, frozen=True):
    """How one SELECT reads an input.

    Attributes:
        slots: Slot of the SELECT and slot of the decoded input.
        time: The TIMESTAMP BY expression, None for arrival time.
        over: Slot and expression of substream keys.
        rows: The operators that run before events are sorted.
        keeps_arrival: Whether time policies will ask for the arrival time.
        is_sorted: Whether the rows of a batch are put in the order of event time, as far as they have not been.
        lines: The output that the rows go to as they are, if they are to be encoded where they are read.
    """

    slots: tuple[tuple[str, str], ...]
    time: BoundExpression | None = None
    over: tuple[tuple[str, BoundExpression], ...] = ()
    rows: tuple[RowSpec, ...] = ()
    keeps_arrival: bool = False
    is_sorted: bool = False
    lines: JsonLines | None = None


class InputTask(Struct, frozen=True):
    """Everything that is needed to turn an input's chunks into batches; plain data, sent to worker processes.

    Attributes:
        input: The input's name.
        format: The format of its bytes.
        projection: What is decoded.
        options: How it is decoded.
        leaves: The SELECTs that read it.
        arrival_slot: The decoded slot of the arrival time, None when no one asks for it.
        start_time: Ticks; the arrival time of events that carry none.
        scripts: JavaScript functions that the leaves call.
        level: Compatibility level, for JavaScript types.
        query: The query, for messages.
    """

    input: str
    format: str
    projection: Projection
    options: ReadOptions
    leaves: tuple[Leaf, ...]
    arrival_slot: str | None
    start_time: int
    scripts: tuple[ScriptFunction, ...]
    level: str
    query: Source


class Reading(Struct):
    """What became of one chunk.

    Attributes:
        batches: For each leaf its rows, in the order of arrival or of event time, encoded if the leaf asks for it; None
            where no row is left.
        events: Events that were decoded.
        size: Bytes that were read.
        problems: Events that could not be read.
        untimed: For each leaf how many events had no TIMESTAMP BY value that is a datetime.
        console: What JavaScript functions said: level, function, text.
    """

    batches: list[Batch | Encoded | None]
    events: int
    size: int
    problems: tuple[Problem, ...] = ()
    untimed: list[int] = field(default_factory=list)
    console: list[tuple[str, str, str]] = field(default_factory=list)


class InputReader:
    """Decodes and stamps the chunks of one input.

    Args:
        task: What is to be done.
        scripts: Hosts the JavaScript functions of this process.
    """

    def __init__(self, task: InputTask, scripts: Scripts | None) -> None:
        self._task = task
        self._decoder = decoder_for(task.format, task.projection, task.options)
        self._evaluator = Evaluator(scripts)
        self._rows = [[row_operator(spec, self._evaluator) for spec in leaf.rows] for leaf in task.leaves]
        self._encoders = [None if leaf.lines is None else leaf.lines.encoder() for leaf in task.leaves]
        self._to_datetime = cast_function(Kind.DATETIME, is_safe=True)

    def read(self, chunks: Iterable[Chunk], arrivals: Sequence[int] | None = None) -> Reading:
        """Return the rows of chunks, taken together, for every leaf.

        Args:
            chunks: The bytes; each chunk is decoded before the next one is taken.
            arrivals: Ticks at which the events arrived, when the connector knows; as many as events are held.

        Raises:
            JobError: The input cannot be read at all.
            EvaluationError: A row cannot be computed.
        """
        decoded = []
        size = 0
        for chunk in chunks:
            decoded.append(self._decoder.decode(chunk))
            size += len(chunk.data)
        problems = tuple(problem for each in decoded for problem in each.problems)
        height = sum(each.height for each in decoded)
        reading = Reading([], height, size, problems)
        if height == 0:
            reading.batches = [None] * len(self._task.leaves)
            reading.untimed = [0] * len(self._task.leaves)
            return reading
        parts = [each.columns for each in decoded if each.height]
        columns = {slot: Column.concat([each[slot] for each in parts]) for slot in parts[0]}
        arrival = self._arrival(columns, height, arrivals)
        for leaf, operators, encoder in zip(self._task.leaves, self._rows, self._encoders, strict=True):
            batch = Batch({slot: columns[read] for slot, read in leaf.slots}, arrival)
            batch = self._stamped(leaf, batch)
            reading.untimed.append(height - batch.height)
            rows = through(operators, batch)
            if rows is not None and leaf.is_sorted:
                rows = rows.sort_by_time()
            reading.batches.append(rows if rows is None or encoder is None else encoder.encode(rows))
        return reading

    def _arrival(self, columns: dict[str, Column], height: int, arrivals: Sequence[int] | None) -> pl.Series:
        start = self._task.start_time
        if arrivals is not None:
            return pl.Series(arrivals[:height], dtype=pl.Int64)
        column = columns.get(self._task.arrival_slot) if self._task.arrival_slot is not None else None
        if column is None or column.kind is Kind.NULL:
            return repeated(start, height)
        ticks = self._ticks(column, height)
        return ticks.fill_null(start) if ticks.has_nulls() else ticks

    def _stamped(self, leaf: Leaf, batch: Batch) -> Batch:
        """Return the events that have an event time, stamped with it."""
        extra: dict[str, Column] = {}
        if leaf.keeps_arrival:
            extra[ARRIVAL_SLOT] = Column(Kind.DATETIME, batch.times)
        if leaf.time is None:
            return batch.with_columns(extra) if extra else batch
        for slot, key in leaf.over:
            extra[slot] = self._evaluator.column(key, batch).expand(batch.height)
        times = self._event_times(leaf.time, batch)
        batch = batch.with_columns(extra) if extra else batch
        if not times.has_nulls():
            return batch.with_times(times)
        timed = times.is_not_null()
        return batch.filter(timed).with_times(times.filter(timed))

    def _event_times(self, time: BoundExpression, batch: Batch) -> pl.Series:
        try:
            return self._ticks(self._evaluator.column(time, batch).expand(batch.height), batch.height)
        except EvaluationError:
            if batch.height == 1:
                return pl.Series([None], dtype=pl.Int64)
            return pl.concat([self._event_times(time, batch.slice(row, 1)) for row in range(batch.height)])

    def _ticks(self, column: Column, height: int) -> pl.Series:
        """Return the ticks of datetimes and of texts that hold one; null for everything else."""
        if column.kind not in (Kind.DATETIME, Kind.NVARCHAR, Kind.ANY):
            return pl.Series([None] * height, dtype=pl.Int64)
        if column.kind is not Kind.DATETIME and self._to_datetime.kernel is not None:
            converted = self._to_datetime.kernel([column], height)
            column = column.map(self._to_datetime.scalar) if converted is None else converted
        column = column.expand(height)
        return column.series if column.kind is Kind.DATETIME else pl.Series([None] * height, dtype=pl.Int64)


def row_operator(spec: RowSpec, evaluator: Evaluator) -> Operator:
    """Return the operator of a row-by-row specification."""
    match spec:
        case FilterSpec():
            return FilterOperator(spec, evaluator)
        case ComputeSpec():
            return ComputeOperator(spec, evaluator)
        case ProjectSpec():
            return ProjectOperator(spec, evaluator)
        case UnnestSpec():
            return UnnestOperator(spec, evaluator)
        case PartialWindowSpec():
            return PartialWindowOperator(spec)


def through(operators: Iterable[Operator], batch: Batch) -> Batch | None:
    """Return what row-by-row operators make of a batch; None if no row is left."""
    for operator in operators:
        if batch.height == 0:
            return None
        batches = [each for each in operator.on_batch(batch) if isinstance(each, Batch)]
        if not batches:
            return None
        batch = Batch.concat(batches)
    return batch if batch.height else None
