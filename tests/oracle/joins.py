"""Joins by their definition: every left event with every right event."""

from collections.abc import Callable, Sequence

from oracle.drive import Event, Row
from oracle.values import key_of


def boundaries(unit: int, start: int, end: int) -> int:
    """Count the unit boundaries between two instants, one by one."""
    sign = 1 if end >= start else -1
    low, high = min(start, end), max(start, end)
    return sign * sum(tick % unit == 0 for tick in range(low + 1, high + 1))


def pairs(
    left: Sequence[Event],
    right: Sequence[Event],
    keys: Sequence[tuple[str, str]],
    bounds: Sequence[tuple[int, int, int]],
    condition: Callable[[Event, Event], bool],
    *,
    is_left: bool,
    time: str = "t",
) -> list[tuple[int, Event, Event | None]]:
    """Return event time, left and right event of each pair and each lonely left event, in the order of output.

    Args:
        left: In order.
        right: In order.
        keys: The columns that must be equal.
        bounds: Unit, least and greatest difference in units.
        condition: What else must hold.
        is_left: Whether a left event without a partner is given.
        time: The column of the left time from which differences count.
    """
    found: list[tuple[int, int, int, Event, Event | None]] = []
    for place, one in enumerate(left):
        is_alone = True
        for other_place, other in enumerate(right):
            if not all(one[a] is not None and key_of(one[a]) == key_of(other[b]) for a, b in keys):
                continue
            if not all(low <= boundaries(unit, one[time], other["t"]) <= high for unit, low, high in bounds):
                continue
            if condition(one, other):
                is_alone = False
                found.append((max(one["t"], other["t"]), place, other_place, one, other))
        if is_left and is_alone:
            stamp = min(one[time] + high * unit for unit, _, high in bounds)
            found.append((max(stamp, one["t"]), place, -1, one, None))
    return [(t, one, other) for t, _, _, one, other in sorted(found, key=lambda row: row[:3])]


def joined(
    left: Sequence[Event],
    right: Sequence[Event],
    keys: Sequence[tuple[str, str]],
    bounds: Sequence[tuple[int, int, int]],
    condition: Callable[[Event, Event], bool],
    *,
    is_left: bool,
) -> list[Row]:
    """Return pairs as (event time, {left n, right m}), and lonely left rows, in the order of output."""
    found = pairs(left, right, keys, bounds, condition, is_left=is_left)
    return [(t, {"n": one["n"], "m": other and other["m"]}) for t, one, other in found]
