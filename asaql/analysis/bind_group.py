"""Expressions of a grouped SELECT: aggregates, grouped expressions, and nothing else."""

from collections.abc import Sequence

from asaql.analysis.bind import Binder, Surroundings, is_quoted
from asaql.analysis.bound import (
    AggregateCall,
    BoundExpression,
    ColumnRef,
    Constant,
    EventTime,
    FieldOf,
    MakeRecord,
    OrderKey,
    RecordItem,
)
from asaql.analysis.catalog import FunctionKind
from asaql.analysis.hints import kind_hint
from asaql.analysis.names import AGGREGATES, ORDERED_AGGREGATES, has_aggregate
from asaql.analysis.scope import SourceScope
from asaql.analysis.units import bind_count, bind_row_count
from asaql.diagnostics import Span
from asaql.model import Kind
from asaql.syntax import ast

Keys = Sequence[tuple[str, BoundExpression]]


class GroupBinder(Binder):
    """Binds SELECT and HAVING of a grouped SELECT; collects the aggregates they need.

    Args:
        around: The SELECT.
        rows: Binds the arguments of aggregates, row by row.
        keys: Slot and expression of every grouped expression.
        time_slot: The slot of System.Timestamp() where it is a key beside another window.
        aliases: Select items by folded alias; HAVING may name them.
    """

    def __init__(
        self,
        around: Surroundings,
        rows: Binder,
        keys: Keys,
        time_slot: str | None,
        aliases: dict[str, ast.Expression] | None = None,
    ) -> None:
        super().__init__(around, "this clause")
        self.rows = rows
        self.keys = keys
        self.time_slot = time_slot
        self.aliases = aliases or {}
        self.aggregates: list[tuple[str, AggregateCall]] = []
        self.uses_window_id = False

    def bind(self, expression: ast.Expression) -> BoundExpression:
        """Return the bound expression over keys and aggregates; NULL after an error."""
        key = self._key(expression)
        return key if key is not None else super().bind(expression)

    def path(self, path: ast.Path) -> BoundExpression:
        """Bind a path, which must be a key, an alias that HAVING names, or the event time."""
        if len(path.parts) == 2 and [part.folded for part in path.parts] == ["system", "timestamp"]:
            return self.event_time(path.span)
        alias = self.aliases.get(path.parts[0].folded) if len(path.parts) == 1 else None
        if alias is not None:
            aliases, self.aliases = self.aliases, {}
            bound = self.bind(alias)
            self.aliases = aliases
            return bound
        grouped = self._part_of_key(path)
        if grouped is not None:
            return grouped
        if is_quoted(path):
            return self.quoted_text(path)
        before = self.findings.error_count
        self.rows.path(path)
        if self.findings.error_count == before:
            name = ".".join(part.name for part in path.parts)
            self.findings.error(
                "AQ402",
                f'column "{name}" is neither grouped nor inside an aggregate',
                path.span,
                label="not in GROUP BY",
                help=f"add {name} to GROUP BY, or write MAX({name})",
            )
        return Constant(None, span=path.span)

    def record(self, source: SourceScope, span: Span) -> BoundExpression:
        """Refuse a source as a value: a group has many rows."""
        self.findings.error(
            "AQ402",
            f'the row of "{source.name}" is neither grouped nor inside an aggregate',
            span,
            help="TopOne() OVER (..)",
        )
        return Constant(None, span=span)

    def event_time(self, span: Span) -> BoundExpression:
        """Bind System.Timestamp(): the window's end, or the grouped instant beside another window."""
        return ColumnRef(self.time_slot, span=span) if self.time_slot else EventTime(span=span)

    def window_record(self, call: ast.Call) -> BoundExpression:
        """Bind System.Window(): a record with the field Id."""
        self.uses_window_id = True
        return MakeRecord((RecordItem("Id", ColumnRef("$window", span=call.span)),), span=call.span)

    def aggregate(self, call: ast.Call) -> BoundExpression:
        """Bind an aggregate: its argument row by row, its result in a slot."""
        bound = self._script_aggregate(call) if call.prefix else self._aggregate(call)
        if bound is None:
            return Constant(None, span=call.span)
        for slot, each in self.aggregates:
            if each == bound:
                return ColumnRef(slot, span=call.span)
        slot = f"$aggregate.{len(self.aggregates)}"
        self.aggregates.append((slot, bound))
        return ColumnRef(slot, span=call.span)

    def _key(self, expression: ast.Expression) -> BoundExpression | None:
        """Return the slot of a grouped expression, if this is one."""
        if isinstance(expression, ast.IntegerLiteral | ast.FloatLiteral | ast.StringLiteral | ast.NullLiteral):
            return None
        if not self.keys or has_aggregate(expression):
            return None
        findings = self.rows.findings
        read = [(each, dict(each.fields), each.uses_record) for each in self.around.sources]
        self.rows.findings = self.around.findings = findings.scratch()
        with self.around.scores.attempt():
            bound = self.rows.bind(expression)
        self.rows.findings = self.around.findings = findings
        for source, fields, uses_record in read:
            source.fields, source.uses_record = fields, uses_record
        return next((ColumnRef(slot, span=expression.span) for slot, key in self.keys if key == bound), None)

    def _part_of_key(self, path: ast.Path) -> BoundExpression | None:
        """Return a field of a grouped record, if the path is one."""
        for length in range(len(path.parts) - 1, 0, -1):
            bound = self._key(ast.Path(path.parts[:length], span=path.span))
            if bound is not None:
                for part in path.parts[length:]:
                    bound = FieldOf(bound, part.name, span=path.span)
                return bound
        return None

    def _script_aggregate(self, call: ast.Call) -> AggregateCall | None:
        name, catalog = call.name.name, self.around.catalog
        declared = catalog.function(name)
        if declared is None or declared.kind is not FunctionKind.AGGREGATE:
            message = f'no JavaScript aggregate "{name}" is declared'
            if catalog.is_complete:
                self.findings.error("AQ208", message, call.name.span, help=f"--function {name}=FILE.js")
                return None
            self.findings.warning("AQ208", message, call.name.span)
        if len(call.arguments) != 1:
            self.findings.error("AQ206", f"uda.{name} takes 1 argument", call.span)
            return None
        alias = declared.name if declared else name
        return AggregateCall(alias, self.rows.argument(call.arguments[0]), is_script=True, span=call.span)

    def _aggregate(self, call: ast.Call) -> AggregateCall | None:
        name = call.name.folded
        arguments = [each for each in call.arguments if not isinstance(each, ast.Star)]
        is_star = len(arguments) < len(call.arguments)
        if is_star and name != "count":
            self.findings.error("AQ306", f"{call.name.name}(*) is not possible", call.span, help="COUNT(*)")
            return None
        if call.is_distinct and name != "count":
            self.findings.error(
                "AQ306", f"{call.name.name}(DISTINCT ..) is not possible", call.span, help="COUNT(DISTINCT ..)"
            )
            return None
        least, most = AGGREGATES[name]
        if not is_star and not self.check_count(call, least, most):
            return None
        if call.over is None and name in ORDERED_AGGREGATES:
            self.findings.error(
                "AQ408", f"{call.name.name} needs OVER (ORDER BY ..)", call.span, help="OVER (ORDER BY value DESC)"
            )
            return None
        order = bind_order(call.over, self.rows) if call.over is not None else ()
        if name.startswith("percentile"):
            return self._percentile(call, name, arguments[0], order)
        parameter = None
        if name == "collecttop":
            parameter = bind_row_count(call, arguments.pop(0), self.findings)
        argument = self._argument(name, arguments)
        is_text = name in ("min", "max") and argument is not None and is_text_value(argument, self.around.sources)
        return AggregateCall(
            name, argument, call.is_distinct, order_by=order, parameter=parameter, is_text=is_text, span=call.span
        )

    def _percentile(
        self, call: ast.Call, name: str, share: ast.Expression, order: tuple[OrderKey, ...]
    ) -> AggregateCall | None:
        parameter = bind_count(share, self.findings, f"the share of {call.name.name}")
        if parameter is not None and not 0 <= parameter <= 1:
            self.findings.error("AQ306", f"{call.name.name} takes a share between 0 and 1", share.span)
        if len(order) != 1:
            self.findings.error("AQ408", f"{call.name.name} needs one key in ORDER BY", call.span)
            return None
        return AggregateCall(name, order[0].key, order_by=order, parameter=parameter, span=call.span)

    def _argument(self, name: str, arguments: list[ast.Expression]) -> BoundExpression | None:
        if arguments:
            argument = arguments[0]
            if name == "count" and isinstance(argument, ast.Path) and len(argument.parts) == 1:
                source = self.source(argument.parts[0])
                if source is not None and not source.has(source.name):
                    return self.rows.record(source, argument.span)
            return (
                self.rows.argument(argument)
                if name in ("collect", "collecttop", "topone")
                else self.rows.bind(argument)
            )
        if name == "count":
            return None
        return self.rows.record(self.around.sources[0], Span(0, 0))


def bind_order(over: ast.Over, rows: Binder) -> tuple[OrderKey, ...]:
    """Return the keys of ORDER BY inside OVER."""
    return tuple(OrderKey(rows.bind(each.key), each.is_descending, span=each.span) for each in over.order_by)


def is_text_value(expression: BoundExpression, sources: Sequence[SourceScope]) -> bool:
    """Return whether the query says that a value is text, by CAST or CREATE TABLE."""

    def kind_of_slot(slot: str) -> Kind | None:
        source = next((each for each in sources if slot.startswith(f"{each.folded}.")), None)
        return source.kind_of(slot) if source is not None else None

    return kind_hint(expression, kind_of_slot) is Kind.NVARCHAR
