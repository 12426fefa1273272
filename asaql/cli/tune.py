"""`asaql tune`."""

from pathlib import Path
from typing import Any

import click

from asaql.cli.chart import Curve, draw_svg, draw_text
from asaql.cli.options import job_from, job_options
from asaql.cli.report import Reporter
from asaql.diagnostics import Diagnostic, JobError, QueryError
from asaql.jobs import Job
from asaql.jobs.edit_yaml import job_file_of, write_scoring_settings
from asaql.runtime.clock import SystemClock
from asaql.runtime.scorers import partitions_of
from asaql.runtime.tuning import Limits, Measurement, Tuning, open_probe, tune, tuned_function
from asaql.udf.scoring_recording import Recording

_HEAD = f"{'rows':>8} {'at a time':>10} {'requests':>9} {'latency ms':>11} {'rows/s':>11} {'retries':>8}"


@click.command(name="tune")
@job_options
@click.option(
    "--recording",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    required=True,
    help="Rows to send, as run --record-scores keeps them.",
)
@click.option("--tuned", "name", metavar="NAME", help="The scoring function, if the job has several.")
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="How long it may take."
)
@click.option(
    "--requests", type=click.IntRange(min=12), default=600, show_default=True, help="How many requests it may send."
)
@click.option(
    "--most-parallel", type=click.IntRange(1, 1000), default=64, show_default=True, help="Most requests at a time."
)
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the curves into an SVG file.")
@click.option("--write", is_flag=True, help="Write what is recommended into the job file.")
@click.pass_obj
def command(
    reporter: Reporter,
    /,
    target: str,
    recording: Path,
    name: str | None,
    seconds: float,
    requests: int,
    most_parallel: int,
    svg: Path | None,
    write: bool,
    **settings: Any,
) -> int:
    """Find the batch size and the number of parallel requests that fit a scoring service.

    Sends recorded rows in batches of 50, 100, 200, 500, 1,000, ... until answers take longer, then with the best of
    them more and more requests at a time until that brings no more. The service's own limits and costs are those of
    its owner: tune a service that may be put under load.

    \b
    Examples:
      asaql run job.yaml --record-scores job.scores.jsonl
      asaql tune job.yaml --recording job.scores.jsonl
      asaql tune job.yaml --recording job.scores.jsonl --svg tuning.svg --write
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    job = job_from(target, **settings)
    reporter.show_all(job.warnings)
    function = tuned_function(job, name)
    job_file = _job_file(target) if write else None
    limits, clock = Limits(seconds, requests, most_parallel), SystemClock()
    click.echo(_HEAD)
    with open_probe(job, function.name, Recording(recording), limits, clock) as probe:
        found = tune(probe, limits, partitions=partitions_of(job), clock=clock, show=_show)
    curves = _curves(found)
    for curve in curves:
        click.echo("\n" + "\n".join(draw_text(curve)))
    click.echo(f"\n{_recommendation(found, job)}")
    if svg is not None:
        _write_svg(svg, draw_svg(curves))
    if job_file is not None:
        values = {"max_batch_rows": found.max_batch_rows, "parallel_requests": found.parallel_requests}
        write_scoring_settings(job_file, function.name, values)
        click.echo(f"written to {job_file}")
    return 0


def _show(measured: Measurement) -> None:
    click.echo(
        f"{measured.batch_rows:>8,} {measured.parallel_requests:>10} {measured.requests:>9} "
        f"{measured.latency * 1000:>11,.1f} {measured.rows_per_second:>11,.0f} {measured.retries:>8}"
    )


def _job_file(target: str) -> Path:
    path = job_file_of(target)
    if path is None:
        message = f'"{target}" is no job file, and only a job file can be written to'
        raise QueryError(Diagnostic("AQ708", message, help="leave --write out"))
    return path


def _curves(found: Tuning) -> list[Curve]:
    batches = [each.batch_rows for each in found.by_batch]
    curves = [
        Curve(
            "milliseconds to an answer",
            "rows in a request",
            [f"{each:,}" for each in batches],
            [each.latency * 1000 for each in found.by_batch],
            batches.index(found.max_batch_rows),
        )
    ]
    if found.by_parallel:
        best = max(at for at, each in enumerate(found.by_parallel) if each.parallel_requests <= found.most_parallel)
        curves.append(
            Curve(
                "rows a second",
                "requests at a time",
                [str(each.parallel_requests) for each in found.by_parallel],
                [each.rows_per_second for each in found.by_parallel],
                best,
            )
        )
    return curves


def _recommendation(found: Tuning, job: Job) -> str:
    partitions = partitions_of(job)
    share = f" in each of {partitions} partitions" if partitions > 1 else ""
    return "\n".join(
        [
            f"max_batch_rows: {found.max_batch_rows}     ({found.batch_reason})",
            f"parallel_requests: {found.parallel_requests}{share}     ({found.parallel_reason})",
            f"sent {found.requests} requests",
        ]
    )


def _write_svg(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise JobError(Diagnostic("AQ704", f'"{path}" cannot be written: {error.strerror}')) from error
