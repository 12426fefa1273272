"""Outputs: batches to bytes to files, to standard output, or to rows in memory."""

from collections.abc import Sequence
from typing import Any, Protocol

from asaql.formats import Encoder, encoder_for
from asaql.model import Batch


class Target(Protocol):
    """Where an output's bytes go."""

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        ...

    def commit(self) -> None:
        """Keep what was written."""
        ...

    def abort(self) -> None:
        """Leave no trace of what was written."""
        ...


class OutputSink:
    """Encodes the rows of one output.

    Args:
        encoder: Turns columns into bytes.
        target: Takes the bytes.
        columns: Names of the columns; None when each row is a record of its own in the column `*`.
    """

    def __init__(self, encoder: Encoder, target: Target, columns: Sequence[str] | None) -> None:
        self._encoder = encoder
        self._target = target
        self._columns = columns
        self._is_begun = False
        self.rows = 0

    @staticmethod
    def of_json(target: Target, columns: Sequence[str] | None) -> "OutputSink":
        """Return a sink that writes JSON lines."""
        return OutputSink(encoder_for("json", columns), target, columns)

    def write(self, batch: Batch) -> None:
        """Encode and write rows."""
        self._begin()
        names = self._columns if self._columns is not None else ("*",)
        columns = {name: batch.columns[name].expand(batch.height) for name in names}
        self._target.write(self._encoder.encode(columns, batch.height))
        self.rows += batch.height

    def commit(self) -> None:
        """Write what ends the output and keep it."""
        self._begin()
        self._target.write(self._encoder.footer())
        self._target.commit()

    def abort(self) -> None:
        """Drop what was written."""
        self._target.abort()

    def _begin(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            self._target.write(self._encoder.header())


class MemoryTarget:
    """Keeps an output's bytes; `rows` reads them back, so that rows in memory are those that a file would hold."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep the next bytes."""
        self._parts.append(data)

    def commit(self) -> None:
        """Nothing is pending."""

    def abort(self) -> None:
        """Forget what was written."""
        self._parts.clear()

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows written as JSON lines."""
        import orjson

        return [orjson.loads(line) for line in b"".join(self._parts).splitlines() if line]
