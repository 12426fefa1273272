"""Recorded cases in Markdown, for users' own queries and for asaql's (`asaql test`)."""

from asaql.testing.case import Case
from asaql.testing.compare import compare_rows, values_equal
from asaql.testing.read import read_cases
from asaql.testing.runner import BATCH_SIZES, PARALLELISMS, CaseResult, TestReport, run_case, run_paths, settings

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
