"""Joins by their definition: every left event with every right event."""

from collections.abc import Callable, Sequence
from typing import Any

from oracle.drive import Event, Row
from oracle.values import key_of


def boundaries(unit: int, start: int, end: int) -> int:
    """Count the unit boundaries between two instants, one by one."""
    sign = 1 if end >= start else -1
    low, high = min(start, end), max(start, end)
    return sign * sum(tick % unit == 0 for tick in range(low + 1, high + 1))


def joined(
    left: Sequence[Event],
    right: Sequence[Event],
    keys: Sequence[tuple[str, str]],
    bounds: Sequence[tuple[int, int, int]],
    condition: Callable[[Event, Event], bool],
    *,
    is_left: bool,
) -> list[Row]:
    """Return pairs as (event time, {left n, right n}), and lonely left rows, in the order of output."""
    found: list[tuple[int, int, Any]] = []
    for one in left:
        partners = [
            other
            for other in right
            if all(one[a] is not None and key_of(one[a]) == key_of(other[b]) for a, b in keys)
            and all(low <= boundaries(unit, one["t"], other["t"]) <= high for unit, low, high in bounds)
            and condition(one, other)
        ]
        found += [(max(one["t"], other["t"]), one["n"], other["m"]) for other in partners]
        if is_left and not partners:
            stamp = min(one["t"] + high * unit for unit, _, high in bounds)
            found.append((max(stamp, one["t"]), one["n"], None))
    found.sort(key=lambda row: (row[0], row[1], -1 if row[2] is None else row[2]))
    return [(t, {"n": n, "m": m}) for t, n, m in found]
