"""`asaql check`."""

import json
from typing import Any

import click

from asaql.cli.options import job_from, job_options
from asaql.cli.report import Reporter
from asaql.diagnostics import Diagnostic, QueryError, render_json
from asaql.jobs.job_shape import SILENCEABLE
from asaql.runtime import review_job


@click.command(name="check")
@job_options
@click.argument("more", nargs=-1, metavar="[QUERY|JOB|DIR]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--ignore",
    "ignored",
    metavar="CODE",
    multiple=True,
    type=click.Choice(SILENCEABLE, case_sensitive=False),
    help="Do not show warnings of this code, AQ804 say; errors are always shown. Can be given more than once.",
)
@click.pass_obj
def command(
    reporter: Reporter, /, target: str, more: tuple[str, ...], form: str, ignored: tuple[str, ...], **settings: Any
) -> int:
    """Report what is wrong with a query or a job, without running it.

    All errors are reported, not only the first. A query without errors is looked through for what runs and may not mean
    what it says. Such warnings are silenced by --ignore, in the job file, or by a comment on the line or the one above:
    -- asaql: ignore[AQ804]

    The exit code is 0 if there are no errors (warnings do not count), else 1.
    As JSON, standard output gets one object: {"diagnostics": [{"code": ..., "startLine": ...}]}.

    \b
    Examples:
      asaql check alerts.asaql
      asaql check queries/*.asaql
      asaql check job.yaml --format json
      asaql check my-project/ --ignore AQ804 --ignore AQ802
      asaql check template.json
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    found = [each for one in (target, *more) for each in _diagnostics(one, ignored, settings)]
    if form == "json":
        click.echo(json.dumps({"diagnostics": [render_json(each) for each in found]}, indent=2))
    else:
        reporter.show_all(found)
    return 1 if any(each.is_error for each in found) else 0


def _diagnostics(target: str, ignored: tuple[str, ...], settings: dict[str, Any]) -> tuple[Diagnostic, ...]:
    try:
        job = job_from(target, **settings)
        return review_job(job, ignored)
    except QueryError as error:
        return error.diagnostics
