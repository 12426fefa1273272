"""The attempts at a match that are under way, and how they are written down."""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct, field

from asaql.functions.value_codes import decode_value, encode_value
from asaql.model import Value

Summary: TypeAlias = tuple[tuple[Value] | None, ...]
"""For each aggregate that a condition reads its value so far; None while no event is bound to its variable."""
PartitionKey: TypeAlias = tuple[bytes | None, ...]
"""Equality codes of the PARTITION BY keys."""


class Event(NamedTuple):
    """An event as far as a pattern needs it.

    Attributes:
        order: Its number, counted over the whole stream.
        time: Its event time.
        values: The fields that aggregates read, in the operator's order.
    """

    order: int
    time: int
    values: tuple[Value, ...]


class Taken(NamedTuple):
    """The events of an attempt, as a list that shares its beginning with others: the last one, and those before it."""

    before: "Taken | None"
    variable: str
    event: Event


class Thread(NamedTuple):
    """One way in which the events so far can be read: the place in the program where the next event is to be taken."""

    place: int
    summary: Summary
    taken: Taken | None


class Attempt(Struct):
    """All ways to read the events from one event on.

    Attributes:
        order: The number of the first event.
        time: Its event time.
        threads: The ways that can go on, the preferred first.
        best: The longest match so far.
    """

    order: int
    time: int
    threads: list[Thread]
    best: Taken | None = field(default=None)


def taken_in_order(taken: Taken | None) -> list[tuple[str, Event]]:
    """Return variables and events from the first on."""
    found: list[tuple[str, Event]] = []
    while taken is not None:
        found.append((taken.variable, taken.event))
        taken = taken.before
    return found[::-1]


def encode_partitions(partitions: dict[PartitionKey, list[Attempt]]) -> bytes:
    """Return the attempts of all partitions as bytes."""
    code = encode_value([[list(key), *_attempts_out(attempts)] for key, attempts in partitions.items()])
    assert code is not None
    return code


def decode_partitions(code: bytes) -> dict[PartitionKey, list[Attempt]]:
    """Return what `encode_partitions` was given."""
    decoded: Any = decode_value(code)
    return {tuple(key): _attempts_in(events, attempts) for key, events, attempts in decoded}


def _attempts_out(attempts: list[Attempt]) -> tuple[list[Any], list[Any]]:
    events: dict[int, Event] = {}

    def plain(taken: Taken | None) -> list[Any]:
        pairs = taken_in_order(taken)
        events.update((event.order, event) for _, event in pairs)
        return [[variable, event.order] for variable, event in pairs]

    written = [
        [
            attempt.order,
            attempt.time,
            [
                [thread.place, [each and list(each) for each in thread.summary], plain(thread.taken)]
                for thread in attempt.threads
            ],
            plain(attempt.best),
        ]
        for attempt in attempts
    ]
    return [[event.order, event.time, list(event.values)] for event in events.values()], written


def _attempts_in(events: list[Any], attempts: list[Any]) -> list[Attempt]:
    known = {order: Event(order, time, tuple(values)) for order, time, values in events}

    def linked(pairs: Iterable[Any]) -> Taken | None:
        taken: Taken | None = None
        for variable, order in pairs:
            taken = Taken(taken, variable, known[order])
        return taken

    return [
        Attempt(
            order,
            time,
            [
                Thread(place, tuple(None if each is None else (each[0],) for each in summary), linked(pairs))
                for place, summary, pairs in threads
            ],
            linked(best),
        )
        for order, time, threads, best in attempts
    ]
