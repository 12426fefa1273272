"""FROM: sources, joins, applies."""

from typing import Protocol

from asaql.analysis.bind import Binder, Surroundings
from asaql.analysis.bind_analytic import AnalyticBinder
from asaql.analysis.bind_join import ConditionBinder, bind_condition
from asaql.analysis.bind_match import bind_match
from asaql.analysis.bound import BoundExpression
from asaql.analysis.bound_query import BoundApply, BoundFrom, BoundJoin, BoundMatch, InputRead, StepRead, TimeBound
from asaql.analysis.names import TABLE_FUNCTIONS, calls_in, is_aggregate, is_analytic
from asaql.analysis.scope import ColumnFact, SourceScope
from asaql.analysis.script_scope import ScriptScope
from asaql.analysis.substreams import Substreams
from asaql.analysis.units import unit_ticks
from asaql.analysis.windows import MAX_SIZE, is_event_time
from asaql.diagnostics import Label, Span, did_you_mean
from asaql.model import Kind
from asaql.syntax import ast


class ReadingSelect(Surroundings, Protocol):
    """What FROM needs of its SELECT.

    Attributes:
        script: Steps and declarations.
        analytics: The functions with OVER, by the source that they look at.
        reads: Folded name of a source to the name of the input or step that it reads.
    """

    script: ScriptScope
    analytics: AnalyticBinder
    reads: dict[str, str]


class FromBinder:
    """Binds FROM of one SELECT in two passes: sources first, and, when everything else is bound, what is read of them.

    Args:
        select: The SELECT.
    """

    def __init__(self, select: ReadingSelect) -> None:
        self._select = select
        self._findings = select.findings
        self._extras: dict[
            str, tuple[BoundExpression | None, tuple[BoundExpression, ...], tuple[BoundExpression, ...]]
        ] = {}
        self._operations: list[BoundApply | BoundJoin] = []
        self.match: BoundMatch | None = None
        self.partition_keys: tuple[BoundExpression, ...] = ()
        self.substreams = Substreams(select.findings)

    def bind(self, from_: ast.From) -> None:
        """Bind the sources and everything between them."""
        first = self._add_source(from_.source)
        self._bind_operations(from_, first)
        if from_.match is not None:
            self.match = bind_match(from_.match, self._select)

    def finish(self, from_: ast.From) -> BoundFrom:
        """Return the bound FROM, with everything that the other clauses read."""
        operations: list[BoundJoin | BoundApply] = []
        for each, bound in zip(from_.operations, self._operations, strict=False):
            if isinstance(bound, BoundJoin) and isinstance(each, ast.Join):
                right = each.right if isinstance(each.right, ast.From) else ast.From(each.right)
                read = self._finish_right(right)
                bound = BoundJoin(
                    read, bound.is_left, bound.keys, bound.bounds, bound.residual, bound.is_reference, span=bound.span
                )
            operations.append(bound)
        source = self._source(from_.source)
        return BoundFrom(
            self._read(from_.source),
            self._select.analytics.calls(source),
            tuple(operations),
            self.match,
            span=from_.span,
        )

    def _finish_right(self, right: ast.From) -> BoundFrom:
        source = self._source(right.source)
        return BoundFrom(self._read(right.source), self._select.analytics.calls(source), span=right.span)

    def _bind_operations(self, from_: ast.From, first: SourceScope) -> None:
        for operation in from_.operations:
            if isinstance(operation, ast.Apply):
                self._operations.append(self._apply(operation))
            else:
                self._operations.append(self._join(operation, first))

    # Sources -----------------------------------------------------------------------------------------------------

    def _add_source(self, reference: ast.SourceReference) -> SourceScope:
        name = (reference.alias or reference.name).name
        step = self._select.script.step(reference.name.name)
        declared: dict[str, Kind | None] = {}
        columns: tuple[ColumnFact, ...] | None = None
        if step is not None:
            columns = step.columns
            if reference.timestamp_by is not None:
                self._findings.error(
                    "AQ405",
                    f'TIMESTAMP BY cannot be used on step "{reference.name.name}"',
                    reference.timestamp_by.span,
                    label="a step keeps the event times of what it reads",
                    help="move TIMESTAMP BY into the step, behind the input",
                )
        else:
            self._check_input(reference)
            declared = self._select.script.declared(reference.name.name) or {}
        is_reference = step.is_reference if step is not None else self._select.catalog.is_reference(reference.name.name)
        if is_reference and step is None and reference.timestamp_by is not None:
            self._findings.error(
                "AQ410",
                f'TIMESTAMP BY cannot be used on reference data "{reference.name.name}"',
                reference.timestamp_by.span,
                label="reference data has no event times",
                help="remove TIMESTAMP BY",
            )
        scope = SourceScope(name, columns, declared, step is None, reference.span, is_reference)
        if any(each.folded == scope.folded for each in self._select.sources):
            self._findings.error(
                "AQ202",
                f'two sources of this statement are called "{name}"',
                (reference.alias or reference.name).span,
                help=f"{reference.name.name} AS other",
            )
        self._select.sources.append(scope)
        self._select.reads[scope.folded] = reference.name.name
        self._bind_clauses(reference, scope)
        return scope

    def _check_input(self, reference: ast.SourceReference) -> None:
        name, script = reference.name, self._select.script
        known = self._select.catalog.inputs
        later = script.later_step(name.name)
        if later is not None:
            self._findings.error(
                "AQ201",
                f'step "{name.name}" is read before it is defined',
                name.span,
                labels=(Label(later, "defined here"),),
                help="a step can read the steps before it",
            )
        elif known and name.folded not in {each.casefold() for each in known}:
            nearest = did_you_mean(name.name, [*known, *script.step_names])
            self._findings.error(
                "AQ201",
                f'"{name.name}" is neither a step nor an input',
                name.span,
                notes=(f"the inputs are {', '.join(known)}",),
                help=f'did you mean "{nearest}"?' if nearest else None,
            )

    def _bind_clauses(self, reference: ast.SourceReference, scope: SourceScope) -> None:
        """Bind TIMESTAMP BY and PARTITION BY, which see their own source only."""
        sources = list(self._select.sources)
        self._select.sources[:] = [scope]
        binder = Binder(self._select, "TIMESTAMP BY")
        time: BoundExpression | None = None
        over: tuple[BoundExpression, ...] = ()
        if reference.timestamp_by is not None and scope.is_input:
            if self._payload_only(reference.timestamp_by.expression):
                time = binder.bind(reference.timestamp_by.expression)
            over = tuple(binder.bind(each) for each in reference.timestamp_by.over)
            self.substreams.add(scope.folded, reference.timestamp_by.over, over)
        keys: tuple[BoundExpression, ...] = ()
        if reference.partition_by is not None:
            keys = tuple(Binder(self._select, "PARTITION BY").bind(each) for each in reference.partition_by.keys)
            if reference.partition_by.count is not None and reference.partition_by.count < 2:
                self._findings.error(
                    "AQ501", "PARTITION BY .. INTO takes a number of at least 2", reference.partition_by.span
                )
        self._select.sources[:] = sources
        self._extras[scope.folded] = (time, over, keys)
        self.partition_keys += keys

    def _payload_only(self, expression: ast.Expression) -> bool:
        time_calls = [call for call in calls_in(expression) if is_event_time(call)]
        if time_calls or is_event_time(expression):
            span = time_calls[0].span if time_calls else expression.span
            self._findings.error(
                "AQ405", "System.Timestamp() cannot be used in TIMESTAMP BY", span, label="this is what it sets"
            )
            return False
        looking_back = [call for call in calls_in(expression) if is_analytic(call) or is_aggregate(call)]
        if looking_back:
            self._findings.error(
                "AQ405",
                "TIMESTAMP BY reads the payload of one event only",
                looking_back[0].span,
                label="reads other events",
            )
        return not looking_back

    def _source(self, reference: ast.SourceReference) -> SourceScope:
        folded = (reference.alias or reference.name).folded
        return next(each for each in self._select.sources if each.folded == folded)

    def _read(self, reference: ast.SourceReference) -> InputRead | StepRead:
        scope = self._source(reference)
        time, over, keys = self._extras[scope.folded]
        count = reference.partition_by.count if reference.partition_by is not None else None
        if not scope.is_input:
            fields = tuple((slot, path[0]) for slot, path in scope.fields.items())
            if scope.uses_record:
                fields += ((scope.record_slot, "*"),)
            name = self._select.script.step_name(reference.name.name)
            return StepRead(name, scope.folded, fields, keys, count, span=reference.span)
        declared = (
            tuple(scope.declared.items()) if self._select.script.declared(reference.name.name) is not None else None
        )
        return InputRead(
            reference.name.name,
            scope.folded,
            tuple(scope.fields.items()),
            scope.record_slot if scope.uses_record else None,
            declared,
            time,
            over,
            keys,
            count,
            scope.is_reference,
            span=reference.span,
        )

    # Joins and applies -------------------------------------------------------------------------------------------

    def _join(self, join: ast.Join, first: SourceScope) -> BoundJoin:
        if isinstance(join.right, ast.From) and (join.right.operations or join.right.match):
            self._findings.error(
                "AQ104",
                "a join in parentheses on the right side is not supported",
                join.right.span,
                help="join it in a step",
            )
        source = join.right.source if isinstance(join.right, ast.From) else join.right
        right = self._add_source(source)
        if not (self._select.catalog.is_complete or right.is_reference) and self._may_be_reference(source):
            self._guess_reference(join, right, source.name.name)
        before = self._findings.error_count
        condition = bind_condition(join.condition, ConditionBinder(self._select, "ON"), {right.folded})
        bounds = tuple(condition.bounds)
        if right.is_reference:
            if bounds:
                self._findings.error(
                    "AQ410",
                    f'"{right.name}" is reference data, and DATEDIFF needs two streams',
                    bounds[0].span,
                    help="join reference data without a time bound",
                )
        elif first.is_reference:
            self._findings.error(
                "AQ410",
                "reference data can stand only on the right side of a join",
                first.span,
                help="swap the two sources",
            )
        elif self._findings.error_count == before:
            self._check_bounds(join, right, condition.bounds)
            self.substreams.check_join(right.folded, (key for _, key in condition.keys))
            if not any(isinstance(each, BoundJoin) for each in self._operations):
                self.substreams.check_join(first.folded, (key for key, _ in condition.keys))
        read = BoundFrom(StepRead("", right.folded))
        return BoundJoin(
            read,
            join.kind is ast.JoinKind.LEFT,
            tuple(condition.keys),
            bounds,
            condition.rest,
            right.is_reference,
            span=join.span,
        )

    def _may_be_reference(self, source: ast.SourceReference) -> bool:
        """Whether a source is an input or a step that only wraps one, and no event times are set on it."""
        if source.timestamp_by is not None:
            return False
        step = self._select.script.step(source.name.name)
        if step is None:
            return True
        query = step.query
        if isinstance(query, ast.Union) or query.group_by:
            return False
        from_ = query.from_
        return not (from_.operations or from_.match or from_.union) and self._may_be_reference(from_.source)

    def _guess_reference(self, join: ast.Join, right: SourceScope, name: str) -> None:
        """Take a source that is joined without a time bound for reference data, where no job says what it is."""
        if any(call.name.folded == "datediff" for call in calls_in(join.condition)):
            return
        right.is_reference = True
        self._findings.warning(
            "AQ410",
            f'"{name}" is joined without a time bound',
            join.condition.span,
            label="taken for reference data",
            help=f"--reference {name}" if right.is_input else None,
        )

    def _check_bounds(self, join: ast.Join, right: SourceScope, bounds: list[TimeBound]) -> None:
        has_lower = any(each.lower is not None for each in bounds)
        has_upper = any(each.upper is not None for each in bounds)
        if not (has_lower and has_upper):
            left = self._select.sources[0].name
            self._findings.error(
                "AQ406",
                "the join predicate is not time bounded",
                join.condition.span,
                label="no DATEDIFF limits how far apart the events may be",
                notes=(f'if "{right.name}" is reference data, say so: --reference {right.name}',),
                help=f"AND DATEDIFF(minute, {left}, {right.name}) BETWEEN 0 AND 5",
            )
            return
        for each in bounds:
            for limit in (each.lower, each.upper):
                if limit is not None and abs(limit) * unit_ticks(each.unit) > MAX_SIZE:
                    self._findings.error("AQ406", "a join reaches over at most 7 days", each.span)

    def _apply(self, apply: ast.Apply) -> BoundApply:
        call = apply.function
        binder = Binder(self._select, "APPLY")
        function = TABLE_FUNCTIONS.get(call.name.folded) if not call.prefix else None
        argument: BoundExpression
        if function is None:
            self._findings.error(
                "AQ306",
                f"{call.name.name} cannot be applied",
                call.span,
                label="gives a value, not rows",
                help="GetArrayElements(..) or GetRecordProperties(..)",
            )
            function = "GetArrayElements"
        elif len(call.arguments) != 1:
            self._findings.error("AQ206", f"{function} takes 1 argument", call.span)
        if len(call.arguments) != 1:
            argument = binder.bind(ast.NullLiteral(span=call.span))
        else:
            argument = binder.argument(call.arguments[0])
        name = apply.alias.name if apply.alias is not None else function
        span: Span = apply.alias.span if apply.alias is not None else apply.span
        names = ("ArrayIndex", "ArrayValue") if function == "GetArrayElements" else ("PropertyName", "PropertyValue")
        kinds = (Kind.BIGINT if function == "GetArrayElements" else Kind.NVARCHAR, None)
        columns = tuple(ColumnFact(each, kind) for each, kind in zip(names, kinds, strict=True))
        scope = SourceScope(name, columns, {}, is_input=False, span=span)
        if any(each.folded == scope.folded for each in self._select.sources):
            self._findings.error("AQ202", f'two sources of this statement are called "{name}"', span)
        self._select.sources.append(scope)
        slots = [f"{scope.folded}.{each.casefold()}" for each in names]
        is_outer = apply.kind is ast.ApplyKind.OUTER
        return BoundApply(function, argument, slots[0], slots[1], is_outer, span=apply.span)
