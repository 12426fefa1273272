"""Prints diagnostics on standard error."""

import os
import sys
from collections.abc import Iterable

import click

from asaql.diagnostics import Diagnostic, render_text


class Reporter:
    """Shows each diagnostic once, in colour on a terminal unless NO_COLOR is set.

    Attributes:
        errors: How many errors were shown.
        warnings: How many warnings were shown.
    """

    def __init__(self) -> None:
        self.errors = 0
        self.warnings = 0
        self._shown: set[tuple[object, ...]] = set()

    def show(self, diagnostic: Diagnostic) -> None:
        """Print one diagnostic, unless the same was printed before."""
        place = (diagnostic.source.name if diagnostic.source else None, diagnostic.span)
        key = (diagnostic.code, diagnostic.message, diagnostic.severity, place)
        if key in self._shown:
            return
        if self._shown:
            click.echo("", err=True)
        self._shown.add(key)
        if diagnostic.is_error:
            self.errors += 1
        else:
            self.warnings += 1
        click.echo(render_text(diagnostic, colour=_is_coloured()), err=True, color=True)

    def show_all(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Print several diagnostics in the order they are given."""
        for each in diagnostics:
            self.show(each)


def _is_coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
