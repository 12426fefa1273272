"""Worker processes, kept for further runs of the same program."""

import atexit
import hashlib
import pickle
import select
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import Any, cast

from msgspec import Struct

from asaql.diagnostics import AsaqlError, Diagnostic, JobError
from asaql.runtime.messages import Failure, Ready, receive, send
from asaql.runtime.processes import end_process, worker_process

_MOST_REQUESTS = 3
"""Requests that a worker has at a time: it goes on with the next one while the first process is busy otherwise."""


class SharedTask:
    """A task as workers get it: pickled once, known by its digest.

    Args:
        task: Plain data for which `asaql.runtime.tasks` has a reader.
    """

    def __init__(self, task: Struct) -> None:
        self.data = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
        self.key = hashlib.sha256(self.data).hexdigest()


class Ticket(Struct, eq=False):
    """Stands for an answer.

    Attributes:
        answer: The answer, None until it has come.
    """

    answer: Any = None


class _Process:
    def __init__(self) -> None:
        self._process = worker_process()
        self._requests = cast(FileIO, self._process.stdin)
        self._answers = cast(FileIO, self._process.stdout)
        self._known: set[str] = set()
        self._tickets: deque[Ticket] = deque()
        self.is_ready = False

    @property
    def number(self) -> int:
        """The system's number of the process."""
        return self._process.pid

    @property
    def waiting(self) -> int:
        """The number of answers that have not come."""
        return len(self._tickets)

    def fileno(self) -> int:
        return self._answers.fileno()

    def submit(self, task: SharedTask, arguments: tuple[Any, ...]) -> Ticket:
        data = None if task.key in self._known else task.data
        self._known.add(task.key)
        try:
            send(self._requests, (task.key, data, *arguments))
        except OSError as error:
            raise self._ended() from error
        self._tickets.append(Ticket())
        return self._tickets[-1]

    def take(self) -> None:
        """Take the next answer, as soon as it comes."""
        try:
            answer = receive(self._answers)
        except (EOFError, OSError) as error:
            raise self._ended() from error
        if isinstance(answer, Ready):
            self.is_ready = True
        else:
            self._tickets.popleft().answer = answer

    def close(self) -> None:
        end_process(self._process)

    def _ended(self) -> JobError:
        status = self._process.wait()
        message = f"a worker process ended unexpectedly with status {status}"
        return JobError(Diagnostic("AQ999", message, help="run again with --parallelism 1"))


class Pool:
    """Worker processes for one run at a time; all of them start at once.

    Args:
        size: Number of processes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._processes = [_Process() for _ in range(size)]

    @property
    def process_ids(self) -> list[int]:
        """The system's numbers of the processes."""
        return [each.number for each in self._processes]

    @property
    def is_ready(self) -> bool:
        """Whether all processes have started."""
        return all(each.is_ready for each in self._processes)

    def submit(self, task: SharedTask, *arguments: Any) -> Ticket | None:
        """Give work to the process that has the least of it.

        Returns:
            What stands for the answer; None if every process has enough to do or is still starting.

        Raises:
            JobError: The process has ended.
        """
        ready = [each for each in self._processes if each.is_ready and each.waiting < _MOST_REQUESTS]
        return min(ready, key=lambda each: each.waiting).submit(task, arguments) if ready else None

    def collect(self, *, is_waiting: bool) -> None:
        """Take the answers that have come, and if `is_waiting` at least one.

        Raises:
            JobError: A process has ended.
        """
        for process in self._speaking(is_waiting=is_waiting):
            process.take()

    def close(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.close()

    def _speaking(self, *, is_waiting: bool) -> list[_Process]:
        if sys.platform == "win32":
            # Whether a pipe holds something can be asked of sockets only there.
            busy = [each for each in self._processes if each.waiting or not each.is_ready]
            return [max(busy, key=lambda each: each.waiting)] if is_waiting else []
        return select.select(self._processes, (), (), None if is_waiting else 0)[0]


def result_of(ticket: Ticket) -> Any:
    """Return an answer that has come.

    Raises:
        AsaqlError: The answer is an error of the job.
    """
    if isinstance(ticket.answer, AsaqlError):
        raise ticket.answer
    if isinstance(ticket.answer, Failure):
        raise RuntimeError(ticket.answer.traceback)
    return ticket.answer


_idle: list[Pool] = []


@contextmanager
def leased_pool(size: int) -> Iterator[Pool]:
    """Lend a pool to a run; it is kept for the next one unless the run fails."""
    pool = next((each for each in _idle if each.size == size), None)
    if pool is None:
        pool = Pool(size)
    else:
        _idle.remove(pool)
    try:
        yield pool
    except BaseException:
        pool.close()
        raise
    _idle.append(pool)


@atexit.register
def _close_pools() -> None:
    while _idle:
        _idle.pop().close()
