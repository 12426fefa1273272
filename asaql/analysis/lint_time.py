"""The rule of lint about the time of events."""

from collections.abc import Iterator

from asaql.analysis.catalog import Catalog
from asaql.analysis.lint_rules import selects_of, sources_of, warning
from asaql.analysis.names import is_analytic
from asaql.analysis.windows import is_window
from asaql.diagnostics import Diagnostic, Span
from asaql.syntax import ast
from asaql.syntax.walk import walk


def implicit_arrival_times(script: ast.Script, catalog: Catalog) -> Iterator[Diagnostic]:
    """Find inputs without TIMESTAMP BY under windows, joins of streams, pattern matching and functions of time."""
    untimed: dict[str, list[ast.SourceReference]] = {}
    found: dict[Span, tuple[ast.SourceReference, str]] = {}
    for part in script.parts:
        if isinstance(part, ast.CreateTable):
            continue
        queries = (
            [(each.name.folded, each.query) for each in part.steps] if isinstance(part, ast.With) else [("", part)]
        )
        for name, query in queries:
            lineage: list[ast.SourceReference] = []
            for select in selects_of(query):
                sources = _untimed_sources(select, untimed, catalog)
                lineage += sources
                use = _use_of_time(select, catalog)
                if use is not None:
                    for each in sources:
                        found.setdefault(each.span, (each, use))
            if name:
                untimed[name] = lineage
    for reference, use in found.values():
        name = reference.name.name
        yield warning(
            "AQ804",
            f'{use} over "{name}" go by the arrival of its events, as it has no TIMESTAMP BY',
            reference.span,
            label="time of arrival",
            help_text=f"{name} TIMESTAMP BY column",
        )


def _untimed_sources(
    select: ast.Select, untimed: dict[str, list[ast.SourceReference]], catalog: Catalog
) -> list[ast.SourceReference]:
    """Return the inputs without TIMESTAMP BY that a SELECT reads, directly or through steps."""
    result: list[ast.SourceReference] = []
    for source, _ in sources_of(select.from_):
        if source.name.folded in untimed:
            result += untimed[source.name.folded]
        elif source.timestamp_by is None and not catalog.is_reference(source.name.name):
            result.append(source)
    return result


def _use_of_time(select: ast.Select, catalog: Catalog) -> str | None:
    """Return what a SELECT does that depends on the time of events, in the plural."""
    if any(is_window(each) for each in select.group_by):
        return "windows"
    joins = [each for each in select.from_.operations if isinstance(each, ast.Join)]
    rights = [source for each in joins for source, _ in sources_of(ast.From(select.from_.source, (each,)))][1:]
    if any(not catalog.is_reference(each.name.name) for each in rights):
        return "joins"
    if select.from_.match is not None:
        return "patterns"
    if any(isinstance(each, ast.Call) and is_analytic(each) for each in walk(select)):
        return "functions with OVER"
    return None
