"""Writing to a file while the job goes on: the system takes long to copy bytes, and needs no Python for that."""

from queue import Queue
from threading import Thread

from asaql.connectors import FileOutput

_WRITTEN_AT_ONCE = 1 << 20
"""Bytes of a small output, for which a thread is not worth while."""
_SYNCED_AT_ONCE = 1 << 24
_MOST_WAITING = 8
"""Pieces that may wait to be written."""


class WriteBehind:
    """Has a thread write to a file and bring it to the disk, in the order of the bytes.

    Args:
        target: The file. Its errors come up at a later write, or at `commit`.
    """

    def __init__(self, target: FileOutput) -> None:
        self._target = target
        self._size = 0
        self._waiting: Queue[bytes | None] = Queue(_MOST_WAITING)
        self._thread: Thread | None = None
        self._error: Exception | None = None
        self._is_given_up = False

    def write(self, data: bytes) -> None:
        """Take the next bytes; wait while too many others do."""
        self._size += len(data)
        if self._thread is None and self._size > _WRITTEN_AT_ONCE:
            self._thread = Thread(target=self._pass_on, name="asaql-output", daemon=True)
            self._thread.start()
        if self._thread is None:
            self._target.write(data)
        else:
            self._check()
            self._waiting.put(data)

    def commit(self) -> None:
        """Write what waits, and keep it."""
        self._end()
        self._check()
        self._target.commit()

    def abort(self) -> None:
        """Leave no trace of what was written."""
        self._is_given_up = True
        self._end()
        self._target.abort()

    def _end(self) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _pass_on(self) -> None:
        unsynced = 0
        while (data := self._waiting.get()) is not None:
            if self._error is None and not self._is_given_up:
                try:
                    self._target.write(data)
                    unsynced += len(data)
                    if unsynced >= _SYNCED_AT_ONCE:
                        self._target.sync()
                        unsynced = 0
                except Exception as error:
                    self._error = error
