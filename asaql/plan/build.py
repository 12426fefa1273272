"""Bound queries to plan nodes: one `build_` per clause, from FROM to SELECT."""

from asaql.analysis.bound import EventTime, MakeRecord, RecordItem
from asaql.analysis.bound_query import (
    BoundApply,
    BoundFrom,
    BoundJoin,
    BoundQuery,
    BoundScript,
    BoundSelect,
    BoundUnion,
    Grouping,
    InputRead,
    ScoreCall,
    StepRead,
)
from asaql.plan.logical import (
    Aggregate,
    Analytic,
    Compute,
    Filter,
    Join,
    Match,
    Merge,
    Named,
    Output,
    Plan,
    PlanNode,
    Project,
    ReferenceJoin,
    Scan,
    Score,
    StepScan,
    Unnest,
)


def build(script: BoundScript) -> Plan:
    """Return the plan of a bound script, as written: no rule has been applied to it."""
    steps = tuple((step.name, build_query(step.query)) for step in script.steps)
    outputs: dict[str, list[BoundQuery]] = {}
    names: dict[str, str] = {}
    for statement in script.statements:
        folded = statement.output.casefold()
        names.setdefault(folded, statement.output)
        outputs.setdefault(folded, []).append(statement.query)
    return Plan(steps, tuple(build_output(names[folded], queries) for folded, queries in outputs.items()))


def build_output(name: str, queries: list[BoundQuery]) -> Output:
    """Build an output: `SELECT .. INTO name`, once or several times."""
    branches = [branch for query in queries for branch in _branches(query)]
    columns = [_names(branch) for branch in branches]
    is_open = len(set(columns)) > 1 or columns[0] is None
    trees = tuple(build_select(branch, is_open=is_open) for branch in branches)
    tree = trees[0] if len(trees) == 1 else Merge(trees)
    return Output(tree, name, None if is_open else columns[0])


def build_query(query: BoundQuery) -> PlanNode:
    """Build a step: one SELECT, or branches joined by UNION."""
    branches = _branches(query)
    is_open = any(branch.is_open for branch in branches)
    trees = tuple(build_select(branch, is_open=is_open) for branch in branches)
    return trees[0] if len(trees) == 1 else Merge(trees)


def build_select(select: BoundSelect, *, is_open: bool) -> PlanNode:
    """Build one SELECT, clause by clause."""
    tree = build_from(select.from_, select.grouping)
    tree = build_scores(tree, select.where_scores)
    if select.where is not None:
        tree = Filter(tree, select.where, span=select.where.span)
    tree = build_scores(tree, select.row_scores)
    if select.grouping is not None:
        grouping = select.grouping
        tree = Aggregate(
            tree,
            grouping.windows,
            grouping.keys,
            grouping.aggregates,
            grouping.partition_keys,
            grouping.window_slot,
            span=grouping.span,
        )
        tree = build_scores(tree, select.group_scores)
        if select.having is not None:
            tree = Filter(tree, select.having, span=select.having.span)
    return Project(tree, _columns(select, is_open=is_open), span=select.span)


def build_from(from_: BoundFrom, grouping: Grouping | None) -> PlanNode:
    """Build FROM: sources with their analytic functions, then joins and applies in order."""
    joins = [each for each in from_.operations if isinstance(each, BoundJoin)]
    tree = build_read(from_, is_joined=bool(joins))
    for operation in from_.operations:
        if isinstance(operation, BoundApply):
            tree = Unnest(
                tree,
                operation.function,
                operation.argument,
                operation.key_slot,
                operation.value_slot,
                operation.is_outer,
                span=operation.span,
            )
        elif operation.is_reference:
            right = build_read(operation.right, is_joined=False)
            tree = ReferenceJoin(
                tree, right, operation.is_left, operation.keys, operation.residual, span=operation.span
            )
        else:
            right = build_read(operation.right, is_joined=True)
            tree = Join(
                tree,
                right,
                operation.is_left,
                operation.keys,
                operation.bounds,
                operation.residual,
                span=operation.span,
            )
    return Match(tree, from_.match, span=from_.match.span) if from_.match is not None else tree


def build_read(from_: BoundFrom, *, is_joined: bool) -> PlanNode:
    """Build one source, with the functions that look back over its events."""
    tree = _scan(from_.read)
    if from_.analytics:
        tree = Analytic(tree, from_.analytics, from_.read.partition_by, span=from_.analytics[0].span)
    if is_joined:
        tree = Compute(tree, ((f"$time.{from_.read.alias}", EventTime(span=from_.read.span)),), span=from_.read.span)
    return tree


def build_scores(tree: PlanNode, scores: tuple[ScoreCall, ...]) -> PlanNode:
    """Build scoring calls, the inner ones first as they were bound."""
    for each in scores:
        tree = Score(tree, each.name, each.argument, each.slot, span=each.span)
    return tree


def _scan(read: InputRead | StepRead) -> PlanNode:
    if isinstance(read, StepRead):
        return StepScan(read.step, read.alias, read.fields, span=read.span)
    return Scan(
        read.input,
        read.alias,
        read.fields,
        read.record_slot,
        read.declared,
        read.time,
        read.over,
        read.is_reference,
        span=read.span,
    )


def _columns(select: BoundSelect, *, is_open: bool) -> Named:
    if not is_open:
        return tuple((each.name or "", each.value) for each in select.columns)
    items = tuple(RecordItem(each.name, each.value, span=each.span) for each in select.columns)
    return (("*", MakeRecord(items, span=select.span)),)


def _branches(query: BoundQuery) -> tuple[BoundSelect, ...]:
    return query.branches if isinstance(query, BoundUnion) else (query,)


def _names(select: BoundSelect) -> tuple[str, ...] | None:
    return None if select.is_open else tuple(each.name or "" for each in select.columns)
