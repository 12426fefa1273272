"""MATCH_RECOGNIZE by backtracking: from every event, every way to read the events after it, in order of preference."""

from collections.abc import Callable, Iterator, Sequence

from oracle.drive import Event
from oracle.windows import by_key

from asaql.syntax.ast import Pattern, PatternAlternation, PatternAny, PatternRepeat, PatternSequence, PatternVariable

Binding = tuple[tuple[str, Event], ...]
Condition = Callable[[Event, Binding], bool]


def readings(
    pattern: Pattern, events: Sequence[Event], bound: Binding, conditions: dict[str, Condition]
) -> Iterator[Binding]:
    """Yield the bindings with which a pattern can go on from `bound`, the preferred first."""
    place = len(bound)
    match pattern:
        case PatternVariable(name):
            condition = conditions.get(name.name)
            if place < len(events) and (condition is None or condition(events[place], bound)):
                yield (*bound, (name.name, events[place]))
        case PatternAny():
            if place < len(events):
                yield (*bound, (".", events[place]))
        case PatternSequence((first, *rest)):
            for each in readings(first, events, bound, conditions):
                if rest:
                    yield from readings(PatternSequence(tuple(rest)), events, each, conditions)
                else:
                    yield each
        case PatternAlternation(options):
            for option in options:
                yield from readings(option, events, bound, conditions)
        case PatternRepeat(item, minimum, maximum):
            if maximum is None or maximum > 0:
                further = PatternRepeat(item, max(minimum - 1, 0), None if maximum is None else maximum - 1)
                for each in readings(item, events, bound, conditions):
                    if len(each) > place or minimum > 0:
                        yield from readings(further, events, each, conditions)
            if minimum == 0:
                yield bound


def matches(
    events: Sequence[Event], pattern: Pattern, limit: int, keys: Sequence[str], conditions: dict[str, Condition]
) -> list[tuple[int, Binding]]:
    """Return the event time and the binding of each match in the order of output."""
    found: list[tuple[int, int, Binding]] = []
    for own in by_key(events, keys):
        for place, first in enumerate(own):
            near = [event for event in own[place:] if event["t"] - first["t"] < limit]
            best: Binding = ()
            for reading in readings(pattern, near, (), conditions):
                if len(reading) > len(best):
                    best = reading
            if best:
                found.append((best[-1][1]["t"], first["n"], best))
    return [(t, binding) for t, _, binding in sorted(found, key=lambda each: each[:2])]
