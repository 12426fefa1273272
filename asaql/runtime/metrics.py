"""What a run counts, under the service's own metric names."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class RunSummary:
    """What a run did.

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
        requests: Requests to scoring services.
        scored: Rows in those requests.
        failed_requests: Requests that were not answered with results.
        retries: Requests that were sent again.
        seconds: From the first byte to the last.
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
    requests: int = 0
    scored: int = 0
    failed_requests: int = 0
    retries: int = 0
    seconds: float = 0.0

    @property
    def dropped(self) -> int:
        """Events that were dropped for whatever reason."""
        return sum(sum(each.values()) for each in (self.malformed, self.untimed, self.refused))

    def metrics(self) -> list[dict[str, Any]]:
        """Return one object for each metric and logical name, named as the service names them."""
        per_input = {
            "Input Events": self.events_in,
            "Input Event Bytes": self.bytes_in,
            "Input Deserialization Errors": self.malformed,
            "Invalid Input Timestamps": self.untimed,
            "Late Input Events": self.late,
            "Early Input Events": self.early,
            "Out-of-Order Events": self.out_of_order,
            "Output Events": self.events_out,
        }
        rows = [
            {"metric": metric, "logicalName": name, "value": value}
            for metric, values in per_input.items()
            for name, value in values.items()
        ]
        functions = {
            "Function Requests": self.requests,
            "Function Events": self.scored,
            "Failed Function Requests": self.failed_requests,
        }
        return rows + [{"metric": metric, "logicalName": None, "value": value} for metric, value in functions.items()]
