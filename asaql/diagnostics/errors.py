"""The exceptions that asaql raises for what a user can mend.

    AsaqlError
    ├── QueryError    the query or the job does not compile; exit code 1
    └── JobError      the job failed while it ran; exit code 3

Anything else that leaves asaql is a bug of asaql; exit code 70.
"""

from collections.abc import Iterable

from asaql.diagnostics.diagnostic import Diagnostic, by_position
from asaql.diagnostics.render import render_text


class AsaqlError(Exception):
    """An error with diagnostics; its text is their rendering."""

    def __init__(self, diagnostics: Iterable[Diagnostic] | Diagnostic) -> None:
        if isinstance(diagnostics, Diagnostic):
            diagnostics = (diagnostics,)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(sorted(diagnostics, key=by_position))
        super().__init__("\n\n".join(render_text(each) for each in self.diagnostics))

    def __reduce__(self) -> tuple[type["AsaqlError"], tuple[tuple[Diagnostic, ...]]]:
        return type(self), (self.diagnostics,)


class QueryError(AsaqlError):
    """The query or the job is wrong: nothing was run."""


class JobError(AsaqlError):
    """The job was right to begin with and failed while it ran."""
