"""Collects what is wrong with a job's description, so that all of it is reported at once."""

from asaql.diagnostics import Diagnostic, QueryError, Severity
from asaql.jobs.document import Node


class Problems:
    """Errors and warnings found so far."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def __len__(self) -> int:
        return len(self._found)

    def error(
        self,
        code: str,
        message: str,
        at: Node | None = None,
        *,
        label: str = "",
        notes: tuple[str, ...] = (),
        help: str | None = None,  # noqa: A002 - the diagnostic's own word
    ) -> None:
        """Add an error about the text of `at`."""
        self._add(Severity.ERROR, code, message, at, label, notes, help)

    def warning(
        self,
        code: str,
        message: str,
        at: Node | None = None,
        *,
        label: str = "",
        notes: tuple[str, ...] = (),
        help: str | None = None,  # noqa: A002 - the diagnostic's own word
    ) -> None:
        """Add a warning about the text of `at`."""
        self._add(Severity.WARNING, code, message, at, label, notes, help)

    def add(self, diagnostic: Diagnostic) -> None:
        """Add a diagnostic that was made elsewhere."""
        if diagnostic not in self._found:
            self._found.append(diagnostic)

    def _add(
        self,
        severity: Severity,
        code: str,
        message: str,
        at: Node | None,
        label: str,
        notes: tuple[str, ...],
        help_text: str | None,
    ) -> None:
        self.add(
            Diagnostic(
                code,
                message,
                span=at.span if at else None,
                label=label,
                notes=notes,
                help=help_text,
                severity=severity,
                source=at.source if at else None,
            )
        )

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The warnings, in the order they were found."""
        return tuple(each for each in self._found if not each.is_error)

    def raise_errors(self) -> None:
        """Raise QueryError if anything so far is an error; warnings go with it."""
        if any(each.is_error for each in self._found):
            raise QueryError(self._found)
