"""Bound queries: what is read, in which order clauses apply, and what comes out; still in the shape of the text.

Slots are the names of the columns that flow inside one SELECT. A source's columns are `alias.path`, folded, so that two
spellings of one name share a slot; slots made by the binder begin with `$`.
"""

from typing import Any, TypeAlias

from asaql.analysis.bound import AggregateCall, BoundExpression, BoundNode, OrderKey
from asaql.model import Kind
from asaql.syntax.ast import Pattern


class InputRead(BoundNode, frozen=True):
    """An input as one SELECT reads it.

    Attributes:
        input: The input's name as the query writes it.
        alias: What the SELECT calls it, folded.
        fields: Slot and path of every field that is read.
        record_slot: The slot of the whole event, where it is needed.
        declared: Column name and kind of a CREATE TABLE, None without one.
        time: The TIMESTAMP BY expression; None for arrival time.
        over: Substream keys of TIMESTAMP BY .. OVER.
        partition_by: Keys of PARTITION BY.
        partition_count: The number behind PARTITION BY .. INTO.
        is_reference: Whether this is reference data.
    """

    input: str
    alias: str
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    record_slot: str | None = None
    declared: tuple[tuple[str, Kind | None], ...] | None = None
    time: BoundExpression | None = None
    over: tuple[BoundExpression, ...] = ()
    partition_by: tuple[BoundExpression, ...] = ()
    partition_count: int | None = None
    is_reference: bool = False


class StepRead(BoundNode, frozen=True):
    """A step as one SELECT reads it: slot and output column of everything that is read."""

    step: str
    alias: str
    fields: tuple[tuple[str, str], ...] = ()
    partition_by: tuple[BoundExpression, ...] = ()
    partition_count: int | None = None


class ScoreCall(BoundNode, frozen=True):
    """A call of a scoring function; its results arrive in `slot`."""

    slot: str
    name: str
    argument: BoundExpression


class AnalyticCall(BoundNode, frozen=True):
    """A function with OVER that gives one value per event.

    Attributes:
        slot: Where its values arrive.
        name: LAG, LAST, ISFIRST, an aggregate, or an anomaly detector.
        argument: The value looked at; None for COUNT(*) and ISFIRST.
        partition_by: Keys that split the history.
        limit: Length of the history in ticks; for ISFIRST the interval.
        when: Which events count.
        offset: LAG's number of events back.
        default: LAG's and LAST's value when there is no such event.
        order_by: Keys of TopOne and CollectTop.
        parameters: Further literal arguments, in order.
        is_text: Whether MIN and MAX compare as text.
    """

    slot: str
    name: str
    argument: BoundExpression | None
    partition_by: tuple[BoundExpression, ...] = ()
    limit: int | None = None
    when: BoundExpression | None = None
    offset: int = 1
    default: BoundExpression | None = None
    order_by: tuple[OrderKey, ...] = ()
    parameters: tuple[Any, ...] = ()
    is_text: bool = False


class BoundApply(BoundNode, frozen=True):
    """CROSS or OUTER APPLY of a table function."""

    function: str
    argument: BoundExpression
    key_slot: str
    value_slot: str
    is_outer: bool


class TimeBound(BoundNode, frozen=True):
    """`lower <= DATEDIFF(unit, left, right) <= upper` of two sources, either side open where None."""

    unit: str
    left: str
    right: str
    lower: int | None
    upper: int | None


class BoundJoin(BoundNode, frozen=True):
    """A join with what was written to its left.

    Attributes:
        right: What is joined.
        is_left: Whether unmatched left rows stay.
        keys: Equalities of a left and a right expression.
        bounds: The DATEDIFF conditions between a left and a right source; empty for reference data.
        residual: Every further condition.
        is_reference: Whether the right side is reference data.
    """

    right: "BoundFrom"
    is_left: bool
    keys: tuple[tuple[BoundExpression, BoundExpression], ...]
    bounds: tuple[TimeBound, ...]
    residual: BoundExpression | None
    is_reference: bool


class PatternAggregate(BoundNode, frozen=True):
    """`First | Last | Min | Max (variable.field)` of MATCH_RECOGNIZE; `slot` is the field in the source."""

    name: str
    variable: str
    slot: str
    result_slot: str


class BoundMatch(BoundNode, frozen=True):
    """MATCH_RECOGNIZE.

    Attributes:
        limit: Ticks from first to last event of a match, exclusive.
        partition_by: Keys.
        pattern: As written.
        definitions: Variable, the aggregates its condition reads, and the condition.
        measures: Output name and expression over the slots of `measure_aggregates` and `classifier_slot`.
        measure_aggregates: What the measures read.
        classifier_slot: The slot of the array of matched variable names.
    """

    limit: int
    partition_by: tuple[BoundExpression, ...]
    pattern: Pattern
    definitions: tuple[tuple[str, tuple[PatternAggregate, ...], BoundExpression], ...]
    measures: tuple[tuple[str, BoundExpression], ...]
    measure_aggregates: tuple[PatternAggregate, ...]
    classifier_slot: str

    @property
    def aggregates(self) -> tuple[PatternAggregate, ...]:
        """What measures and definitions read of the events matched so far."""
        return self.measure_aggregates + tuple(each for _, reads, _ in self.definitions for each in reads)


class BoundFrom(BoundNode, frozen=True):
    """What a SELECT reads: a source with its analytic functions, then joins and applies in order."""

    read: InputRead | StepRead
    analytics: tuple[AnalyticCall, ...] = ()
    operations: tuple[BoundJoin | BoundApply, ...] = ()
    match: BoundMatch | None = None


class WindowSpec(BoundNode, frozen=True):
    """A window of GROUP BY, sizes in ticks.

    Attributes:
        kind: tumbling, hopping, sliding, session or snapshot.
        size: Length; for a session its time-out.
        hop: Distance of hopping windows; for a session its maximum duration.
        offset: Shift of the grid.
        keys: Keys of a session's OVER (PARTITION BY ..).
        id: Identity inside Windows().
    """

    kind: str
    size: int = 0
    hop: int = 0
    offset: int = 0
    keys: tuple[BoundExpression, ...] = ()
    id: str | None = None


class Grouping(BoundNode, frozen=True):
    """GROUP BY: windows, keys and aggregates with the slots that they fill.

    `partition_keys` split groups without showing: the keys of PARTITION BY.
    """

    windows: tuple[WindowSpec, ...]
    keys: tuple[tuple[str, BoundExpression], ...]
    aggregates: tuple[tuple[str, AggregateCall], ...]
    partition_keys: tuple[BoundExpression, ...] = ()
    window_slot: str | None = None


class OutputColumn(BoundNode, frozen=True):
    """A column of a SELECT list: its name and value, or, without a name, a record whose fields are columns."""

    name: str | None
    value: BoundExpression


class BoundSelect(BoundNode, frozen=True):
    """One SELECT, its clauses in the order in which they apply."""

    from_: BoundFrom
    where_scores: tuple[ScoreCall, ...]
    where: BoundExpression | None
    row_scores: tuple[ScoreCall, ...]
    grouping: Grouping | None
    group_scores: tuple[ScoreCall, ...]
    having: BoundExpression | None
    columns: tuple[OutputColumn, ...]

    @property
    def is_open(self) -> bool:
        """Whether the columns are known only event by event."""
        return any(each.name is None for each in self.columns)


class BoundUnion(BoundNode, frozen=True):
    """Branches with equal columns, or all of them open."""

    branches: tuple[BoundSelect, ...]


BoundQuery: TypeAlias = BoundSelect | BoundUnion


class BoundStep(BoundNode, frozen=True):
    """A step of WITH."""

    name: str
    query: BoundQuery


class BoundStatement(BoundNode, frozen=True):
    """A statement and the output it writes."""

    output: str
    query: BoundQuery


class BoundScript(BoundNode, frozen=True):
    """A whole query text; a step stands before everything that reads it."""

    steps: tuple[BoundStep, ...]
    statements: tuple[BoundStatement, ...]
