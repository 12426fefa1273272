"""Queries from Python: rows in, rows out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from asaql.connectors import MemoryOutput
from asaql.diagnostics import Diagnostic, QueryError, Source
from asaql.jobs import EPOCH_TICKS, InputSpec, Job, TimePolicies, parse_duration, with_script_kinds
from asaql.model import parse_ticks
from asaql.runtime.compile import compile_job
from asaql.runtime.outputs import OutputSink
from asaql.runtime.run import run_compiled
from asaql.udf.scoring_spec import ScoringFunction
from asaql.udf.script_spec import ScriptFunction

Events: TypeAlias = str | Path | Sequence[Mapping[str, Any]]
Rows: TypeAlias = dict[str, list[dict[str, Any]]]


def run(
    query: str,
    inputs: Mapping[str, Events],
    *,
    functions: Mapping[str, str | Path | ScriptFunction] | None = None,
    score: Mapping[str, str | Path | ScoringFunction] | None = None,
    reference: Sequence[str] = (),
    start_time: str | None = None,
    late_arrival: str | float | None = None,
    out_of_order: str | float | None = None,
    out_of_order_policy: str = "adjust",
    early_arrival: str | float | None = None,
    compatibility_level: str = "1.2",
    batch_rows: int | None = None,
    parallelism: int = 1,
) -> Rows:
    """Run a query over recorded events and return the rows of its outputs.

    Args:
        query: The text.
        inputs: Input name to a file's path, or to events as dictionaries: `1` is a bigint, `1.0` a float.
        functions: JavaScript function name to a file's path (ending in `.js`) or to its source.
        score: Scoring function name to the service's URL, to the path of a local entry script, or to a recording of
            scores (`.jsonl`).
        reference: Names of the inputs that hold reference data.
        start_time: Arrival time of events that carry none, ISO 8601; by default 1970-01-01T00:00:00Z.
        late_arrival: Late arrival tolerance, as `5s`, `00:00:05` or seconds; None for no policy.
        out_of_order: Out-of-order tolerance, likewise.
        out_of_order_policy: `adjust` or `drop`: what happens to events beyond either tolerance.
        early_arrival: How far an event's time may be ahead of its arrival, likewise.
        compatibility_level: `1.0`, `1.1` or `1.2`.
        batch_rows: Events in a batch; no result depends on it.
        parallelism: Processes that decode; no result depends on it.

    Returns:
        Output name to rows, as they would be written: datetimes are text.

    Raises:
        QueryError: The query does not compile.
        JobError: The job failed while it ran.
    """
    rows, _ = run_query(
        query,
        inputs,
        functions=functions,
        score=score,
        reference=reference,
        start_time=start_time,
        late_arrival=late_arrival,
        out_of_order=out_of_order,
        out_of_order_policy=out_of_order_policy,
        early_arrival=early_arrival,
        compatibility_level=compatibility_level,
        batch_rows=batch_rows,
        parallelism=parallelism,
    )
    return rows


def run_query(
    query: str | Source,
    inputs: Mapping[str, Events],
    *,
    functions: Mapping[str, str | Path | ScriptFunction] | None = None,
    score: Mapping[str, str | Path | ScoringFunction] | None = None,
    reference: Sequence[str] = (),
    start_time: str | None = None,
    late_arrival: str | float | None = None,
    out_of_order: str | float | None = None,
    out_of_order_policy: str = "adjust",
    early_arrival: str | float | None = None,
    compatibility_level: str = "1.2",
    ignore_case: bool = False,
    batch_rows: int | None = None,
    parallelism: int = 1,
    arrivals: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Rows, list[Diagnostic]]:
    """Do what `run` does and return the warnings as well.

    Args:
        query: The text, or a source whose name messages shall show.
        inputs: As in `run`.
        functions: As in `run`.
        score: As in `run`.
        reference: As in `run`.
        start_time: As in `run`.
        late_arrival: As in `run`.
        out_of_order: As in `run`.
        out_of_order_policy: As in `run`.
        early_arrival: As in `run`.
        compatibility_level: As in `run`.
        ignore_case: Whether comparisons of text ignore case.
        batch_rows: As in `run`.
        parallelism: As in `run`.
        arrivals: Input name to the arrival time of each of its events, ISO 8601.
    """
    source = query if isinstance(query, Source) else Source("<query>", query)
    job = Job(
        "query",
        source,
        inputs=tuple(_input(name, events, reference) for name, events in inputs.items()),
        scripts=tuple(_script(name, each) for name, each in (functions or {}).items()),
        scorers=tuple(_scorer(name, each) for name, each in (score or {}).items()),
        policies=TimePolicies(
            _ticks("late_arrival", late_arrival),
            _ticks("out_of_order", out_of_order),
            _choice("out_of_order_policy", out_of_order_policy.lower(), ("adjust", "drop")),  # type: ignore[arg-type]
            _ticks("early_arrival", early_arrival),
            EPOCH_TICKS if start_time is None else _instant("start_time", start_time),
        ),
        level=_choice("compatibility_level", compatibility_level, ("1.0", "1.1", "1.2")),  # type: ignore[arg-type]
        ignore_case=ignore_case,
    )
    ticks = {
        name.casefold(): [_instant("arrivals", each) for each in times] for name, times in (arrivals or {}).items()
    }
    return run_in_memory(job, batch_rows=batch_rows, parallelism=parallelism, arrivals=ticks)


def run_in_memory(
    job: Job,
    *,
    batch_rows: int | None = None,
    parallelism: int = 1,
    arrivals: Mapping[str, Sequence[int]] | None = None,
) -> tuple[Rows, list[Diagnostic]]:
    """Run a job and return the rows of its outputs, wherever the job would write them, and the warnings.

    Args:
        job: The job.
        batch_rows: As in `run`.
        parallelism: As in `run`.
        arrivals: Folded input name to the ticks at which its events arrived.

    Raises:
        QueryError: The job does not compile.
        JobError: The job failed while it ran.
    """
    warnings: list[Diagnostic] = []
    compiled = compile_job(with_script_kinds(job))
    warnings += compiled.warnings
    targets = {output.name: MemoryOutput(output.name) for output in compiled.plan.outputs}
    sinks = {
        output.name.casefold(): OutputSink.of_json(targets[output.name], output.columns)
        for output in compiled.plan.outputs
    }
    run_compiled(
        compiled,
        sinks,
        parallelism=parallelism,
        batch_rows=batch_rows,
        warn=warnings.append,
        arrivals=dict(arrivals or {}),
    )
    return {name: target.rows for name, target in targets.items()}, warnings


def _input(name: str, events: Events, reference: Sequence[str]) -> InputSpec:
    is_reference = name.casefold() in {each.casefold() for each in reference}
    if isinstance(events, str | Path):
        return InputSpec(name, Path(events), is_reference=is_reference)
    return InputSpec(name, events=tuple(events), is_reference=is_reference)


def _script(name: str, script: str | Path | ScriptFunction) -> ScriptFunction:
    if isinstance(script, ScriptFunction):
        return script
    is_path = isinstance(script, Path) or ("\n" not in script and script.endswith(".js"))
    if not is_path:
        return ScriptFunction(name, Source(f"{name}.js", str(script)), kind=None)
    try:
        text = Path(script).read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f'JavaScript file "{script}" cannot be read: {error.strerror}'
        raise QueryError(Diagnostic("AQ702", message)) from error
    return ScriptFunction(name, Source(str(script), text), kind=None)


def _scorer(name: str, service: str | Path | ScoringFunction) -> ScoringFunction:
    if isinstance(service, ScoringFunction):
        return service
    if isinstance(service, str) and "://" in service:
        return ScoringFunction(name=name, url=service)
    if str(service).endswith((".jsonl", ".ndjson")):
        return ScoringFunction(name=name, replay=Path(service))
    return ScoringFunction(name=name, entry_script=Path(service))


def _ticks(name: str, duration: str | float | None) -> int | None:
    if duration is None:
        return None
    ticks = parse_duration(duration if isinstance(duration, str) else f"{duration}s")
    if ticks is None:
        raise QueryError(Diagnostic("AQ708", f'{name} "{duration}" is no duration', help="5s, 2m or 00:00:05"))
    return ticks


def _instant(name: str, text: str) -> int:
    ticks = parse_ticks(text)
    if ticks is None:
        raise QueryError(Diagnostic("AQ708", f'{name} "{text}" is no datetime', help="2024-01-01T00:00:00Z"))
    return ticks


def _choice(name: str, value: str, values: Sequence[str]) -> str:
    if value not in values:
        raise QueryError(Diagnostic("AQ708", f'{name} "{value}" is not known', help=" or ".join(values)))
    return value
