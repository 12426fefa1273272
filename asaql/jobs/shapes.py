"""What values a job file may hold: each shape reads a node, reports what is wrong with it, and knows its JSON Schema.

Validator and schema come from the same objects, so they cannot disagree on which keys exist and what they take.
"""

from typing import Any, Protocol

from msgspec import Struct

from asaql.diagnostics import did_you_mean
from asaql.jobs.document import Node, Scalar, kind_in_words
from asaql.jobs.durations import DURATION_FORMS, DURATION_PATTERN, parse_duration
from asaql.jobs.problems import Problems
from asaql.jobs.yaml_document import plain_meaning, substitute
from asaql.model import parse_ticks

_VARIABLE_SCHEMA = {"type": "string", "pattern": r"\$\{[A-Za-z_]"}


class Shape(Protocol):
    """A form that a value must have."""

    def read(self, node: Node, problems: Problems) -> Any:
        """Return the value, or None after reporting why there is none."""

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the same form."""


def report_expected(what: str, node: Node, problems: Problems, help_text: str | None = None) -> None:
    """Report a node that is something else than `what`."""
    problems.error("AQ701", f"expected {what}, found {kind_in_words(node)}", node, label="here", help=help_text)


def _substituted(node: Node, problems: Problems) -> Scalar | None:
    """Return a scalar with environment variables replaced, None for anything else."""
    if not isinstance(node, Scalar):
        return None
    result = substitute(node, problems)
    if result is not node and isinstance(result.value, str):
        return Scalar(result.source, result.span, plain_meaning(result.value), raw=result.raw)
    return result


def _or_variable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, _VARIABLE_SCHEMA]}


class Text(Struct, frozen=True):
    """A text that is not empty. A number or truth value counts as the text it is written as.

    Attributes:
        is_verbatim: Whether `${NAME}` stands for itself, as it must in JavaScript.
    """

    is_verbatim: bool = False

    def read(self, node: Node, problems: Problems) -> str | None:
        """Return the text."""
        if not isinstance(node, Scalar) or node.value is None:
            report_expected("a text", node, problems)
            return None
        before = len(problems)
        result = node if self.is_verbatim else substitute(node, problems)
        text = result.value if isinstance(result.value, str) else result.raw
        if not text.strip():
            if len(problems) == before:
                problems.error("AQ701", "expected a text, found an empty one", node, label="here")
            return None
        return text

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a text."""
        return {"type": ["string", "number", "boolean"], "pattern": r"\S"}


class Whole(Struct, frozen=True):
    """A whole number within bounds."""

    minimum: int
    maximum: int

    def read(self, node: Node, problems: Problems) -> int | None:
        """Return the number."""
        before = len(problems)
        scalar = _substituted(node, problems)
        if len(problems) > before:
            return None
        value = scalar.value if scalar else None
        if not isinstance(value, int) or isinstance(value, bool):
            report_expected("a whole number", node, problems)
            return None
        if not self.minimum <= value <= self.maximum:
            problems.error(
                "AQ701",
                f"expected a number from {self.minimum:,} to {self.maximum:,}",
                node,
                label="out of range",
            )
            return None
        return value

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a number within the bounds."""
        return _or_variable({"type": "integer", "minimum": self.minimum, "maximum": self.maximum})


class Fraction(Struct, frozen=True):
    """A number that is not negative, with or without a point."""

    def read(self, node: Node, problems: Problems) -> float | None:
        """Return the number."""
        before = len(problems)
        scalar = _substituted(node, problems)
        if len(problems) > before:
            return None
        value = scalar.value if scalar else None
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            report_expected("a number of at least 0", node, problems, "write it as 0.001 or 1e-6")
            return None
        return float(value)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of such a number."""
        return _or_variable({"type": "number", "minimum": 0})


class Truth(Struct, frozen=True):
    """`true` or `false`."""

    def read(self, node: Node, problems: Problems) -> bool | None:
        """Return the truth value."""
        before = len(problems)
        scalar = _substituted(node, problems)
        if len(problems) > before:
            return None
        if scalar is None or not isinstance(scalar.value, bool):
            report_expected("true or false", node, problems)
            return None
        return scalar.value

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a truth value."""
        return _or_variable({"type": "boolean"})


class Choice(Struct, frozen=True):
    """One of several words."""

    words: tuple[str, ...]

    def read(self, node: Node, problems: Problems) -> str | None:
        """Return the word."""
        before = len(problems)
        scalar = substitute(node, problems) if isinstance(node, Scalar) else None
        if len(problems) > before:
            return None
        forms = ", ".join(self.words)
        if scalar is None or scalar.value is None:
            report_expected(f"one of {forms}", node, problems)
            return None
        word = scalar.value if isinstance(scalar.value, str) else scalar.raw
        if word not in self.words:
            near = did_you_mean(word, self.words)
            help_text = f'did you mean "{near}"?' if near else f"write one of {forms}"
            written = scalar.raw
            problems.error("AQ701", f'"{written}" is none of {forms}', node, label="not known here", help=help_text)
            return None
        return word

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the words; those that look like numbers are allowed without quotes too."""
        numbers = [each for each in (plain_meaning(word) for word in self.words) if isinstance(each, float)]
        return _or_variable({"enum": [*self.words, *numbers]})


class Duration(Struct, frozen=True):
    """A length of time.

    Attributes:
        allows_none: Whether `none`, which reads as -1, is allowed: no such limit.
    """

    allows_none: bool = True

    def read(self, node: Node, problems: Problems) -> int | None:
        """Return the ticks, -1 for `none`."""
        forms = f"write {DURATION_FORMS}" + (", or none" if self.allows_none else "")
        before = len(problems)
        scalar = substitute(node, problems) if isinstance(node, Scalar) else None
        if len(problems) > before:
            return None
        if scalar is None or scalar.value is None or isinstance(scalar.value, bool):
            report_expected("a duration", node, problems, forms)
            return None
        text = scalar.value if isinstance(scalar.value, str) else scalar.raw
        if text == "none" and self.allows_none:
            return -1
        ticks = parse_duration(text)
        if ticks is None:
            problems.error("AQ701", f'"{scalar.raw}" is no duration', node, label="here", help=forms)
        return ticks

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a duration."""
        number = {"type": "number", "minimum": 0}
        none = [{"const": "none"}] if self.allows_none else []
        return {"anyOf": [number, {"type": "string", "pattern": DURATION_PATTERN}, *none, _VARIABLE_SCHEMA]}


class Moment(Struct, frozen=True):
    """An instant in ISO 8601."""

    def read(self, node: Node, problems: Problems) -> int | None:
        """Return the ticks."""
        before = len(problems)
        scalar = substitute(node, problems) if isinstance(node, Scalar) else None
        if len(problems) > before:
            return None
        if scalar is None or not isinstance(scalar.value, str):
            report_expected("a datetime", node, problems, "write it as 2024-01-31T12:00:00Z")
            return None
        ticks = parse_ticks(scalar.value)
        if ticks is None:
            problems.error(
                "AQ701", f'"{scalar.raw}" is no datetime', node, label="here", help="write it as 2024-01-31T12:00:00Z"
            )
        return ticks

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a datetime."""
        return _or_variable({"type": "string", "pattern": r"^\s*[0-9]{4}-?[0-9]"})
