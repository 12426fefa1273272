"""Values and aggregates in plain Python, over whole lists of values."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from asaql.model import Instant


def key_of(value: Any) -> Any:
    """Return something hashable that is equal for values the dialect takes for equal."""
    if value is None:
        return None
    if isinstance(value, bool):
        return ("bit", value)
    if isinstance(value, int | float):
        return ("number", Fraction(value))
    if isinstance(value, str):
        return ("text", value)
    if isinstance(value, Instant):
        return ("datetime", value.ticks)
    if isinstance(value, dict):
        return ("record", frozenset((name, key_of(each)) for name, each in value.items()))
    return ("array", tuple(key_of(each) for each in value))


def _present(values: Sequence[Any]) -> list[Any]:
    return [each for each in values if each is not None]


def count(values: Sequence[Any]) -> int:
    return len(_present(values))


def count_distinct(values: Sequence[Any]) -> int:
    return len({key_of(each) for each in _present(values)})


def total(values: Sequence[Any]) -> Any:
    present = _present(values)
    if not present:
        return None
    exact = sum(map(Fraction, present))
    return float(exact) if any(isinstance(each, float) for each in present) else int(exact)


def average(values: Sequence[Any]) -> Any:
    present = _present(values)
    return float(sum(map(Fraction, present)) / len(present)) if present else None


def variance(values: Sequence[Any], missing: int) -> Any:
    present = [Fraction(each) for each in _present(values)]
    if len(present) <= missing:
        return None
    mean = sum(present) / len(present)
    return float(sum((each - mean) ** 2 for each in present) / (len(present) - missing))


def deviation(values: Sequence[Any], missing: int) -> Any:
    found = variance(values, missing)
    return None if found is None else math.sqrt(found)


def percentile_disc(values: Sequence[Any], p: str, *, descending: bool) -> Any:
    present = sorted(_present(values), reverse=descending)
    for place, value in enumerate(present, start=1):
        if Fraction(place, len(present)) >= Fraction(p):
            return value
    return None


def percentile_cont(values: Sequence[Any], p: str, *, descending: bool) -> Any:
    present = sorted(_present(values), reverse=descending)
    if not present:
        return None
    place = Fraction(p) * (len(present) - 1)
    low = math.floor(place)
    high = min(low + 1, len(present) - 1)
    return float(Fraction(present[low]) + (Fraction(present[high]) - Fraction(present[low])) * (place - low))


def top(values: Sequence[Any], keys: Sequence[Any], limit: int, *, descending: bool) -> list[Any]:
    def rank(row: tuple[int, Any, Any]) -> tuple[Any, ...]:
        key = row[2]
        sign = -1 if descending else 1
        is_null = key is None
        return (is_null if descending else not is_null, 0 if is_null else sign * Fraction(key), row[0])

    rows = sorted(zip(range(len(values)), values, keys, strict=True), key=rank)
    return [{"rank": place, "value": row[1]} for place, row in enumerate(rows[:limit], start=1)]


AGGREGATES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "COUNT": count,
    "SUM": total,
    "AVG": average,
    "MIN": lambda values: min(_present(values), default=None),
    "MAX": lambda values: max(_present(values), default=None),
    "STDEV": lambda values: deviation(values, 1),
    "STDEVP": lambda values: deviation(values, 0),
    "VAR": lambda values: variance(values, 1),
    "VARP": lambda values: variance(values, 0),
    "Collect": _present,
}


def same(left: Any, right: Any) -> bool:
    """Whether two results are the same: of one type, floats up to the last digits."""
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-300)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[name], right[name]) for name in left)
    return type(left) is type(right) and bool(left == right)
