"""Recorded cases and tests of jobs, for users' own queries and for asaql's (`asaql test`).

Names are imported when they are first used, so that the pytest plugin costs nothing where it is not used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asaql.testing.case import Case
    from asaql.testing.compare import compare_rows
    from asaql.testing.read import read_cases
    from asaql.testing.report import CaseResult, TestReport
    from asaql.testing.runner import BATCH_SIZES, PARALLELISMS, run_case, run_paths, settings
    from asaql.testing.values import values_equal

__all__ = [
    "BATCH_SIZES",
    "PARALLELISMS",
    "Case",
    "CaseResult",
    "TestReport",
    "compare_rows",
    "read_cases",
    "run_case",
    "run_paths",
    "settings",
    "values_equal",
]

_HOMES = {
    "BATCH_SIZES": "runner",
    "PARALLELISMS": "runner",
    "Case": "case",
    "CaseResult": "report",
    "TestReport": "report",
    "compare_rows": "compare",
    "read_cases": "read",
    "run_case": "runner",
    "run_paths": "runner",
    "settings": "runner",
    "values_equal": "values",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"asaql.testing.{_HOMES[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
