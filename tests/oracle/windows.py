"""Windows by their definitions, over a whole recording: every window is tried on every event."""

from collections.abc import Callable, Sequence
from typing import Any

from oracle.drive import Event
from oracle.values import key_of

Content = tuple[int, list[Event]]
"""The end of a window and the events of one group in it, in the order of time and arrival."""


def grid_windows(events: Sequence[Event], size: int, hop: int, offset: int) -> list[Content]:
    if not events:
        return []
    first, last = min(e["t"] for e in events), max(e["t"] for e in events)
    steps = range((first - offset) // hop - 1, (last + size - offset) // hop + 2)
    contents = []
    for step in steps:
        end = offset + step * hop
        content = [e for e in events if end - size < e["t"] <= end]
        if content:
            contents.append((end, content))
    return contents


def sliding_windows(events: Sequence[Event], size: int) -> list[Content]:
    points = sorted({e["t"] for e in events} | {e["t"] + size for e in events})
    contents = [(p, [e for e in events if p - size < e["t"] <= p]) for p in points]
    return [(p, content) for p, content in contents if content]


def sessions(events: Sequence[Event], timeout: int, maximum: int) -> list[Content]:
    """Walk through the events of one session key, one by one, as a clock would."""
    closed: list[Content] = []
    opened: int | None = None
    held: list[Event] = []
    last = 0

    def check() -> int:
        assert opened is not None
        point = 0
        while point - opened < maximum:
            point += maximum
        return point

    for event in events:
        while opened is not None and event["t"] > min(last + timeout, check()):
            end = min(last + timeout, check())
            if held:
                closed.append((end, held))
            held = []
            # Forced at a check point, with an event to come in time: the next session is open already.
            opened = check() if event["t"] <= last + timeout else None
        if opened is None:
            opened = event["t"]
        held = [*held, event]
        last = event["t"]
    if held:
        closed.append((min(last + timeout, check()), held))
    return closed


def by_key(events: Sequence[Event], names: Sequence[str]) -> list[list[Event]]:
    """Return the events of each group, groups in the order of first appearance."""
    groups: dict[Any, list[Event]] = {}
    for event in events:
        groups.setdefault(tuple(key_of(event.get(name)) for name in names), []).append(event)
    return list(groups.values())


def grouped(
    events: Sequence[Event],
    keys: Sequence[str],
    windows: Callable[[Sequence[Event]], list[Content]],
    *,
    per: Sequence[str] = (),
) -> list[Content]:
    """Return the content of every window and group in the order of output.

    Args:
        events: In the order of event time, each with its place in the stream as `n`.
        keys: The grouping keys.
        windows: Returns the windows of a list of events.
        per: The keys that have windows of their own.
    """
    contents = [
        (end, group) for own in by_key(events, per) for end, content in windows(own) for group in by_key(content, keys)
    ]
    return sorted(contents, key=lambda each: (each[0], each[1][0]["n"]))
