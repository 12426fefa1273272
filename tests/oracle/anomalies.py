"""The anomaly detectors by their formulas: for each event, every pair of the values before it."""

import math
from collections.abc import Sequence
from typing import Any

from oracle.drive import Event
from oracle.values import key_of

EPSILON = 0.1


def share_above(value: float, history: Sequence[float]) -> float:
    """Return the share of a history, smoothed by a Gaussian, that lies above a value."""
    n = len(history)
    if n == 0:
        return 0.5
    pairs = sum((history[i] - history[j]) ** 2 for i in range(n) for j in range(i))
    width = math.sqrt(2) if n == 1 else max(1e-6, math.sqrt(2) * math.sqrt(pairs) / n)
    return 0.5 - sum(math.erf((value - each) / width) for each in history) / (2 * n)


def clipped(p: float) -> float:
    return min(max(p, 1e-8), 1 - 1e-8)


def models(
    events: Sequence[Event], place: int, keys: Sequence[str], limit: int, when: str | None
) -> list[tuple[int, float]]:
    """Return times and values that the model of an event had learned before it since it last started anew."""
    own = [key_of(events[place][key]) for key in keys]
    learned: list[tuple[int, float]] = []
    for event in events[: place + 1]:
        counts = event["v"] is not None and (when is None or event[when] is True)
        if not counts or [key_of(event[key]) for key in keys] != own:
            continue
        if learned and event["t"] - learned[-1][0] >= limit:
            learned = []
        learned.append((event["t"], float(event["v"])))
    return learned[:-1]


def _is_scored(event: Event, when: str | None) -> bool:
    return event["v"] is not None and (when is None or event[when] is True)


def _share(learned: list[tuple[int, float]], time: int, value: float, limit: int, size: int) -> float:
    return share_above(value, [each for t, each in learned[-size:] if time - t < limit])


def spikes_and_dips(
    events: Sequence[Event], keys: Sequence[str], limit: int, when: str | None, confidence: float, size: int, mode: str
) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = []
    for place, event in enumerate(events):
        if not _is_scored(event, when):
            found.append(None)
            continue
        learned = models(events, place, keys, limit, when)
        share = _share(learned, event["t"], float(event["v"]), limit, size)
        p = clipped({"spikes": share, "dips": 1 - share, "spikesanddips": min(share, 1 - share)}[mode])
        is_anomaly = len(learned) + 1 >= size and p <= 1 - confidence / 100
        found.append({"IsAnomaly": int(is_anomaly), "Score": p})
    return found


def change_points(
    events: Sequence[Event], keys: Sequence[str], limit: int, when: str | None, confidence: float, size: int
) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = []
    stakes: list[float] = []
    for place, event in enumerate(events):
        if not _is_scored(event, when):
            found.append(None)
            stakes.append(math.nan)
            continue
        learned = models(events, place, keys, limit, when)
        share = _share(learned, event["t"], float(event["v"]), limit, size)
        stakes.append(math.log(EPSILON) + (EPSILON - 1) * math.log(clipped(min(share, 1 - share))))
        own = [key_of(event[key]) for key in keys]
        same = [
            at
            for at in range(place + 1)
            if _is_scored(events[at], when) and [key_of(events[at][key]) for key in keys] == own
        ][-len(learned) - 1 :]
        series = [stakes[same[0]]] * size + [stakes[at] for at in same[1:]]
        logarithm = sum(series[-size:])
        bound = size * (math.log(EPSILON) + (EPSILON - 1) * math.log(1 - confidence / 100))
        recent = [found[at]["IsAnomaly"] for at in same[:-1][-(size - 1) :] if size > 1]  # type: ignore[index]
        is_change = len(same) >= size and logarithm >= bound and 1 not in recent
        found.append({"IsAnomaly": int(is_change), "Score": logarithm})
    return found
