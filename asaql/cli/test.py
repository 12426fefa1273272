"""`asaql test`."""

from pathlib import Path

import click

from asaql.testing import run_paths


@click.command(name="test")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--update", is_flag=True, help="Rewrite the expectations of failing cases with what was observed.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the results as JUnit XML.")
def command(paths: tuple[str, ...], update: bool, junit: Path | None) -> int:
    """Run recorded cases against their expectations.

    PATH is a case file in Markdown, a folder that is searched for them, or FILE:LINE for one case; without a PATH the
    current folder is searched. The exit code is 0 if all cases pass, else 1.

    \b
    Examples:
      asaql test
      asaql test cases/alerts.md:12
      asaql test cases/ --junit results.xml
      asaql test cases/alerts.md --update
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    report = run_paths(paths or (".",), update=update, junit=junit)
    for line in report.lines:
        click.echo(line)
    return report.exit_code
