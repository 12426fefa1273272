"""The options that say what a job is, shared by the commands that take one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from asaql.jobs import (
    DURATION_FORMS,
    NO_LIMIT,
    Assignment,
    InputSpec,
    Job,
    JobOptions,
    OutputSpec,
    parse_assignment,
    parse_duration,
    read_job,
)
from asaql.model import parse_ticks

_Command = TypeVar("_Command", bound=Callable[..., Any])


class _DurationType(click.ParamType[int]):
    """A length of time, or `none`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if value.strip().lower() == "none":
            return NO_LIMIT
        ticks = parse_duration(value)
        if ticks is None:
            self.fail(f'"{value}" is no duration; write {DURATION_FORMS}, or none', param, ctx)
        return ticks


class _InstantType(click.ParamType[int]):
    """A datetime."""

    name = "datetime"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        ticks = parse_ticks(value)
        if ticks is None:
            self.fail(f'"{value}" is no datetime; write it as 2024-01-31T12:00:00Z', param, ctx)
        return ticks


class _AssignmentType(click.ParamType[Assignment]):
    """`NAME=VALUE`, where the name may be left out if there is only one it could be."""

    name = "assignment"

    def __init__(self, *, needs_name: bool) -> None:
        self._needs_name = needs_name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Assignment:
        if isinstance(value, Assignment):
            return value
        result = parse_assignment(value)
        if result.name is None and self._needs_name:
            self.fail(f'"{value}" does not begin with a name and =', param, ctx)
        if not result.value:
            self.fail(f'"{value}" says nothing after the =', param, ctx)
        return result


_DURATION = _DurationType()
_INSTANT = _InstantType()
_NAMED = _AssignmentType(needs_name=True)
_MAYBE_NAMED = _AssignmentType(needs_name=False)

_OPTIONS = (
    click.option(
        "--input", "inputs", metavar="[NAME=]PATH", multiple=True, type=_MAYBE_NAMED,
        help="Read an input from a file; - is standard input. NAME can be left out if the query has one input.",
    ),
    click.option(
        "--output", "outputs", metavar="[NAME=]PATH", multiple=True, type=_MAYBE_NAMED,
        help="Write an output to a file. Outputs without one go to standard output.",
    ),
    click.option(
        "--function", "functions", metavar="NAME=FILE.js", multiple=True, type=_NAMED,
        help="Use the JavaScript function of a file as udf.NAME or uda.NAME.",
    ),
    click.option(
        "--score", "scorers", metavar="NAME=URL", multiple=True, type=_NAMED,
        help="Compute udf.NAME by a scoring service, a local entry script (FILE.py) or a recording (FILE.jsonl).",
    ),
    click.option(
        "--replay-scores", "replay", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
        help="Answer for scoring functions from a recording; no service is asked.",
    ),
    click.option(
        "--score-key", "scorer_keys", metavar="NAME=VARIABLE", multiple=True, type=_NAMED,
        help="Send the service the key that an environment variable holds.",
    ),
    click.option(
        "--reference", "reference", metavar="NAME", multiple=True, help="Treat an input as reference data."
    ),
    click.option(
        "--start-time", type=_INSTANT, metavar="T",
        help="When events arrive that do not say so. [default: 1970-01-01T00:00:00Z]",
    ),
    click.option(
        "--late-arrival", type=_DURATION, metavar="D", help="How far event time may lie behind arrival: 5s, 2m, none."
    ),
    click.option(
        "--out-of-order", type=_DURATION, metavar="D", help="How far events may be out of order: 5s, 2m, none."
    ),
    click.option(
        "--out-of-order-policy", type=click.Choice(["adjust", "drop"], case_sensitive=False),
        help="What is done with events beyond these two. [default: adjust]",
    ),
    click.option(
        "--early-arrival", type=_DURATION, metavar="D|none", help="How far event time may lie ahead of arrival."
    ),
    click.option(
        "--compatibility-level", "level", type=click.Choice(["1.0", "1.1", "1.2"]),
        help="The level of the dialect. [default: 1.2]",
    ),
    click.option("--ignore-case", is_flag=True, default=None, help="Compare texts without regard to case."),
)  # fmt: skip


def job_options(command: _Command) -> _Command:
    """Give a command the argument TARGET and the options that `job_from` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return click.argument("target", metavar="QUERY|JOB|DIR")(command)


def job_from(
    target: str,
    *,
    inputs: tuple[Assignment, ...] = (),
    outputs: tuple[Assignment, ...] = (),
    functions: tuple[Assignment, ...] = (),
    scorers: tuple[Assignment, ...] = (),
    scorer_keys: tuple[Assignment, ...] = (),
    **settings: Any,
) -> Job:
    """Return the job of a target with the options of the command line; QueryError if it has none."""
    options = JobOptions(
        inputs=tuple(InputSpec(each.name, Path(each.value)) for each in inputs),
        outputs=tuple(OutputSpec(each.name, Path(each.value)) for each in outputs),
        functions=tuple((str(each.name), Path(each.value)) for each in functions),
        scorers=tuple((str(each.name), each.value) for each in scorers),
        scorer_keys=tuple((str(each.name), each.value) for each in scorer_keys),
        **settings,
    )
    return read_job(target, options)
