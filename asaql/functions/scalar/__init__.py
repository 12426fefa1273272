"""The scalar functions and operators; importing this package registers all of them."""

from asaql.functions.scalar import (
    comparisons,
    conversions,
    dates,
    geo,
    metadata,
    numbers,
    operators,
    records,
    search,
    strings,
    substrings,
)

__all__ = [
    "comparisons",
    "conversions",
    "dates",
    "geo",
    "metadata",
    "numbers",
    "operators",
    "records",
    "search",
    "strings",
    "substrings",
]
