"""Computes before the run what does not depend on events."""

from asaql.analysis.bound import BoundExpression, Constant, Invoke, with_children
from asaql.functions import FunctionError
from asaql.model import BIGINT_MAX, BIGINT_MIN, Value
from asaql.plan.logical import Plan, PlanNode, transform_plan, with_expressions


def fold_constants(plan: Plan) -> Plan:
    """Return the plan with calls over constants replaced by their values.

    Before: `DATEADD(day, 1, '2024-01-01') < t`; after: `2024-01-02T00:00:00.0000000Z < t`. A call that fails stays: it
    fails for the first event that needs it, and for none if there is no such event.
    """
    return transform_plan(plan, _fold_node)


def _fold_node(node: PlanNode) -> PlanNode:
    return with_expressions(node, fold)


def fold(expression: BoundExpression) -> BoundExpression:
    """Return the expression with its constant parts computed."""
    folded = with_children(expression, fold)
    if not isinstance(folded, Invoke):
        return folded
    values = [each.value for each in folded.arguments if isinstance(each, Constant)]
    if len(values) < len(folded.arguments):
        return folded
    if folded.function.is_strict and any(value is None for value in values):
        return Constant(None, span=folded.span)
    try:
        result: Value = folded.function.scalar(*values)
    except FunctionError:
        return folded
    fits = not isinstance(result, int) or BIGINT_MIN <= result <= BIGINT_MAX
    return Constant(result, span=folded.span) if fits else folded
