"""Files as inputs and outputs."""

import errno
import gzip
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from asaql.connectors.compression import inflated, is_compressed
from asaql.diagnostics import Diagnostic, JobError, QueryError, did_you_mean

PIECE_BYTES = 1 << 20
"""How much of a file is read at once."""


class FileInput:
    """Reads a file from its beginning; gzip is recognised by its first bytes, whatever the file is called.

    Args:
        path: The file.
        piece_bytes: How much is read at once.
    """

    def __init__(self, path: str | Path, *, piece_bytes: int = PIECE_BYTES) -> None:
        self.name = str(path)
        self.bytes_read = 0
        self._path = Path(path)
        self._piece_bytes = piece_bytes

    def check(self) -> None:
        """Make sure that the file can be opened, before anything runs.

        Raises:
            QueryError: It is missing, a folder, or not readable.
        """
        try:
            with self._open():
                pass
        except OSError as error:
            raise QueryError(unreadable(self._path, error)) from None

    def pieces(self) -> Iterator[bytes]:
        """Return the bytes of the file, decompressed.

        Raises:
            JobError: The file cannot be read (any more), or its compression is damaged.
        """
        return inflated(self._raw_pieces(), self.name)

    def start_of_plain(self, length: int) -> tuple[bytes, int] | None:
        """Return the first bytes of an ordinary file that is not compressed, and its size; None for any other.

        Raises:
            JobError: The file cannot be read.
        """
        try:
            with self._open() as file:
                about = os.fstat(file.fileno())
                if not stat.S_ISREG(about.st_mode):
                    return None
                start = file.read(length)
        except OSError as error:
            raise JobError(unreadable(self._path, error)) from None
        return None if is_compressed(start) else (start, about.st_size)

    def _raw_pieces(self) -> Iterator[bytes]:
        try:
            with self._open() as file:
                while piece := file.read(self._piece_bytes):
                    self.bytes_read += len(piece)
                    yield piece
        except OSError as error:
            raise JobError(unreadable(self._path, error)) from None

    def _open(self) -> BinaryIO:
        return open(self._path, "rb", buffering=0)


def unreadable(path: Path, error: OSError) -> Diagnostic:
    """Return what is said of a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return Diagnostic("AQ702", f'no file "{path}"', help=_similar(path))
    if isinstance(error, IsADirectoryError):
        return Diagnostic("AQ702", f'"{path}" is a folder, not a file', help="name one file of the folder")
    return Diagnostic("AQ702", f'the file "{path}" cannot be read', notes=(_reason(error),))


def _similar(path: Path) -> str | None:
    try:
        names = [each.name for each in path.parent.iterdir()]
    except OSError:
        return None
    name = did_you_mean(path.name, names)
    return f'did you mean "{path.with_name(name)}"?' if name else None


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


class FileOutput:
    """Writes a file, which appears under its name only when it is complete.

    Until `commit`, the bytes are in a file beside it whose name begins with a point and ends in `.partial`. A path
    that is no ordinary file, such as a named pipe or `/dev/null`, is written to directly. With the suffix `.gz` the
    bytes are compressed.

    Args:
        path: The file; what is there is replaced.

    Raises:
        JobError: The file cannot be created.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = str(path)
        self.bytes_written = 0
        # A link keeps pointing where it points: its target is replaced.
        self._target = Path(os.path.realpath(path))
        self._partial: Path | None = None
        try:
            self._file = self._create()
        except OSError as error:
            raise self._failure(error) from None
        compressed = gzip.GzipFile("", "wb", 6, self._file, mtime=0) if self.name.lower().endswith(".gz") else None
        self._compressed = compressed
        self._stream = cast(BinaryIO, compressed) if compressed else self._file

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            JobError: The disk is full, say.
        """
        with self._failing():
            self._stream.write(data)
        self.bytes_written += len(data)

    def sync(self) -> None:
        """Bring what was written so far to the disk, so that `commit` has less to wait for.

        Raises:
            JobError: The disk is full, say.
        """
        with self._failing():
            if self._partial:
                self._file.flush()
                os.fsync(self._file.fileno())

    def commit(self) -> None:
        """Close the file and give it its name.

        Raises:
            JobError: The last bytes or the name cannot be written.
        """
        with self._failing():
            if self._compressed:
                self._compressed.close()
            self.sync()
            self._file.close()
            if self._partial:
                self._partial.replace(self._target)
                self._partial = None

    def abort(self) -> None:
        """Remove what was written, as far as it is not committed; a second call does nothing."""
        # Bytes that are still buffered may not be writable; they are given up anyway.
        with suppress(OSError):
            self._file.close()
        if self._partial:
            self._partial.unlink(missing_ok=True)
            self._partial = None

    def _create(self) -> BinaryIO:
        try:
            mode = self._target.stat().st_mode
        except FileNotFoundError:
            mode = None
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if mode is not None and not stat.S_ISREG(mode):
            return open(self._target, "wb")
        attempt = 0
        while True:
            partial = self._target.with_name(f".{self._target.name}.{os.getpid()}-{attempt}.partial")
            try:
                file = partial.open("xb")
            except FileExistsError:
                attempt += 1
                continue
            self._partial = partial
            if mode is not None:
                shutil.copymode(self._target, partial)
            return file

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.abort()
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> JobError:
        if isinstance(error, IsADirectoryError):
            return JobError(Diagnostic("AQ704", f'the output "{self.name}" is a folder, not a file'))
        help_ = None
        if isinstance(error, FileNotFoundError):
            help_ = f"create the folder: mkdir -p {self._target.parent}"
        message = f'the output "{self.name}" cannot be written'
        return JobError(Diagnostic("AQ704", message, notes=(_reason(error),), help=help_))
