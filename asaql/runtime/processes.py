"""Processes for workers.

This module loads nothing that takes time, so that processes can be started before anything else is.
"""

import atexit
import os
import subprocess
import sys

_PIPE_BYTES = 1 << 20
"""What a pipe holds where the system lets one choose: some answers, so that a worker need not wait for their reader."""

_early: list[subprocess.Popen[bytes]] = []


def start_early(count: int) -> None:
    """Start processes that a run is going to ask for, so that they load modules at the same time as this one."""
    _early.extend(_started() for _ in range(count))


def worker_process() -> subprocess.Popen[bytes]:
    """Return a process that runs `asaql.runtime.worker`: one that was started early, or else a new one."""
    return _early.pop() if _early else _started()


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process, whatever it is doing."""
    process.kill()
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()
    process.wait()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "asaql.runtime.worker"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
        pipesize=_PIPE_BYTES,
    )


@atexit.register
def _end_early() -> None:
    while _early:
        end_process(_early.pop())
