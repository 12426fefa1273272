"""The logical plan: what is to be computed, as a tree of frozen nodes per step and output.

    SELECT deviceId, COUNT(*) AS n INTO Out FROM Sensors TIMESTAMP BY ts WHERE v > 0
    GROUP BY deviceId, TumblingWindow(second, 10)

    Output Out
    └── Project deviceId, n
        └── Aggregate by deviceId, tumbling 10 s
            └── Exchange by deviceId
                └── Filter v > 0
                    └── Scan Sensors as sensors

Rows travel from the leaves to the root. A node derives its slots and its partitioning from its children; nothing is
stored twice. Steps are trees of their own, read by `StepScan`, so that a step with several readers is computed once.
"""

from collections.abc import Callable
from typing import Any, Final, get_args

from msgspec import Struct
from msgspec.structs import replace

from asaql.analysis.bound import AggregateCall, BoundExpression, ColumnRef, slots_of
from asaql.analysis.bound_query import AnalyticCall, BoundMatch, TimeBound, WindowSpec
from asaql.diagnostics import Placed, Span
from asaql.model import Kind

Named = tuple[tuple[str, BoundExpression], ...]

_EXPRESSIONS: Final = frozenset(get_args(BoundExpression))
"""A look-up by type: most of what a plan holds is none of them, and asking that one by one takes long."""


class Partitioning(Struct, frozen=True):
    """How rows may be spread over shards.

    Attributes:
        kind: `any` spreads rows at will, `by` keeps rows with equal keys together, `single` keeps all together.
        keys: The expressions of `by`.
    """

    kind: str = "any"
    keys: tuple[BoundExpression, ...] = ()

    def serves(self, need: "Partitioning") -> bool:
        """Return whether rows spread like this satisfy a node that needs them spread like `need`."""
        if need.kind == "any" or self.kind == "single":
            return True
        return need.kind == self.kind == "by" and set(self.keys) <= set(need.keys)


ANY = Partitioning()
SINGLE = Partitioning("single")


class PlanNode(Placed, frozen=True, kw_only=True):
    """A node of the plan."""

    span: Span = Span(0, 0)

    @property
    def children(self) -> tuple["PlanNode", ...]:
        """The nodes whose rows this one takes."""
        child = getattr(self, "child", None)
        return (child,) if child is not None else ()

    def with_children(self, children: tuple["PlanNode", ...]) -> "PlanNode":
        """Return this node over other children."""
        if children == self.children:
            return self
        changes: dict[str, Any] = {"child": children[0]}
        return replace(self, **changes)

    @property
    def slots(self) -> tuple[str, ...]:
        """The columns of the rows that this node gives."""
        return self.children[0].slots

    @property
    def need(self) -> Partitioning:
        """How this node needs its rows spread."""
        return ANY

    @property
    def partitioning(self) -> Partitioning:
        """How the rows that this node gives are spread."""
        return self.children[0].partitioning


class Scan(PlanNode, frozen=True):
    """Reads an input: decodes the fields named, stamps events, applies the time policies, sorts.

    Attributes:
        input: The input's name.
        alias: What the SELECT calls it.
        fields: Slot and path of each field.
        record_slot: The slot of the whole event, if it is needed.
        declared: Columns of CREATE TABLE with their kinds.
        time: The TIMESTAMP BY expression over the slots, None for arrival time.
        over: Substream keys.
    """

    input: str
    alias: str
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    record_slot: str | None = None
    declared: tuple[tuple[str, Kind | None], ...] | None = None
    time: BoundExpression | None = None
    over: tuple[BoundExpression, ...] = ()
    is_reference: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        """Fields, then the whole event."""
        return tuple(slot for slot, _ in self.fields) + ((self.record_slot,) if self.record_slot else ())

    @property
    def partitioning(self) -> Partitioning:
        """Events may go anywhere."""
        return ANY


class StepScan(PlanNode, frozen=True):
    """Reads the rows of a step: slot and column of each field; `*` is the whole row of a step without fixed columns."""

    step: str
    alias: str
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def slots(self) -> tuple[str, ...]:
        """The fields read."""
        return tuple(slot for slot, _ in self.fields)

    @property
    def partitioning(self) -> Partitioning:
        """What a step's partitioning is known to be to its readers: nothing."""
        return SINGLE


class Compute(PlanNode, frozen=True):
    """Adds columns."""

    child: PlanNode
    columns: Named

    @property
    def slots(self) -> tuple[str, ...]:
        """The child's, then the new ones."""
        return self.child.slots + tuple(slot for slot, _ in self.columns)


class Filter(PlanNode, frozen=True):
    """Keeps the rows for which the predicate is true."""

    child: PlanNode
    predicate: BoundExpression


class Project(PlanNode, frozen=True):
    """Gives these columns and no others; the slot `*` holds a row whose columns differ event by event."""

    child: PlanNode
    columns: Named

    @property
    def slots(self) -> tuple[str, ...]:
        """The columns given."""
        return tuple(slot for slot, _ in self.columns)

    @property
    def partitioning(self) -> Partitioning:
        """The child's keys under the names they have here, if they all are projected."""
        below = self.child.partitioning
        if below.kind != "by":
            return below
        names = {value: slot for slot, value in self.columns}
        if all(key in names for key in below.keys):
            return Partitioning("by", tuple(ColumnRef(names[key]) for key in below.keys))
        return SINGLE


class Score(PlanNode, frozen=True):
    """Sends the argument of each row to a scoring service and adds its answer; order is kept."""

    child: PlanNode
    function: str
    argument: BoundExpression
    slot: str

    @property
    def slots(self) -> tuple[str, ...]:
        """The child's, then the answer."""
        return (*self.child.slots, self.slot)


class Unnest(PlanNode, frozen=True):
    """APPLY: one row per element of an array or property of a record."""

    child: PlanNode
    function: str
    argument: BoundExpression
    key_slot: str
    value_slot: str
    is_outer: bool

    @property
    def slots(self) -> tuple[str, ...]:
        """The child's, then key and value."""
        return (*self.child.slots, self.key_slot, self.value_slot)


class Analytic(PlanNode, frozen=True):
    """Adds the values of functions with OVER: one per row, from the rows before it."""

    child: PlanNode
    calls: tuple[AnalyticCall, ...]
    partition_keys: tuple[BoundExpression, ...] = ()

    @property
    def slots(self) -> tuple[str, ...]:
        """The child's, then one per call."""
        return self.child.slots + tuple(each.slot for each in self.calls)

    @property
    def need(self) -> Partitioning:
        """Together what all calls partition by."""
        keys = [frozenset((*each.partition_by, *self.partition_keys)) for each in self.calls]
        shared = frozenset.intersection(*keys)
        ordered = tuple(key for key in (*self.calls[0].partition_by, *self.partition_keys) if key in shared)
        return Partitioning("by", ordered) if ordered else SINGLE


class Aggregate(PlanNode, frozen=True):
    """GROUP BY: one row per window and key tuple that holds a row; its time is the window's end."""

    child: PlanNode
    windows: tuple[WindowSpec, ...]
    keys: Named
    aggregates: tuple[tuple[str, AggregateCall], ...]
    partition_keys: tuple[BoundExpression, ...] = ()
    window_slot: str | None = None

    @property
    def slots(self) -> tuple[str, ...]:
        """Keys, aggregates, then the window's identity."""
        slots = tuple(slot for slot, _ in self.keys) + tuple(slot for slot, _ in self.aggregates)
        return (*slots, self.window_slot) if self.window_slot else slots

    @property
    def need(self) -> Partitioning:
        """Together what has equal keys; sessions over all rows need all of them."""
        keys = tuple(value for _, value in self.keys) + self.partition_keys
        session = [window for window in self.windows if window.kind == "session"]
        if session:
            shared = [key for key in keys if all(key in window.keys for window in session)]
            return Partitioning("by", tuple(shared)) if shared else SINGLE
        return Partitioning("by", keys) if keys else SINGLE

    @property
    def partitioning(self) -> Partitioning:
        """By the keys, under their slots."""
        need = self.need
        slots = {value: slot for slot, value in self.keys}
        if need.kind == "by" and all(key in slots for key in need.keys):
            return Partitioning("by", tuple(ColumnRef(slots[key]) for key in need.keys))
        return SINGLE


class Join(PlanNode, frozen=True):
    """Joins two streams within time bounds; an inner row carries the later of the two times."""

    left: PlanNode
    right: PlanNode
    is_left: bool
    keys: tuple[tuple[BoundExpression, BoundExpression], ...]
    bounds: tuple[TimeBound, ...]
    residual: BoundExpression | None

    @property
    def children(self) -> tuple[PlanNode, ...]:
        """Left and right."""
        return (self.left, self.right)

    def with_children(self, children: tuple[PlanNode, ...]) -> "Join":
        """Return this join of other children."""
        return replace(self, left=children[0], right=children[1])

    @property
    def slots(self) -> tuple[str, ...]:
        """The left side's, then the right side's."""
        return self.left.slots + self.right.slots

    @property
    def need(self) -> Partitioning:
        """Together what has equal keys; the right side by its own expressions."""
        return Partitioning("by", tuple(left for left, _ in self.keys)) if self.keys else SINGLE

    @property
    def partitioning(self) -> Partitioning:
        """By the keys of the left side."""
        return self.need


class ReferenceJoin(PlanNode, frozen=True):
    """Looks up the rows of the left side in reference data, of which every shard has its own copy."""

    left: PlanNode
    right: PlanNode
    is_left: bool
    keys: tuple[tuple[BoundExpression, BoundExpression], ...]
    residual: BoundExpression | None

    @property
    def children(self) -> tuple[PlanNode, ...]:
        """Left and right."""
        return (self.left, self.right)

    def with_children(self, children: tuple[PlanNode, ...]) -> "ReferenceJoin":
        """Return this join of other children."""
        return replace(self, left=children[0], right=children[1])

    @property
    def slots(self) -> tuple[str, ...]:
        """The left side's, then the right side's."""
        return self.left.slots + self.right.slots


class Match(PlanNode, frozen=True):
    """MATCH_RECOGNIZE: one row per match, with the measures."""

    child: PlanNode
    match: BoundMatch

    @property
    def slots(self) -> tuple[str, ...]:
        """The measures."""
        return tuple(f"$measure.{name}" for name, _ in self.match.measures)

    @property
    def need(self) -> Partitioning:
        """Together what is one stream to the pattern."""
        keys = self.match.partition_by
        return Partitioning("by", keys) if keys else SINGLE

    @property
    def partitioning(self) -> Partitioning:
        """The keys are not among the measures."""
        return SINGLE


class Merge(PlanNode, frozen=True):
    """UNION: the rows of all branches in the order of time; of equal times, the earlier branch first."""

    branches: tuple[PlanNode, ...]

    @property
    def children(self) -> tuple[PlanNode, ...]:
        """The branches."""
        return self.branches

    def with_children(self, children: tuple[PlanNode, ...]) -> "Merge":
        """Return a union of other branches."""
        return replace(self, branches=children)

    @property
    def slots(self) -> tuple[str, ...]:
        """The first branch's."""
        return self.branches[0].slots

    @property
    def partitioning(self) -> Partitioning:
        """What all branches have in common."""
        kinds = {each.partitioning for each in self.branches}
        return kinds.pop() if len(kinds) == 1 else SINGLE


class Exchange(PlanNode, frozen=True):
    """Spreads rows anew, so that the node above gets what it needs."""

    child: PlanNode
    to: Partitioning

    @property
    def partitioning(self) -> Partitioning:
        """As asked for."""
        return self.to


class Output(PlanNode, frozen=True):
    """Writes rows to an output; `columns` is None where they differ event by event."""

    child: PlanNode
    name: str
    columns: tuple[str, ...] | None


class Plan(Struct, frozen=True):
    """A whole query: steps in the order in which they may read each other, then outputs."""

    steps: tuple[tuple[str, PlanNode], ...]
    outputs: tuple[Output, ...]

    @property
    def trees(self) -> tuple[PlanNode, ...]:
        """All trees, steps first."""
        return tuple(tree for _, tree in self.steps) + self.outputs


def transform(node: PlanNode, change: Callable[[PlanNode], PlanNode]) -> PlanNode:
    """Return the tree with `change` applied to every node, the leaves first."""
    return change(node.with_children(tuple(transform(each, change) for each in node.children)))


def transform_plan(plan: Plan, change: Callable[[PlanNode], PlanNode]) -> Plan:
    """Return the plan with `change` applied to every node of every tree."""
    steps = tuple((name, transform(tree, change)) for name, tree in plan.steps)
    outputs = tuple(tree for tree in (transform(each, change) for each in plan.outputs) if isinstance(tree, Output))
    return Plan(steps, outputs)


def nodes_of(node: PlanNode) -> list[PlanNode]:
    """Return a node and everything below it."""
    return [node, *(below for each in node.children for below in nodes_of(each))]


def slots_read(node: PlanNode) -> set[str]:
    """Return the slots that a node itself reads, by expressions or by name."""
    slots: set[str] = set()

    def visit(expression: BoundExpression) -> BoundExpression:
        slots.update(slots_of(expression))
        return expression

    with_expressions(node, visit)
    if isinstance(node, Match):
        slots.update(each.slot for each in node.match.aggregates)
    if isinstance(node, Join) and sum(isinstance(each, Scan | StepScan) for each in nodes_of(node.left)) > 1:
        slots.update(f"$time.{each.left}" for each in node.bounds)
    return slots


def map_expressions(node: Any, change: Callable[[BoundExpression], BoundExpression]) -> Any:
    """Return a plan node or bound node with every outermost expression in it replaced by `change`."""
    if isinstance(node, tuple):
        return tuple(map_expressions(each, change) for each in node)
    if type(node) in _EXPRESSIONS:
        return change(node)
    if isinstance(node, Struct) and not isinstance(node, (PlanNode, Span)):
        names = [name for name in node.__struct_fields__ if name != "span"]
        changes = {name: map_expressions(getattr(node, name), change) for name in names}
        return replace(node, **changes)
    return node


def with_expressions(node: PlanNode, change: Callable[[BoundExpression], BoundExpression]) -> PlanNode:
    """Return a node with its own expressions replaced; its children stay as they are."""
    changes: dict[str, Any] = {}
    for name in node.__struct_fields__:
        if name not in ("span", "child", "left", "right", "branches"):
            changes[name] = map_expressions(getattr(node, name), change)
    return replace(node, **changes)
