"""Where analysis collects what it finds, so that one run reports every error."""

from msgspec.structs import replace

from asaql.diagnostics import Diagnostic, Label, QueryError, Severity, Source, Span


class Findings:
    """The diagnostics of one query text; an error at one place is reported once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: dict[tuple[str, Span], Diagnostic] = {}

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        labels: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        help: str | None = None,  # noqa: A002 - the word that is printed
    ) -> None:
        """Add an error."""
        found = Diagnostic(code, message, span, label, labels, notes, help, source=self._source)
        self._found.setdefault((code, span), found)

    def warning(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        notes: tuple[str, ...] = (),
        help: str | None = None,  # noqa: A002 - the word that is printed
    ) -> None:
        """Add a warning."""
        found = Diagnostic(code, message, span, label, (), notes, help, Severity.WARNING, self._source)
        self._found.setdefault((code, span), found)

    def add(self, diagnostic: Diagnostic) -> None:
        """Add a finding that was described elsewhere."""
        diagnostic = replace(diagnostic, source=diagnostic.source or self._source)
        self._found.setdefault((diagnostic.code, diagnostic.span or Span(0, 0)), diagnostic)

    def scratch(self) -> "Findings":
        """Return an empty collection over the same text, for an attempt that may be given up."""
        return Findings(self._source)

    @property
    def text(self) -> str:
        """The text that the findings are about."""
        return self._source.text

    @property
    def error_count(self) -> int:
        """How many errors were found."""
        return sum(each.is_error for each in self._found.values())

    @property
    def has_errors(self) -> bool:
        """Whether any error was found."""
        return self.error_count > 0

    @property
    def all(self) -> tuple[Diagnostic, ...]:
        """Everything found."""
        return tuple(self._found.values())

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The warnings found."""
        return tuple(each for each in self._found.values() if not each.is_error)

    def raise_errors(self) -> None:
        """Raise everything found if there is an error among it.

        Raises:
            QueryError: There is an error.
        """
        if self.has_errors:
            raise QueryError(self._found.values())
