"""Collecting events into chunks, by size or by number."""

from asaql.formats.events import CHUNK_BYTES, Chunk


class ChunkBuilder:
    """Collects the texts of single events into chunks of one event a line.

    Args:
        source: Name of the input.
        rows: Events a chunk holds exactly, the last one excepted; None to cut by size.
        chunk_bytes: Size at which a chunk is complete if `rows` is None.
    """

    def __init__(self, source: str, rows: int | None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._source = source
        self._rows = rows
        self._chunk_bytes = chunk_bytes
        self._texts: list[bytes] = []
        self._lines: list[int] = []
        self._size = 0
        self._full: list[Chunk] = []

    def add(self, text: bytes, line: int) -> None:
        """Take the text of one event, without line breaks, and the line on which it began."""
        self._texts.append(text)
        self._lines.append(line)
        self._size += len(text)
        if len(self._texts) == self._rows or (self._rows is None and self._size >= self._chunk_bytes):
            self._complete()

    def take(self, *, is_end: bool = False) -> list[Chunk]:
        """Return the chunks that are complete; what is left is complete, too, at the end or if size decides."""
        if self._texts and (is_end or self._rows is None):
            self._complete()
        chunks, self._full = self._full, []
        return chunks

    def _complete(self) -> None:
        data = b"\n".join(self._texts) + b"\n"
        self._full.append(Chunk(data, self._lines[0], self._source, tuple(self._lines)))
        self._texts, self._lines, self._size = [], [], 0
