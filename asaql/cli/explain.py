"""`asaql explain`."""

from typing import Any, Literal

import click

from asaql.cli.options import job_from, job_options
from asaql.cli.report import Reporter
from asaql.runtime import explain_job


@click.command(name="explain")
@job_options
@click.option("--format", "form", type=click.Choice(["text", "mermaid", "json"]), default="text", show_default=True)
@click.pass_obj
def command(reporter: Reporter, /, target: str, form: Literal["text", "mermaid", "json"], **settings: Any) -> int:
    """Show how a query would be run: its steps, what they read and where work is divided.

    \b
    Examples:
      asaql explain alerts.asaql
      asaql explain my-project/ --format mermaid
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    job = job_from(target, **settings)
    reporter.show_all(job.warnings)
    click.echo(explain_job(job, form))
    return 0
