"""Messages between the first process of a run and its worker processes: a length of eight bytes and a pickle."""

import pickle
import struct
from io import FileIO
from typing import Any

from msgspec import Struct

_LENGTH = struct.Struct("<Q")


class Failure(Struct, frozen=True):
    """A bug that showed in a worker: the traceback."""

    traceback: str


class Ready(Struct, frozen=True):
    """A worker has started."""


def packed(message: Any) -> bytes:
    """Return a message as `write` takes it."""
    return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)


def send(stream: FileIO, message: Any) -> None:
    """Write one message to a pipe that is not buffered.

    Raises:
        OSError: The other side has gone.
    """
    write(stream, packed(message))


def write(stream: FileIO, data: bytes) -> None:
    """Write a packed message to a pipe that is not buffered.

    Raises:
        OSError: The other side has gone.
    """
    for part in (_LENGTH.pack(len(data)), data):
        rest = memoryview(part)
        while rest:
            rest = rest[stream.write(rest) :]


def receive(stream: FileIO) -> Any:
    """Read one message from a pipe that is not buffered.

    Raises:
        EOFError: The other side has gone.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, length))


def _exactly(stream: FileIO, length: int) -> bytearray:
    data = bytearray(length)
    rest = memoryview(data)
    while rest:
        count = stream.readinto(rest)
        if not count:
            raise EOFError
        rest = rest[count:]
    return data
