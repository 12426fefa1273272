"""Runs a case's query once, in one setting."""

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from asaql.diagnostics import AsaqlError, QueryError, render_text
from asaql.jobs import CompatibilityLevel, InputSpec, Job
from asaql.runtime import explain_job
from asaql.runtime.api import run_query
from asaql.testing.case import Case, Input
from asaql.testing.scoring import serve
from asaql.testing.values import row_text
from asaql.udf.scoring_recording import Recording
from asaql.udf.scoring_spec import ScoringFunction

_EXTRA = ": unexpected row "
"""What a service's fault says when a row was sent that no one expects; the others do not matter when a job fails."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a run cuts its work; the result must not depend on it.

    Attributes:
        batch_rows: Most rows a batch, or None for as many as there are.
        parallelism: Number of partitions worked on at the same time.
    """

    batch_rows: int | None = None
    parallelism: int = 1

    def __str__(self) -> str:
        batches = "whole batches" if self.batch_rows is None else f"batches of {self.batch_rows}"
        return f"{batches}, parallelism {self.parallelism}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave.

    Attributes:
        rows: Each output's rows; empty when the run failed.
        warnings: The rendering of the warnings.
        error: What stopped the run, or None.
        faults: What the scoring services were asked and should not have been, or the other way round.
        addresses: Addresses that differ from run to run, with what renderings show in their place.
    """

    rows: Mapping[str, list[dict[str, Any]]]
    warnings: str = ""
    error: AsaqlError | None = None
    faults: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()

    @property
    def stage(self) -> str | None:
        """`compile` or `runtime` when the run failed, else None."""
        if self.error is None:
            return None
        return "compile" if isinstance(self.error, QueryError) else "runtime"

    @property
    def rendering(self) -> str:
        """The rendering of the errors, one after the other; empty when there are none."""
        return "" if self.error is None else _with_names(str(self.error), self.addresses)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the errors, sorted."""
        return (
            () if self.error is None else tuple(sorted(each.code for each in self.error.diagnostics if each.is_error))
        )


def execute(case: Case, setting: Setting) -> Outcome:
    """Run a case once."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="asaql-")))
        # Both ways in are tried; where an event's place may be named, the file is taken in every run.
        in_memory = setting.batch_rows == 1 and case.warnings is None and case.error is None
        services = {each.name: stack.enter_context(serve(each)) for each in case.scores}
        addresses = [(f"{directory}{os.sep}", "")]
        if case.options.replay is not None:
            addresses.append((str(case.path.parent / case.options.replay), case.options.replay))
        addresses += [(url.removesuffix("/score"), f"http://{name}") for name, (url, _) in services.items()]
        try:
            rows, warnings = run_query(
                case.query,
                {each.name: _data(each, directory, in_memory=in_memory) for each in case.inputs},
                functions={each.name: each for each in case.functions},
                score={**_replayed(case), **{name: url for name, (url, _) in services.items()}},
                reference=case.reference,
                start_time=case.options.start_time,
                late_arrival=case.options.late_arrival,
                out_of_order=case.options.out_of_order,
                out_of_order_policy=case.options.out_of_order_policy,
                early_arrival=case.options.early_arrival,
                compatibility_level=case.options.compatibility_level,
                ignore_case=case.options.ignore_case,
                batch_rows=setting.batch_rows,
                parallelism=setting.parallelism,
                arrivals={each.name: list(each.arrivals) for each in case.inputs if each.arrivals is not None},
            )
        except AsaqlError as error:
            unexpected = tuple(line for _, service in services.values() for line in service.faults() if _EXTRA in line)
            return Outcome({}, error=error, faults=unexpected, addresses=tuple(addresses))
        faults = tuple(line for _, service in services.values() for line in service.faults())
        text = "\n\n".join(render_text(each) for each in warnings)
        return Outcome(rows, _with_names(text, addresses), faults=faults)


def plan_of(case: Case) -> str:
    """Return what `asaql explain` prints for a case's query.

    Raises:
        QueryError: The query does not compile.
    """
    reference = {name.casefold() for name in case.reference}
    job = Job(
        "case",
        case.query,
        inputs=tuple(
            InputSpec(each.name, events=(), is_reference=each.name.casefold() in reference) for each in case.inputs
        ),
        scripts=case.functions,
        scorers=(
            *_replayed(case).values(),
            *(ScoringFunction(name=each.name, url="http://localhost/score") for each in case.scores),
        ),
        level=cast(CompatibilityLevel, case.options.compatibility_level),
        ignore_case=case.options.ignore_case,
    )
    return explain_job(job)


def _replayed(case: Case) -> dict[str, ScoringFunction]:
    """Return the scoring functions that a case's recording answers for."""
    if case.options.replay is None:
        return {}
    path = case.path.parent / case.options.replay
    tabled = {each.name.casefold() for each in case.scores}
    names = (each for each in Recording(path).functions if each.casefold() not in tabled)
    return {name: ScoringFunction(name=name, replay=path) for name in names}


def _with_names(text: str, addresses: Iterable[tuple[str, str]]) -> str:
    """Return a text in which folders and ports that differ from run to run have names that do not."""
    for address, name in addresses:
        text = text.replace(address, name)
    return text


def _data(each: Input, directory: Path, *, in_memory: bool) -> Path | list[dict[str, Any]]:
    """Return an input as `run` takes it: events in a file, as users have them, or in memory.

    Events with arrival times are in memory always, because in a file there is no place for these.
    """
    if each.path is not None:
        return each.path
    if each.csv is not None:
        path = directory / f"{each.name}.csv"
        path.write_text(each.csv, encoding="utf-8")
        return path
    events = list(each.events or ())
    if each.arrivals is not None or in_memory:
        return events
    path = directory / f"{each.name}.jsonl"
    path.write_text("".join(f"{row_text(event)}\n" for event in events), encoding="utf-8")
    return path
