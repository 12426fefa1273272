"""Worker processes for decoding and row-by-row work, kept for further runs of the same program."""

import atexit
import hashlib
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from asaql.diagnostics import AsaqlError, Diagnostic, JobError
from asaql.formats import Chunk
from asaql.runtime.reading import InputTask, Reading
from asaql.runtime.worker import WorkerFailure, receive, send

_PIPE_BYTES = 1 << 20
"""What a pipe holds where the system lets one choose: a chunk, so that a worker need not wait for its end."""


class Pool:
    """A fixed number of worker processes; each thread of the pool speaks with a process of its own.

    Args:
        size: Number of processes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._local = threading.local()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="asaql-worker")

    def submit(self, task: "SharedTask", chunk: Chunk, arrivals: list[int] | None) -> "Future[Reading]":
        """Start reading a chunk in some worker."""
        return self._threads.submit(self._read, task, chunk, arrivals)

    def close(self) -> None:
        """End all processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
            process.wait()

    def _read(self, task: "SharedTask", chunk: Chunk, arrivals: list[int] | None) -> Reading:
        process: subprocess.Popen[bytes] = getattr(self._local, "process", None) or self._start()
        if process.stdin is None or process.stdout is None:
            raise AssertionError(process.args)
        try:
            send(process.stdin, (task.key, task.data, chunk, arrivals))
            answer: Any = receive(process.stdout)
        except (EOFError, OSError) as error:
            status = process.wait()
            self._local.process = None
            message = f"a worker process ended unexpectedly with status {status}"
            raise JobError(Diagnostic("AQ999", message, help="run again with --parallelism 1")) from error
        if isinstance(answer, AsaqlError):
            raise answer
        if isinstance(answer, WorkerFailure):
            raise RuntimeError(answer.traceback)
        reading: Reading = answer
        return reading

    def _start(self) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
        command = [sys.executable, "-m", "asaql.runtime.worker"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, pipesize=_PIPE_BYTES
        )
        self._local.process = process
        self._processes.append(process)
        return process


class SharedTask:
    """A task as workers get it: pickled once, known by its digest."""

    def __init__(self, task: InputTask) -> None:
        self.data = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
        self.key = hashlib.sha256(self.data).hexdigest()


_pools: dict[int, Pool] = {}


def pool_of(size: int) -> Pool:
    """Return the program's pool of this size; it ends with the program."""
    if size not in _pools:
        _pools[size] = Pool(size)
    return _pools[size]


def _close_pools() -> None:
    for pool in _pools.values():
        pool.close()


atexit.register(_close_pools)
