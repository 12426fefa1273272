"""Plans as people and programs read them: a tree, a diagram, JSON."""

from collections.abc import Iterator
from typing import Any

from asaql.analysis.bound import (
    AggregateCall,
    BoundExpression,
    ColumnRef,
    Conditional,
    Constant,
    EventTime,
    FieldOf,
    Invoke,
    Logical,
    MakeRecord,
    Negation,
    NullTest,
    ScriptCall,
)
from asaql.analysis.bound_query import AnalyticCall, WindowSpec
from asaql.model import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MICROSECOND,
    TICKS_PER_MILLISECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Instant,
)
from asaql.plan.logical import (
    Aggregate,
    Analytic,
    Compute,
    Exchange,
    Filter,
    Join,
    Match,
    Merge,
    Output,
    Partitioning,
    Plan,
    PlanNode,
    Project,
    ReferenceJoin,
    Scan,
    Score,
    StepScan,
    Unnest,
)

_INFIX = {"+", "-", "*", "/", "%", "&", "|", "^", "=", "<>", "<", "<=", ">", ">=", "LIKE", "NOT LIKE"}


def explain_text(plan: Plan) -> str:
    """Return the plan as indented trees, each line a node with its partitioning in brackets."""
    lines: list[str] = []
    for name, tree in plan.steps:
        lines.append(f"Step {name}")
        lines += _branches((tree,), "")
    for output in plan.outputs:
        lines.append(_line(output))
        lines += _branches(output.children, "")
    return "\n".join(lines)


def explain_mermaid(plan: Plan) -> str:
    """Return the plan as a Mermaid flow chart, rows flowing from top to bottom."""
    lines = ["flowchart TD"]
    names: dict[str, str] = {}
    count = 0

    def add(node: PlanNode) -> str:
        nonlocal count
        below = [add(each) for each in node.children]
        identity = f"n{count}"
        count += 1
        text = _line(node).replace('"', "#quot;")
        lines.append(f'    {identity}["{text}"]')
        lines.extend(f"    {each} --> {identity}" for each in below)
        if isinstance(node, StepScan):
            lines.append(f"    {names[node.step.casefold()]} --> {identity}")
        return identity

    for name, tree in plan.steps:
        names[name.casefold()] = add(tree)
    for output in plan.outputs:
        add(output)
    return "\n".join(lines)


def explain_json(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON: nodes with kind, detail, columns, partitioning and inputs."""
    return {
        "steps": [{"name": name, "plan": _json(tree)} for name, tree in plan.steps],
        "outputs": [_json(output) for output in plan.outputs],
    }


def _json(node: PlanNode) -> dict[str, Any]:
    return {
        "node": type(node).__name__,
        "detail": _detail(node),
        "columns": list(node.slots),
        "partitioning": _spread(node.partitioning),
        "inputs": [_json(each) for each in node.children],
    }


def _branches(nodes: tuple[PlanNode, ...], indent: str) -> Iterator[str]:
    for index, node in enumerate(nodes):
        is_last = index == len(nodes) - 1
        yield f"{indent}{'└── ' if is_last else '├── '}{_line(node)}"
        yield from _branches(node.children, indent + ("    " if is_last else "│   "))


def _line(node: PlanNode) -> str:
    detail = _detail(node)
    return f"{type(node).__name__}{' ' if detail else ''}{detail} [{_spread(node.partitioning)}]"


def _spread(partitioning: Partitioning) -> str:
    return f"by {', '.join(map(expression_text, partitioning.keys))}" if partitioning.keys else partitioning.kind


def _detail(node: PlanNode) -> str:
    match node:
        case Scan():
            fields = [".".join(path) for _, path in node.fields] + (["whole events"] if node.record_slot else [])
            time = f", time {expression_text(node.time)}" if node.time is not None else ""
            kind = " (reference data)" if node.is_reference else ""
            return f"{node.input} as {node.alias}{kind}: {', '.join(fields) or 'no fields'}{time}"
        case StepScan(step, alias, fields):
            return f"{step} as {alias}: {', '.join(column for _, column in fields) or 'no columns'}"
        case Compute(_, columns):
            return ", ".join(f"{slot} = {expression_text(value)}" for slot, value in columns)
        case Project(_, columns):
            return ", ".join(_named(slot, value) for slot, value in columns)
        case Filter(_, predicate):
            return expression_text(predicate)
        case Score(_, function, argument, slot):
            return f"{slot} = udf.{function}({expression_text(argument)})"
        case Unnest(_, function, argument, _, _, is_outer):
            return f"{'OUTER' if is_outer else 'CROSS'} {function}({expression_text(argument)})"
        case Analytic(_, calls):
            return ", ".join(map(_analytic, calls))
        case Aggregate():
            keys = ", ".join(f"{slot} = {expression_text(value)}" for slot, value in node.keys)
            windows = " | ".join(map(window_text, node.windows))
            values = ", ".join(f"{slot} = {_aggregate(call)}" for slot, call in node.aggregates)
            return "; ".join(each for each in (windows, keys, values) if each)
        case Join(_, _, is_left, keys, bounds, _):
            equal = [f"{expression_text(left)} = {expression_text(right)}" for left, right in keys]
            limits = [f"DATEDIFF({x.unit}, {x.left}, {x.right}) in {_limits(x.lower, x.upper)}" for x in bounds]
            return f"{'LEFT' if is_left else 'INNER'} on {' AND '.join(equal + limits)}"
        case ReferenceJoin(_, _, is_left, keys, _):
            equal = [f"{expression_text(left)} = {expression_text(right)}" for left, right in keys]
            return f"{'LEFT' if is_left else 'INNER'} on {' AND '.join(equal) or 'any row'}"
        case Match(_, match):
            return f"within {duration_text(match.limit)}: {', '.join(name for name, _ in match.measures)}"
        case Exchange(_, to):
            return _spread(to)
        case Output(_, name, _):
            return name
        case Merge():
            return f"of {len(node.branches)} by time"
    return ""


def _named(slot: str, value: BoundExpression) -> str:
    text = expression_text(value)
    return text if slot.casefold() in (text.casefold(), text.rpartition(".")[2].casefold()) else f"{slot} = {text}"


def _limits(lower: int | None, upper: int | None) -> str:
    return f"{'' if lower is None else lower}..{'' if upper is None else upper}"


def _analytic(call: AnalyticCall) -> str:
    argument = "*" if call.argument is None else expression_text(call.argument)
    keys = ", ".join(map(expression_text, call.partition_by))
    over = (f"PARTITION BY {keys} " if keys else "") + (f"LIMIT {duration_text(call.limit)}" if call.limit else "")
    when = f" WHEN {expression_text(call.when)}" if call.when is not None else ""
    return f"{call.slot} = {call.name.upper()}({argument}) OVER ({over.strip()}{when})"


def _aggregate(call: AggregateCall) -> str:
    argument = "*" if call.argument is None else expression_text(call.argument)
    name = f"uda.{call.name}" if call.is_script else call.name.upper()
    return f"{name}({'DISTINCT ' if call.is_distinct else ''}{argument})"


def window_text(window: WindowSpec) -> str:
    """Return a window in words: `tumbling 10 s`."""
    sizes = {
        "tumbling": (window.size,),
        "sliding": (window.size,),
        "hopping": (window.size, window.hop),
        "session": (window.size, window.hop),
    }.get(window.kind, ())
    text = f"{window.kind} {' / '.join(map(duration_text, sizes))}".strip()
    return text + (f" offset {duration_text(window.offset)}" if window.offset else "")


def duration_text(ticks: int) -> str:
    """Return a duration in the largest unit that divides it: `90 s`, `5 min`."""
    units = (
        (TICKS_PER_DAY, "d"),
        (TICKS_PER_HOUR, "h"),
        (TICKS_PER_MINUTE, "min"),
        (TICKS_PER_SECOND, "s"),
        (TICKS_PER_MILLISECOND, "ms"),
        (TICKS_PER_MICROSECOND, "us"),
    )
    for size, name in units:
        if ticks % size == 0:
            return f"{ticks // size} {name}"
    return f"{ticks} ticks"


def expression_text(expression: BoundExpression) -> str:
    """Return an expression in the dialect's spelling, columns by their slots."""
    match expression:
        case Constant(value):
            return _literal(value)
        case ColumnRef(slot):
            return slot
        case EventTime():
            return "System.Timestamp()"
        case FieldOf(operand, name):
            return f"{expression_text(operand)}.{name}"
        case Invoke(function, arguments):
            texts = [expression_text(each) for each in arguments]
            name = function.name.removesuffix(" (ignore case)")
            if name in _INFIX and len(texts) == 2:
                return f"({texts[0]} {name} {texts[1]})"
            if " AS " in name:
                cast, _, kind = name.partition(" AS ")
                return f"{cast}({texts[0]} AS {kind})"
            return f"{name}({', '.join(texts)})"
        case ScriptCall(name, arguments):
            return f"udf.{name}({', '.join(map(expression_text, arguments))})"
        case Logical(operator, operands):
            return f"({f' {operator} '.join(map(expression_text, operands))})"
        case Negation(operand):
            return f"NOT {expression_text(operand)}"
        case NullTest(operand, is_negated):
            return f"{expression_text(operand)} IS {'NOT ' if is_negated else ''}NULL"
        case Conditional(branches, otherwise):
            whens = " ".join(
                f"WHEN {expression_text(each.condition)} THEN {expression_text(each.result)}" for each in branches
            )
            return f"CASE {whens} ELSE {expression_text(otherwise)} END"
        case MakeRecord(items):
            parts = [
                f"{x.name}: {expression_text(x.value)}" if x.name else f"{expression_text(x.value)}.*" for x in items
            ]
            return f"{{{', '.join(parts)}}}"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str | Instant) else str(value)
