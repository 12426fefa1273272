"""Warnings about queries that run and may not mean what they say. `asaql check` asks for them, a run does not.

A comment `-- asaql: ignore[AQ802]` silences warnings of these codes on its line or, alone on its line, on the next line
with code. The rules are in `lint_rules` and `lint_time`; each is a function of the script and what is known around it.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from asaql.analysis.catalog import Catalog
from asaql.analysis.lint_rules import compared_with_null, extremes_of_text, scored_in_case, unused_steps
from asaql.analysis.lint_time import implicit_arrival_times
from asaql.diagnostics import Diagnostic, Source
from asaql.diagnostics.diagnostic import by_position
from asaql.syntax import ast
from asaql.syntax.walk import comments_in

RULES: Final = (extremes_of_text, unused_steps, scored_in_case, implicit_arrival_times, compared_with_null)
"""Every rule: from a script and a catalog to its warnings."""

_IGNORE = re.compile(r"\basaql:\s*ignore\s*\[([\w\s,]*)\]", re.IGNORECASE)


def lint(script: ast.Script, source: Source, catalog: Catalog) -> tuple[Diagnostic, ...]:
    """Return the warnings about a script that binds without errors, sorted by place."""
    found = (each.within(source) for rule in RULES for each in rule(script, catalog))
    return tuple(sorted(found, key=by_position))


def without_silenced(
    found: Iterable[Diagnostic], source: Source, codes: Collection[str] = ()
) -> tuple[Diagnostic, ...]:
    """Return diagnostics without the warnings that comments in `source` silence, or that have one of `codes`.

    Errors always stay.
    """
    silenced = _silenced_lines(source)

    def stays(each: Diagnostic) -> bool:
        if each.is_error:
            return True
        if each.code in codes:
            return False
        is_here = each.source == source and each.span is not None
        line = source.position(each.span.start).line if is_here and each.span is not None else 0
        return each.code not in silenced.get(line, ())

    return tuple(filter(stays, found))


def _silenced_lines(source: Source) -> dict[int, set[str]]:
    """Return the codes that are silenced on each line."""
    if "asaql:" not in source.text.lower():
        return {}
    spans = list(comments_in(source))
    code = list(source.text)
    for span in spans:
        code[span.start : span.end] = ["\n" if each == "\n" else " " for each in source.slice(span)]
    lines = "".join(code).split("\n")
    result: dict[int, set[str]] = defaultdict(set)
    for span in spans:
        for match in _IGNORE.finditer(source.slice(span)):
            line = source.position(span.start).line
            while line < len(lines) and not lines[line - 1].strip():
                line += 1
            result[line] |= {each.strip().upper() for each in match[1].split(",")}
    return result
