"""`asaql export`."""

from pathlib import Path

import click

from asaql.cli.report import Reporter
from asaql.diagnostics import Diagnostic, QueryError
from asaql.jobs import read_job
from asaql.jobs.export_template import template_of


@click.command(name="export")
@click.argument("target", metavar="QUERY|JOB|DIR")
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the template to a file instead of standard output.",
)
@click.pass_obj
def command(reporter: Reporter, /, target: str, path: Path | None) -> int:
    """Write a deployment template (ARM) whose query and functions are those of a job.

    Where inputs and outputs are, and the addresses and keys of scoring services, are parameters of the template; it
    holds no secrets. What a template cannot say is warned about.

    \b
    Examples:
      asaql export job.yaml -o template.json
      asaql export alerts/ > template.json
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    job = read_job(target)
    template = template_of(job)
    reporter.show_all((*job.warnings, *template.warnings))
    if path is None:
        click.echo(template.text, nl=False)
        return 0
    try:
        path.write_bytes(template.text.encode())
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise QueryError(Diagnostic("AQ704", f'"{path}" cannot be written: {reason}')) from error
    return 0
