"""A worker process: takes requests from standard input, writes answers to standard output, in the same order.

Started as `python -m asaql.runtime.worker`, so that it works from any program, whatever its main module does when it is
imported again.
"""

import io
import os
import pickle
import signal
import sys
import traceback
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any

from asaql.runtime.memory import keep_freed_memory, seldom_collected
from asaql.runtime.messages import Failure, Ready, receive, send
from asaql.runtime.tail import TailReader, TailTask
from asaql.runtime.task_reader import TaskReader

_MOST_TASKS = 64


class Worker:
    """Keeps the readers of the tasks that it has seen."""

    def __init__(self) -> None:
        self._readers: dict[str, TaskReader | TailReader] = {}

    def answer(self, request: Any) -> Any:
        """Return the answer to a request: the key of a task, the task where it is new, and arguments of a reader."""
        key, task, *arguments = request
        try:
            if task is not None:
                self._open(key, task)
            return self._readers[key].read(*arguments)
        except Exception:
            return Failure(traceback.format_exc())

    def _open(self, key: str, task: bytes) -> None:
        while len(self._readers) >= _MOST_TASKS:
            self._readers.pop(next(iter(self._readers))).close()
        opened = pickle.loads(task)
        self._readers[key] = TailReader(opened) if isinstance(opened, TailTask) else TaskReader(opened)


def main() -> None:
    """Serve requests until standard input ends."""
    # Ctrl-C reaches all processes of a terminal; the first one tells the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, target = io.FileIO(0, "rb", closefd=False), io.FileIO(1, "wb", closefd=False)
    sys.stdout = sys.stderr
    keep_freed_memory()
    # Requests are taken at once, so that who sends one never waits for the answer to the one before.
    requests: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_receive_all, args=(source, requests), daemon=True).start()
    worker = Worker()
    # An error of a pipe means that no one is left to take answers.
    with suppress(OSError), seldom_collected():
        send(target, Ready())
        while (request := requests.get()) is not None:
            send(target, worker.answer(request))
    # There is nothing to tidy up, which takes Python a while.
    os._exit(0)


def _receive_all(source: io.FileIO, requests: "SimpleQueue[Any]") -> None:
    try:
        while True:
            requests.put(receive(source))
    except (EOFError, OSError):
        requests.put(None)


if __name__ == "__main__":
    main()
