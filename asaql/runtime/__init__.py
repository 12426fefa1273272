"""Runs jobs: compiles them, lowers plans to operators, reads inputs, writes outputs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asaql.runtime.metrics import RunSummary
    from asaql.runtime.query import check_job, explain_job, review_job
    from asaql.runtime.run import run_job

__all__ = ["RunSummary", "check_job", "explain_job", "review_job", "run_job"]

_HOMES = {
    "RunSummary": "metrics",
    "check_job": "query",
    "explain_job": "query",
    "review_job": "query",
    "run_job": "run",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"asaql.runtime.{_HOMES[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
