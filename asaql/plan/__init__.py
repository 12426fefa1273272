"""The logical plan of a query, the rules that improve it, and how it is shown."""

from asaql.analysis import Analysis
from asaql.plan.build import build
from asaql.plan.explain import explain_json, explain_mermaid, explain_text
from asaql.plan.logical import Plan
from asaql.plan.rules import apply_rules

__all__ = ["Plan", "explain_json", "explain_mermaid", "explain_text", "plan_query"]


def plan_query(analysis: Analysis) -> Plan:
    """Return the plan of an analysed query, all rules applied."""
    return apply_rules(build(analysis.script))
