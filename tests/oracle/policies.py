"""Time policies event by event, as the documentation's tables apply them."""

from collections.abc import Sequence

from oracle.drive import Event
from oracle.values import key_of


def accepted(
    events: Sequence[Event],
    *,
    late: int | None,
    out_of_order: int | None,
    early: int | None,
    is_adjusting: bool,
    over: Sequence[str] = (),
) -> list[Event]:
    """Return the events that no policy drops, in the order of event time and arrival, `t` as the policies set it."""
    highest: dict[object, int] = {}
    kept: list[Event] = []
    for event in events:
        time, arrival = event["t"], event["arrival"].ticks
        key = tuple(key_of(event[name]) for name in over)
        if early is not None and time - arrival > early:
            continue
        if late is not None and arrival - time > late:
            if not is_adjusting:
                continue
            time = arrival - late
        if out_of_order is not None and key in highest and time < highest[key] - out_of_order:
            if not is_adjusting:
                continue
            time = highest[key] - out_of_order
        highest[key] = max(highest.get(key, time), time)
        kept.append({**event, "t": time})
    return sorted(kept, key=lambda event: event["t"])
