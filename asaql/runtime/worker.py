"""A worker process: reads requests from standard input, writes readings to standard output.

Each message is a length of eight bytes and a pickle. Started as `python -m asaql.runtime.worker`, so that it works from
any program, whatever its main module does when it is imported again.
"""

import pickle
import struct
import sys
import traceback
from dataclasses import dataclass
from typing import IO, Any

from asaql.diagnostics import AsaqlError
from asaql.formats import Chunk
from asaql.operators.evaluate import EvaluationError
from asaql.runtime.failures import job_error
from asaql.runtime.memory import keep_freed_memory, seldom_collected
from asaql.runtime.reading import InputReader, InputTask, Reading
from asaql.runtime.scripts import open_scripts
from asaql.udf.javascript_errors import ScriptError

_LENGTH = struct.Struct("<Q")
_MOST_TASKS = 64


def send(stream: IO[bytes], message: Any) -> None:
    """Write one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message.

    Raises:
        EOFError: The other side has gone.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    data = stream.read(_LENGTH.unpack(head)[0])
    return pickle.loads(data)


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """A bug that showed in a worker: the traceback."""

    traceback: str


class Worker:
    """Keeps the readers of the tasks it has seen."""

    def __init__(self) -> None:
        self._readers: dict[str, tuple[InputReader, InputTask, list[tuple[str, str, str]], Any]] = {}

    def read(self, key: str, task: bytes, chunk: Chunk, arrivals: list[int] | None) -> Reading | AsaqlError:
        """Return what becomes of a chunk, or the error of the job."""
        if key not in self._readers:
            self._open(key, task)
        reader, opened, console, _ = self._readers[key]
        try:
            reading = reader.read(chunk, arrivals)
        except AsaqlError as error:
            return error
        except (EvaluationError, ScriptError) as error:
            return job_error(error, opened.query)
        reading.console = list(console)
        console.clear()
        return reading

    def _open(self, key: str, data: bytes) -> None:
        while len(self._readers) >= _MOST_TASKS:
            oldest = next(iter(self._readers))
            *_, host = self._readers.pop(oldest)
            if host is not None:
                host.close()
        task: InputTask = pickle.loads(data)
        console: list[tuple[str, str, str]] = []
        host = open_scripts(task.scripts, task.level, lambda *said: console.append(said))
        self._readers[key] = (InputReader(task, host), task, console, host)


def main() -> None:
    """Serve requests until standard input ends."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    worker = Worker()
    keep_freed_memory()
    with seldom_collected():
        while True:
            try:
                request = receive(source)
            except EOFError:
                return
            try:
                answer: Any = worker.read(*request)
            except Exception:
                answer = WorkerFailure(traceback.format_exc())
            send(target, answer)


if __name__ == "__main__":
    main()
