"""What can be said of a job without running it."""

import json
from collections.abc import Collection
from typing import Literal

from asaql.analysis.lint import lint, without_silenced
from asaql.diagnostics import Diagnostic, QueryError
from asaql.diagnostics.diagnostic import by_position
from asaql.jobs import Job
from asaql.plan import explain_json, explain_mermaid, explain_text
from asaql.runtime.compile import catalog_of, compile_job
from asaql.runtime.scripts import open_scripts
from asaql.syntax import parse


def check_job(job: Job) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong or doubtful with a job, sorted by place; nothing is run.

    A query file by itself declares no functions; undeclared ones are then warnings.
    """
    found: list[Diagnostic] = []
    try:
        found += compile_job(job, is_complete=_is_complete(job)).warnings
    except QueryError as error:
        found += (*job.warnings, *error.diagnostics)
    try:
        scripts = open_scripts(job.scripts, job.level, lambda *_: None)
        if scripts is not None:
            scripts.close()
    except QueryError as error:
        found += error.diagnostics
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=by_position))


def review_job(job: Job, ignored: Collection[str] = ()) -> tuple[Diagnostic, ...]:
    """Return what `check_job` finds and, if there are no errors, what lint does; nothing is run.

    Args:
        job: The job.
        ignored: Codes of warnings that are left out, beside those that the job and comments in the query name.
    """
    found = check_job(job)
    if not any(each.is_error for each in found):
        script = parse(job.query).script
        found += lint(script, job.query, catalog_of(job, is_complete=_is_complete(job)))
    shown = without_silenced((*job.warnings, *found), job.query, {*ignored, *job.ignored_warnings})
    return tuple(sorted(dict.fromkeys(shown), key=by_position))


def explain_job(job: Job, format: Literal["text", "mermaid", "json"] = "text") -> str:  # noqa: A002
    """Return the plan of a job's query.

    Args:
        job: The job.
        format: A tree, a Mermaid flow chart, or JSON.

    Raises:
        QueryError: The query does not compile.
    """
    plan = compile_job(job, is_complete=_is_complete(job)).plan
    if format == "json":
        return json.dumps(explain_json(plan), indent=2, ensure_ascii=False)
    return explain_mermaid(plan) if format == "mermaid" else explain_text(plan)


def _is_complete(job: Job) -> bool:
    return bool(job.scripts or job.scorers or job.inputs)
