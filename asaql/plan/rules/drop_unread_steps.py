"""Leaves out steps that no output reads."""

from asaql.plan.logical import Plan, StepScan, nodes_of


def drop_unread_steps(plan: Plan) -> Plan:
    """Return the plan without the steps that no output reads, directly or through another step.

    Before: `WITH a AS (..), b AS (..) SELECT .. FROM b`; after: only `b`.
    """
    read: set[str] = set()
    pending = [*plan.outputs]
    trees = {name.casefold(): tree for name, tree in plan.steps}
    queue = [node for each in pending for node in nodes_of(each)]
    while queue:
        node = queue.pop()
        if isinstance(node, StepScan) and node.step.casefold() not in read:
            read.add(node.step.casefold())
            queue += nodes_of(trees[node.step.casefold()])
    return Plan(tuple((name, tree) for name, tree in plan.steps if name.casefold() in read), plan.outputs)
