"""Spreads rows anew where a node needs them spread otherwise than it gets them."""

from asaql.analysis.bound import BoundExpression
from asaql.plan.logical import SINGLE, Exchange, Join, Partitioning, Plan, PlanNode, transform_plan


def place_exchanges(plan: Plan) -> Plan:
    """Return the plan with an Exchange below every node whose need its child does not serve.

    Before: `Aggregate by k <- Scan`; after: `Aggregate by k <- Exchange by k <- Scan`.
    """
    return transform_plan(plan, _place)


def _place(node: PlanNode) -> PlanNode:
    if isinstance(node, Exchange):
        return node
    if isinstance(node, Join):
        left = tuple(left for left, _ in node.keys)
        right = tuple(right for _, right in node.keys)
        return node.with_children((_spread(node.left, left), _spread(node.right, right)))
    if node.need.kind == "any" or node.children[0].partitioning.serves(node.need):
        return node
    return node.with_children((Exchange(node.children[0], node.need, span=node.span),))


def _spread(child: PlanNode, keys: tuple[BoundExpression, ...]) -> PlanNode:
    """Both sides of a join need the same number of keys in the same order, so a part of them does not serve."""
    need = Partitioning("by", keys) if keys else SINGLE
    return child if child.partitioning == need else Exchange(child, need, span=child.span)
