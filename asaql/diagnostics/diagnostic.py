"""The one way in which an error or a warning about a user's text is described."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from asaql.diagnostics.source import Source, Span


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops the work, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Label(Struct, frozen=True):
    """A further place that helps to understand a diagnostic, with the reason it is shown."""

    span: Span
    text: str


class Diagnostic(Struct, frozen=True):
    """One finding about a text.

    Attributes:
        code: A code of the registry, such as `AQ203`.
        message: One line: the fact, lower-case first letter, no full stop, the user's own words quoted.
        span: The place, or None when the finding is about no place in a text (a missing file, say).
        label: Why this place; printed behind the caret.
        labels: Further places.
        notes: Facts that are needed to understand.
        help: What to do, as text that can be typed where possible.
        severity: Error or warning.
        source: The text that the spans point into.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    severity: Severity = Severity.ERROR
    source: Source | None = None

    @property
    def is_error(self) -> bool:
        """Whether this stops the work."""
        return self.severity is Severity.ERROR

    def within(self, source: Source) -> "Diagnostic":
        """Return this diagnostic as one about `source`, unless it already names its source."""
        return self if self.source is not None else replace(self, source=source)

    def as_warning(self) -> "Diagnostic":
        """Return this diagnostic with the severity of a warning."""
        return replace(self, severity=Severity.WARNING)


def by_position(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    """Sort key: source by source, in the order of the text."""
    name = diagnostic.source.name if diagnostic.source else ""
    span = diagnostic.span or Span(0, 0)
    return (name, span.start, span.end, diagnostic.code)
