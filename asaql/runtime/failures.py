"""Failures of a run as diagnostics with a place in the query."""

from asaql.diagnostics import Diagnostic, JobError, Source
from asaql.operators.evaluate import EvaluationError
from asaql.udf.javascript_errors import ScriptError


def job_error(error: EvaluationError | ScriptError, query: Source) -> JobError:
    """Return the error of a job whose query met a value that it cannot take, or whose script failed."""
    if isinstance(error, EvaluationError):
        return JobError(Diagnostic(error.code, error.message, error.span, help=error.help, source=query))
    return JobError(error.diagnostic.within(query))
