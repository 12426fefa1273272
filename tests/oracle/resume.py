"""A process that goes on where another one stopped: reads states from standard input, writes the rows that follow."""

import pickle
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

import polars as pl
from oracle.drive import Collector, Event, Row, batch_of

from asaql.model import Batch, Watermark
from asaql.operators.contract import Operator

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class Recipe:
    """How to make an operator, as a process can tell another.

    Attributes:
        kind: Its class.
        arguments: What the class is called with.
    """

    kind: Callable[..., Operator]
    arguments: tuple[Any, ...]

    def make(self) -> Operator:
        return self.kind(*self.arguments)


@dataclass(frozen=True)
class Message:
    """What a host says to an operator: rows of a port, then perhaps a watermark of the port or its end."""

    port: int
    events: Sequence[Event]
    names: tuple[str, ...]
    watermark: int | None = None
    is_last: bool = False


def feed(operator: Operator, messages: Sequence[Message], collector: Collector) -> None:
    """Say messages to an operator."""
    for message in messages:
        collector.take(operator.on_batch(batch_of(message.events, message.names), message.port))
        if message.watermark is not None:
            collector.take(operator.on_watermark(Watermark(message.watermark), message.port))
        if message.is_last:
            collector.take(operator.on_port_end(message.port))


def resumed(recipe: Recipe, chunks: dict[str, bytes], messages: Sequence[Message]) -> list[Row]:
    """Return the rows that a new operator with a state gives for the rest of a recording."""
    operator, collector = recipe.make(), Collector()
    operator.restore(chunks)
    feed(operator, messages, collector)
    collector.take(operator.on_end())
    operator.close()
    return collector.rows


# Conditions that both processes know by name.


def left_is_not_right(batch: Batch) -> pl.Series:
    return batch.columns["v"].expand(batch.height).series != batch.columns["w"].expand(batch.height).series


def is_even(batch: Batch) -> pl.Series:
    return batch.columns["v"].expand(batch.height).series % 2 == 0


def is_odd(batch: Batch) -> pl.Series:
    return batch.columns["v"].expand(batch.height).series % 2 == 1


# Messages between the processes.


def send(stream: IO[bytes], value: Any) -> None:
    data = pickle.dumps(value)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Return the next message; None when the other side has gone."""
    head = stream.read(_LENGTH.size)
    return pickle.loads(stream.read(_LENGTH.unpack(head)[0])) if head else None


def main() -> None:
    """Serve until standard input ends."""
    while (request := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, resumed(*request))


if __name__ == "__main__":
    # Classes of this module are known by the name under which both processes import it.
    from oracle import resume

    resume.main()
