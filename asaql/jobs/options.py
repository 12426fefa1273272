"""What the command line or a caller says on top of a job's description."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from asaql.diagnostics import Diagnostic, QueryError, did_you_mean
from asaql.jobs.files import read_source
from asaql.jobs.functions import make_scorer, make_script
from asaql.jobs.job import (
    CompatibilityLevel,
    InputSpec,
    Job,
    OutOfOrderPolicy,
    OutputSpec,
    TimePolicies,
)
from asaql.jobs.problems import Problems
from asaql.udf.scoring_recording import Recording
from asaql.udf.scoring_spec import ScoringFunction, Secret
from asaql.udf.script_spec import ScriptFunction

_NAMED = re.compile(r"(?P<name>\[[^\]]+\]|[^=/\\.\[\]]+)=(?P<value>.*)", re.DOTALL)

_RECORDING_SUFFIXES = (".jsonl", ".ndjson")

NO_LIMIT = -1
"""As a tolerance: the policy is off, whatever the job's description says. (None leaves it as described.)"""


class Assignment(NamedTuple):
    """`NAME=VALUE` of an option, or a lone `VALUE` with the name None."""

    name: str | None
    value: str


def parse_assignment(text: str) -> Assignment:
    """Split `NAME=VALUE`. A text without `=`, or with a slash or point before it, is a value without a name.

    A name with such characters is written in square brackets, as in a query.
    """
    match = _NAMED.fullmatch(text)
    if match is None:
        return Assignment(None, text)
    return Assignment(match["name"].removeprefix("[").removesuffix("]"), match["value"])


class JobOptions(Struct, frozen=True):
    """Settings that win over the job's description; those left at their default leave it as it is.

    Attributes:
        inputs: Where inputs are read from, by name; one with the name None serves a query's only input.
        outputs: Where outputs are written to, likewise.
        functions: JavaScript functions: name and file.
        scorers: Scoring functions: name and an http(s) URL, the path of an entry script, or that of a recording of
            scores (`.jsonl`).
        scorer_keys: Keys of scoring functions: name and the environment variable that holds the key.
        replay: A recording of scores that answers for every scoring function without an entry in `scorers`.
        reference: Names of inputs that are reference data.
        late_arrival: Ticks, NO_LIMIT for no policy.
        out_of_order: Likewise.
        out_of_order_policy: What happens to events beyond either tolerance.
        early_arrival: Ticks, NO_LIMIT for no policy.
        start_time: Ticks.
        level: The compatibility level.
        ignore_case: Whether text comparison ignores case.
    """

    inputs: Sequence[InputSpec] = ()
    outputs: Sequence[OutputSpec] = ()
    functions: Sequence[tuple[str, Path]] = ()
    scorers: Sequence[tuple[str, str]] = ()
    scorer_keys: Sequence[tuple[str, str]] = ()
    replay: Path | None = None
    reference: Sequence[str] = ()
    late_arrival: int | None = None
    out_of_order: int | None = None
    out_of_order_policy: OutOfOrderPolicy | None = None
    early_arrival: int | None = None
    start_time: int | None = None
    level: CompatibilityLevel | None = None
    ignore_case: bool | None = None


def apply_options(job: Job, options: JobOptions) -> Job:
    """Return the job with the options applied; QueryError when an option names what cannot be read or used.

    An option for a name that the job has replaces that declaration and keeps what the option does not say, such as
    that an input is reference data. Names are compared without regard to case.
    """
    problems = Problems()
    inputs = _merge(job.inputs, options.inputs, _over_input)
    inputs = _mark_reference(inputs, options.reference)
    scripts = tuple(each for each in (_script(*pair, problems) for pair in options.functions) if each)
    scorers = tuple(each for each in (_scorer(*pair, job, problems) for pair in options.scorers) if each)
    scorers += tuple(each for each in (_scorer(*pair, job, problems) for pair in _replayed(job, options)) if each)
    names = [each.name for each in scripts] + [each.name for each in scorers]
    replaced = {each.casefold() for each in names}
    kept_scripts = tuple(each for each in job.scripts if each.name.casefold() not in replaced)
    kept_scorers = tuple(each for each in job.scorers if each.name.casefold() not in replaced)
    _report_twice("input", [each.name for each in options.inputs], problems)
    _report_twice("output", [each.name for each in options.outputs], problems)
    _report_twice("function", names, problems)
    result = replace(
        job,
        inputs=inputs,
        outputs=_merge(job.outputs, options.outputs, _over_output),
        scripts=kept_scripts + scripts,
        scorers=_with_keys(kept_scorers + scorers, options.scorer_keys, problems),
        policies=_policies(job, options),
        level=options.level or job.level,
        ignore_case=job.ignore_case if options.ignore_case is None else options.ignore_case,
    )
    problems.raise_errors()
    return result


_Spec = TypeVar("_Spec", InputSpec, OutputSpec)


def _merge(
    declared: Sequence[_Spec], given: Sequence[_Spec], over: Callable[[_Spec, _Spec], _Spec]
) -> tuple[_Spec, ...]:
    result = list(declared)
    for each in given:
        folded = None if each.name is None else each.name.casefold()
        at = next((i for i, old in enumerate(result) if old.name is not None and old.name.casefold() == folded), None)
        if at is None:
            result.append(each)
        else:
            result[at] = over(each, result[at])
    return tuple(result)


def _over_input(given: InputSpec, declared: InputSpec) -> InputSpec:
    return replace(given, name=declared.name, is_reference=given.is_reference or declared.is_reference)


def _over_output(given: OutputSpec, declared: OutputSpec) -> OutputSpec:
    return replace(given, name=declared.name)


def _mark_reference(inputs: tuple[InputSpec, ...], names: Sequence[str]) -> tuple[InputSpec, ...]:
    result = list(inputs)
    for name in names:
        folded = name.casefold()
        found = [i for i, each in enumerate(result) if each.name is not None and each.name.casefold() == folded]
        for i in found:
            result[i] = replace(result[i], is_reference=True)
        if not found:
            result.append(InputSpec(name, is_reference=True))
    return tuple(result)


def _script(name: str, path: Path, problems: Problems) -> ScriptFunction | None:
    source = read_source(path, problems, what="JavaScript file")
    return make_script(name, source, problems) if source else None


def replayed_functions(options: JobOptions) -> list[str]:
    """Return the names of the functions that the options' recording of scores holds; QueryError if it is none."""
    return [] if options.replay is None else list(Recording(options.replay).functions)


def _replayed(job: Job, options: JobOptions) -> list[tuple[str, Path]]:
    """Return the scoring functions that a recording answers for: those of the job and those of the recording."""
    if options.replay is None:
        return []
    given = {name.casefold() for name, _ in options.scorers}
    names = {name.casefold(): name for name in (*replayed_functions(options), *(each.name for each in job.scorers))}
    return [(name, options.replay) for folded, name in names.items() if folded not in given]


def _scorer(name: str, target: str | Path, job: Job, problems: Problems) -> ScoringFunction | None:
    """Return a scoring function at a new place, with what the job says of one of that name otherwise.

    Args:
        name: The function's name.
        target: An address, an entry script or a recording; a `Path` is a recording whatever its suffix.
        job: What may declare the function.
        problems: Where a file that is not there is reported.
    """
    where: dict[str, str | Path | None] = {"url": None, "entry_script": None, "replay": None}
    if isinstance(target, Path) or target.endswith(_RECORDING_SUFFIXES):
        where["replay"] = Path(target)
    elif "://" in target:
        where["url"] = target
    elif Path(target).is_file():
        where["entry_script"] = Path(target)
    else:
        problems.error(
            "AQ702",
            f'entry script "{target}" of scoring function "{name}" cannot be read: no such file',
            help="a service's address begins with http:// or https://",
        )
        return None
    declared = next((each for each in job.scorers if each.name.casefold() == name.casefold()), None)
    if declared is None:
        return make_scorer(name, where, None, problems)
    settings = {each: getattr(declared, each) for each in declared.__dataclass_fields__ if each not in ("name", *where)}
    return make_scorer(declared.name, settings | where, None, problems)


def _with_keys(
    scorers: tuple[ScoringFunction, ...], keys: Sequence[tuple[str, str]], problems: Problems
) -> tuple[ScoringFunction, ...]:
    result = list(scorers)
    for name, variable in keys:
        at = next((i for i, each in enumerate(result) if each.name.casefold() == name.casefold()), None)
        if at is None:
            near = did_you_mean(name, [each.name for each in result])
            problems.error(
                "AQ708",
                f'a key is given for "{name}", which is no scoring function of the job',
                help=f'did you mean "{near}"?' if near else f"add --score {name}=http://127.0.0.1:5001/score",
            )
            continue
        try:
            result[at] = dataclasses.replace(result[at], key=Secret.from_environment(variable))
        except QueryError as error:
            for each in error.diagnostics:
                problems.add(each)
    return tuple(result)


def _report_twice(what: str, names: Sequence[str | None], problems: Problems) -> None:
    seen: set[str | None] = set()
    for name in names:
        folded = None if name is None else name.casefold()
        if folded in seen:
            whose = "without a name" if name is None else f'"{name}"'
            problems.add(Diagnostic("AQ202", f"the {what} {whose} is given twice on the command line"))
        seen.add(folded)


def _policies(job: Job, options: JobOptions) -> TimePolicies:
    def tolerance(given: int | None, declared: int | None) -> int | None:
        return declared if given is None else None if given == NO_LIMIT else given

    old = job.policies
    return TimePolicies(
        late_arrival=tolerance(options.late_arrival, old.late_arrival),
        out_of_order=tolerance(options.out_of_order, old.out_of_order),
        out_of_order_policy=options.out_of_order_policy or old.out_of_order_policy,
        early_arrival=tolerance(options.early_arrival, old.early_arrival),
        start_time=old.start_time if options.start_time is None else options.start_time,
    )
