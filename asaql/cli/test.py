"""`asaql test`."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import click

from asaql.cli.report import Reporter
from asaql.diagnostics import AsaqlError, Diagnostic, Severity
from asaql.testing import TestReport, run_paths
from asaql.testing.official import default_config
from asaql.testing.report import OFFICIAL_EXIT_EXCEPTION
from asaql.testing.summary import write_results, write_summary
from asaql.testing.watch import watch as watch_files

_SECONDS_BETWEEN_LOOKS = 0.5
_COLOURS = {"FAILED": "red", "UPDATED": "yellow", "-": "red", "+": "green"}
"""The first word of a line to the colour that the line has on a terminal."""

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(name="test")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--update", is_flag=True, help="Make failing tests expect what was observed, and show it.")
@click.option("--watch", is_flag=True, help="Run again whenever a file changes; Ctrl+C ends it.")
@click.option("--thorough", is_flag=True, help="Run tests of jobs at several batch sizes and parallelisms too.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the results as JUnit XML.")
@click.option("--summary-json", type=_FILE, metavar="FILE", help="Write the results as testResultSummary.json does.")
@click.option(
    "--output-path",
    "--outputPath",
    "-outputPath",
    "output_path",
    type=_FOLDER,
    metavar="DIR",
    help="Write testResultSummary.json and the rows of every output into a folder.",
)
@click.option(
    "--project",
    "-project",
    "project",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Run the testConfig.json of a project: its asaproj.json, its .asaproj or its folder.",
)
@click.option(
    "--test-config-path",
    "--testConfigPath",
    "-testConfigPath",
    "config",
    type=_FILE,
    metavar="FILE",
    help="The testConfig.json. [default: test/testConfig.json beside the project]",
)
@click.option(
    "--custom-code-zip-file-path",
    "--customCodeZipFilePath",
    "-customCodeZipFilePath",
    "custom_code",
    hidden=True,
)
@click.option("--official-exit-codes", is_flag=True, help="Exit with 0, -1 or -2, as said above.")
@click.pass_obj
def command(
    reporter: Reporter,
    /,
    paths: tuple[str, ...],
    update: bool,
    watch: bool,
    thorough: bool,
    junit: Path | None,
    summary_json: Path | None,
    output_path: Path | None,
    project: Path | None,
    config: Path | None,
    custom_code: str | None,
    official_exit_codes: bool,
) -> int:
    """Run recorded tests against their expectations.

    PATH is a Markdown file with cases, a testConfig.json, a job file with the key "tests", a folder with a query,
    inputs/ and expected/, or FILE:LINE for one test of a file. Any other folder is searched for all of these; without a
    PATH the current folder is.

    \b
    Exit codes:
      0    all tests passed
      1    a test failed, or a file with tests is wrong
      2    the command line is wrong
      70   a bug of asaql
    With --official-exit-codes, as the tool azure-streamanalytics-cicd has them:
      0    all tests passed
      -1   something could not be run (a shell shows 255)
      -2   a test failed (a shell shows 254)

    \b
    Examples:
      asaql test
      asaql test cases/alerts.md:12
      asaql test cases/ --junit results.xml
      asaql test cases/alerts.md --update
      asaql test --watch
      asaql test --project asaproj.json --output-path results --official-exit-codes
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    if custom_code is not None:
        text = "custom code in .NET is not used: the service has retired it"
        reporter.show(Diagnostic("AQ706", text, severity=Severity.WARNING))
    targets = _targets(paths, project, config)

    def run() -> TestReport:
        report = run_paths(targets, update=update, junit=junit, thorough=thorough, project=project)
        if summary_json is not None:
            write_summary(report, summary_json)
        if output_path is not None:
            write_results(report, output_path)
        _show(report)
        return report

    if watch:
        _watch(run, targets, [each for each in (junit, summary_json, output_path) if each is not None])
        return 0
    try:
        report = run()
    except AsaqlError as error:
        if not official_exit_codes:
            raise
        reporter.show_all(error.diagnostics)
        return OFFICIAL_EXIT_EXCEPTION
    return report.official_exit_code if official_exit_codes else report.exit_code


def _targets(paths: tuple[str, ...], project: Path | None, config: Path | None) -> tuple[str, ...]:
    if config is not None:
        return (*paths, str(config))
    if project is not None:
        return (*paths, str(default_config(project)))
    return paths or (".",)


def _show(report: TestReport) -> None:
    for line in report.lines:
        colour = _COLOURS.get(line.split(maxsplit=1)[0]) if line and not os.environ.get("NO_COLOR") else None
        click.echo(click.style(line, fg=colour) if colour else line)


def _watch(run: Callable[[], TestReport], targets: tuple[str, ...], left_out: list[Path]) -> None:
    """Run again after every change, until the process is interrupted."""
    never = Event()

    def work() -> Any:
        files = run().files
        click.echo("waiting for changes, Ctrl+C ends", err=True)
        return files

    def announce(changed: list[Path]) -> None:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        click.echo(f"\n{changed[0].name}{more} changed", err=True)

    watch_files(
        work,
        [Path(each) for each in targets if Path(each).is_dir()],
        wait=lambda: not never.wait(_SECONDS_BETWEEN_LOOKS),
        on_change=announce,
        left_out=left_out,
    )
