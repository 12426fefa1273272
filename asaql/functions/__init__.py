"""The functions of the dialect: every built-in is registered once this package is imported."""

from asaql.functions import scalar as _scalar  # noqa: F401 - registers the scalar functions
from asaql.functions.foreign import find_foreign
from asaql.functions.registry import (
    Example,
    Function,
    FunctionError,
    Kernel,
    Parameter,
    Scalar,
    find_function,
    function_named,
    functions,
    register,
)
from asaql.functions.scalar.comparisons import IGNORE_CASE, equals
from asaql.functions.scalar.conversions import cast_function, json_text
from asaql.functions.scalar.dateparts import DATEPARTS, find_datepart
from asaql.functions.scalar.datetimes import format_ticks_series, parse_ticks_series
from asaql.functions.scalar.records import field_of
from asaql.functions.scalar.types import TYPE_NAMES, describe, is_documented_type, text_of, type_kind

__all__ = [
    "DATEPARTS",
    "IGNORE_CASE",
    "TYPE_NAMES",
    "Example",
    "Function",
    "FunctionError",
    "Kernel",
    "Parameter",
    "Scalar",
    "cast_function",
    "describe",
    "equals",
    "field_of",
    "find_datepart",
    "find_foreign",
    "find_function",
    "format_ticks_series",
    "function_named",
    "functions",
    "is_documented_type",
    "json_text",
    "parse_ticks_series",
    "register",
    "text_of",
    "type_kind",
]
