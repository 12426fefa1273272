"""A job from its first byte to its last."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from msgspec.structs import replace

from asaql.connectors import LineCounter
from asaql.diagnostics import Diagnostic, QueryError, Severity, did_you_mean
from asaql.formats import Problem
from asaql.jobs import InputSpec, Job
from asaql.model import Batch
from asaql.operators.evaluate import EvaluationError, Evaluator
from asaql.runtime.clock import Clock, SystemClock
from asaql.runtime.compile import Compiled, compile_job
from asaql.runtime.failures import job_error
from asaql.runtime.flow import Flow, Sink, Stage, end_together
from asaql.runtime.in_order import read_in_order, read_in_turn
from asaql.runtime.lower import Lowered, Surroundings, lower
from asaql.runtime.memory import keep_freed_memory, seldom_collected
from asaql.runtime.metrics import RunSummary
from asaql.runtime.monitor import MetricsFile, Monitor, Watcher
from asaql.runtime.outputs import Encoded, OutputSink
from asaql.runtime.pool import Pool, leased_pool
from asaql.runtime.prometheus import serve_metrics
from asaql.runtime.reading import InputTask, Reading
from asaql.runtime.reference import is_dated, snapshots
from asaql.runtime.scorers import Scorers
from asaql.runtime.scripts import open_scripts
from asaql.runtime.sinks import open_sinks
from asaql.runtime.sources import IDLE, Idle, check_source, format_and_options, is_awaited, open_source
from asaql.runtime.task_reader import TaskReader, Work, chunk_bytes_of, range_lengths_of
from asaql.udf.javascript_errors import ScriptError
from asaql.udf.scoring_recording import RecordingWriter

Warn = Callable[[Diagnostic], None]
Piece = TypeVar("Piece", bound=Work | Idle)
_MOST_WARNINGS = 5


def run_job(
    job: Job,
    *,
    parallelism: int = 1,
    batch_rows: int | None = None,
    warn: Warn = lambda _: None,
    metrics_path: Path | None = None,
    metrics_port: int | None = None,
    watchers: Sequence[Watcher] = (),
    record_scores: Path | None = None,
    clock: Clock | None = None,
) -> RunSummary:
    """Run a job to the end of its inputs.

    Args:
        job: The job.
        parallelism: Processes that decode and compute row by row, this one included; 1 starts none.
        batch_rows: Events in a batch; None lets the size of the input decide. No result depends on it.
        warn: Takes warnings, as they come up.
        metrics_path: Where metrics are written as JSON lines, every few seconds and at the end.
        metrics_port: Where metrics are served for Prometheus on this machine; 0 for any port that is free.
        watchers: What else is shown the counts while the job runs.
        record_scores: Where scored rows are kept with their scores, if the job ends well.
        clock: Tells how long the run took.

    Raises:
        QueryError: The job or its query is wrong; nothing was run.
        JobError: The job failed; outputs that are files are as they were before.
    """
    compiled = compile_job(job)
    for each in compiled.warnings:
        warn(each)
    return run_compiled(
        compiled,
        open_sinks(compiled, is_behind=parallelism > 1),
        parallelism=parallelism,
        batch_rows=batch_rows,
        warn=warn,
        metrics_path=metrics_path,
        metrics_port=metrics_port,
        watchers=watchers,
        record_scores=record_scores,
        clock=clock,
    )


def run_compiled(
    compiled: Compiled,
    sinks: dict[str, OutputSink],
    *,
    parallelism: int = 1,
    batch_rows: int | None = None,
    warn: Warn = lambda _: None,
    metrics_path: Path | None = None,
    metrics_port: int | None = None,
    watchers: Sequence[Watcher] = (),
    record_scores: Path | None = None,
    clock: Clock | None = None,
    arrivals: dict[str, Sequence[int]] | None = None,
) -> RunSummary:
    """Run a compiled job into sinks; see `run_job`.

    Args:
        compiled: The job.
        sinks: Folded output name to what takes its rows.
        parallelism: As in `run_job`.
        batch_rows: As in `run_job`.
        warn: As in `run_job`.
        metrics_path: As in `run_job`.
        metrics_port: As in `run_job`.
        watchers: As in `run_job`.
        record_scores: As in `run_job`.
        clock: As in `run_job`.
        arrivals: Folded input name to the ticks at which its events arrived, where that is known from outside.
    """
    clock = clock or SystemClock()
    started = clock.seconds()
    keep_freed_memory()
    try:
        with ExitStack() as outer:
            writer = outer.enter_context(RecordingWriter(record_scores)) if record_scores is not None else None
            if metrics_path is not None:
                watchers = (*watchers, MetricsFile(metrics_path, clock))
            endpoint = outer.enter_context(serve_metrics(metrics_port)) if metrics_port is not None else None
            with ExitStack() as stack, seldom_collected():
                pool = stack.enter_context(leased_pool(parallelism - 1)) if parallelism > 1 else None
                run = _Run(compiled, sinks, stack, warn, pool, batch_rows, arrivals or {}, writer)
                if endpoint is not None:
                    endpoint.sample = run.sample
                stack.enter_context(Monitor(run.sample, watchers, clock))
                run.go()
            for sink in sinks.values():
                sink.commit()
            if writer is not None:
                writer.commit()
    except BaseException:
        for sink in sinks.values():
            sink.abort()
        raise
    summary = run.sample()
    summary.seconds = clock.seconds() - started
    return summary


class _Run:
    def __init__(
        self,
        compiled: Compiled,
        sinks: dict[str, OutputSink],
        stack: ExitStack,
        warn: Warn,
        pool: Pool | None,
        batch_rows: int | None,
        arrivals: dict[str, Sequence[int]],
        writer: RecordingWriter | None,
    ) -> None:
        self._summary = RunSummary()
        self._lowered: Lowered | None = None
        self._compiled = compiled
        self._job = compiled.job
        self._sinks = sinks
        self._stack = stack
        self._warn = warn
        self._pool = pool
        self._rows = batch_rows
        self._arrivals = arrivals
        self._untimed: set[str] = set()
        self._lines: dict[str, LineCounter] = {}
        self._warned: dict[tuple[str, str], int] = {}
        self._scorers = Scorers(compiled.job, compiled.plan, stack, writer)

    def go(self) -> None:
        """Read all inputs to their ends and let the flow end."""
        specs = self._specs()
        scripts = open_scripts(self._job.scripts, self._job.level, self._on_console)
        if scripts is not None:
            self._stack.callback(scripts.close)
        around = Surroundings(
            self._job.query,
            self._job.policies,
            self._job.level,
            self._job.scripts,
            Evaluator(scripts),
            scripts,
            self._scorers.open,
            {key: format_and_options(spec) for key, spec in specs.items()},
            any(map(is_dated, specs.values())),
        )
        outputs: dict[str, Sink] = dict(self._sinks)
        lowered = self._lowered = lower(self._compiled.plan, around, outputs, self._pool)
        self._stack.callback(lowered.flow.close)
        try:
            self._read_all(lowered, specs, scripts)
        except (EvaluationError, ScriptError) as error:
            raise job_error(error, self._job.query) from error

    def sample(self) -> RunSummary:
        """Return what the run has done so far; any thread may call it."""
        summary = self._summary.copy()
        names = {output.name.casefold(): output.name for output in self._compiled.plan.outputs}
        summary.events_out = {names[key]: sink.rows for key, sink in self._sinks.items()}
        self._scorers.count(summary)
        if self._lowered is not None:
            self._lowered.count(summary, self._compiled.inputs)
        return summary

    # Inputs ------------------------------------------------------------------------------------------------------

    def _specs(self) -> dict[str, InputSpec]:
        """Return where each input that the query reads comes from."""
        given = {each.name.casefold(): each for each in self._job.inputs if each.name is not None and each.has_data}
        missing = [name for folded, name in self._compiled.inputs.items() if folded not in given]
        if missing:
            names = [each.name or "" for each in given.values()]
            raise QueryError(_no_data(name, names) for name in missing)
        for folded in self._compiled.inputs:
            for _, spec in snapshots(given[folded]):
                check_source(spec)
        return {folded: given[folded] for folded in self._compiled.inputs}

    def _read_all(self, lowered: Lowered, specs: dict[str, InputSpec], scripts: Any) -> None:
        for key in lowered.reference:
            self._drain({key: self._table(key, lowered, specs[key], scripts)}, lowered.flow)
        rest = [key for key in specs if key not in lowered.reference]
        self._drain({key: self._readings(key, lowered, specs[key], scripts) for key in rest}, lowered.flow)

    def _drain(self, readings: dict[str, Iterator[Reading | Idle]], flow: Flow) -> None:
        """Take readings from the inputs in turn until all have ended.

        Recordings whose rows may meet end together, behind the last of them.
        """
        ended: list[Stage] = []
        while readings:
            is_idle = True
            for key in list(readings):
                reading = next(readings[key], None)
                if reading is None:
                    del readings[key]
                    ended += flow.entries[key]
                    if not readings or not flow.meets_held:
                        end_together(ended)
                        ended = []
                elif isinstance(reading, Reading):
                    is_idle = False
                    self._take(key, reading, flow)
            if is_idle and readings:
                flow.idle()

    def _table(self, key: str, lowered: Lowered, spec: InputSpec, scripts: Any) -> Iterator[Reading | Idle]:
        """Yield the rows of reference data, each stamped with the time from which its file counts."""
        for start, snapshot in snapshots(spec):
            for reading in self._readings(key, lowered, snapshot, scripts):
                if isinstance(reading, Reading):
                    reading.batches = [
                        batch.with_times(pl.repeat(start, batch.height, dtype=pl.Int64, eager=True))
                        if isinstance(batch, Batch)
                        else batch
                        for batch in reading.batches
                    ]
                    yield reading

    def _readings(self, key: str, lowered: Lowered, spec: InputSpec, scripts: Any) -> Iterator[Reading | Idle]:
        """Yield what becomes of an input's chunks, in order."""
        task = _encoding(lowered.tasks[key], lowered.flow.entries[key])
        arrivals = self._arrivals.get(key)
        rows = 1 if arrivals is not None else self._rows
        processes = 1 if self._pool is None else self._pool.size + 1
        source = open_source(
            spec,
            task.format,
            task.options,
            rows,
            chunk_bytes=chunk_bytes_of(task),
            range_lengths=lambda size: range_lengths_of(task, size, processes),
        )
        pool = None if is_awaited(spec) else self._pool
        reader = TaskReader(task, scripts if pool is None else None)
        self._stack.callback(reader.close)
        done: Iterator[tuple[Work | Idle, list[Reading]]]
        if pool is None:
            done = read_in_turn(_with_arrivals(source, arrivals), reader)
        else:
            work = (each for each in source if not isinstance(each, Idle))
            done = read_in_order(_with_arrivals(work, arrivals), task, reader, pool)
        for piece, readings in done:
            if isinstance(piece, Idle):
                yield IDLE
            yield from readings

    def _take(self, key: str, reading: Reading, flow: Flow) -> None:
        """Count a reading, warn of what was dropped, and pass its rows on."""
        summary, name = self._summary, self._compiled.inputs[key]
        for counts, value in (
            (summary.events_in, reading.events),
            (summary.bytes_in, reading.size),
            (summary.malformed, len(reading.problems)),
            (summary.untimed, max(reading.untimed, default=0)),
        ):
            counts[name] = counts.get(name, 0) + value
        for problem in reading.problems:
            self._warn_some("AQ703", name, f"{self._place(problem)}: event dropped: {problem.reason}")
        if any(reading.untimed) and name not in self._untimed:
            self._untimed.add(name)
            text = f'input "{name}": events whose TIMESTAMP BY value is missing or no datetime are dropped'
            self._warn(Diagnostic("AQ709", text, severity=Severity.WARNING))
        for said in reading.console:
            self._on_console(*said)
        for stage, rows in zip(flow.entries[key], reading.batches, strict=True):
            if isinstance(rows, Encoded):
                for sink in stage.sinks:
                    sink.write_encoded(rows)
            elif rows is not None:
                stage.take(rows, 0)

    def _place(self, problem: Problem) -> str:
        line = problem.line
        if problem.offset:
            counter = self._lines.setdefault(problem.source, LineCounter(problem.source))
            line += counter.lines_before(problem.offset)
        return f"{problem.source}:{line}"

    def _warn_some(self, code: str, name: str, text: str) -> None:
        """Warn of the first few events of a kind; the summary has the number of all."""
        count = self._warned[code, name] = self._warned.get((code, name), 0) + 1
        if count <= _MOST_WARNINGS:
            self._warn(Diagnostic(code, text, severity=Severity.WARNING))
        elif count == _MOST_WARNINGS + 1:
            text = f'input "{name}": further dropped events are counted and not shown'
            self._warn(Diagnostic(code, text, severity=Severity.WARNING))

    # Functions ---------------------------------------------------------------------------------------------------

    def _on_console(self, level: str, function: str, text: str) -> None:
        self._warn(Diagnostic("AQ602", f"udf.{function}: console.{level}: {text}", severity=Severity.WARNING))


def _encoding(task: InputTask, entries: Sequence[Stage]) -> InputTask:
    """Return a task whose rows are encoded where they are read, as far as they go straight to one output."""
    leaves = []
    for leaf, entry in zip(task.leaves, entries, strict=True):
        sinks = entry.sinks
        lines = sinks[0].lines if len(sinks) == 1 else None
        leaves.append(leaf if lines is None else replace(leaf, lines=lines))
    return replace(task, leaves=tuple(leaves))


def _with_arrivals(source: Iterator[Piece], arrivals: Sequence[int] | None) -> Iterator[tuple[Piece, list[int] | None]]:
    """Yield what is to be read with the arrival times of its events; with arrival times, a chunk holds one event."""
    if arrivals is None:
        for work in source:
            yield work, None
        return
    for work, arrival in zip(source, arrivals, strict=True):
        yield work, [arrival]


def _no_data(name: str, given: list[str]) -> Diagnostic:
    nearest = did_you_mean(name, given)
    return Diagnostic(
        "AQ705",
        f'no data was given for input "{name}"',
        notes=(f"data was given for {', '.join(given)}",) if given else (),
        help=f'did you mean "{nearest}"?' if nearest else f"--input {name}=FILE",
    )
