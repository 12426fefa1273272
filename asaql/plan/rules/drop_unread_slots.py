"""Leaves out columns that nothing reads any more, before rows are sorted, kept and sent."""

from asaql.analysis.bound import ColumnRef
from asaql.plan.logical import (
    Aggregate,
    Analytic,
    Compute,
    Filter,
    Join,
    Output,
    Plan,
    PlanNode,
    Project,
    Scan,
    Unnest,
    nodes_of,
    slots_read,
)


def drop_unread_slots(plan: Plan) -> Plan:
    """Return the plan in which rows that go to a join, a window or an analytic function carry only what is read later.

    Before: `SELECT LAG(a) .. FROM input TIMESTAMP BY t WHERE b > 0` sorts `a`, `b` and `t`; after: `a`.
    """
    steps = tuple((name, _narrowed(tree, frozenset(tree.slots))) for name, tree in plan.steps)
    outputs = (_narrowed(each, frozenset(each.slots)) for each in plan.outputs)
    return Plan(steps, tuple(each for each in outputs if isinstance(each, Output)))


def _narrowed(node: PlanNode, read: frozenset[str]) -> PlanNode:
    """Return a tree without the unread columns of its scans; `read` is what nodes beside and above it read."""
    # Slots are unique in a tree, so what one side of a node reads can be counted for the other as well.
    own = frozenset(slots_read(node))
    children = []
    for place, child in enumerate(node.children):
        beside = (each for at, other in enumerate(node.children) if at != place for each in nodes_of(other))
        needed = read | own | {slot for each in beside for slot in slots_read(each)}
        if isinstance(node, Join | Analytic | Aggregate) and _is_above_scan(child):
            children.append(_with_slots(child, needed))
        else:
            children.append(_narrowed(child, needed))
    return node.with_children(tuple(children))


def _is_above_scan(node: PlanNode) -> bool:
    while isinstance(node, Filter | Compute | Project | Unnest):
        node = node.child
    return isinstance(node, Scan) and not node.is_reference


def _with_slots(node: PlanNode, needed: frozenset[str]) -> PlanNode:
    kept = [slot for slot in node.slots if slot in needed]
    if len(kept) == len(node.slots):
        return node
    return Project(node, tuple((slot, ColumnRef(slot)) for slot in kept), span=node.span)
