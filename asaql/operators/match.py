"""MATCH_RECOGNIZE: matches of a pattern over the events of each partition."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl
from msgspec import Struct

from asaql.diagnostics import Diagnostic, JobError, Placed, Span
from asaql.functions.aggregates_summary import Extreme, Merge
from asaql.functions.registry import FunctionError
from asaql.functions.value_codes import decode_value, encode_value, equality_code
from asaql.model import Batch, Column, Kind, Value, Watermark
from asaql.operators.automaton import ANY_EVENT, Accept, Fork, Take, compile_pattern
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator
from asaql.operators.join import Predicate
from asaql.operators.match_state import (
    Attempt,
    Event,
    PartitionKey,
    Summary,
    Taken,
    Thread,
    decode_partitions,
    encode_partitions,
    taken_in_order,
)
from asaql.syntax.ast import (
    Pattern,
    PatternAlternation,
    PatternRepeat,
    PatternSequence,
    PatternVariable,
)

_FORMAT: Final = ("match", 1)


class PatternColumn(Placed, frozen=True):
    """`First | Last | Min | Max (variable.field)`.

    Attributes:
        slot: Name of the column that it gives.
        name: first, last, min or max.
        variable: The variable, folded.
        source: Slot of the field in incoming batches.
        span: The call in the query.
    """

    slot: str
    name: str
    variable: str
    source: str
    span: Span | None = None


class MatchPlan(Struct, frozen=True):
    """What a `MatchOperator` computes.

    Attributes:
        limit: Ticks between the first and the last event of a match, exclusive.
        pattern: As written.
        partition_by: Slots of the keys whose streams are matched each for itself.
        conditions: For each variable with a DEFINE, folded, the aggregates that its condition reads.
        measures: The aggregates that MEASURES reads.
        classifier_slot: Name of the column with the variables of the matched events; None if no one asks.
    """

    limit: int
    pattern: Pattern
    partition_by: tuple[str, ...]
    conditions: tuple[tuple[str, tuple[PatternColumn, ...]], ...]
    measures: tuple[PatternColumn, ...]
    classifier_slot: str | None = None


class MatchOperator(Operator):
    """Finds, for each event, the longest match that begins with it; matches may overlap.

    Of several ways to read the longest match, quantifiers take more and alternatives the one written first. Gives one
    row a match, with `MatchPlan.measures` and the classifier as columns, and the last event's time. Rows come out in
    the order of event time, then of the first event. Kept are the attempts of the last LIMIT DURATION.

    Args:
        plan: What to compute.
        conditions: The DEFINE conditions by folded variable, over batches with the source's columns and, where the
            plan names any, those of the aggregates. A variable without one is satisfied by every event.
    """

    def __init__(self, plan: MatchPlan, conditions: Mapping[str, Predicate]) -> None:
        self._plan = plan
        self._program = compile_pattern(plan.pattern)
        self._spellings = _spellings(plan.pattern)
        self._conditions = conditions
        self._reads = dict(plan.conditions)
        distinct = {each.slot: each for _, reads in plan.conditions for each in reads}
        self._summary = tuple(distinct.values())
        self._sources = tuple(dict.fromkeys(each.source for each in (*self._summary, *plan.measures)))
        self._partitions: dict[PartitionKey, list[Attempt]] = {}
        self._results: list[tuple[int, int, list[Value]]] = []
        self._row_count = 0
        self._given = -1

    @property
    def rows_held(self) -> int:
        """Attempts under way, and matches that wait for their turn."""
        return sum(map(len, self._partitions.values())) + len(self._results)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Take events in the order of event time; nothing comes out before the next watermark."""
        if batch.height == 0:
            return ()
        tests = _Tests(batch, self._conditions, self._reads, self._summary)
        values = zip(*(batch.columns[slot].expand(batch.height).to_values() for slot in self._sources), strict=True)
        kept = list(values) if self._sources else [()] * batch.height
        for row, (time, key) in enumerate(zip(batch.times.to_list(), self._keys(batch), strict=True)):
            event = Event(self._row_count + row, time, kept[row])
            attempts = [each for each in self._partitions.get(key, ()) if self._goes_on(each, event, tests, row)]
            started = Attempt(event.order, time, [])
            self._reach(started, 0, (None,) * len(self._summary), None, set())
            if self._goes_on(started, event, tests, row):
                attempts.append(started)
            if attempts:
                self._partitions[key] = attempts
            else:
                self._partitions.pop(key, None)
        self._row_count += batch.height
        return ()

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterable[Emission]:
        """Return the matches that are certain and come next, and the watermark that this allows."""
        bound = watermark.ticks
        for key in list(self._partitions):
            attempts = self._partitions[key]
            going = [each for each in attempts if each.time + self._plan.limit > watermark.ticks]
            for each in attempts:
                if each.time + self._plan.limit <= watermark.ticks:
                    self._finish(each)
            if going:
                self._partitions[key] = going
                bound = min(bound, *(each.best.event.time for each in going if each.best is not None), bound)
            else:
                del self._partitions[key]
        if bound <= self._given:
            return ()
        self._given = bound
        return (*self._ready(bound), Watermark(bound))

    def on_end(self) -> Iterable[Emission]:
        """Return all matches that are left."""
        for attempts in self._partitions.values():
            for each in attempts:
                self._finish(each)
        self._partitions = {}
        return self._ready(None)

    def snapshot(self) -> dict[str, bytes]:
        """Return the attempts under way."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("state", [self._row_count, self._given])
        writer.add("partitions", encode_partitions(self._partitions))
        writer.add("results", encode_value([list(each) for each in self._results]) or b"")
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the attempts of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        self._row_count, self._given = reader.get_json("state")
        self._partitions = decode_partitions(reader.get("partitions"))
        results: Any = decode_value(reader.get("results"))
        self._results = [(time, order, values) for time, order, values in results]

    def _keys(self, batch: Batch) -> list[PartitionKey]:
        if not self._plan.partition_by:
            return [()] * batch.height
        columns = [batch.columns[slot].expand(batch.height).to_values() for slot in self._plan.partition_by]
        return list(zip(*([equality_code(value) for value in column] for column in columns), strict=True))

    # Attempts --------------------------------------------------------------------------------------------------------

    def _goes_on(self, attempt: Attempt, event: Event, tests: "_Tests", row: int) -> bool:
        """Let an attempt take an event; return whether it can take more. If not, it is finished."""
        threads, attempt.threads = attempt.threads, []
        if event.time - attempt.time < self._plan.limit:
            seen: set[Any] = set()
            accepted: Taken | None = None
            for place, summary, taken in threads:
                instruction = self._program[place]
                assert isinstance(instruction, Take)
                if tests.holds(instruction.variable, row, summary):
                    now = Taken(taken, instruction.variable, event)
                    following = self._summarised(summary, instruction.variable, event)
                    accepts = self._reach(attempt, place + 1, following, now, seen)
                    accepted = now if accepts and accepted is None else accepted
            attempt.best = accepted or attempt.best
        if attempt.threads:
            return True
        self._finish(attempt)
        return False

    def _reach(self, attempt: Attempt, place: int, summary: Summary, taken: Taken | None, seen: set[Any]) -> bool:
        """Add the threads that stand where an event is taken, from `place` on; return whether a match ends there.

        Of two threads at one place whose conditions see the same, the first is preferred and the other is dropped.
        """
        accepts = False
        code = encode_value([None if each is None else list(each) for each in summary]) if summary else b""
        places = [place]
        while places:
            here = places.pop()
            if (here, code) in seen:
                continue
            seen.add((here, code))
            match self._program[here]:
                case Fork(preferred, other):
                    places += (other, preferred)
                case Accept():
                    accepts = True
                case Take():
                    attempt.threads.append(Thread(here, summary, taken))
        return accepts

    def _summarised(self, summary: Summary, variable: str, event: Event) -> Summary:
        """Return what conditions see after an event was bound to a variable."""
        if not any(each.variable == variable for each in self._summary):
            return summary
        return tuple(
            self._updated(each, known, event.values[self._sources.index(each.source)])
            if each.variable == variable
            else known
            for each, known in zip(self._summary, summary, strict=True)
        )

    def _updated(self, column: PatternColumn, known: tuple[Value] | None, value: Value) -> tuple[Value]:
        if known is None or column.name == "last":
            return (value,)
        return known if column.name == "first" else (_extreme(column, [known[0], value]),)

    def _finish(self, attempt: Attempt) -> None:
        """Keep the best match of an attempt that is over."""
        if attempt.best is None:
            return
        events = taken_in_order(attempt.best)
        values: list[Value] = [self._measured(each, events) for each in self._plan.measures]
        values.append([self._spellings[variable] for variable, _ in events])
        self._results.append((attempt.best.event.time, attempt.order, values))

    def _measured(self, column: PatternColumn, events: list[tuple[str, Event]]) -> Value:
        at = self._sources.index(column.source)
        values = [event.values[at] for variable, event in events if variable == column.variable]
        if not values:
            return None
        if column.name in ("first", "last"):
            return values[0 if column.name == "first" else -1]
        return _extreme(column, values)

    def _ready(self, until: int | None) -> list[Batch]:
        self._results.sort(key=lambda each: each[:2])
        count = sum(until is None or time < until for time, _, _ in self._results)
        ready, self._results = self._results[:count], self._results[count:]
        if not ready:
            return []
        columns = {
            each.slot: Column.from_values([values[number] for _, _, values in ready])
            for number, each in enumerate(self._plan.measures)
        }
        if self._plan.classifier_slot is not None:
            variables = pl.Series([values[-1] for _, _, values in ready], dtype=pl.Object)
            columns[self._plan.classifier_slot] = Column(Kind.ARRAY, variables)
        return [Batch(columns, pl.Series([time for time, _, _ in ready], dtype=pl.Int64))]


class _Tests:
    """DEFINE conditions over one batch.

    Conditions on the event alone are evaluated for the whole batch at once, others when an event asks for them.
    """

    def __init__(
        self,
        batch: Batch,
        conditions: Mapping[str, Predicate],
        reads: Mapping[str, tuple[PatternColumn, ...]],
        summary: tuple[PatternColumn, ...],
    ) -> None:
        self._batch = batch
        self._conditions = conditions
        self._reads = reads
        self._places = {each.slot: place for place, each in enumerate(summary)}
        self._known = {
            variable: condition(batch).to_list()
            for variable, condition in conditions.items()
            if not reads.get(variable)
        }

    def holds(self, variable: str, row: int, summary: Summary) -> bool:
        """Return whether the event in `row` satisfies a variable, given what was bound before."""
        if variable == ANY_EVENT or variable not in self._conditions:
            return True
        known = self._known.get(variable)
        if known is not None:
            return bool(known[row])
        columns = {}
        for each in self._reads[variable]:
            value = summary[self._places[each.slot]]
            columns[each.slot] = Column.constant(None if value is None else value[0])
        return bool(self._conditions[variable](self._batch.slice(row, 1).with_columns(columns))[0])


def _extreme(column: PatternColumn, values: list[Value]) -> Value:
    """Return the least or greatest of values, as MIN and MAX do."""
    merge = Merge.MIN if column.name == "min" else Merge.MAX
    function = Extreme(column.name.upper(), merge, is_text=False)
    try:
        lifted = function.lift(Column.from_values(values), len(values))
        merged = {name: series.min() if merge is Merge.MIN else series.max() for name, series in lifted.items()}
        partials = {name: pl.Series([value], dtype=lifted[name].dtype) for name, value in merged.items()}
        found: Value = function.result(partials, 1).to_values()[0]
    except FunctionError as error:
        raise JobError(Diagnostic(error.code, str(error), column.span)) from error
    return found


def _spellings(pattern: Pattern) -> dict[str, str]:
    """Return each folded variable as the pattern first spells it; `.` for itself."""
    match pattern:
        case PatternVariable(name):
            return {name.folded: name.name}
        case PatternSequence(items) | PatternAlternation(items):
            found: dict[str, str] = {}
            for each in items:
                found = _spellings(each) | found
            return found
        case PatternRepeat(item):
            return _spellings(item)
        case _:
            return {ANY_EVENT: "."}
