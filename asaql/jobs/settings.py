"""Settings that projects and templates share: sizes, levels, policies, formats, spelled in any case."""

from typing import Final, TypeVar

from msgspec import Struct

from asaql.diagnostics import did_you_mean
from asaql.jobs.document import Mapping, Node, Scalar
from asaql.jobs.job import CompatibilityLevel, OutOfOrderPolicy, OutputErrorPolicy, TimePolicies
from asaql.jobs.problems import Problems
from asaql.model import TICKS_PER_SECOND

MAX_LATE_ARRIVAL_SECONDS: Final = 1_814_399
"""The service's limit: 20 days, 23 hours, 59 minutes, 59 seconds."""

_UNITS_PER_V2_UNIT: Final = 6
_FRACTIONS: Final = {"1/3": 1, "2/3": 3, "3": 1, "7": 3}
_FORMATS: Final = {
    "json": "json",
    "csv": "csv",
    "avro": "avro",
    "parquet": "parquet",
}
_RETIRED_FORMATS: Final = frozenset({"customclr", "custom"})
_POLICIES: Final[dict[str, OutOfOrderPolicy]] = {"adjust": "adjust", "drop": "drop"}
_ERROR_POLICIES: Final[dict[str, OutputErrorPolicy]] = {"retry": "retry", "stop": "retry", "drop": "drop"}
_LEVELS: Final[dict[str, CompatibilityLevel]] = {"1.0": "1.0", "1": "1.0", "1.1": "1.1", "1.2": "1.2"}

_Word = TypeVar("_Word", CompatibilityLevel, OutOfOrderPolicy, OutputErrorPolicy)


class Settings(Struct, frozen=True):
    """Reads settings of one mapping and reports those that mean nothing."""

    node: Mapping
    problems: Problems

    def policies(self) -> TimePolicies:
        """Return the time policies; a tolerance that is absent or -1 is none."""
        return TimePolicies(
            late_arrival=self._seconds("eventsLateArrivalMaxDelayInSeconds"),
            out_of_order=self._seconds("eventsOutOfOrderMaxDelayInSeconds"),
            out_of_order_policy=self._word("eventsOutOfOrderPolicy", _POLICIES) or "adjust",
        )

    def level(self) -> CompatibilityLevel:
        """Return the compatibility level. One that is absent is 1.2, for projects and templates alike."""
        return self._word("compatibilityLevel", _LEVELS) or "1.2"

    def output_error_policy(self) -> OutputErrorPolicy:
        """Return the output error policy; `Stop` is an older word for `Retry`."""
        return self._word("outputErrorPolicy", _ERROR_POLICIES) or "retry"

    def locale(self) -> str:
        """Return the job's culture."""
        return self.node.text("dataLocale") or "en-US"

    def _word(self, key: str, words: dict[str, _Word]) -> _Word | None:
        at = self.node.get(key)
        text = self.node.text(key)
        if at is None:
            return None
        if text is None or text.strip().lower() not in words:
            forms = [each for each in words if each != "1"]
            near = did_you_mean(text or "", forms)
            self.problems.error(
                "AQ701",
                f'"{text or ""}" is no value of "{key}"',
                at,
                label="not known here",
                help=f'did you mean "{near}"?' if near else f"write one of {', '.join(forms)}",
            )
            return None
        return words[text.strip().lower()]

    def _seconds(self, key: str) -> int | None:
        at = self.node.get(key)
        if at is None:
            return None
        seconds = whole_number(at)
        if seconds is None or not -1 <= seconds <= MAX_LATE_ARRIVAL_SECONDS:
            self.problems.error(
                "AQ701",
                f'"{key}" is no number of seconds from -1 to {MAX_LATE_ARRIVAL_SECONDS:,}',
                at,
                label="out of range",
            )
            return None
        return None if seconds == -1 else seconds * TICKS_PER_SECOND


def whole_number(node: Node | None) -> int | None:
    """Return the whole number that a scalar is or spells, or None."""
    if not isinstance(node, Scalar) or isinstance(node.value, bool) or node.value is None:
        return None
    try:
        return int(str(node.value).strip())
    except ValueError:
        return None


def streaming_units(node: Node | None, problems: Problems, *, is_v2: bool, is_capacity: bool = False) -> int:
    """Return a job's size in units of the first generation; 6 if there is none.

    Args:
        node: What is written: a number, or `1/3` and `2/3` for the small sizes of the second generation.
        problems: Where a size that is none is reported.
        is_v2: Whether the units are of the second generation, six times as large.
        is_capacity: Whether the number is a template's, which writes the second generation in tenths.
    """
    if node is None:
        return _UNITS_PER_V2_UNIT
    text = str(node.value).strip() if isinstance(node, Scalar) else ""
    if is_v2 and text in _FRACTIONS and (is_capacity or "/" in text):
        return _FRACTIONS[text]
    units = whole_number(node)
    if units is None or units < 1:
        problems.error("AQ701", "the number of streaming units is no whole number above 0", node, label="here")
        return _UNITS_PER_V2_UNIT
    if not is_v2:
        return units
    return max(1, units * _UNITS_PER_V2_UNIT // 10) if is_capacity else units * _UNITS_PER_V2_UNIT


def input_format(node: Node | None, problems: Problems, what: str) -> str | None:
    """Return the format that a description names, None if it names none or one that cannot be read here."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return None
    folded = node.value.strip().lower()
    if folded in _RETIRED_FORMATS:
        problems.error(
            "AQ706",
            f"{what} uses a custom deserializer, which the service has retired",
            node,
            label="retired in September 2024",
            help="convert the data to JSON, CSV, Avro or Parquet",
        )
    elif folded not in _FORMATS:
        near = did_you_mean(folded, _FORMATS)
        problems.error(
            "AQ701",
            f'{what} has the format "{node.value}", which is not known',
            node,
            label="not known here",
            help=f'did you mean "{near}"?' if near else "write one of Json, Csv, Avro, Parquet",
        )
    return _FORMATS.get(folded)


def check_encoding(node: Node | None, problems: Problems, what: str) -> None:
    """Report an encoding other than UTF-8, the only one that the service has."""
    written = str(node.value) if isinstance(node, Scalar) and node.value is not None else ""
    if written.strip().lower() not in ("utf8", "utf-8", ""):
        problems.error(
            "AQ701", f'{what} has the encoding "{written}"; only UTF-8 is known', node, label="not known here"
        )
