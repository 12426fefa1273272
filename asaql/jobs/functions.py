"""Makes function declarations of what a description says, with its place in every complaint."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from msgspec.structs import replace

from asaql.diagnostics import QueryError, Source, did_you_mean
from asaql.jobs.document import Node
from asaql.jobs.job import Job
from asaql.jobs.problems import Problems
from asaql.udf.scoring_spec import ScoringFunction
from asaql.udf.script_spec import ScriptFunction

ScriptKind: TypeAlias = Literal["scalar", "aggregate"]

OUTPUT_TYPES: Final = ("any", "bigint", "float", "nvarchar(max)", "datetime", "bit", "record", "array")
"""What a function's results can be declared as."""


def make_scorer(name: str, settings: Mapping[str, Any], at: Node | None, problems: Problems) -> ScoringFunction | None:
    """Return the scoring function, or None after reporting why it cannot be."""
    try:
        return ScoringFunction(name=name, **settings)
    except QueryError as error:
        for each in error.diagnostics:
            problems.add(replace(each, source=at.source, span=at.span) if at else each)
        return None


def script_kind(written: str | None) -> ScriptKind | None:
    """Return what the word of a project or template says of a function, None if it says neither."""
    match (written or "").strip().casefold():
        case "scalar":
            return "scalar"
        case "aggregate":
            return "aggregate"
        case _:
            return None


def make_script(
    name: str,
    source: Source,
    problems: Problems,
    *,
    kind: ScriptKind | None = None,
    output_type: str | None = None,
    input_types: Sequence[str] | None = None,
    at: Node | None = None,
) -> ScriptFunction:
    """Return the JavaScript function.

    Args:
        name: Its name in queries.
        source: Its text.
        problems: Where an output type that is none is reported; the function then returns whatever it returns.
        kind: Whether it is an aggregate; None if the description does not say.
        output_type: The declared type of its results, in any case.
        input_types: The declared types of its parameters.
        at: The place of the declaration.
    """
    folded = (output_type or "any").strip().casefold()
    if folded not in OUTPUT_TYPES:
        near = did_you_mean(folded, OUTPUT_TYPES)
        problems.error(
            "AQ701",
            f'function "{name}" has the output type "{output_type}", which is not known',
            at,
            label="declared here",
            help=f'did you mean "{near}"?' if near else f"write one of {', '.join(OUTPUT_TYPES)}",
        )
        folded = "any"
    types = None if input_types is None else tuple(each.casefold() for each in input_types)
    return ScriptFunction(name=name, source=source, kind=kind, output_type=folded, input_types=types)


def with_script_kinds(job: Job) -> Job:
    """Return the job with every function whose kind is not declared taken for what its query calls it: udf or uda."""
    scripts = tuple(
        each if each.kind is not None else replace(each, kind=_called_kind(each.name, job.query.text))
        for each in job.scripts
    )
    return replace(job, scripts=scripts)


def _called_kind(name: str, query: str) -> ScriptKind:
    call = rf"\b%s\s*\.\s*\[?{re.escape(name)}\b"
    is_aggregate = re.search(call % "uda", query, re.IGNORECASE) and not re.search(call % "udf", query, re.IGNORECASE)
    return "aggregate" if is_aggregate else "scalar"
