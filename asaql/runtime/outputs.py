"""Outputs: batches to bytes to files, to standard output, or to rows in memory."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

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


class Encoded(Struct, frozen=True):
    """Rows of an output as bytes."""

    data: bytes
    rows: int


class BatchEncoder:
    """Encodes the batches of one output.

    Args:
        encoder: Turns columns into bytes.
        columns: Names of the columns; None when each row is a record of its own in the column `*`.
    """

    def __init__(self, encoder: Encoder, columns: Sequence[str] | None) -> None:
        self._encoder = encoder
        self._names = tuple(columns) if columns is not None else ("*",)

    def encode(self, batch: Batch) -> Encoded:
        """Return the bytes of a batch."""
        columns = {name: batch.columns[name].expand(batch.height) for name in self._names}
        return Encoded(self._encoder.encode(columns, batch.height), batch.height)


class JsonLines(Struct, frozen=True):
    """The description of an output whose rows any process can encode, as each stands for itself; plain data.

    Attributes:
        columns: As in `BatchEncoder`.
    """

    columns: tuple[str, ...] | None

    def encoder(self) -> BatchEncoder:
        """Return what encodes the rows."""
        return BatchEncoder(encoder_for("json", self.columns), self.columns)


class OutputSink:
    """Encodes and writes the rows of one output.

    Args:
        encoder: Turns columns into bytes.
        target: Takes the bytes.
        columns: Names of the columns; None when each row is a record of its own in the column `*`.
        lines: The output's description if its rows may be encoded elsewhere.
    """

    def __init__(
        self, encoder: Encoder, target: Target, columns: Sequence[str] | None, lines: JsonLines | None = None
    ) -> None:
        self._encoder = encoder
        self._batches = BatchEncoder(encoder, columns)
        self._target = target
        self.lines = lines
        self._is_begun = False
        self.rows = 0

    @staticmethod
    def of_json(target: Target, columns: Sequence[str] | None) -> "OutputSink":
        """Return a sink that writes JSON lines."""
        lines = JsonLines(None if columns is None else tuple(columns))
        return OutputSink(encoder_for("json", columns), target, columns, lines)

    def write(self, batch: Batch) -> None:
        """Encode and write rows."""
        self.write_encoded(self._batches.encode(batch))

    def write_encoded(self, encoded: Encoded) -> None:
        """Write rows that another process has encoded as `lines` tells."""
        self._begin()
        self._target.write(encoded.data)
        self.rows += encoded.rows

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
