"""MATCH_RECOGNIZE: patterns, definitions and measures."""

from collections.abc import Iterator

from asaql.analysis.bind import Binder, Surroundings
from asaql.analysis.bound import BoundExpression, ColumnRef, Constant, FieldOf
from asaql.analysis.bound_query import BoundMatch, PatternAggregate
from asaql.analysis.units import bind_duration
from asaql.syntax import ast

_AGGREGATES = ("first", "last", "min", "max")


class PatternBinder(Binder):
    """Binds DEFINE and MEASURES, where the first part of a path is a pattern variable.

    Args:
        around: The SELECT.
        pattern: Folded names of all variables of the pattern.
        variables: Those that may be used.
        own: The variable being defined, whose bare fields are those of the event under test; None in MEASURES.
    """

    def __init__(self, around: Surroundings, pattern: list[str], variables: list[str], own: str | None) -> None:
        super().__init__(around, "MATCH_RECOGNIZE")
        self.pattern = pattern
        self.variables = variables
        self.own = own
        self.aggregates: list[PatternAggregate] = []

    def path(self, path: ast.Path) -> BoundExpression:
        """Bind `variable.field`, or a bare field of the event under test."""
        first, *rest = path.parts
        if rest and first.folded == self.own:
            return self._column(self.around.sources[0], tuple(rest), path.span)
        if rest and (first.folded in self.variables or first.folded in self.pattern):
            return self._aggregate("last", path)
        if self.own is not None:
            return super().path(path)
        self.findings.error(
            "AQ409",
            f'"{first.name}" is no variable of the pattern',
            path.span,
            help=f"Last({self.variables[0]}.{path.parts[-1].name})" if self.variables else None,
        )
        return Constant(None, span=path.span)

    def call(self, call: ast.Call) -> BoundExpression:
        """Bind First, Last, Min and Max over a variable's events, Classifier(), and functions."""
        name = call.name.folded
        if call.prefix or call.over is not None:
            return super().call(call)
        if name == "classifier" and not call.arguments:
            if self.own is not None:
                self.findings.error("AQ409", "Classifier() can be used only in MEASURES", call.span)
            return ColumnRef("$classifier", span=call.span)
        if name in _AGGREGATES:
            argument = call.arguments[0] if len(call.arguments) == 1 else None
            if isinstance(argument, ast.Path) and len(argument.parts) >= 2:
                return self._aggregate(name, argument)
            self.findings.error(
                "AQ409",
                f"{call.name.name} takes one field of a variable here",
                call.span,
                help=f"{call.name.name}(A.value)",
            )
            return Constant(None, span=call.span)
        return super().call(call)

    def _aggregate(self, name: str, path: ast.Path) -> BoundExpression:
        variable = path.parts[0]
        if variable.folded not in self.variables:
            self.findings.error(
                "AQ409",
                f'variable "{variable.name}" cannot be used here',
                variable.span,
                label="only variables defined before, and the variable itself",
            )
            return Constant(None, span=path.span)
        field = self._column(self.around.sources[0], path.parts[1:], path.span)
        names: list[str] = []
        while isinstance(field, FieldOf):
            names.append(field.name)
            field = field.operand
        if not isinstance(field, ColumnRef):
            return Constant(None, span=path.span)
        if names and name not in ("first", "last"):
            self.findings.error(
                "AQ409",
                f"{name.upper()} takes only a column of the step here",
                path.span,
                label="a field inside a column",
                help=f"select {path.parts[-1].name} as a column in a step",
            )
        slot = f"$pattern.{name}.{variable.folded}.{field.slot}"
        if all(each.result_slot != slot for each in self.aggregates):
            self.aggregates.append(PatternAggregate(name, variable.folded, field.slot, slot, span=path.span))
        bound: BoundExpression = ColumnRef(slot, span=path.span)
        for each in reversed(names):
            bound = FieldOf(bound, each, span=path.span)
        return bound


def bind_match(match: ast.MatchRecognize, select: Surroundings) -> BoundMatch | None:
    """Return the bound clause; None after an error that leaves nothing to run."""
    findings = select.findings
    if match.limit is None:
        findings.error("AQ409", "MATCH_RECOGNIZE needs LIMIT DURATION", match.span, help="LIMIT DURATION(minute, 1)")
        return None
    limit = bind_duration(match.limit.unit, match.limit.count, findings)
    used = list(dict.fromkeys(each.folded for each in _variables(match.pattern)))
    definitions = []
    known: list[str] = []
    for each in match.definitions:
        name = each.variable.folded
        if name not in used:
            findings.error("AQ409", f'variable "{each.variable.name}" is not in the pattern', each.variable.span)
        if name in known:
            findings.error("AQ202", f'variable "{each.variable.name}" is defined twice', each.variable.span)
        binder = PatternBinder(select, used, [*known, name], name)
        condition = binder.bind(each.condition)
        definitions.append((name, tuple(binder.aggregates), condition))
        known.append(name)
    binder = PatternBinder(select, used, used, None)
    measures: list[tuple[str, BoundExpression]] = []
    for item in match.measures:
        if isinstance(item.expression, ast.Star):
            findings.error("AQ409", "MEASURES takes expressions, not *", item.span)
            continue
        name = item.alias.name if item.alias else f"col{len(measures) + 1}"
        measures.append((name, binder.bind(item.expression)))
    keys = tuple(Binder(select, "PARTITION BY").bind(each) for each in match.partition_by)
    return BoundMatch(
        limit or 0,
        keys,
        match.pattern,
        tuple(definitions),
        tuple(measures),
        tuple(binder.aggregates),
        "$classifier",
        span=match.span,
    )


def _variables(pattern: ast.Pattern) -> Iterator[ast.Identifier]:
    match pattern:
        case ast.PatternVariable(name):
            yield name
        case ast.PatternSequence(items) | ast.PatternAlternation(items):
            for each in items:
                yield from _variables(each)
        case ast.PatternRepeat(item):
            yield from _variables(item)
