"""Lowering of what depends on time: ingress, windows, joins, analytic functions, pattern matching.

Operators that few queries have are loaded where a query has them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from asaql.analysis.bind_detector import DETECTORS
from asaql.analysis.bound import (
    AggregateCall,
    BoundExpression,
    Branch,
    ColumnRef,
    Conditional,
    Constant,
    Invoke,
    Logical,
    Negation,
    NullTest,
    ScriptCall,
    children,
    slots_of,
)
from asaql.analysis.bound_query import AnalyticCall, PatternAggregate, WindowSpec
from asaql.analysis.units import unit_ticks
from asaql.functions.windowers import Hopping, Session, Sliding, Snapshot, Tumbling, Windower
from asaql.jobs import TimePolicies
from asaql.operators.aggregation import AggregateColumn, Aggregation, ScriptAggregates
from asaql.operators.evaluate import Evaluator
from asaql.operators.ingress import IngressOperator, IngressPlan
from asaql.operators.merge import MergeOperator
from asaql.operators.partial_window import PartialWindowSpec, common_panes
from asaql.operators.project import ComputeOperator, ComputeSpec, ProjectOperator, ProjectSpec
from asaql.operators.window import KeyColumn, Window, WindowAggregateOperator, WindowPlan
from asaql.plan.logical import Aggregate, Analytic, Join, Match, Merge, PlanNode, ReferenceJoin, Scan, StepScan
from asaql.runtime.flow import Stage
from asaql.runtime.reading import ARRIVAL_SLOT, RowSpec
from asaql.runtime.spill import TemporarySpill

if TYPE_CHECKING:
    from asaql.operators.anomaly import AnomalyColumn
    from asaql.operators.join import Predicate


class Arguments:
    """Collects expressions that an operator wants as columns."""

    def __init__(self) -> None:
        self._columns: dict[str, BoundExpression] = {}

    def slot(self, name: str, value: BoundExpression) -> str:
        """Return the slot in which `value` will stand; equal expressions share one."""
        for slot, known in self._columns.items():
            if known == value:
                return slot
        slot = f"$in.{name}"
        self._columns[slot] = value
        return slot

    @property
    def spec(self) -> ComputeSpec:
        """What puts the expressions into their slots."""
        return ComputeSpec(tuple(self._columns.items()))


class TimeLowering:
    """Lowers the nodes whose rows meet other rows.

    Args:
        evaluator: Evaluates arguments.
        scripts: Computes JavaScript aggregates.
        policies: Time policies.
        stage: Makes a stage that takes what others give.
        lower: Lowers a child.
        lower_reading: Lowers a child and operators above it to what runs where events are read; None if it cannot.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        scripts: ScriptAggregates | None,
        policies: TimePolicies,
        stage: Callable[..., Stage],
        lower: Callable[[PlanNode], Stage],
        lower_reading: Callable[[PlanNode, Sequence[RowSpec]], Stage | None],
    ) -> None:
        self._evaluator = evaluator
        self._scripts = scripts
        self._policies = policies
        self._stage = stage
        self._lower = lower
        self._lower_reading = lower_reading
        self.counted: list[tuple[str, IngressOperator]] = []

    @property
    def has_policies(self) -> bool:
        """Whether any time policy is on."""
        policies = self._policies
        return any(each is not None for each in (policies.late_arrival, policies.out_of_order, policies.early_arrival))

    def ingress(self, scan: Scan, over: list[str], name: str) -> Stage:
        """Return the stage that applies the policies to the events of a scan and sorts them."""
        if scan.time is None or not self.has_policies:
            return Stage(IngressOperator(IngressPlan(), TemporarySpill()))
        policies = self._policies
        plan = IngressPlan(
            ARRIVAL_SLOT,
            tuple(over),
            policies.late_arrival,
            policies.out_of_order,
            policies.early_arrival,
            policies.out_of_order_policy == "adjust",
        )
        operator = IngressOperator(plan, TemporarySpill())
        self.counted.append((name, operator))
        return Stage(operator)

    def lower(self, node: PlanNode) -> Stage:
        """Return the stage that gives the rows of a node."""
        match node:
            case Aggregate():
                return self._aggregate(node)
            case Analytic():
                return self._analytic(node)
            case Join():
                return self._join(node)
            case Match():
                return self._match(node)
            case ReferenceJoin():
                return self._reference_join(node)
            case Merge(branches):
                return self._stage(MergeOperator(len(branches)), *map(self._lower, branches))
            case _:
                raise AssertionError(node)

    def _with_arguments(self, child: PlanNode, arguments: Arguments) -> Stage:
        stage = self._lower(child)
        if arguments.spec.columns:
            stage = self._stage(ComputeOperator(arguments.spec, self._evaluator), stage)
        return stage

    def _analytic(self, node: Analytic) -> Stage:
        from asaql.operators.analytic import AnalyticColumn, AnalyticOperator

        arguments = Arguments()
        partition = [arguments.slot(f"partition.{at}", key) for at, key in enumerate(node.partition_keys)]
        calls = []
        detectors = []
        for call in node.calls:

            def optional(name: str, value: BoundExpression | None, slot: str = call.slot) -> str | None:
                return None if value is None else arguments.slot(f"{slot}.{name}", value)

            keys = [arguments.slot(f"{call.slot}.by{at}", key) for at, key in enumerate(call.partition_by)]
            partition_by = tuple(dict.fromkeys((*partition, *keys)))
            if call.name in DETECTORS:
                detectors.append(_detector(call, partition_by, arguments))
                continue
            order = [
                (arguments.slot(f"{call.slot}.key{at}", each.key), each.is_descending)
                for at, each in enumerate(call.order_by)
            ]
            calls.append(
                AnalyticColumn(
                    call.slot,
                    call.name,
                    call.limit or 0,
                    argument=optional("argument", call.argument),
                    partition_by=partition_by,
                    when=optional("when", _condition(call.when)),
                    default=optional("default", call.default),
                    offset=call.offset,
                    order_by=tuple(order),
                    is_text=call.is_text,
                    parameter=call.parameters[0] if call.parameters else None,
                    span=call.span,
                )
            )
        stage = self._with_arguments(node.child, arguments)
        if calls:
            stage = self._stage(AnalyticOperator(calls), stage)
        if detectors:
            from asaql.operators.anomaly import AnomalyOperator

            stage = self._stage(AnomalyOperator(detectors), stage)
        return stage

    def _join(self, node: Join) -> Stage:
        from asaql.operators.join import JoinBound, JoinOperator, JoinPlan

        left, right = Arguments(), Arguments()
        keys = tuple(
            (_key_slot(f"left.{at}", left_key, left), _key_slot(f"right.{at}", right_key, right))
            for at, (left_key, right_key) in enumerate(node.keys)
        )
        lags = source_lags(node.left)
        is_single = len(lags) == 1
        bounds = tuple(
            JoinBound(unit_ticks(each.unit), each.lower, each.upper, None if is_single else f"$time.{each.left}")
            for each in node.bounds
        )
        plan = JoinPlan(
            node.left.slots,
            node.right.slots,
            keys,
            bounds,
            node.is_left,
            max(lags[each.left] for each in node.bounds),
            None if node.residual is None else slots_of(node.residual),
        )
        operator = JoinOperator(plan, self._predicate(node.residual))
        return self._stage(operator, self._with_arguments(node.left, left), self._with_arguments(node.right, right))

    def _reference_join(self, node: ReferenceJoin) -> Stage:
        from asaql.operators.reference_join import ReferenceJoinOperator, ReferenceJoinPlan

        left, right = Arguments(), Arguments()
        keys = tuple(
            (left.slot(f"left.{at}", left_key), right.slot(f"right.{at}", right_key))
            for at, (left_key, right_key) in enumerate(node.keys)
        )
        plan = ReferenceJoinPlan(node.left.slots, node.right.slots, keys, node.is_left)
        operator = ReferenceJoinOperator(plan, self._predicate(node.residual))
        return self._stage(operator, self._with_arguments(node.left, left), self._with_arguments(node.right, right))

    def _match(self, node: Match) -> Stage:
        from asaql.operators.match import MatchOperator, MatchPlan, PatternColumn

        def column(each: PatternAggregate) -> PatternColumn:
            return PatternColumn(each.result_slot, each.name, each.variable, each.slot, each.span)

        match, arguments = node.match, Arguments()
        keys = tuple(arguments.slot(f"partition.{at}", key) for at, key in enumerate(match.partition_by))
        plan = MatchPlan(
            match.limit,
            match.pattern,
            keys,
            tuple((variable, tuple(map(column, reads))) for variable, reads, _ in match.definitions),
            tuple(map(column, match.measure_aggregates)),
            match.classifier_slot,
        )
        conditions = {variable: self._mask(condition) for variable, _, condition in match.definitions}
        matched = self._stage(MatchOperator(plan, conditions), self._with_arguments(node.child, arguments))
        measures = ProjectSpec(tuple((f"$measure.{name}", value) for name, value in match.measures))
        return self._stage(ProjectOperator(measures, self._evaluator), matched)

    def _predicate(self, residual: BoundExpression | None) -> "Predicate | None":
        if residual is None:
            return None
        return self._mask(residual)

    def _mask(self, condition: BoundExpression) -> "Predicate":
        evaluator = self._evaluator
        return lambda batch: evaluator.mask(condition, batch)

    def _aggregate(self, node: Aggregate) -> Stage:
        arguments = Arguments()
        keys = [KeyColumn(slot, arguments.slot(slot, value)) for slot, value in node.keys]
        for index, value in enumerate(node.partition_keys):
            name = f"$partition.{index}"
            keys.append(KeyColumn(name, arguments.slot(name, value)))
        windows = tuple(_window(each, index, arguments) for index, each in enumerate(node.windows))
        aggregates = tuple(aggregate_column(slot, call, arguments) for slot, call in node.aggregates)
        plan = WindowPlan(tuple(keys), windows, aggregates, node.window_slot)
        partial = self._partial_window(plan, arguments)
        reading = None if partial is None else self._lower_reading(node.child, (arguments.spec, partial))
        if reading is not None:
            return self._stage(WindowAggregateOperator(replace(plan, takes_states=True)), reading)
        return self._stage(WindowAggregateOperator(plan, self._scripts), self._with_arguments(node.child, arguments))

    def _partial_window(self, plan: WindowPlan, arguments: Arguments) -> PartialWindowSpec | None:
        """Return how rows may be grouped before they are sorted; None if the order of rows has a bearing."""
        panes = common_panes([each.windower for each in plan.windows])
        needs_rows = any(each.is_script for each in plan.aggregates) or Aggregation(plan.aggregates).needs_rows
        # A JavaScript function may remember its calls, so it is called in the order of event time.
        if panes is None or needs_rows or _calls_script(value for _, value in arguments.spec.columns):
            return None
        return PartialWindowSpec(panes, tuple(each.source for each in plan.keys), plan.aggregates)


def _key_slot(name: str, key: BoundExpression, arguments: Arguments) -> str:
    """Return the slot of a key: its own if it is a column, so that a join need not keep it twice."""
    return key.slot if isinstance(key, ColumnRef) else arguments.slot(name, key)


def _calls_script(expressions: Iterable[BoundExpression]) -> bool:
    return any(isinstance(each, ScriptCall) or _calls_script(children(each)) for each in expressions)


def source_lags(node: PlanNode) -> dict[str, int]:
    """Return, for each source below a join, by how many ticks its time can lie behind that of a joined row."""
    if isinstance(node, Scan | StepScan):
        return {node.alias: 0}
    if not isinstance(node, Join):
        return source_lags(node.children[0])
    from asaql.operators.join import JoinBound, JoinPlan

    left, right = source_lags(node.left), source_lags(node.right)
    bounds = tuple(JoinBound(unit_ticks(each.unit), each.lower, each.upper) for each in node.bounds)
    plan = JoinPlan((), (), (), bounds, node.is_left, max(left[each.left] for each in node.bounds))
    behind = {alias: lag + plan.left_falls_behind for alias, lag in left.items()}
    return behind | {alias: lag + plan.right_falls_behind for alias, lag in right.items()}


def aggregate_column(slot: str, call: AggregateCall, arguments: Arguments) -> AggregateColumn:
    """Return an aggregate with its inputs in slots."""
    order = tuple(
        (arguments.slot(f"{slot}.key{index}", each.key), each.is_descending) for index, each in enumerate(call.order_by)
    )
    argument = call.argument if not call.name.startswith("percentile") else None
    return AggregateColumn(
        slot,
        call.name,
        None if argument is None else arguments.slot(slot, argument),
        order,
        call.is_distinct,
        call.is_text,
        call.parameter,
        call.is_script,
        call.span,
    )


def _condition(when: BoundExpression | None) -> BoundExpression | None:
    """Return a WHEN condition as a bit; a value that stands alone is true as it would be in WHERE."""
    if when is None or isinstance(when, Logical | Negation | NullTest):
        return when
    if isinstance(when, Invoke) and when.function.returns == "bit":
        return when
    return Conditional((Branch(when, Constant(True)),), Constant(False), span=when.span)


def _detector(call: AnalyticCall, partition_by: tuple[str, ...], arguments: Arguments) -> "AnomalyColumn":
    from asaql.operators.anomaly import AnomalyColumn, Mode

    assert call.argument is not None
    confidence, history_size, *mode = call.parameters
    when = _condition(call.when)
    return AnomalyColumn(
        call.slot,
        "AnomalyDetection_SpikeAndDip" if mode else "AnomalyDetection_ChangePoint",
        arguments.slot(f"{call.slot}.argument", call.argument),
        call.limit or 0,
        confidence,
        history_size,
        mode=Mode(mode[0]) if mode else None,
        partition_by=partition_by,
        when=None if when is None else arguments.slot(f"{call.slot}.when", when),
        span=call.span,
    )


def _window(spec: WindowSpec, index: int, arguments: Arguments) -> Window:
    windower: Windower
    match spec.kind:
        case "tumbling":
            windower = Tumbling(spec.size, spec.offset)
        case "hopping":
            windower = Hopping(spec.size, spec.hop, spec.offset)
        case "sliding":
            windower = Sliding(spec.size)
        case "session":
            windower = Session(spec.size, spec.hop)
        case _:
            windower = Snapshot()
    keys = tuple(arguments.slot(f"session{index}.{at}", key) for at, key in enumerate(spec.keys))
    return Window(windower, spec.id, keys)
