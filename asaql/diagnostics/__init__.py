"""Everything asaql says about what a user wrote: sources, spans, diagnostics, codes, rendering.

The bottom layer: it knows nothing of SQL and imports nothing else of asaql.
"""

from asaql.diagnostics.codes import CODES, Code
from asaql.diagnostics.diagnostic import Diagnostic, Label, Severity
from asaql.diagnostics.errors import AsaqlError, JobError, QueryError
from asaql.diagnostics.placed import Placed
from asaql.diagnostics.render import render_json, render_text
from asaql.diagnostics.source import Position, Source, Span
from asaql.diagnostics.suggest import did_you_mean

__all__ = [
    "CODES",
    "AsaqlError",
    "Code",
    "Diagnostic",
    "JobError",
    "Label",
    "Placed",
    "Position",
    "QueryError",
    "Severity",
    "Source",
    "Span",
    "did_you_mean",
    "render_json",
    "render_text",
]
