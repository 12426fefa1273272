"""asaql: an engine for the Azure Stream Analytics SQL dialect that runs anywhere Python runs.

Life of a query:

1. `jobs.read_job` turns a query file, job file, project folder or template into one `Job`.
2. `syntax.parse` turns the text into a tree with places.
3. `analysis.analyse` resolves names, checks the laws of the dialect and reports every error at once.
4. `plan.plan_query` builds the logical plan and applies the rules of `plan.rules.RULES`.
5. `runtime.lower` turns the plan into operators.
6. `connectors` read bytes, `formats` decode the columns that the plan needs into batches.
7. `operators` compute, batch by batch, in the order of event time.
8. `formats` encode, `connectors` write.

`run` does all of it for a query and events in memory or in files.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asaql.diagnostics import AsaqlError, JobError, QueryError
    from asaql.runtime.api import run

__all__ = ["AsaqlError", "JobError", "QueryError", "run"]
__version__ = "0.1.0"

_HOMES = {
    "AsaqlError": "asaql.diagnostics",
    "JobError": "asaql.diagnostics",
    "QueryError": "asaql.diagnostics",
    "run": "asaql.runtime.api",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
