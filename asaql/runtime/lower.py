"""The one bridge between plan and operators.

Every tree of the plan becomes stages. What looks at one row at a time and stands directly above a scan becomes part of
the reading of the input, which worker processes share; everything else runs in the stages of the flow.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from asaql.analysis.bound import BoundExpression, EventTime, children
from asaql.diagnostics import Source
from asaql.formats import Projection, ReadOptions
from asaql.jobs import TimePolicies
from asaql.model import TICKS_PER_SECOND, Kind
from asaql.operators.aggregation import ScriptAggregates
from asaql.operators.contract import Operator
from asaql.operators.evaluate import Evaluator
from asaql.operators.ingress import IngressOperator
from asaql.operators.project import ComputeSpec, FilterSpec, ProjectSpec, RenameOperator
from asaql.operators.score import ScoreOperator, Scorer
from asaql.operators.unnest import UnnestSpec
from asaql.operators.window import WindowAggregateOperator
from asaql.plan.logical import (
    Compute,
    Exchange,
    Filter,
    Output,
    Plan,
    PlanNode,
    Project,
    ReferenceJoin,
    Scan,
    Score,
    StepScan,
    Unnest,
    nodes_of,
    with_expressions,
)
from asaql.runtime.flow import Flow, Sink, SinkStage, Stage
from asaql.runtime.lower_time import TimeLowering
from asaql.runtime.metrics import RunSummary
from asaql.runtime.pool import Pool
from asaql.runtime.reading import ARRIVAL_FIELD, InputTask, Leaf, RowSpec, row_operator
from asaql.runtime.tail import TailStage, TailTask, WindowShare
from asaql.udf.script_spec import ScriptFunction


class Surroundings(Struct, frozen=True):
    """What the plan alone does not say.

    Attributes:
        query: The query, for messages.
        policies: Time policies and start time.
        level: Compatibility level.
        scripts: The JavaScript functions of the job.
        evaluator: Evaluates expressions in the flow's own process.
        aggregates: Computes JavaScript aggregates.
        scorer: Opens one partition's share of a scoring function.
        formats: Folded input name to the format of its bytes and further read options.
        is_dated: Whether reference data changes with time, so that its readers need event times in order.
    """

    query: Source
    policies: TimePolicies
    level: str
    scripts: tuple[ScriptFunction, ...]
    evaluator: Evaluator
    aggregates: ScriptAggregates | None
    scorer: Callable[[str], Scorer]
    formats: dict[str, tuple[str, ReadOptions]]
    is_dated: bool = False


class _Input(Struct):
    """What is known of an input while its leaves are collected."""

    name: str
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    uses_record: bool = False
    declared: dict[str, Kind] | None = None
    leaves: list[Leaf] = field(default_factory=list)
    entries: list[Stage] = field(default_factory=list)


class Lowered(Struct, frozen=True):
    """A job ready to run: the flow, and for each input, folded, how it is read."""

    flow: Flow
    tasks: dict[str, InputTask]
    reference: frozenset[str]
    ingresses: tuple[tuple[str, IngressOperator], ...] = ()

    def count(self, summary: RunSummary, names: dict[str, str]) -> None:
        """Add to a summary what the operators have counted; `names` are the inputs' spellings by folded name."""
        for name, ingress in self.ingresses:
            for counts, counter in (
                (summary.late, "LateInputEvents"),
                (summary.early, "EarlyInputEvents"),
                (summary.out_of_order, "OutOfOrderEvents"),
                (summary.refused, "DroppedEvents"),
            ):
                spelled = names[name.casefold()]
                counts[spelled] = counts.get(spelled, 0) + ingress.counts[counter]
        for stage in self.flow.stages:
            if isinstance(stage.operator, ScoreOperator):
                summary.backlog += stage.operator.rows_held
                summary.watermark_delay = max(summary.watermark_delay, stage.operator.delay / TICKS_PER_SECOND)


def lower(plan: Plan, around: Surroundings, sinks: dict[str, Sink], pool: Pool | None = None) -> Lowered:
    """Return the running form of a plan.

    Args:
        plan: The plan behind all rules.
        around: What it runs in.
        sinks: Folded output name to what takes its rows.
        pool: Worker processes that take a share, None without any.

    Raises:
        QueryError: A scoring function cannot be called as the query calls it.
    """
    return _Lowering(plan, around, pool).lower(sinks)


def rows_meet(plan: Plan) -> bool:
    """Return whether any row of the result is made of several events, or ordered among those of another input."""
    by_itself = (Scan, StepScan, Compute, Filter, Project, Score, Unnest, Exchange, ReferenceJoin, Output)
    return any(not isinstance(node, by_itself) for tree in plan.trees for node in nodes_of(tree))


def uses_time(plan: Plan) -> bool:
    """Return whether the event time of an event has a bearing on the rows that are made of it."""
    found: list[bool] = []

    def visit(expression: BoundExpression) -> BoundExpression:
        if _reads_time(expression):
            found.append(True)
        return expression

    for tree in plan.trees:
        for node in nodes_of(tree):
            with_expressions(node, visit)
    return bool(found)


def _reads_time(expression: BoundExpression) -> bool:
    return isinstance(expression, EventTime) or any(map(_reads_time, children(expression)))


class _Lowering:
    def __init__(self, plan: Plan, around: Surroundings, pool: Pool | None) -> None:
        self._plan = plan
        self._pool = pool
        self._around = around
        self._rows_meet = rows_meet(plan) or around.is_dated
        self._uses_time = self._rows_meet or uses_time(plan)
        self._inputs: dict[str, _Input] = {}
        self._steps: dict[str, Stage] = {}
        self._stages: list[Stage] = []
        self._time = TimeLowering(
            around.evaluator, around.aggregates, around.policies, self._stage, self._lower, self._lower_reading
        )
        self._reference: set[str] = set()

    def lower(self, sinks: dict[str, Sink]) -> Lowered:
        for name, tree in self._plan.steps:
            self._steps[name.casefold()] = self._lower(tree)
        for output in self._plan.outputs:
            self._lower_output(output.child, sinks[output.name.casefold()])
        tasks = {key: self._task(key, each) for key, each in self._inputs.items()}
        flow = Flow({key: each.entries for key, each in self._inputs.items()}, self._stages)
        return Lowered(flow, tasks, frozenset(self._reference), tuple(self._time.counted))

    def _lower_output(self, node: PlanNode, sink: Sink) -> None:
        rows, below = _rows_above(node)
        lines = sink.lines
        # Rows that come straight from a scan are encoded where they are read.
        if self._pool is None or lines is None or isinstance(below, Scan) or self._around.scripts:
            self._lower(node).feed(SinkStage(sink))
            return
        task = TailTask(tuple(map(_row_spec, rows)), lines, self._around.query)
        tail = TailStage(task, sink, self._pool)
        stage = self._lower(below)
        stage.feed(tail)
        if isinstance(stage.operator, WindowAggregateOperator) and (windows := stage.operator.plan.disjoint_windows):
            stage.share = WindowShare(windows, replace(task, windows=stage.operator.plan), tail)

    def _lower(self, node: PlanNode) -> Stage:
        """Return the stage that gives the rows of a node."""
        chain = _row_chain(node)
        if chain is not None:
            return self._lower_scan(*chain)
        match node:
            case Filter() | Compute() | Project() | Unnest():
                return self._stage(row_operator(_row_spec(node), self._around.evaluator), self._lower(node.child))
            case StepScan(step, _, fields):
                return self._stage(RenameOperator(fields), self._steps[step.casefold()])
            case Exchange(child, _):
                return self._lower(child)
            case Score():
                return self._lower_score(node)
            case _:
                return self._time.lower(node)

    def _stage(self, operator: Operator, *sources: Stage) -> Stage:
        stage = Stage(operator, max(len(sources), 1))
        for port, source in enumerate(sources):
            source.feed(stage, port)
        self._stages.append(stage)
        return stage

    def _lower_score(self, node: Score) -> Stage:
        argument_slot = f"{node.slot}.argument"
        child = Compute(node.child, ((argument_slot, node.argument),), span=node.span)
        operator = ScoreOperator(
            self._around.scorer(node.function),
            argument_slot,
            node.slot,
            span=node.span,
            source=self._around.query,
        )
        return self._stage(operator, self._lower(child))

    # Inputs ------------------------------------------------------------------------------------------------------

    def _lower_reading(self, node: PlanNode, rows: Sequence[RowSpec]) -> Stage | None:
        """Return the stage behind a node with further row-by-row operators, all of them run where events are read.

        None if the node has to see events in order, or as time policies leave them.
        """
        while isinstance(node, Exchange):
            node = node.child
        chain = _row_chain(node)
        if chain is None or chain[0].is_reference or (chain[0].time is not None and self._time.has_policies):
            return None
        return self._lower_scan(*chain, rows)

    def _lower_scan(self, scan: Scan, rows: list[PlanNode], further: Sequence[RowSpec] = ()) -> Stage:
        """Return the stage behind a scan and the row-by-row nodes above it."""
        source = self._inputs.setdefault(scan.input.casefold(), _Input(scan.input))
        slots = []
        for slot, path in scan.fields:
            read = _read_slot(path)
            source.paths.setdefault(read, path)
            slots.append((slot, read))
        if scan.record_slot is not None:
            source.uses_record = True
            slots.append((scan.record_slot, "*"))
        if scan.declared is not None:
            source.declared = {name: kind for name, kind in scan.declared if kind is not None}
        specs = [*map(_row_spec, rows), *further]
        if scan.is_reference:
            self._reference.add(scan.input.casefold())
        is_ordered = not scan.is_reference and (scan.time is not None or self._rows_meet)
        has_policies = is_ordered and scan.time is not None and self._time.has_policies
        over = tuple((f"$over.{index}", key) for index, key in enumerate(scan.over))
        before = () if has_policies else tuple(specs)
        leaf = Leaf(
            tuple(slots),
            scan.time,
            over if has_policies else (),
            before,
            keeps_arrival=has_policies,
            is_sorted=is_ordered and not has_policies,
        )
        source.leaves.append(leaf)
        stage = self._time.ingress(scan, [slot for slot, _ in over], scan.input) if is_ordered else Stage(Operator())
        self._stages.append(stage)
        source.entries.append(stage)
        if has_policies:
            for spec in specs:
                stage = self._stage(row_operator(spec, self._around.evaluator), stage)
        return stage

    def _task(self, key: str, source: _Input) -> InputTask:
        format_, options = self._around.formats[key]
        arrival = None
        fields = dict(source.paths)
        stamps_arrival = self._uses_time and any(leaf.time is None for leaf in source.leaves)
        needs_arrival = stamps_arrival or any(leaf.keeps_arrival for leaf in source.leaves)
        if needs_arrival and key not in self._reference:
            arrival = _read_slot((ARRIVAL_FIELD,))
            fields.setdefault(arrival, (ARRIVAL_FIELD,))
        projection = Projection(tuple(fields.items()), "*" if source.uses_record else None)
        return InputTask(
            source.name,
            format_,
            projection,
            ReadOptions(self._around.level, source.declared, options.delimiter, options.has_header),
            tuple(source.leaves),
            arrival,
            self._around.policies.start_time,
            self._around.scripts,
            self._around.level,
            self._around.query,
        )


def _rows_above(node: PlanNode) -> tuple[list[PlanNode], PlanNode]:
    """Return a run of row-by-row nodes, the lowest first, and the node below."""
    rows: list[PlanNode] = []
    while isinstance(node, Filter | Compute | Project | Unnest):
        rows.append(node)
        node = node.child
    return rows[::-1], node


def _row_chain(node: PlanNode) -> tuple[Scan, list[PlanNode]] | None:
    """Return the scan below a run of row-by-row nodes and that run; None if it ends otherwise."""
    rows, below = _rows_above(node)
    return (below, rows) if isinstance(below, Scan) else None


def _row_spec(node: PlanNode) -> RowSpec:
    match node:
        case Filter(_, predicate):
            return FilterSpec(predicate)
        case Compute(_, columns):
            return ComputeSpec(columns)
        case Project(_, columns):
            return ProjectSpec(columns)
        case Unnest(_, function, argument, key_slot, value_slot, is_outer):
            return UnnestSpec(function, argument, key_slot, value_slot, is_outer)
        case _:
            raise AssertionError(node)


def _read_slot(path: tuple[str, ...]) -> str:
    return "\x1f".join(part.casefold() for part in path)
