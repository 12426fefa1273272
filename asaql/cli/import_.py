"""`asaql import`."""

from pathlib import Path

import click

from asaql.cli.report import Reporter
from asaql.diagnostics import Diagnostic, QueryError
from asaql.jobs import Assignment, JobOptions, parse_assignment, read_job
from asaql.jobs.export_folder import write_job_folder


@click.command(name="import")
@click.argument("source", metavar="SRC")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--score",
    "scorers",
    metavar="NAME=URL",
    multiple=True,
    help="Where udf.NAME is scored, if SRC does not say; a service, an entry script or a recording.",
)
@click.pass_obj
def command(reporter: Reporter, /, source: str, folder: Path, scorers: tuple[str, ...]) -> int:
    """Turn a project of the service's editors, or a deployment template, into a folder with a job file.

    DIR gets job.yaml, the query and the functions as files, and copies of the recordings. Files that are there are
    never replaced. Keys are not written: the job file names environment variables in their place.

    \b
    Examples:
      asaql import my-project/ alerts
      asaql import template.json alerts --score score=http://127.0.0.1:5001/score
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    named = [_named(each) for each in scorers]
    path = Path(source)
    if path.suffix.lower() in (".sql", ".asaql", ".yaml", ".yml") or source == "-":
        message = f'"{source}" is neither a project nor a template'
        raise QueryError(Diagnostic("AQ701", message, help="name a project's folder, or a template (.json)"))
    job = read_job(source, JobOptions(scorers=[(str(each.name), each.value) for each in named]))
    reporter.show_all(job.warnings)
    written = write_job_folder(job, folder)
    for each in written.paths:
        click.echo(f"wrote {each}")
    for variable, what in written.variables.items():
        click.echo(f"set {variable} to {what}")
    return 0


def _named(text: str) -> Assignment:
    result = parse_assignment(text)
    if result.name is None or not result.value:
        message = f'"{text}" is not NAME=URL'
        raise click.BadParameter(message, param_hint="--score")
    return result
