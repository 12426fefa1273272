"""Functions with OVER by their definitions: for each event, look at every event before it."""

from collections.abc import Sequence
from typing import Any

from oracle import values
from oracle.drive import Event
from oracle.values import key_of


def _before(events: Sequence[Event], place: int, keys: Sequence[str], when: str | None) -> list[Event]:
    """Return the events up to and including one that share its keys and satisfy WHEN."""
    own = [key_of(events[place][key]) for key in keys]
    return [
        event
        for event in events[: place + 1]
        if [key_of(event[key]) for key in keys] == own and (when is None or event[when] is True)
    ]


def lag(
    events: Sequence[Event], keys: Sequence[str], limit: int, when: str | None, offset: int, default: Any
) -> list[Any]:
    found = []
    for place, event in enumerate(events):
        earlier = [each for each in _before(events, place, keys, when) if each is not event]
        target = earlier[-offset] if len(earlier) >= offset else None
        is_there = target is not None and event["t"] - target["t"] < limit
        found.append(target["v"] if target is not None and is_there else default)
    return found


def last(events: Sequence[Event], keys: Sequence[str], limit: int, when: str | None, default: Any) -> list[Any]:
    found = []
    for place, event in enumerate(events):
        known = _before(events, place, keys, when)
        is_there = bool(known) and event["t"] - known[-1]["t"] < limit
        found.append(known[-1]["v"] if is_there else default)
    return found


def is_first(events: Sequence[Event], keys: Sequence[str], interval: int, when: str | None) -> list[int]:
    found = []
    for place, event in enumerate(events):
        end = 0
        while end < event["t"]:
            end += interval
        same = [each for each in _before(events, place, keys, when) if end - interval < each["t"] <= end]
        found.append(int(bool(same) and same[0] is event))
    return found


def running(events: Sequence[Event], keys: Sequence[str], limit: int, when: str | None, name: str) -> list[Any]:
    found = []
    for place, event in enumerate(events):
        content = [each["v"] for each in _before(events, place, keys, when) if event["t"] - each["t"] < limit]
        found.append(values.AGGREGATES[name](content))
    return found
