"""A whole query text: declarations, steps and statements."""

from msgspec import Struct

from asaql.analysis.bind_operators import bind_type
from asaql.analysis.bind_select import SelectBinder
from asaql.analysis.bound_query import (
    BoundQuery,
    BoundScript,
    BoundSelect,
    BoundStatement,
    BoundStep,
    BoundUnion,
    OutputColumn,
)
from asaql.analysis.catalog import Catalog
from asaql.analysis.findings import Findings
from asaql.analysis.scope import ColumnFact
from asaql.analysis.script_scope import StepFact
from asaql.diagnostics import Diagnostic, Label, Source, Span
from asaql.model import Kind
from asaql.syntax import ast

DEFAULT_OUTPUT = "output"


class Analysis(Struct, frozen=True):
    """A query text that can be planned, and what is worth a warning in it."""

    script: BoundScript
    warnings: tuple[Diagnostic, ...]


def analyse(script: ast.Script, source: Source, catalog: Catalog) -> Analysis:
    """Return the bound script.

    Args:
        script: The syntax tree.
        source: The text, for messages.
        catalog: What the job declares.

    Raises:
        QueryError: The text breaks a law of the dialect; carries every error found.
    """
    findings = Findings(source)
    bound = ScriptBinder(script, catalog, findings).bind()
    findings.raise_errors()
    return Analysis(bound, findings.warnings)


class ScriptBinder:
    """Binds steps and statements in the order written.

    Args:
        script: The syntax tree.
        catalog: What the job declares.
        findings: Takes errors and warnings.
    """

    def __init__(self, script: ast.Script, catalog: Catalog, findings: Findings) -> None:
        self.catalog = catalog
        self.findings = findings
        self._script = script
        self._steps: dict[str, StepFact] = {}
        self._bound: list[BoundStep] = []
        self._tables: dict[str, dict[str, Kind | None]] = {}
        self._spans: dict[str, Span] = {}
        for part in script.parts:
            if isinstance(part, ast.With):
                for step in part.steps:
                    self._spans.setdefault(step.name.folded, step.name.span)

    def bind(self) -> BoundScript:
        """Return the bound script; after errors one that must not be run."""
        statements: list[BoundStatement] = []
        for part in self._script.parts:
            match part:
                case ast.CreateTable():
                    self._declare(part)
                case ast.With(steps):
                    for step in steps:
                        self._bind_step(step)
                case _:
                    statements.append(self._bind_statement(part))
        if not statements:
            end = len(self.findings.text)
            self.findings.error(
                "AQ101", "the query has no statement", Span(end, end), help="SELECT * INTO output FROM input"
            )
        return BoundScript(tuple(self._bound), tuple(statements))

    # What SELECTs ask --------------------------------------------------------------------------------------------

    def step(self, name: str) -> StepFact | None:
        """Return the step of this name that is defined so far."""
        return self._steps.get(name.casefold())

    def step_name(self, name: str) -> str:
        """Return a step's name as it is defined."""
        return self._steps[name.casefold()].name

    @property
    def step_names(self) -> list[str]:
        """The names of the steps defined so far."""
        return [each.name for each in self._steps.values()]

    def later_step(self, name: str) -> Span | None:
        """Return where a step of this name is defined, if that is still to come."""
        return None if name.casefold() in self._steps else self._spans.get(name.casefold())

    def declared(self, name: str) -> dict[str, Kind | None] | None:
        """Return the columns that CREATE TABLE declares for an input."""
        return self._tables.get(name.casefold())

    def projection(self, name: str) -> ast.Select | None:
        """Return a step's SELECT if each of its rows is made of one event of one source."""
        fact = self._steps.get(name.casefold())
        if fact is None or not isinstance(fact.query, ast.Select):
            return None
        select = fact.query
        plain = not (select.where or select.group_by or select.having or select.from_.operations or select.from_.match)
        return select if plain and not select.from_.union else None

    def root(self, name: str) -> str:
        """Return the folded name of the input or step that a chain of plain projections starts from."""
        select = self.projection(name)
        return self.root(select.from_.source.name.name) if select is not None else name.casefold()

    # Parts -------------------------------------------------------------------------------------------------------

    def _declare(self, table: ast.CreateTable) -> None:
        if table.name.folded in self._tables:
            self.findings.error("AQ202", f'table "{table.name.name}" is declared twice', table.name.span)
        columns: dict[str, Kind | None] = {}
        for column in table.columns:
            if column.name.folded in columns:
                self.findings.error("AQ202", f'column "{column.name.name}" is declared twice', column.name.span)
            columns[column.name.folded] = bind_type(column.type, self.findings)
        self._tables[table.name.folded] = columns

    def _bind_step(self, step: ast.Step) -> None:
        name = step.name
        if name.folded in self._steps:
            self.findings.error("AQ202", f'step "{name.name}" is defined twice', name.span, label="the second")
        elif name.folded in {each.casefold() for each in self.catalog.inputs}:
            self.findings.error(
                "AQ202", f'step "{name.name}" has the name of an input', name.span, help=f"call it {name.name}Step"
            )
        query, columns = self._bind_query(step.query, is_step=True)
        for each in step.query.branches if isinstance(step.query, ast.Union) else (step.query,):
            if each.into is not None:
                self.findings.error("AQ104", "INTO cannot be used inside a step", each.into.span, help="remove INTO")
        self._steps[name.folded] = StepFact(name.name, columns, step.query, self._is_reference(step.query))
        self._bound.append(BoundStep(name.name, query, span=step.span))

    def _is_reference(self, query: ast.Query) -> bool:
        if isinstance(query, ast.Union) or query.group_by or query.from_.operations or query.from_.match:
            return False
        name = query.from_.source.name.name
        step = self.step(name)
        return step.is_reference if step is not None else self.catalog.is_reference(name)

    def _bind_statement(self, query: ast.Query) -> BoundStatement:
        branches = query.branches if isinstance(query, ast.Union) else (query,)
        into = next((each.into for each in branches if each.into is not None), None)
        for each in branches:
            if each.into is not None and into is not None and each.into.folded != into.folded:
                self.findings.error(
                    "AQ307",
                    "the branches of a UNION write one output",
                    each.into.span,
                    label="another output",
                    labels=(Label(into.span, "the first INTO"),),
                    help="write INTO in the first branch only",
                )
        bound, _ = self._bind_query(query, is_step=False)
        return BoundStatement(into.name if into is not None else DEFAULT_OUTPUT, bound, span=query.span)

    def _bind_query(self, query: ast.Query, *, is_step: bool) -> tuple[BoundQuery, tuple[ColumnFact, ...] | None]:
        branches: list[tuple[BoundSelect, tuple[ColumnFact, ...] | None]] = []
        for select in query.branches if isinstance(query, ast.Union) else (query,):
            for each in self._sources(select):
                binder = SelectBinder(self, is_step=is_step)
                bound = binder.bind(self._behind_match(each))
                branches.append((bound, binder.facts(bound)))
        if len(branches) == 1:
            return branches[0]
        return self._union(branches)

    def _behind_match(self, select: ast.Select) -> ast.Select:
        """Return a SELECT over a step of its matches, if it does more with them than `SELECT *`.

        The step's name cannot be written in a query, so no other SELECT reads it.
        """
        match = select.from_.match
        passes_on = [item.expression for item in select.items] == [ast.Star()]
        if match is None or (passes_on and not (select.where or select.group_by or select.having)):
            return select
        source = select.from_.source
        called = match.alias or source.alias or source.name
        name = ast.Identifier(f"{called.name} [matches {len(self._bound) + 1}]", span=called.span)
        items = (ast.SelectItem(ast.Star(span=match.span), span=match.span),)
        self._bind_step(ast.Step(name, ast.Select(items, None, select.from_, span=match.span), span=match.span))
        matches = ast.From(ast.SourceReference(name, called, span=match.span), span=select.from_.span)
        return ast.Select(
            select.items, select.into, matches, select.where, select.group_by, select.having, span=select.span
        )

    @staticmethod
    def _sources(select: ast.Select) -> list[ast.Select]:
        """Return one SELECT for each source of `FROM a UNION b`."""
        if not select.from_.union:
            return [select]
        from_ = select.from_
        sources = (from_.source, *from_.union)
        return [
            ast.Select(
                select.items,
                select.into,
                ast.From(each, from_.operations, from_.match, span=from_.span),
                select.where,
                select.group_by,
                select.having,
                span=select.span,
            )
            for each in sources
        ]

    def _union(
        self, branches: list[tuple[BoundSelect, tuple[ColumnFact, ...] | None]]
    ) -> tuple[BoundQuery, tuple[ColumnFact, ...] | None]:
        """Check that the branches agree; name the columns as the first branch does."""
        (first, facts), *others = branches
        if any(each is None for _, each in branches):
            return BoundUnion(tuple(bound for bound, _ in branches)), None
        merged = list(facts or ())
        renamed = [first]
        for bound, columns in others:
            columns = columns or ()
            if len(columns) != len(merged):
                self.findings.error(
                    "AQ307",
                    f"the branches of a UNION have {len(merged)} and {len(columns)} columns",
                    bound.span,
                    label="this branch",
                    labels=(Label(first.span, "the first branch"),),
                )
                continue
            for index, (left, right) in enumerate(zip(merged, columns, strict=True)):
                self._check_column(left, right, bound.columns[index], index)
                kind = left.kind if left.kind is right.kind else None
                merged[index] = ColumnFact(left.name, kind)
            names = [
                OutputColumn(fact.name, column.value, span=column.span)
                for fact, column in zip(merged, bound.columns, strict=True)
            ]
            renamed.append(_with_columns(bound, tuple(names)))
        return BoundUnion(tuple(renamed)), tuple(merged)

    def _check_column(self, left: ColumnFact, right: ColumnFact, column: OutputColumn, index: int) -> None:
        if left.name.casefold() != right.name.casefold():
            self.findings.error(
                "AQ307",
                f'column {index + 1} of the UNION is called "{left.name}" and "{right.name}"',
                column.span,
                label="another name here",
                help=f"AS {left.name}",
            )
        numbers = (Kind.BIGINT, Kind.FLOAT)
        unlike = left.kind is not right.kind and not (left.kind in numbers and right.kind in numbers)
        if left.kind is not None and right.kind is not None and unlike:
            self.findings.error(
                "AQ307",
                f'column "{left.name}" of the UNION is {left.kind} and {right.kind}',
                column.span,
                label=f"{right.kind} here",
                notes=("the branches of a union must have equal schemas",),
                help=f"CAST({right.name} AS {left.kind}) AS {left.name}",
            )


def _with_columns(select: BoundSelect, columns: tuple[OutputColumn, ...]) -> BoundSelect:
    return BoundSelect(
        select.from_,
        select.where_scores,
        select.where,
        select.row_scores,
        select.grouping,
        select.group_scores,
        select.having,
        columns,
        span=select.span,
    )
