"""`asaql init`."""

from pathlib import Path

import click

from asaql.jobs.scaffold import start_project


@click.command(name="init")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> int:
    """Start a project: a query, a job file, a small recording and a test that passes.

    The files go to DIR, by default the current folder. A file that is there is never replaced; the exit code is then 1.

    \b
    Examples:
      asaql init
      asaql init alerts
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    for path in start_project(folder):
        click.echo(f"wrote {path}")
    place = "" if folder == Path() else f" {folder}"
    click.echo(f"next: asaql run {place.strip() or '.'}, then asaql test{place}")
    return 0
