"""What a grammar cannot say about a tree: its depth, the range of its numbers, where conditions may stand."""

from asaql.diagnostics import Diagnostic
from asaql.syntax import ast
from asaql.syntax.build_expressions import out_of_range

# The later stages walk expressions recursively; a tree of this depth is safe for all of them.
_MAX_DEPTH = 150

_LARGEST_BIGINT = 2**63 - 1

_COMPARISONS = frozenset(("=", "<>", "<", "<=", ">", ">=", "AND", "OR"))

_CONDITION_FIELDS = {
    ("Select", "where"),
    ("Select", "having"),
    ("Join", "condition"),
    ("Over", "when"),
    ("Definition", "condition"),
    ("Not", "operand"),
}

_WINDOWS = frozenset(
    f"{name}{suffix}" for name in ("tumbling", "hopping", "sliding", "session") for suffix in ("", "window")
)


def check_shape(root: ast.Node) -> list[Diagnostic]:
    """Return what is wrong with the shape of a script or an expression. Does not recurse."""
    errors: list[Diagnostic] = []
    # A root that is an expression may be a condition as well as a value.
    waiting: list[tuple[ast.Node, int, bool]] = [(root, 0, True)]
    while waiting:
        node, depth, may_be_condition = waiting.pop()
        if depth > _MAX_DEPTH:
            errors.append(_too_deep(node))
            break
        if not may_be_condition and _is_condition(node):
            errors.append(_condition_as_value(node))
        if isinstance(node, ast.Over):
            errors += [_window_in_over(each) for each in node.partition_by if _is_window(each)]
        for name in node.__struct_fields__:
            value = getattr(node, name)
            for child in value if isinstance(value, tuple) else (value,):
                if not isinstance(child, ast.Node) or isinstance(child, ast.Identifier):
                    continue
                if isinstance(child, ast.IntegerLiteral) and child.value > _LARGEST_BIGINT:
                    if child.value > _LARGEST_BIGINT + 1 or not _is_minus(node):
                        errors.append(out_of_range(child.span, str(child.value)))
                    continue
                waiting.append((child, depth + 1, _takes_condition(node, name)))
    if isinstance(root, ast.IntegerLiteral) and root.value > _LARGEST_BIGINT:
        errors.append(out_of_range(root.span, str(root.value)))
    return errors


def _is_minus(node: ast.Node) -> bool:
    return isinstance(node, ast.Unary) and node.operator is ast.UnaryOperator.MINUS


def _is_condition(node: ast.Node) -> bool:
    if isinstance(node, ast.Binary):
        return node.operator in _COMPARISONS
    return isinstance(node, ast.Not | ast.IsNull | ast.Like | ast.Between | ast.In)


def _takes_condition(node: ast.Node, name: str) -> bool:
    if isinstance(node, ast.Binary):
        return node.operator in (ast.BinaryOperator.AND, ast.BinaryOperator.OR)
    if isinstance(node, ast.When):
        return name == "condition"
    return (type(node).__name__, name) in _CONDITION_FIELDS


def _is_window(node: ast.Node) -> bool:
    return isinstance(node, ast.Call) and node.name.folded in _WINDOWS


def _window_in_over(node: ast.Node) -> Diagnostic:
    return Diagnostic(
        "AQ104",
        "OVER (PARTITION BY ..) takes no window",
        node.span,
        label="a window belongs into GROUP BY",
        help="write LIMIT DURATION(second, 10) in OVER, or group by the window",
    )


def _too_deep(node: ast.Node) -> Diagnostic:
    return Diagnostic(
        "AQ101",
        f"the expression is nested more than {_MAX_DEPTH} deep",
        node.span,
        label="one level too many",
        help="compute parts of it in a step of WITH",
    )


def _condition_as_value(node: ast.Node) -> Diagnostic:
    return Diagnostic(
        "AQ101",
        "a condition stands in the place of a value",
        node.span,
        label="this is true or false, and no value",
        help="write CASE WHEN condition THEN 1 ELSE 0 END",
    )
