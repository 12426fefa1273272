"""Reads single fields where a step passes whole events on and its readers need only those fields."""

from msgspec.structs import replace

from asaql.analysis.bound import BoundExpression, ColumnRef, FieldOf, MakeRecord, children, slots_of, with_children
from asaql.plan.logical import (
    Filter,
    Match,
    Output,
    Plan,
    PlanNode,
    Project,
    Scan,
    StepScan,
    nodes_of,
    transform,
    with_expressions,
)


def narrow_whole_events(plan: Plan) -> Plan:
    """Return the plan in which a step `SELECT * FROM input [WHERE ..]` gives only the fields that are read of it.

    Before: `WITH s AS (SELECT * FROM input) SELECT a FROM s` decodes whole events; after: it decodes `a`.
    A reader that needs the whole row keeps the step as it is.
    """
    steps = dict(plan.steps)
    for name, tree in plan.steps:
        scan = _passes_events_on(tree)
        if scan is None:
            continue
        names = _fields_read(plan, name)
        if names is None:
            continue
        steps[name] = _narrowed(tree, scan, names)
        plan = Plan(tuple(steps.items()), plan.outputs)
        plan = _rewire(plan, name, names)
        steps = dict(plan.steps)
    return plan


def _passes_events_on(tree: PlanNode) -> Scan | None:
    """Return the scan of a step that only filters an input, or None."""
    if not (isinstance(tree, Project) and tree.slots == ("*",)):
        return None
    below = tree.child
    while isinstance(below, Filter):
        below = below.child
    if not isinstance(below, Scan) or below.is_reference or below.record_slot is None:
        return None
    (_, record), *_ = tree.columns
    whole = isinstance(record, MakeRecord) and [(each.name, each.value) for each in record.items] == [
        (None, ColumnRef(below.record_slot))
    ]
    others = [node for node in nodes_of(tree.child) if isinstance(node, Filter)]
    reads_record = any(below.record_slot in slots_of(node.predicate) for node in others)
    return below if whole and not reads_record else None


def _fields_read(plan: Plan, step: str) -> dict[str, str] | None:
    """Return folded name to spelling of every field read of a step, or None if a reader needs the whole row."""
    names: dict[str, str] = {}
    found: list[bool] = []

    def look(expression: BoundExpression, slot: str) -> None:
        match expression:
            case FieldOf(ColumnRef(read), name) if read == slot:
                names.setdefault(name.casefold(), name)
            case ColumnRef(read) if read == slot:
                found.append(True)
            case _:
                for each in children(expression):
                    look(each, slot)

    for tree in plan.trees:
        for slot in _record_slots(tree, step):
            for node in nodes_of(tree):
                if isinstance(node, Match):
                    found += [True for each in node.match.aggregates if each.slot == slot]

                def visit(expression: BoundExpression, slot: str = slot) -> BoundExpression:
                    look(expression, slot)
                    return expression

                with_expressions(node, visit)
    return None if found else names


def _record_slots(tree: PlanNode, step: str) -> set[str]:
    """Return the slots in which a tree reads whole rows of a step."""
    scans = [each for each in nodes_of(tree) if isinstance(each, StepScan) and each.step.casefold() == step.casefold()]
    return {slot for scan in scans for slot, column in scan.fields if column == "*"}


def _narrowed(tree: PlanNode, scan: Scan, names: dict[str, str]) -> PlanNode:
    known = {path[0].casefold(): slot for slot, path in scan.fields if len(path) == 1}
    fields = [*scan.fields]
    columns = []
    for folded, name in names.items():
        if folded not in known:
            known[folded] = f"{scan.alias}.{f'[{folded}]' if '.' in folded or folded == '*' else folded}"
            fields.append((known[folded], (name,)))
        columns.append((folded, ColumnRef(known[folded])))
    narrow = replace(scan, fields=tuple(fields), record_slot=None)
    below = transform(tree.children[0], lambda node: narrow if node == scan else node)
    return Project(below, tuple(columns), span=tree.span)


def _rewire(plan: Plan, step: str, names: dict[str, str]) -> Plan:
    """Let the readers of a narrowed step read its columns instead of fields of a record."""

    def rewire(tree: PlanNode) -> PlanNode:
        slots = _record_slots(tree, step)

        def change(node: PlanNode) -> PlanNode:
            if isinstance(node, StepScan) and node.step.casefold() == step.casefold():
                fields = tuple(
                    (f"{slot}.{folded}", folded) for slot, column in node.fields if column == "*" for folded in names
                )
                return replace(node, fields=fields)
            return with_expressions(node, lambda expression: _replaced(expression, slots))

        return transform(tree, change)

    steps = tuple((name, rewire(tree)) for name, tree in plan.steps)
    outputs = tuple(each for each in map(rewire, plan.outputs) if isinstance(each, Output))
    return Plan(steps, outputs)


def _replaced(expression: BoundExpression, slots: set[str]) -> BoundExpression:
    match expression:
        case FieldOf(ColumnRef(slot), name) if slot in slots:
            return ColumnRef(f"{slot}.{name.casefold()}", span=expression.span)
        case _:
            return with_children(expression, lambda each: _replaced(each, slots))
