"""Fits a job's inputs and outputs to the names that its query uses."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from asaql.diagnostics import Diagnostic, QueryError, did_you_mean
from asaql.jobs.job import InputSpec, Job, OutputSpec

_Spec = TypeVar("_Spec", InputSpec, OutputSpec)


def resolve_names(job: Job, input_names: Sequence[str], output_names: Sequence[str]) -> Job:
    """Return the job with an input or output without a name given the one it must be, and warnings for unused names.

    A nameless input serves the query's only input without data, a nameless output its only output without a place.
    Inputs and outputs that the query does not have are kept; those given on the command line or as data are warned
    about.

    Args:
        job: The job.
        input_names: What the query reads, as it spells it.
        output_names: What the query writes.

    Raises:
        QueryError: A nameless input or output could be several (AQ708), or none.
    """
    problems: list[Diagnostic] = []
    reference = {(each.name or "").casefold() for each in job.inputs if each.is_reference}
    inputs = tuple(
        replace(each, is_reference=each.is_reference or (each.name or "").casefold() in reference)
        for each in _named("input", "--input", job.inputs, input_names, problems)
    )
    outputs = _named("output", "--output", job.outputs, output_names, problems)
    if problems:
        raise QueryError(problems)
    unused = [
        *(_unused("input", each.name or "", input_names) for each in inputs if each.has_data),
        *(_unused("output", each.name or "", output_names) for each in outputs if each.path is not None),
    ]
    found = tuple(each for each in unused if each is not None)
    return replace(job, inputs=inputs, outputs=outputs, warnings=job.warnings + found)


def _named(
    what: str, option: str, specs: Sequence[_Spec], names: Sequence[str], problems: list[Diagnostic]
) -> tuple[_Spec, ...]:
    nameless = next((each for each in specs if each.name is None), None)
    if nameless is None:
        return tuple(specs)
    named: list[_Spec] = [each for each in specs if each.name is not None]
    served = {each.name.casefold() for each in named if each.name is not None and _is_placed(each)}
    open_names = [each for each in names if each.casefold() not in served]
    if len(names) == 1:
        open_names = list(names)
    if len(open_names) != 1:
        listed = ", ".join(f'"{each}"' for each in names) or "none"
        problems.append(
            Diagnostic(
                "AQ708",
                f'the {what} "{nameless.path}" is given without a name and the query has {len(names)} {what}s',
                notes=(f"the query's {what}s: {listed}",),
                help=f"{option} {names[0]}={nameless.path}" if names else None,
            )
        )
        return tuple(named)
    folded = open_names[0].casefold()
    result: list[_Spec] = [each for each in named if (each.name or "").casefold() != folded]
    result.append(replace(nameless, name=open_names[0]))
    return tuple(result)


def _is_placed(spec: InputSpec | OutputSpec) -> bool:
    return spec.has_data if isinstance(spec, InputSpec) else spec.path is not None


def _unused(what: str, name: str, names: Sequence[str]) -> Diagnostic | None:
    if name.casefold() in {each.casefold() for each in names}:
        return None
    near = did_you_mean(name, names)
    return Diagnostic(
        "AQ708",
        f'the query has no {what} "{name}"',
        notes=() if near or not names else (f"the query's {what}s: {', '.join(names)}",),
        help=f'did you mean "{near}"?' if near else None,
    ).as_warning()
