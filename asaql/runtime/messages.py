"""Messages between the first process of a run and its worker processes: pickles, one behind the other.

Most of a message are a few long byte strings, the columns of a batch or the lines of an output. They go to the pipe
from where they are, and from the pipe to where they will be.
"""

import pickle
from collections.abc import Iterable
from io import FileIO
from typing import Any

from msgspec import Struct


class Failure(Struct, frozen=True):
    """A bug that showed in a worker: the traceback."""

    traceback: str


class Ready(Struct, frozen=True):
    """A worker has started."""


class _Parts:
    """Keeps what a pickler writes, without copying it."""

    def __init__(self) -> None:
        self.all: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.all.append(data)
        return len(data)


class _Pipe:
    """A pipe for an unpickler, which takes fewer bytes than it asked for as the end."""

    def __init__(self, stream: FileIO) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        data = bytearray(size)
        self.readinto(data)
        return bytes(data)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        rest = memoryview(buffer)
        while rest:
            count = self._stream.readinto(rest)
            if not count:
                raise EOFError
            rest = rest[count:]
        return len(buffer)

    def readline(self) -> bytes:
        raise AssertionError


def packed(message: Any) -> list[bytes]:
    """Return a message as `write` takes it."""
    parts = _Parts()
    pickle.Pickler(parts, pickle.HIGHEST_PROTOCOL).dump(message)
    return parts.all


def send(stream: FileIO, message: Any) -> None:
    """Write one message to a pipe that is not buffered.

    Raises:
        OSError: The other side has gone.
    """
    write(stream, packed(message))


def write(stream: FileIO, parts: Iterable[bytes]) -> None:
    """Write a packed message to a pipe that is not buffered.

    Raises:
        OSError: The other side has gone.
    """
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[stream.write(rest) :]


def receive(stream: FileIO) -> Any:
    """Read one message from a pipe that is not buffered.

    Raises:
        EOFError: The other side has gone.
    """
    return pickle.Unpickler(_Pipe(stream)).load()
