"""Functions with OVER that look back: LAG, LAST, ISFIRST, running aggregates, anomaly detectors."""

from msgspec.structs import replace

from asaql.analysis.bind import Binder
from asaql.analysis.bind_detector import DETECTORS, bind_detector
from asaql.analysis.bind_group import bind_order, is_text_value
from asaql.analysis.bound import BoundExpression, ColumnRef, Constant, slots_of
from asaql.analysis.bound_query import AnalyticCall
from asaql.analysis.names import AGGREGATES, ANALYTICS, ORDERED_AGGREGATES, calls_in, is_analytic
from asaql.analysis.scope import SourceScope
from asaql.analysis.units import bind_count, bind_duration, bind_row_count
from asaql.syntax import ast


class AnalyticBinder:
    """Binds analytic calls of one SELECT and keeps them by the source that they look at.

    Args:
        sources: The sources of the SELECT, growing as FROM is bound.
    """

    def __init__(self, sources: list[SourceScope]) -> None:
        self._sources = sources
        self._calls: dict[str, list[AnalyticCall]] = {}
        self._count = 0

    def calls(self, source: SourceScope) -> tuple[AnalyticCall, ...]:
        """Return the calls that look at `source`."""
        return tuple(self._calls.get(source.folded, ()))

    def bind(self, call: ast.Call, rows: Binder) -> BoundExpression:
        """Return the slot in which the values of `call` arrive; NULL after an error."""
        for inner in calls_in((call.arguments, call.over)):
            external = [part.folded for part in inner.prefix] == ["udf"]
            if is_analytic(inner) or external:
                what = "a user-defined function" if external else "another analytic function"
                rows.findings.error(
                    "AQ408", f"{call.name.name} cannot hold {what}", inner.span, help="use a step for it"
                )
                return Constant(None, span=call.span)
        bound = self._call(call, rows)
        if bound is None:
            return Constant(None, span=call.span)
        source = self._source(bound, call, rows)
        for each in self._calls.setdefault(source.folded, []):
            if replace(each, slot="") == replace(bound, slot=""):
                return ColumnRef(each.slot, span=call.span)
        self._calls[source.folded].append(bound)
        return ColumnRef(bound.slot, span=call.span)

    def _source(self, bound: AnalyticCall, call: ast.Call, rows: Binder) -> SourceScope:
        """Return the one source whose events a call looks at."""
        read = [bound.argument, bound.when, bound.default, *bound.partition_by, *(each.key for each in bound.order_by)]
        slots = frozenset[str]().union(*(slots_of(each) for each in read if each is not None))
        sources = [each for each in self._sources if any(slot.startswith(f"{each.folded}.") for slot in slots)]
        if len(sources) > 1:
            rows.findings.error(
                "AQ408",
                f"{call.name.name} looks at the events of one source, and this names several",
                call.span,
                notes=("functions with OVER are computed before JOIN",),
                help="join in a step first",
            )
        return sources[0] if sources else self._sources[0]

    def _call(self, call: ast.Call, rows: Binder) -> AnalyticCall | None:
        name = call.name.folded
        least, most = ANALYTICS.get(name) or AGGREGATES[name]
        if not rows.check_count(call, least, most):
            return None
        if call.is_distinct:
            rows.findings.error("AQ408", f"{call.name.name}(DISTINCT ..) does not take OVER", call.span)
            return None
        self._count += 1
        bound = AnalyticCall(f"$analytic.{self._count}", name, None, span=call.span)
        if call.over is not None:
            bound = self._over(bound, call, call.over, rows)
        if name == "isfirst":
            interval = bind_duration(call.arguments[0], call.arguments[1], rows.findings)
            if interval is not None and interval <= 0:
                rows.findings.error("AQ404", "a duration must be positive", call.arguments[1].span)
            return replace(bound, limit=interval)
        if bound.limit is None:
            if call.over is None or call.over.limit is None:
                rows.findings.error(
                    "AQ408",
                    f"{call.name.name} needs OVER with LIMIT DURATION",
                    call.span,
                    help=f"{call.name.name}(..) OVER (LIMIT DURATION(minute, 5))",
                )
            return None
        return self._arguments(bound, call, rows)

    def _over(self, bound: AnalyticCall, call: ast.Call, over: ast.Over, rows: Binder) -> AnalyticCall:
        name = call.name.folded
        limit = bind_duration(over.limit.unit, over.limit.count, rows.findings) if over.limit is not None else None
        if limit is not None and over.limit is not None and limit <= 0:
            rows.findings.error("AQ404", "a duration must be positive", over.limit.span)
        if over.order_by and name not in ORDERED_AGGREGATES:
            rows.findings.error("AQ408", f"{call.name.name} does not take ORDER BY", over.order_by[0].span)
        return replace(
            bound,
            partition_by=tuple(rows.bind(each) for each in over.partition_by),
            limit=limit,
            when=rows.bind(over.when) if over.when is not None else None,
            order_by=bind_order(over, rows),
        )

    def _arguments(self, bound: AnalyticCall, call: ast.Call, rows: Binder) -> AnalyticCall | None:
        name = bound.name
        if name in DETECTORS:
            return bind_detector(bound, call, rows)
        arguments = list(call.arguments)
        if name == "collecttop":
            count = bind_row_count(call, arguments.pop(0), rows.findings)
            if count is None:
                return None
            bound = replace(bound, parameters=(count,))
        if not arguments or (name == "count" and isinstance(arguments[0], ast.Star)):
            whole = None if name == "count" else rows.record(self._sources[0], call.span)
            return replace(bound, argument=whole)
        first, *rest = arguments
        if isinstance(first, ast.Star):
            source = self._sources[0]
            if first.qualifier:
                source = rows.source(first.qualifier[0]) or source
            bound = replace(bound, argument=rows.record(source, first.span))
        else:
            bound = replace(bound, argument=rows.argument(first))
        if name in ("lag", "last"):
            return self._lag(bound, rest, rows)
        is_text = name in ("min", "max") and bound.argument is not None and is_text_value(bound.argument, self._sources)
        return replace(bound, is_text=is_text)

    def _lag(self, bound: AnalyticCall, rest: list[ast.Expression | ast.Star], rows: Binder) -> AnalyticCall | None:
        if bound.name == "lag" and rest:
            offset = bind_count(rest.pop(0), rows.findings.scratch())
            if not isinstance(offset, int) or offset < 1:
                rows.findings.error("AQ306", "the offset of LAG must be a whole number from 1 on", bound.span)
                return None
            bound = replace(bound, offset=offset)
        return replace(bound, default=rows.argument(rest[0])) if rest else bound
