"""Reading with several processes, in the order of the input."""

from collections import deque
from collections.abc import Iterator

from asaql.runtime.pool import Pool, SharedTask, Ticket, result_of
from asaql.runtime.reading import InputTask, Reading
from asaql.runtime.sources import Idle
from asaql.runtime.task_reader import TaskReader, Work

_PENDING_FOR_EACH = 4
"""Pieces of work, for each process, that may be read before their turn."""


def read_in_turn(
    work: Iterator[tuple[Work | Idle, list[int] | None]], local: TaskReader
) -> Iterator[tuple[Work | Idle, list[Reading]]]:
    """Yield what becomes of pieces of work; nothing is read ahead.

    Args:
        work: What is to be read.
        local: Reads the input.

    Raises:
        AsaqlError: The error of the first piece that has one.
    """
    for piece, arrivals in work:
        yield piece, [] if isinstance(piece, Idle) else result_of(Ticket(local.read(piece, arrivals)))


def read_in_order(
    work: Iterator[tuple[Work, list[int] | None]], task: InputTask, local: TaskReader, pool: Pool
) -> Iterator[tuple[Work, list[Reading]]]:
    """Yield what becomes of pieces of work, in their order.

    Workers read ahead. Whenever the next piece in order is not there, this process reads one itself.

    Args:
        work: What is to be read; the next piece is at hand whenever it is asked for.
        task: The input.
        local: Reads the input in this process.
        pool: The other processes.

    Raises:
        AsaqlError: The error of the first piece that has one.
    """
    shared = SharedTask(task)
    most = _PENDING_FOR_EACH * (pool.size + 1)
    pending: deque[tuple[Work, Ticket]] = deque()
    rest = iter(work)
    upcoming = next(rest, None)
    while pending or upcoming is not None:
        pool.collect(is_waiting=False)
        while upcoming is not None and len(pending) < most and (ticket := pool.submit(shared, *upcoming)):
            pending.append((upcoming[0], ticket))
            upcoming = next(rest, None)
        if pending and pending[0][1].answer is not None:
            piece, ticket = pending.popleft()
            yield piece, result_of(ticket)
        elif upcoming is not None and len(pending) < most:
            pending.append((upcoming[0], Ticket(local.read(*upcoming))))
            upcoming = next(rest, None)
        else:
            pool.collect(is_waiting=True)
