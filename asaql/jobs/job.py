"""What a job is, whichever of the four kinds of description it was read from.

Everything here is plain frozen data: the query as text, where events come from and go to, the functions, the policies.
Nothing is opened or compiled; that is the work of the runtime.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from asaql.diagnostics import Diagnostic, Placed, Source, Span
from asaql.model import ticks_from_parts
from asaql.udf.scoring_spec import ScoringFunction
from asaql.udf.script_spec import ScriptFunction

CompatibilityLevel: TypeAlias = Literal["1.0", "1.1", "1.2"]
OutOfOrderPolicy: TypeAlias = Literal["adjust", "drop"]
OutputErrorPolicy: TypeAlias = Literal["retry", "drop"]

EPOCH_TICKS: Final = ticks_from_parts(1970, 1, 1) or 0
"""1970-01-01T00:00:00Z, the start time of a job that names none, so that runs repeat."""

STANDARD_STREAM: Final = Path("-")
"""As an input's path: standard input. As an output's path: standard output."""

PROJECT_FILE: Final = "asaproj.json"
"""What lists the parts of a project, in its folder."""

FORMATS: Final = ("json", "csv", "avro", "parquet")
"""The formats an input can have; an output can have all but avro."""


class Place(Struct, frozen=True):
    """Where something is declared, for messages."""

    source: Source
    span: Span


class TimePolicies(Struct, frozen=True):
    """What happens to events that are late, early or out of order. None switches a policy off.

    Attributes:
        late_arrival: Ticks that an event's time may lie behind its arrival.
        out_of_order: Ticks that an event's time may lie behind the highest one seen.
        out_of_order_policy: What is done with events beyond either tolerance.
        early_arrival: Ticks that an event's time may lie ahead of its arrival; events beyond are dropped.
        start_time: Ticks; the arrival of events that carry none.
    """

    late_arrival: int | None = None
    out_of_order: int | None = None
    out_of_order_policy: OutOfOrderPolicy = "adjust"
    early_arrival: int | None = None
    start_time: int = EPOCH_TICKS


class InputSpec(Placed, frozen=True):
    """Where one input's events are read from.

    Attributes:
        name: The name the query reads it by; None for the query's only input.
        path: A file, or STANDARD_STREAM. None together with `events` None: declared, but no data was given.
        events: The events themselves instead of a file.
        format: One of FORMATS; None to go by the file's suffix.
        delimiter: The character between CSV fields; None for the format's default.
        is_reference: Whether this is reference data rather than a stream.
        date_format: What `{date}` in the path of reference data stands for; None for `YYYY/MM/DD`.
        time_format: What `{time}` stands for; None for `HH`.
        declared: Where the job says so.
    """

    name: str | None
    path: Path | None = None
    events: Sequence[Mapping[str, Any]] | None = None
    format: str | None = None
    delimiter: str | None = None
    is_reference: bool = False
    date_format: str | None = None
    time_format: str | None = None
    declared: Place | None = None

    _uncounted = frozenset({"declared"})

    @property
    def has_data(self) -> bool:
        """Whether there is anything to read."""
        return self.path is not None or self.events is not None


class OutputSpec(Placed, frozen=True):
    """Where one output's rows are written.

    Attributes:
        name: The name after INTO; None for the query's only output.
        path: A file, or STANDARD_STREAM; None: the job names the output without a place on this machine.
        format: One of FORMATS; None to go by the file's suffix.
        delimiter: The character between CSV fields; None for the format's default.
        declared: Where the job says so.
    """

    name: str | None
    path: Path | None = None
    format: str | None = None
    delimiter: str | None = None
    declared: Place | None = None

    _uncounted = frozenset({"declared"})


class Job(Struct, frozen=True):
    """A query with all it needs to run.

    Attributes:
        name: For messages and metrics.
        query: The text, named as messages shall name it.
        inputs: One for each input the description names; names differ in more than case.
        outputs: Likewise.
        scripts: JavaScript functions and aggregates.
        scorers: Functions that a scoring service computes.
        policies: Time policies and start time.
        level: The compatibility level.
        streaming_units: The job's size, in units of the first generation (six make a partition).
        locale: The culture of the job; kept, not acted upon.
        output_error_policy: What happens to rows that an output cannot take.
        ignore_case: Whether text comparison ignores case.
        ignored_warnings: Codes of warnings that `asaql check` shall not show.
        warnings: What the description says that is doubtful or has no effect here.
    """

    name: str
    query: Source
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    scripts: tuple[ScriptFunction, ...] = ()
    scorers: tuple[ScoringFunction, ...] = ()
    policies: TimePolicies = TimePolicies()
    level: CompatibilityLevel = "1.2"
    streaming_units: int = 6
    locale: str = "en-US"
    output_error_policy: OutputErrorPolicy = "retry"
    ignore_case: bool = False
    ignored_warnings: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
