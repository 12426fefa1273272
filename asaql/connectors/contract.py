"""What an input and an output are: bytes in, bytes out."""

from collections.abc import Iterator
from typing import Protocol


class Input(Protocol):
    """A stream of bytes that can be read once.

    Attributes:
        name: How messages call it: a path, `<stdin>`, the input's name.
        bytes_read: Bytes taken from the source so far, before decompression.
    """

    name: str
    bytes_read: int

    def pieces(self) -> Iterator[bytes]:
        """Return the bytes as they come, decompressed; a piece is never empty and ends anywhere.

        Raises:
            JobError: The source cannot be read, or its compression is damaged.
        """
        ...


class Output(Protocol):
    """Takes bytes. After the last one either `commit` or `abort` is called, once.

    Attributes:
        name: How messages call it.
        bytes_written: Bytes taken so far.
    """

    name: str
    bytes_written: int

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            JobError: They cannot be written.
        """
        ...

    def commit(self) -> None:
        """Make what was written the output's content."""
        ...

    def abort(self) -> None:
        """Give up what was written, where that is possible."""
        ...
