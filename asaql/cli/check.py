"""`asaql check`."""

import json
from typing import Any

import click

from asaql.cli.options import job_from, job_options
from asaql.cli.report import Reporter
from asaql.diagnostics import Diagnostic, QueryError, render_json
from asaql.runtime import check_job


@click.command(name="check")
@job_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(reporter: Reporter, /, target: str, form: str, **settings: Any) -> int:
    """Report what is wrong with a query or a job, without running it.

    All errors are reported, not only the first. The exit code is 0 if there are none (warnings do not count), else 1.
    As JSON, standard output gets one object: {"diagnostics": [{"code": ..., "startLine": ...}]}.

    \b
    Examples:
      asaql check alerts.asaql
      asaql check job.yaml --format json
      asaql check my-project/
      asaql check template.json
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    found = _diagnostics(target, settings)
    if form == "json":
        click.echo(json.dumps({"diagnostics": [render_json(each) for each in found]}, indent=2))
    else:
        reporter.show_all(found)
    return 1 if any(each.is_error for each in found) else 0


def _diagnostics(target: str, settings: dict[str, Any]) -> tuple[Diagnostic, ...]:
    try:
        job = job_from(target, **settings)
        return tuple(dict.fromkeys((*job.warnings, *check_job(job))))
    except QueryError as error:
        return error.diagnostics
