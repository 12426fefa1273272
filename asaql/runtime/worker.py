"""A worker process: takes requests from standard input, writes answers to standard output, in the same order.

Started as `python -m asaql.runtime.worker`, so that it works from any program, whatever its main module does when it is
imported again.
"""

import io
import os
import signal
import sys
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any

from asaql.runtime.memory import keep_freed_memory, seldom_collected
from asaql.runtime.messages import Ready, packed, receive, write


def main() -> None:
    """Serve requests until standard input ends."""
    # Ctrl-C reaches all processes of a terminal; the first one tells the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, target = io.FileIO(0, "rb", closefd=False), io.FileIO(1, "wb", closefd=False)
    sys.stdout = sys.stderr
    keep_freed_memory()
    # Requests are taken at once, so that who sends one never waits for the answer to the one before; and an answer that
    # is longer than what a pipe holds does not keep the next one waiting until it is read.
    requests: SimpleQueue[Any] = SimpleQueue()
    answers: SimpleQueue[list[bytes] | None] = SimpleQueue()
    Thread(target=_receive_all, args=(source, requests), daemon=True).start()
    writer = Thread(target=_write_all, args=(target, answers), daemon=True)
    writer.start()
    with seldom_collected():
        # To load this takes most of the time of the start, and less where garbage is seldom looked for.
        from asaql.runtime.tasks import Tasks

        tasks = Tasks()
        answers.put(packed(Ready()))
        while (request := requests.get()) is not None:
            answers.put(packed(tasks.answer(request)))
    answers.put(None)
    writer.join()
    # There is nothing to tidy up, which takes Python a while.
    os._exit(0)


def _receive_all(source: io.FileIO, requests: "SimpleQueue[Any]") -> None:
    try:
        while True:
            requests.put(receive(source))
    except (EOFError, OSError):
        requests.put(None)


def _write_all(target: io.FileIO, answers: "SimpleQueue[list[bytes] | None]") -> None:
    # An error of a pipe means that no one is left to take answers.
    with suppress(OSError):
        while (answer := answers.get()) is not None:
            write(target, answer)


if __name__ == "__main__":
    main()
