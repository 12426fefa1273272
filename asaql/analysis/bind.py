"""Expressions of the text to bound expressions: names found, functions looked up, every error reported.

What cannot be bound becomes NULL without a further word, so that one cause gives one message.
"""

from typing import Protocol

from asaql.analysis.bind_operators import OperatorBinder
from asaql.analysis.bind_scores import ScoreCalls
from asaql.analysis.bound import (
    BoundExpression,
    Branch,
    Conditional,
    Constant,
    EventTime,
    Invoke,
    NullTest,
)
from asaql.analysis.catalog import Catalog
from asaql.analysis.findings import Findings
from asaql.analysis.names import AGGREGATES, TABLE_FUNCTIONS, is_aggregate, is_analytic
from asaql.analysis.scope import SourceScope
from asaql.analysis.windows import is_event_time, is_window
from asaql.diagnostics import Span, did_you_mean
from asaql.functions import (
    DATEPARTS,
    Function,
    find_datepart,
    find_foreign,
    find_function,
    functions,
)
from asaql.syntax import ast


class Surroundings(Protocol):
    """What a SELECT offers to the expressions in it."""

    catalog: Catalog
    findings: Findings
    sources: list[SourceScope]
    scores: ScoreCalls

    def analytic(self, call: ast.Call, binder: "Binder") -> BoundExpression:
        """Bind a function with OVER."""
        ...

    def user_function(self, call: ast.Call, binder: "Binder") -> BoundExpression:
        """Bind a call with the prefix `udf`, or of a declared function without it."""
        ...

    def step_record(self, name: ast.Identifier, binder: "Binder") -> BoundExpression | None:
        """Bind a step that the SELECT does not read, used as the record of the current event."""
        ...

    def is_step(self, name: str) -> bool:
        """Whether a step has this name."""
        ...


class Binder(OperatorBinder):
    """Binds the expressions of one clause, row by row; a subclass binds those of a grouped SELECT.

    Args:
        around: The SELECT.
        clause: The clause's name for messages.
    """

    def __init__(self, around: Surroundings, clause: str) -> None:
        super().__init__(around.findings, ignores_case=around.catalog.ignores_case)
        self.around = around
        self.clause = clause

    def argument(self, expression: ast.Expression | ast.Star) -> BoundExpression:
        """Return an argument where a record is at home: a source's or a step's name means its row."""
        if isinstance(expression, ast.Star):
            self.findings.error("AQ306", "* cannot be an argument here", expression.span, label="expected a value")
            return Constant(None, span=expression.span)
        if isinstance(expression, ast.Path) and len(expression.parts) == 1:
            name = expression.parts[0]
            source = self.source(name)
            if source is not None and (source.columns is None or not source.has(name.name)):
                return self.record(source, expression.span)
            if source is None and not any(each.has(name.name) for each in self.around.sources):
                record = self.around.step_record(name, self)
                if record is not None:
                    return record
                if self.around.is_step(name.name):
                    return self._unread_step(name)
        return self.bind(expression)

    def record(self, source: SourceScope, span: Span) -> BoundExpression:
        """Return the whole row of a source."""
        return source.record(span)

    def source(self, name: ast.Identifier) -> SourceScope | None:
        """Return the source that the SELECT calls by this name."""
        return next((each for each in self.around.sources if each.folded == name.folded), None)

    def null_operand(self, operand: ast.Expression) -> BoundExpression:
        """Bind what IS NULL looks at: a step's name stands for its row there."""
        if isinstance(operand, ast.Path) and len(operand.parts) == 1:
            source = self.source(operand.parts[0])
            if source is not None and source.columns is not None:
                return self.argument(operand)
        return self.bind(operand)

    # Names -------------------------------------------------------------------------------------------------------

    def path(self, path: ast.Path) -> BoundExpression:
        """Bind a path by the rules of `scope`."""
        if is_event_time(path):
            return self.event_time(path.span)
        first = path.parts[0]
        named = self.source(first)
        if named is not None and len(path.parts) > 1:
            return self._column(named, path.parts[1:], path.span)
        sources = self.around.sources
        if named is not None and not any(each.has(first.name) for each in sources):
            is_record = named.columns is not None or len(sources) > 1
            return self.record(named, path.span) if is_record else self._column(named, path.parts, path.span)
        holders = [each for each in sources if each.has(first.name)]
        if not holders:
            holders = [each for each in sources if each.columns is None]
            if is_quoted(path):
                if len(holders) != 1:
                    return self.quoted_text(path)
                self._warn_quoted(first, "taken for a column")
        if len(holders) == 1:
            return self._column(holders[0], path.parts, path.span)
        if len(holders) > 1:
            names = ", ".join(f'"{each.name}"' for each in holders)
            self.findings.error(
                "AQ204",
                f'column "{first.name}" may belong to several sources',
                first.span,
                label=f"could be of {names}",
                help=f"write {holders[0].name}.{first.name}",
            )
            return Constant(None, span=path.span)
        return self._unknown(path)

    def quoted_text(self, path: ast.Path) -> BoundExpression:
        """Return the text of a name in double quotes that can be no column, with a warning."""
        self._warn_quoted(path.parts[0], "taken for text")
        return Constant(path.parts[0].name, span=path.span)

    def _warn_quoted(self, name: ast.Identifier, label: str) -> None:
        text = name.name.replace("'", "''")
        self.findings.warning(
            "AQ105",
            "double quotes stand around names, not around text",
            name.span,
            label=label,
            help=f"write '{text}' for text, or [{name.name}] for a column",
        )

    def _column(self, source: SourceScope, parts: tuple[ast.Identifier, ...], span: Span) -> BoundExpression:
        if source.columns is not None and not source.has(parts[0].name):
            self._no_column(source, parts[0])
            return Constant(None, span=span)
        return source.path(parts, span)

    def _unknown(self, path: ast.Path) -> BoundExpression:
        first = path.parts[0]
        if self.around.is_step(first.name):
            self._unread_step(first)
        elif self.around.sources:
            self._no_column(self.around.sources[0], first)
        return Constant(None, span=path.span)

    def _unread_step(self, name: ast.Identifier) -> BoundExpression:
        self.findings.error(
            "AQ210",
            f'step "{name.name}" is used as a value, and this statement does not read from it',
            name.span,
            label="not in FROM",
            help=f"FROM {name.name}",
        )
        return Constant(None, span=name.span)

    def _no_column(self, source: SourceScope, name: ast.Identifier) -> None:
        columns = [each.name for each in source.columns or ()]
        nearest = did_you_mean(name.name, columns)
        self.findings.error(
            "AQ203",
            f'no column "{name.name}" in "{source.name}"',
            name.span,
            label=f'not a column of "{source.name}"',
            notes=(f'"{source.name}" has the columns {", ".join(columns)}',) if columns else (),
            help=f'did you mean "{nearest}"?' if nearest else None,
        )

    def event_time(self, span: Span) -> BoundExpression:
        """Bind System.Timestamp()."""
        return EventTime(span=span)

    # Calls -------------------------------------------------------------------------------------------------------

    def call(self, call: ast.Call) -> BoundExpression:
        """Bind a call of any kind."""
        prefix = [part.folded for part in call.prefix]
        name = call.name.folded
        if is_event_time(call):
            return self.event_time(call.span)
        if prefix == ["system"] and name == "window":
            return self.window_record(call)
        if prefix == ["udf"]:
            return self.around.user_function(call, self)
        if prefix and prefix != ["uda"]:
            return self._prefixed(call)
        if is_analytic(call):
            return self.around.analytic(call, self)
        if is_aggregate(call):
            return self.aggregate(call)
        if is_window(call):
            self.findings.error("AQ404", f"{call.name.name} is a window and belongs in GROUP BY", call.span)
            return Constant(None, span=call.span)
        if name in TABLE_FUNCTIONS:
            self.findings.error(
                "AQ306",
                f"{TABLE_FUNCTIONS[name]} gives rows, not a value",
                call.span,
                help=f"CROSS APPLY {TABLE_FUNCTIONS[name]}(..) AS element",
            )
            return Constant(None, span=call.span)
        return self._builtin(call)

    def aggregate(self, call: ast.Call) -> BoundExpression:
        """Bind an aggregate; row by row there is none."""
        self.findings.error(
            "AQ407",
            f"aggregate {call.name.name} cannot be used in {self.clause}",
            call.span,
            label="no group here",
            help="GROUP BY a window"
            if call.prefix
            else "GROUP BY a window, or add OVER (LIMIT DURATION(minute, 5)) for a running value",
        )
        return Constant(None, span=call.span)

    def window_record(self, call: ast.Call) -> BoundExpression:
        """Bind System.Window(); only a grouped SELECT has one."""
        self.findings.error(
            "AQ407", "System.Window() can be used only in the SELECT list of a query with GROUP BY", call.span
        )
        return Constant(None, span=call.span)

    def is_built_in(self, call: ast.Call) -> bool:
        """Return whether a function without its prefix would be a built-in one."""
        return call.name.folded in AGGREGATES or is_analytic(_bare(call)) or self._function(call.name.name) is not None

    def without_prefix(self, call: ast.Call) -> BoundExpression:
        """Bind a built-in function that is called with a prefix, as the levels below 1.2 allow."""
        if self.around.catalog.level < "1.2":
            return self.call(_bare(call))
        prefix = ".".join(part.name for part in call.prefix)
        self.findings.error(
            "AQ209",
            f'built-in function "{call.name.name}" is called with the prefix "{prefix}"',
            call.span,
            help=f"{call.name.name}(..)",
        )
        return Constant(None, span=call.span)

    def _prefixed(self, call: ast.Call) -> BoundExpression:
        if self.is_built_in(call):
            return self.without_prefix(call)
        prefix = ".".join(part.name for part in call.prefix)
        self.findings.error(
            "AQ209",
            f'"{prefix}" is no prefix of functions',
            call.span,
            label="only udf, uda and System come before a function",
            help=f"udf.{call.name.name}(..)",
        )
        return Constant(None, span=call.span)

    def _builtin(self, call: ast.Call) -> BoundExpression:
        name = call.name.folded
        if name in ("coalesce", "nullif"):
            return self._choice(call)
        function = self._function(call.name.name)
        if function is None:
            return self._not_built_in(call)
        if call.is_distinct:
            self.findings.error("AQ306", f"{call.name.name}(DISTINCT ..) is not possible", call.span)
        least, most = function.arity
        if not self.check_count(call, least, most) or (name == "datediff" and self.is_distance(call)):
            return Constant(None, span=call.span)
        arguments: list[BoundExpression] = []
        for index, argument in enumerate(call.arguments):
            parameter = function.parameters[min(index, len(function.parameters) - 1)]
            if parameter.type == "datepart":
                arguments.append(self._datepart(call, argument))
            elif "record" in parameter.type or isinstance(argument, ast.Star):
                arguments.append(self.argument(argument))
            else:
                arguments.append(self.bind(argument))
        self._no_over(call)
        return Invoke(function, tuple(arguments), span=call.span)

    def is_distance(self, call: ast.Call) -> bool:
        """Report a DATEDIFF of two sources, whose event times only ON can read; return whether this is one."""
        names = [each.parts[0] for each in call.arguments[1:] if isinstance(each, ast.Path) and len(each.parts) == 1]
        sources = [source for source in map(self.source, names) if source is not None]
        if len(sources) < 2 or any(each.has(source.name) for source in sources for each in self.around.sources):
            return False
        first, second = sources
        self.findings.error(
            "AQ306",
            f"DATEDIFF of two sources cannot be used in {self.clause}",
            call.span,
            label="only ON compares the event times of sources",
            help=f"DATEDIFF(second, {first.name}.time, {second.name}.time)",
        )
        return True

    def _function(self, name: str) -> Function | None:
        """Return the built-in function of this name as the job's compatibility level has it."""
        function = find_function(name)
        if function is None or not function.is_callable:
            return None
        earlier = find_function(f"{name} (level 1.0)") if self.around.catalog.level < "1.2" else None
        return earlier or function

    def _not_built_in(self, call: ast.Call) -> BoundExpression:
        name, catalog = call.name.name, self.around.catalog
        if catalog.function(name) is not None:
            if catalog.level >= "1.2":
                self.findings.error(
                    "AQ209",
                    f'function "{name}" is called without its prefix',
                    call.name.span,
                    help=f"udf.{name}(..)",
                )
            return self.around.user_function(call, self)
        foreign = find_foreign(name)
        known = [each.name for each in functions() if each.is_callable] + list(AGGREGATES)
        nearest = did_you_mean(name, [*known, *(f"udf.{each.name}" for each in catalog.functions)])
        if foreign is not None:
            self.findings.error(
                "AQ207",
                f"{name.upper()} is not in this dialect",
                call.name.span,
                label="of another dialect",
                help=foreign,
            )
        elif catalog.is_complete:
            self.findings.error(
                "AQ205",
                f'function "{name}" is unknown',
                call.name.span,
                help=f"did you mean {nearest}?" if nearest else f"a function of the job is called udf.{name}(..)",
            )
        else:
            self.findings.warning(
                "AQ205",
                f'function "{name}" is no built-in function',
                call.name.span,
                label="taken for a function of the job",
                help=f"did you mean {nearest}?" if nearest else f"udf.{name}(..)",
            )
            return self.around.user_function(call, self)
        return Constant(None, span=call.span)

    def check_count(self, call: ast.Call, least: int, most: int | None) -> bool:
        """Report a wrong number of arguments; return whether it is right."""
        count = len(call.arguments)
        if count >= least and (most is None or count <= most):
            return True
        expected = f"{least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        noun = "argument" if expected.endswith("1") else "arguments"
        given = "1 is given" if count == 1 else f"{count or 'none'} are given"
        self.findings.error("AQ206", f"{call.name.name} takes {expected} {noun}, and {given}", call.span)
        return False

    def _no_over(self, call: ast.Call) -> None:
        if call.over is not None:
            self.findings.error("AQ408", f"{call.name.name} does not take OVER", call.over.span)

    def _choice(self, call: ast.Call) -> BoundExpression:
        """Bind COALESCE and NULLIF, which are conditions in another spelling."""
        is_coalesce = call.name.folded == "coalesce"
        if not self.check_count(call, 1 if is_coalesce else 2, None if is_coalesce else 2):
            return Constant(None, span=call.span)
        values = [self.argument(each) for each in call.arguments]
        if is_coalesce:
            branches = tuple(Branch(NullTest(each, True), each, span=each.span) for each in values[:-1])
            return Conditional(branches, values[-1], span=call.span) if branches else values[0]
        same = Invoke(self.compare("="), (values[0], values[1]), span=call.span)
        return Conditional((Branch(same, Constant(None), span=call.span),), values[0], span=call.span)

    def _datepart(self, call: ast.Call, argument: ast.Expression | ast.Star) -> BoundExpression:
        text = None
        if isinstance(argument, ast.Path) and len(argument.parts) == 1:
            text = argument.parts[0].name
        elif isinstance(argument, ast.StringLiteral):
            text = argument.value
        part = find_datepart(text) if text is not None else None
        if part is None:
            nearest = did_you_mean(text, DATEPARTS) if text else None
            self.findings.error(
                "AQ306",
                f'"{text}" is no part of a date' if text else f"{call.name.name} needs a part of a date first",
                argument.span,
                label="expected a word such as year, day, hour or minute",
                help=f"did you mean {nearest}?" if nearest else None,
            )
        return Constant(part, span=argument.span)


def _bare(call: ast.Call) -> ast.Call:
    return ast.Call(call.name, call.arguments, (), call.is_distinct, call.over, span=call.span)


def is_quoted(path: ast.Path) -> bool:
    """Return whether a path is one name in double quotes, which samples also write around text."""
    return len(path.parts) == 1 and path.parts[0].is_double_quoted
