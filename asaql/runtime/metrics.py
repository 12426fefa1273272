"""What a run counts, under the service's own metric names."""

from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

GAUGES: Final = frozenset({"Backlogged Input Events", "Watermark Delay", "Function Requests In Flight"})
"""The metrics that go up and down; all others only go up."""

_COUNTED: Final = ("events_in", "bytes_in", "malformed", "untimed", "late", "early", "out_of_order", "refused")


class FunctionCounts(Struct):
    """What became of the calls of one scoring function.

    Attributes:
        requests: Requests sent, repeated ones included.
        events: Rows in requests, each request counted once.
        failed: Requests that were not answered with results.
        retries: Requests that were sent again.
        in_flight: Requests now under way.
    """

    requests: int = 0
    events: int = 0
    failed: int = 0
    retries: int = 0
    in_flight: int = 0


class RunSummary(Struct):
    """What a run did, or has done so far.

    Attributes:
        events_in: Events read, per input.
        bytes_in: Bytes read, per input.
        events_out: Rows written, per output.
        malformed: Events that could not be read and were dropped, per input.
        untimed: Events without a TIMESTAMP BY value that is a datetime, per input.
        late: Events later than the tolerance, per input.
        early: Events dropped for being too early, per input.
        out_of_order: Events dropped or adjusted by the out-of-order policy, per input.
        refused: Events that a time policy dropped, per input.
        functions: What was sent to scoring services, per function.
        backlog: Events that were read and wait for scores.
        watermark_delay: Seconds of event time from the oldest event that waits for its score to the newest read.
        runtime_errors: 1 if the job has failed.
        seconds: From the first byte to the last, or to now.
    """

    events_in: dict[str, int] = field(default_factory=dict)
    bytes_in: dict[str, int] = field(default_factory=dict)
    events_out: dict[str, int] = field(default_factory=dict)
    malformed: dict[str, int] = field(default_factory=dict)
    untimed: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    early: dict[str, int] = field(default_factory=dict)
    out_of_order: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    functions: dict[str, FunctionCounts] = field(default_factory=dict)
    backlog: int = 0
    watermark_delay: float = 0.0
    runtime_errors: int = 0
    seconds: float = 0.0

    @property
    def dropped(self) -> int:
        """Events that were dropped for whatever reason."""
        return sum(sum(each.values()) for each in (self.malformed, self.untimed, self.refused))

    @property
    def requests(self) -> int:
        """Requests to scoring services."""
        return sum(each.requests for each in self.functions.values())

    @property
    def scored(self) -> int:
        """Rows in those requests."""
        return sum(each.events for each in self.functions.values())

    @property
    def failed_requests(self) -> int:
        """Requests that were not answered with results."""
        return sum(each.failed for each in self.functions.values())

    @property
    def retries(self) -> int:
        """Requests that were sent again."""
        return sum(each.retries for each in self.functions.values())

    @property
    def in_flight(self) -> int:
        """Requests now under way."""
        return sum(each.in_flight for each in self.functions.values())

    def copy(self) -> "RunSummary":
        """Return a summary with counts of its own; any thread may call it while another one counts."""
        fresh = replace(self, functions={})
        for name in _COUNTED:
            setattr(fresh, name, dict(getattr(self, name)))
        return fresh

    def metrics(self) -> list[dict[str, Any]]:
        """Return one object for each metric and logical name, named as the service names them."""
        per_name: dict[str, dict[str, int]] = {
            "Input Events": self.events_in,
            "Input Event Bytes": self.bytes_in,
            "Input Deserialization Errors": self.malformed,
            "Invalid Input Timestamps": self.untimed,
            "Late Input Events": self.late,
            "Early Input Events": self.early,
            "Out-of-Order Events": self.out_of_order,
            "Output Events": self.events_out,
            "Function Requests": {name: each.requests for name, each in self.functions.items()},
            "Function Events": {name: each.events for name, each in self.functions.items()},
            "Failed Function Requests": {name: each.failed for name, each in self.functions.items()},
            "Function Requests In Flight": {name: each.in_flight for name, each in self.functions.items()},
        }
        rows = [
            {"metric": metric, "logicalName": name, "value": value}
            for metric, values in per_name.items()
            for name, value in values.items()
        ]
        of_the_job = {
            "Backlogged Input Events": self.backlog,
            "Watermark Delay": self.watermark_delay,
            "Runtime Errors": self.runtime_errors,
        }
        return rows + [{"metric": metric, "logicalName": None, "value": value} for metric, value in of_the_job.items()]
