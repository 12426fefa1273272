"""Rules of lint about names, values and functions."""

from collections.abc import Iterator

from asaql.analysis.catalog import Catalog, FunctionKind
from asaql.diagnostics import Diagnostic, Severity, Span
from asaql.functions import find_function
from asaql.model import parse_ticks
from asaql.syntax import ast, format_expression
from asaql.syntax.ast import BinaryOperator
from asaql.syntax.walk import walk

_COMPARISONS = frozenset(
    {
        *(BinaryOperator.EQUAL, BinaryOperator.NOT_EQUAL, BinaryOperator.LESS, BinaryOperator.LESS_OR_EQUAL),
        *(BinaryOperator.GREATER, BinaryOperator.GREATER_OR_EQUAL),
    }
)
_NEVER_NULL = frozenset({"coalesce", "count", "timestamp"})


def warning(code: str, message: str, span: Span, *, label: str = "", help_text: str | None = None) -> Diagnostic:
    """Return a warning of lint."""
    return Diagnostic(code, message, span, label, help=help_text, severity=Severity.WARNING)


def selects_of(query: ast.Node) -> Iterator[ast.Select]:
    """Yield every SELECT of a script, a step or a statement."""
    for node in walk(query):
        if isinstance(node, ast.Select):
            yield node


def sources_of(from_: ast.From) -> Iterator[tuple[ast.SourceReference, bool]]:
    """Yield every source of a FROM, and whether it is on the right side of a LEFT JOIN."""
    yield from ((each, False) for each in (from_.source, *from_.union))
    for operation in from_.operations:
        if isinstance(operation, ast.Join):
            is_left = operation.kind is ast.JoinKind.LEFT
            inner = operation.right if isinstance(operation.right, ast.From) else ast.From(operation.right)
            yield from ((source, is_left or is_right) for source, is_right in sources_of(inner))


# MAX and MIN ---------------------------------------------------------------------------------------------------------


def extremes_of_text(script: ast.Script, catalog: Catalog) -> Iterator[Diagnostic]:
    """Find MAX and MIN over what the query itself treats as text, or reads as the time of events."""
    declared = {
        column.name.folded for part in script.parts if isinstance(part, ast.CreateTable) for column in part.columns
    }
    for select in selects_of(script):
        kinds = _read_as(select)
        for call in walk(select):
            if not isinstance(call, ast.Call) or call.prefix or call.name.folded not in ("max", "min"):
                continue
            if len(call.arguments) != 1 or isinstance(call.arguments[0], ast.Star):
                continue
            argument = call.arguments[0]
            kind = _text_kind(argument, kinds, declared)
            if kind is not None:
                name = call.name.name.upper()
                yield warning(
                    "AQ801",
                    f"{name} over text without CAST reads it as a number",
                    argument.span,
                    label="text that is no number fails here",
                    help_text=f"{name}(CAST({format_expression(argument)} AS {kind}))",
                )


def _read_as(select: ast.Select) -> dict[str, str]:
    """Return the columns that a SELECT reads as text or as a datetime, by their last name."""
    kinds: dict[str, str] = {}
    for node in walk(select):
        match node:
            case ast.Like(operand=ast.Path(parts=parts)):
                kinds.setdefault(parts[-1].folded, "nvarchar(max)")
            case ast.Binary(left=ast.Path(parts=parts), right=ast.StringLiteral(value=text)):
                if node.operator in _COMPARISONS and not _is_number(text):
                    kinds.setdefault(parts[-1].folded, "datetime" if parse_ticks(text) else "nvarchar(max)")
            case ast.TimestampBy(expression=ast.Path(parts=parts)):
                kinds[parts[-1].folded] = "datetime"
    return kinds


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text_kind(argument: ast.Expression, kinds: dict[str, str], declared: set[str]) -> str | None:
    if isinstance(argument, ast.Path):
        name = argument.parts[-1].folded
        return kinds.get(name) if name not in declared else None
    if isinstance(argument, ast.Call) and not argument.prefix:
        function = find_function(argument.name.name)
        if function is not None and function.is_callable and function.returns.startswith("nvarchar"):
            return "nvarchar(max)"
    return None


# Steps ---------------------------------------------------------------------------------------------------------------


def unused_steps(script: ast.Script, catalog: Catalog) -> Iterator[Diagnostic]:
    """Find steps that no statement reads, directly or through other steps."""
    steps = {step.name.folded: step for part in script.parts if isinstance(part, ast.With) for step in part.steps}
    waiting = [part for part in script.parts if not isinstance(part, ast.With | ast.CreateTable)]
    used: set[str] = set()
    nodes: list[ast.Node] = list(waiting)
    while nodes:
        for name in _names_read(nodes.pop()):
            if name in steps and name not in used:
                used.add(name)
                nodes.append(steps[name].query)
    for folded, step in steps.items():
        if folded not in used:
            yield warning(
                "AQ802",
                f'step "{step.name.name}" is never used',
                step.name.span,
                label="no statement reads it",
                help_text=f"remove the step, or read it: SELECT * INTO output FROM {step.name.name}",
            )


def _names_read(node: ast.Node) -> Iterator[str]:
    for each in walk(node):
        if isinstance(each, ast.SourceReference):
            yield each.name.folded
        elif isinstance(each, ast.Path) and len(each.parts) == 1:
            yield each.parts[0].folded


# Scoring -------------------------------------------------------------------------------------------------------------


def scored_in_case(script: ast.Script, catalog: Catalog) -> Iterator[Diagnostic]:
    """Find calls of declared scoring functions in the branches of a CASE."""
    seen: set[Span] = set()
    for case in walk(script):
        if not isinstance(case, ast.Case):
            continue
        for call in walk(case):
            if not isinstance(call, ast.Call) or [each.folded for each in call.prefix] != ["udf"] or call.span in seen:
                continue
            declared = catalog.function(call.name.name)
            if declared is not None and declared.kind is FunctionKind.SCORE:
                seen.add(call.span)
                yield warning(
                    "AQ803",
                    f"udf.{declared.name} is asked for every row, also where CASE takes another branch",
                    call.span,
                    label="scored for every row",
                    help_text="score in a step with WHERE, and join the other rows with UNION",
                )


# NULL ----------------------------------------------------------------------------------------------------------------


def compared_with_null(script: ast.Script, catalog: Catalog) -> Iterator[Diagnostic]:
    """Find NOT of a comparison, and <> of what is known to be NULL at times, where nothing tests for NULL."""
    for select in selects_of(script):
        nodes = list(walk(select))
        tested = [each.operand for each in nodes if isinstance(each, ast.IsNull)]
        optional = {(source.alias or source.name).folded for source, is_right in sources_of(select.from_) if is_right}
        for node in nodes:
            match node:
                case ast.Not(operand=ast.Binary() as inner) if inner.operator in _COMPARISONS:
                    doubtful = [each for each in (inner.left, inner.right) if _may_be_null(each)]
                    if doubtful and not any(each in tested for each in doubtful):
                        yield _negated(node, inner, doubtful[0])
                case ast.Binary(operator=BinaryOperator.NOT_EQUAL, left=left, right=right):
                    doubtful = [each for each in (left, right) if _is_optional(each, optional)]
                    if doubtful and not any(each in tested for each in doubtful):
                        yield _unequal(node, doubtful[0])


def _may_be_null(node: ast.Expression) -> bool:
    if isinstance(node, ast.Path):
        return [each.folded for each in node.parts] != ["system", "timestamp"]
    if isinstance(node, ast.Call):
        return node.name.folded not in _NEVER_NULL
    return not isinstance(node, ast.IntegerLiteral | ast.FloatLiteral | ast.StringLiteral | ast.Case)


def _is_optional(node: ast.Expression, optional: set[str]) -> bool:
    match node:
        case ast.Path(parts=(first, _, *_)):
            return first.folded in optional
        case ast.Cast(is_safe=is_safe):
            return is_safe
        case ast.Call(name=name, prefix=()):
            return name.folded == "nullif"
        case _:
            return False


_OPPOSITES = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _negated(node: ast.Not, inner: ast.Binary, doubtful: ast.Expression) -> Diagnostic:
    text = format_expression(doubtful)
    left, right = format_expression(inner.left), format_expression(inner.right)
    opposite = f"{left} {_OPPOSITES[inner.operator]} {right}"
    return warning(
        "AQ805",
        f"NOT of a comparison is true where {text} is NULL",
        node.span,
        label="also true for NULL",
        help_text=f"{opposite}, or to keep NULL: ({text} IS NULL OR {opposite})",
    )


def _unequal(node: ast.Binary, doubtful: ast.Expression) -> Diagnostic:
    text = format_expression(doubtful)
    written = f"{format_expression(node.left)} <> {format_expression(node.right)}"
    return warning(
        "AQ805",
        f"<> is false where {text} is NULL",
        node.span,
        label="false for NULL",
        help_text=f"({text} IS NULL OR {written})",
    )
