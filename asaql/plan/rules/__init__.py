"""The rules of the planner, in the order in which they apply.

A rule is a pure function from plan to plan, in a file of its own name. `asaql explain` shows the plan behind the last.
"""

from collections.abc import Callable

from asaql.plan.logical import Plan
from asaql.plan.rules.drop_unread_slots import drop_unread_slots
from asaql.plan.rules.drop_unread_steps import drop_unread_steps
from asaql.plan.rules.fold_constants import fold_constants
from asaql.plan.rules.narrow_whole_events import narrow_whole_events
from asaql.plan.rules.place_exchanges import place_exchanges
from asaql.plan.verify import verify

Rule = Callable[[Plan], Plan]

RULES: tuple[Rule, ...] = (
    drop_unread_steps,
    fold_constants,
    narrow_whole_events,
    drop_unread_slots,
    place_exchanges,
)


def apply_rules(plan: Plan) -> Plan:
    """Return the plan behind all rules; each is verified to keep what the plan computes well-formed."""
    for rule in RULES:
        after = rule(plan)
        verify(plan, after, rule.__name__)
        plan = after
    return plan
