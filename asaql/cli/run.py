"""`asaql run`."""

from pathlib import Path
from typing import Any

import click

from asaql.cli.options import job_from, job_options
from asaql.cli.progress import progress_line
from asaql.cli.report import Reporter
from asaql.connectors import ClosedOutputError
from asaql.diagnostics import Diagnostic
from asaql.runtime import RunSummary, run_job


@click.command(name="run")
@job_options
@click.option("--parallelism", type=click.IntRange(min=1), default=1, show_default=True, help="Number of processes.")
@click.option("--batch-rows", type=click.IntRange(min=1), help="Most rows in a batch; results do not depend on it.")
@click.option("--metrics", type=click.Path(dir_okay=False, path_type=Path), help="Write metrics to a file, JSON lines.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), help="Serve metrics for Prometheus on this machine.")
@click.option(
    "--record-scores",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep scored rows with their scores in a recording, for --replay-scores.",
)
@click.option("--summary", is_flag=True, help="Print counts and times to standard error at the end.")
@click.pass_obj
def command(
    reporter: Reporter,
    /,
    target: str,
    parallelism: int,
    batch_rows: int | None,
    metrics: Path | None,
    metrics_port: int | None,
    record_scores: Path | None,
    summary: bool,
    **settings: Any,
) -> int:
    """Run a query or a job and write its outputs.

    QUERY is a .sql or .asaql file, or - for standard input. JOB is a job file (.yaml), an asaproj.json or a deployment
    template (.json). DIR is a project's folder.

    Outputs without a file go to standard output, an object a line; if there are several, each line names its output.

    \b
    Examples:
      asaql run alerts.asaql --input events.jsonl
      asaql run alerts.asaql --input Sensors=sensors.csv --output Alerts=alerts.parquet
      asaql run fraud.asaql --input rides.json.gz --score score=http://127.0.0.1:5001/score
      asaql run fraud.asaql --input rides.json.gz --replay-scores fraud.scores.jsonl
      asaql run my-project/ --late-arrival 5s --summary
      cat events.jsonl | asaql run alerts.asaql --input -
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    job = job_from(target, **settings)
    reporter.show_all(job.warnings)
    progress = progress_line(job)

    def warn(diagnostic: Diagnostic) -> None:
        if progress is not None:
            progress.clear()
        reporter.show(diagnostic)

    try:
        result = run_job(
            job,
            parallelism=parallelism,
            batch_rows=batch_rows,
            warn=warn,
            metrics_path=metrics,
            metrics_port=metrics_port,
            watchers=() if progress is None else (progress,),
            record_scores=record_scores,
        )
    except ClosedOutputError as error:
        raise BrokenPipeError from error
    if summary:
        click.echo(summary_text(result), err=True)
    return 0


def summary_text(result: RunSummary) -> str:
    """Return the counts and times of a run, a line for each."""
    total = sum(result.events_in.values())
    rate = total / result.seconds if result.seconds > 0 else 0.0
    lines = [f"events in        {count:,} from {name}" for name, count in result.events_in.items()]
    lines += [f"rows out         {count:,} to {name}" for name, count in result.events_out.items()]
    lines += [
        f"events dropped   {result.dropped:,}",
        f"requests         {result.requests:,}",
    ]
    if result.functions:
        lines += [
            f"rows scored      {result.scored:,}",
            f"requests failed  {result.failed_requests:,}",
            f"retries          {result.retries:,}",
        ]
    lines.append(
        f"time             {result.seconds:.3f} s ({rate:,.0f} events/s)",
    )
    return "\n".join(lines)
