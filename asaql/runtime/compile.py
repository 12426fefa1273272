"""From a job to a plan."""

from msgspec import Struct

from asaql.analysis import Catalog, DeclaredFunction, FunctionKind, analyse
from asaql.diagnostics import Diagnostic, QueryError
from asaql.jobs import Job, resolve_names
from asaql.plan import Plan, plan_query
from asaql.plan.logical import Scan, nodes_of
from asaql.syntax import parse


class Compiled(Struct, frozen=True):
    """A job whose query can run.

    Attributes:
        job: The job, every input and output with its name.
        plan: The plan behind all rules.
        warnings: What is worth a warning in job and query.
        inputs: Folded name to spelling of every input that the query reads.
    """

    job: Job
    plan: Plan
    warnings: tuple[Diagnostic, ...]
    inputs: dict[str, str]


def compile_job(job: Job, *, is_complete: bool = True) -> Compiled:
    """Return the plan of a job's query.

    Args:
        job: The job.
        is_complete: Whether every function of the query must be declared.

    Raises:
        QueryError: The query or the job is wrong; carries every error found.
    """
    parsed = parse(job.query)
    try:
        analysis = analyse(parsed.script, job.query, catalog_of(job, is_complete=is_complete))
    except QueryError as error:
        raise QueryError((*parsed.warnings, *error.diagnostics)) from error
    plan = plan_query(analysis)
    inputs: dict[str, str] = {}
    for tree in plan.trees:
        for node in nodes_of(tree):
            if isinstance(node, Scan):
                inputs.setdefault(node.input.casefold(), node.input)
    resolved = resolve_names(job, list(inputs.values()), [output.name for output in plan.outputs])
    return Compiled(resolved, plan, (*parsed.warnings, *analysis.warnings, *resolved.warnings), inputs)


def catalog_of(job: Job, *, is_complete: bool) -> Catalog:
    """Return what a job declares; `is_complete` says whether that is all its functions."""
    functions = [
        DeclaredFunction(
            each.name,
            FunctionKind.AGGREGATE if each.kind == "aggregate" else FunctionKind.SCRIPT,
            len(each.input_types) if each.input_types is not None and each.kind == "scalar" else None,
        )
        for each in job.scripts
    ]
    functions += [DeclaredFunction(each.name, FunctionKind.SCORE) for each in job.scorers]
    is_open = any(each.name is None for each in job.inputs)
    return Catalog(
        functions=tuple(functions),
        inputs=() if is_open else tuple(each.name for each in job.inputs if each.name is not None),
        reference=tuple(each.name for each in job.inputs if each.is_reference and each.name is not None),
        level=job.level,
        ignores_case=job.ignore_case,
        is_complete=is_complete,
    )
