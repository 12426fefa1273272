"""Makes function declarations of what a description says, with its place in every complaint."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from asaql.diagnostics import QueryError, Source
from asaql.jobs.document import Node
from asaql.jobs.problems import Problems
from asaql.udf.scoring_spec import ScoringFunction
from asaql.udf.script_spec import ScriptFunction


def make_scorer(name: str, settings: Mapping[str, Any], at: Node | None, problems: Problems) -> ScoringFunction | None:
    """Return the scoring function, or None after reporting why it cannot be."""
    try:
        return ScoringFunction(name=name, **settings)
    except QueryError as error:
        for each in error.diagnostics:
            problems.add(replace(each, source=at.source, span=at.span) if at else each)
        return None


def script_kind(written: str | None) -> str | None:
    """Return `aggregate` or `scalar` for the word of a project or template, None if it says neither."""
    folded = (written or "").strip().casefold()
    return folded if folded in ("scalar", "aggregate") else None


def make_script(
    name: str,
    source: Source,
    *,
    kind: str | None = None,
    output_type: str | None = None,
    input_types: Sequence[str] | None = None,
    at: Node | None = None,
    problems: Problems,
) -> ScriptFunction | None:
    """Return the JavaScript function, or None after reporting why it cannot be."""
    return ScriptFunction(
        name=name,
        source=source,
        kind=kind,
        output_type=output_type or "any",
        input_types=None if input_types is None else tuple(input_types),
    )
