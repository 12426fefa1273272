"""What must hold of every plan, checked behind every rule: a rule that breaks it is a bug of asaql."""

from asaql.plan.logical import Plan, PlanNode, ReferenceJoin, Scan, StepScan, slots_read


class PlanError(AssertionError):
    """A rule made a plan that cannot run."""


def verify(before: Plan, after: Plan, rule: str) -> None:
    """Check that outputs are as they were, that steps exist, and that every slot read is given.

    Raises:
        PlanError: The rule broke the plan.
    """
    shape = [(each.name, each.columns, each.slots) for each in before.outputs]
    if shape != [(each.name, each.columns, each.slots) for each in after.outputs]:
        message = f"rule {rule} changed the columns of an output"
        raise PlanError(message)
    steps = {name.casefold(): set(tree.slots) for name, tree in after.steps}
    for tree in after.trees:
        _verify_tree(tree, steps, rule)


def _verify_tree(node: PlanNode, steps: dict[str, set[str]], rule: str) -> None:
    for each in node.children:
        _verify_tree(each, steps, rule)
    if isinstance(node, StepScan):
        missing = {column for _, column in node.fields} - steps.get(node.step.casefold(), set())
    else:
        given = {slot for each in node.children for slot in each.slots}
        if isinstance(node, Scan):
            given = set(node.slots)
        missing = _read(node) - given - _own(node)
    if missing:
        message = f"rule {rule}: {type(node).__name__} reads {', '.join(sorted(missing))}, which nothing gives"
        raise PlanError(message)


def _own(node: PlanNode) -> set[str]:
    """Return the slots that a node makes for expressions of its own."""
    match = getattr(node, "match", None)
    if match is None:
        return set()
    return {match.classifier_slot, *(each.result_slot for each in match.aggregates)}


def _read(node: PlanNode) -> set[str]:
    slots = slots_read(node)
    return {each for each in slots if not each.startswith("$time.")} if isinstance(node, ReferenceJoin) else slots
