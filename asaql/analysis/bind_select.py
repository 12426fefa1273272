"""One SELECT: its clauses bound in the order in which they apply."""

from asaql.analysis.bind import Binder
from asaql.analysis.bind_analytic import AnalyticBinder
from asaql.analysis.bind_from import FromBinder
from asaql.analysis.bind_group import GroupBinder
from asaql.analysis.bind_having import UngroupedHavingBinder, aliases_of
from asaql.analysis.bind_scores import STAGES, ScoreCalls, ScoreStage
from asaql.analysis.bound import (
    BoundExpression,
    ColumnRef,
    Constant,
    EventTime,
    Logical,
    LogicalOperator,
    MakeRecord,
    RecordItem,
    ScriptCall,
)
from asaql.analysis.bound_query import BoundSelect, Grouping, OutputColumn, WindowSpec
from asaql.analysis.catalog import Catalog, FunctionKind
from asaql.analysis.findings import Findings
from asaql.analysis.hints import kind_hint
from asaql.analysis.names import default_name
from asaql.analysis.scope import ColumnFact, SourceScope
from asaql.analysis.script_scope import ScriptScope
from asaql.analysis.windows import bind_windows, is_event_time, is_window
from asaql.diagnostics import Span, did_you_mean
from asaql.model import Kind
from asaql.syntax import ast


class SelectBinder:
    """Binds one SELECT.

    Args:
        script: The script around it: steps, declarations, catalog.
        is_step: Whether it is a step, whose columns others read by name.
    """

    def __init__(self, script: ScriptScope, *, is_step: bool) -> None:
        self.script = script
        self.catalog: Catalog = script.catalog
        self.findings: Findings = script.findings
        self.sources: list[SourceScope] = []
        self.analytics = AnalyticBinder(self.sources)
        self.reads: dict[str, str] = {}
        self._is_step = is_step
        self.scores = ScoreCalls()

    def bind(self, select: ast.Select) -> BoundSelect:
        """Return the bound SELECT; after errors, which are then among the findings, one that must not be run."""
        from_binder = FromBinder(self)
        from_binder.bind(select.from_)
        rows = Binder(self, "WHERE")
        where = rows.bind(select.where) if select.where is not None else None
        grouping: Grouping | None = None
        having: BoundExpression | None = None
        if from_binder.match is not None:
            columns = tuple(
                OutputColumn(name, ColumnRef(f"$measure.{name}", span=value.span), span=value.span)
                for name, value in from_binder.match.measures
            )
        elif select.group_by:
            binder, grouping = self._group(select, from_binder, rows)
            columns = self._columns(select, binder)
            having_binder = GroupBinder(self, rows, binder.keys, binder.time_slot, aliases_of(select))
            having_binder.aggregates = binder.aggregates
            having = having_binder.bind(select.having) if select.having is not None else None
            grouping = Grouping(
                grouping.windows,
                grouping.keys,
                tuple(binder.aggregates),
                grouping.partition_keys,
                "$window" if binder.uses_window_id or having_binder.uses_window_id else None,
                span=grouping.span,
            )
        else:
            columns = self._columns(select, Binder(self, "SELECT"))
        if select.having is not None and not select.group_by:
            condition = UngroupedHavingBinder(self, aliases_of(select)).bind(select.having)
            where = (
                condition if where is None else Logical(LogicalOperator.AND, (where, condition), span=condition.span)
            )
        self._check_names(select, columns)
        from_ = from_binder.finish(select.from_)
        return BoundSelect(
            from_,
            self.scores.at(ScoreStage.WHERE),
            where,
            self.scores.at(ScoreStage.ROWS),
            grouping,
            self.scores.at(ScoreStage.GROUPS),
            having,
            columns,
            span=select.span,
        )

    def facts(self, select: BoundSelect) -> tuple[ColumnFact, ...] | None:
        """Return the columns that other SELECTs see of this one; None when they differ event by event."""
        if select.is_open:
            return None
        grouped = {} if select.grouping is None else dict(select.grouping.keys)

        def kind_of_slot(slot: str) -> Kind | None:
            if slot in grouped:
                return kind_hint(grouped[slot], kind_of_slot)
            source = next((each for each in self.sources if slot.startswith(f"{each.folded}.")), None)
            return source.kind_of(slot) if source is not None else None

        return tuple(ColumnFact(each.name or "", kind_hint(each.value, kind_of_slot)) for each in select.columns)

    # Surroundings of the binders ---------------------------------------------------------------------------------

    def analytic(self, call: ast.Call, binder: Binder) -> BoundExpression:
        """Bind a function with OVER."""
        return self.analytics.bind(call, binder)

    def is_step(self, name: str) -> bool:
        """Whether a step has this name."""
        return self.script.step(name) is not None

    def step_record(self, name: ast.Identifier, binder: Binder) -> BoundExpression | None:
        """Bind a step that is a per-event projection of the one source read here, as the record of the event."""
        select = self.script.projection(name.name)
        if select is None or len(self.sources) != 1:
            return None
        if self.script.root(select.from_.source.name.name) != self.script.root(self.reads[self.sources[0].folded]):
            return None
        findings = self.findings
        findings.warning(
            "AQ210",
            f'step "{name.name}" is used as a value, and this statement does not read from it',
            name.span,
            label="taken as the record of the current event",
            help=f"FROM {name.name}",
        )
        source = self.sources[0]
        inner = _Renamed(self, binder.clause, source, (select.from_.source.alias or select.from_.source.name).folded)
        items = []
        for item in select.items:
            if isinstance(item.expression, ast.Star):
                items.append(RecordItem(None, inner.record(source, item.span)))
            else:
                column = item.alias.name if item.alias else default_name(item.expression) or f"col{len(items) + 1}"
                items.append(RecordItem(column, inner.bind(item.expression)))
        return MakeRecord(tuple(items), span=name.span)

    def user_function(self, call: ast.Call, binder: Binder) -> BoundExpression:
        """Bind a call of a user-defined function: JavaScript in place, scoring as a column that will arrive."""
        name = call.name.name
        declared = self.catalog.function(name)
        arguments = tuple(binder.argument(each) for each in call.arguments)
        if declared is None and binder.is_built_in(call):
            return binder.without_prefix(call)
        if declared is None:
            nearest = did_you_mean(name, [each.name for each in self.catalog.functions])
            text = f'function "{name}" is not declared'
            help_ = f"did you mean udf.{nearest}?" if nearest else f"--function {name}=FILE.js or --score {name}=URL"
            if self.catalog.is_complete:
                self.findings.error("AQ208", text, call.name.span, label="no such function in the job", help=help_)
            else:
                self.findings.warning("AQ208", text, call.name.span, help=help_)
            return ScriptCall(name, arguments, span=call.span)
        if declared.kind is FunctionKind.AGGREGATE:
            self.findings.error("AQ209", f'"{name}" is a JavaScript aggregate', call.span, help=f"uda.{name}(..)")
            return Constant(None, span=call.span)
        arity = 1 if declared.kind is FunctionKind.SCORE else declared.arity
        if arity is not None and len(arguments) != arity:
            noun = "argument" if arity == 1 else "arguments"
            given = "1 is given" if len(arguments) == 1 else f"{len(arguments) or 'none'} are given"
            notes = (
                ("a scoring function takes an array, a record or a column",)
                if declared.kind is FunctionKind.SCORE
                else ()
            )
            self.findings.error(
                "AQ206", f"udf.{declared.name} takes {arity} {noun}, and {given}", call.span, notes=notes
            )
            return Constant(None, span=call.span)
        if declared.kind is FunctionKind.SCRIPT:
            return ScriptCall(declared.name, arguments, span=call.span)
        stage = ScoreStage.GROUPS if isinstance(binder, GroupBinder) else STAGES.get(binder.clause)
        if stage is None:
            self.findings.error(
                "AQ306",
                f"scoring function udf.{declared.name} cannot be used in {binder.clause}",
                call.span,
                help=f"WITH scored AS (SELECT .., udf.{declared.name}(..) AS score FROM ..)",
            )
            return Constant(None, span=call.span)
        return self.scores.column(declared.name, arguments[0], stage, call.span)

    # Clauses -----------------------------------------------------------------------------------------------------

    def _group(self, select: ast.Select, from_: FromBinder, rows: Binder) -> tuple[GroupBinder, Grouping]:
        rows.clause = "GROUP BY"
        windows: list[WindowSpec] = []
        keys: list[tuple[str, BoundExpression]] = []
        window_items = [item for item in select.group_by if is_window(item)]
        time_items = [item for item in select.group_by if is_event_time(item)]
        for item in select.group_by:
            if is_window(item) and isinstance(item, ast.Call):
                windows += bind_windows(item, rows.bind, self.findings)
            elif not is_event_time(item):
                slot = f"$key.{len(keys)}"
                keys.append((slot, rows.bind(item)))
        from_.substreams.check_groups(key for _, key in keys)
        time_slot = None
        if len(window_items) > 1:
            self.findings.error(
                "AQ401",
                "GROUP BY has two windows",
                window_items[1].span,
                label="the second",
                help="Windows(TumblingWindow(second, 10), TumblingWindow(minute, 1))",
            )
        if not window_items and time_items:
            windows.append(WindowSpec("snapshot", span=time_items[0].span))
        elif window_items and time_items:
            time_slot = f"$key.{len(keys)}"
            keys.append((time_slot, EventTime(span=time_items[0].span)))
        elif not window_items:
            self.findings.error(
                "AQ401",
                "a window must be specified in GROUP BY",
                Span(select.group_by[0].span.start, select.group_by[-1].span.end),
                label="no window here",
                help="add TumblingWindow(second, 10) or System.Timestamp()",
            )
        rows.clause = "an aggregate"
        binder = GroupBinder(self, rows, tuple(keys), time_slot)
        grouping = Grouping(tuple(windows), tuple(keys), (), from_.partition_keys, span=select.span)
        return binder, grouping

    def _columns(self, select: ast.Select, binder: Binder) -> tuple[OutputColumn, ...]:
        columns: list[OutputColumn] = []
        for item in select.items:
            if isinstance(item.expression, ast.Star):
                columns += self._star(item.expression, select, binder, columns)
                continue
            name = item.alias.name if item.alias is not None else default_name(item.expression)
            if item.alias is None and (name is None or any(_same(each.name, name) for each in columns)):
                name = self._made_up_name(item, name, columns)
            columns.append(OutputColumn(self._cased(name or ""), binder.bind(item.expression), span=item.span))
        return tuple(columns)

    def _made_up_name(self, item: ast.SelectItem, name: str | None, columns: list[OutputColumn]) -> str:
        """Return a stable name for a column without one: `col` and its position, or the function's with a number."""
        if isinstance(item.expression, ast.Path | ast.FieldAccess) and name is not None:
            return name
        if name is None and self._is_step:
            self.findings.warning(
                "AQ211",
                "a column of a step needs a name",
                item.span,
                label=f"called col{len(columns) + 1} here",
                help="AS name",
            )
        stem, number = (name, 2) if name is not None else ("col", len(columns) + 1)
        while any(_same(each.name, f"{stem}{number}") for each in columns):
            number += 1
        return f"{stem}{number}"

    def _star(
        self, star: ast.Star, select: ast.Select, binder: Binder, before: list[OutputColumn]
    ) -> list[OutputColumn]:
        if select.group_by:
            self.findings.error(
                "AQ403",
                "column * cannot be used in SELECT when GROUP BY is present",
                star.span,
                label="only aggregates and grouped expressions are allowed",
                help="name the grouped columns, or collect the rows: Collect()",
            )
            return []
        if not star.qualifier:
            if not self._check_star(star, select.from_):
                return []
            return [column for source in self.sources for column in self._spread(source, star.span, before)]
        source = binder.source(star.qualifier[0])
        if source is not None and len(star.qualifier) == 1:
            return self._spread(source, star.span, before)
        record = binder.path(ast.Path(star.qualifier, span=star.span))
        return [OutputColumn(None, record, span=star.span)]

    def _check_star(self, star: ast.Star, from_: ast.From) -> bool:
        """Report `*` with JOIN; with reference data, where documented samples write it, it is worth a warning only."""
        joins = [each for each in from_.operations if isinstance(each, ast.Join)]
        if not joins:
            return True
        names = ", ".join(f"{each.name}.*" for each in self.sources)
        message = "SELECT * cannot be used with JOIN"
        if len([each for each in self.sources if each.is_reference]) == len(joins):
            self.findings.warning("AQ403", message, star.span, label="taken for the columns of all sources", help=names)
            return True
        self.findings.error("AQ403", message, star.span, help=names)
        return False

    def _spread(self, source: SourceScope, span: Span, before: list[OutputColumn]) -> list[OutputColumn]:
        if source.columns is None:
            return [OutputColumn(None, source.record(span), span=span)]
        taken = {each.name.casefold() for each in before if each.name is not None}
        return [
            OutputColumn(self._cased(name), value, span=span)
            for name, value in source.spread(span)
            if name.casefold() not in taken
        ]

    def _cased(self, name: str) -> str:
        return name.lower() if self.catalog.level == "1.0" else name

    def _check_names(self, select: ast.Select, columns: tuple[OutputColumn, ...]) -> None:
        seen: dict[str, OutputColumn] = {}
        stars = {item.span for item in select.items if isinstance(item.expression, ast.Star)}
        for each in columns:
            if each.name is None or each.span in stars:
                continue
            other = seen.setdefault(each.name.casefold(), each)
            if other is not each:
                self.findings.error(
                    "AQ202",
                    f'two columns are called "{each.name}", case aside',
                    each.span,
                    label="the second",
                    help=f"AS {each.name}2",
                )


class _Renamed(Binder):
    """Binds the expressions of a step over the source of another SELECT that reads the same input."""

    def __init__(self, around: SelectBinder, clause: str, source: SourceScope, folded: str) -> None:
        super().__init__(around, clause)
        self._only = source
        self._folded = folded

    def source(self, name: ast.Identifier) -> SourceScope | None:
        return self._only if name.folded in (self._only.folded, self._folded) else None


def _same(left: str | None, right: str) -> bool:
    return left is not None and left.casefold() == right.casefold()
