"""Cutting a stream of CSV into chunks of whole records."""

from asaql.formats.csv_records import MAX_RECORD_BYTES, grammar_of, without_line_break
from asaql.formats.events import CHUNK_BYTES, Chunk, Problem

_BOM = b"\xef\xbb\xbf"


class CsvSplitter:
    """Cuts CSV; see `asaql.formats.events.Splitter`.

    Args:
        source: Name of the input.
        delimiter: The character between values.
        has_header: Whether the first record holds the names, and no event. Every chunk carries it along.
        rows: Records a chunk holds exactly, the last one excepted; None to cut by size.
        chunk_bytes: Size of a chunk, about, if `rows` is None.
    """

    def __init__(
        self,
        source: str = "",
        *,
        delimiter: str = ",",
        has_header: bool = True,
        rows: int | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._source = source
        self._record = grammar_of(delimiter).record
        self._has_header = has_header
        self._header: bytes | None = None
        self._rows = rows
        self._chunk_bytes = chunk_bytes
        self._buffer = b""
        self._line = 1
        self._is_first = True
        self._has_chunk = False
        # What the next chunk holds so far.
        self._data: list[bytes] = []
        self._lines: list[int] = []
        self._size = 0
        self._problems: list[Problem] = []

    def feed(self, piece: bytes) -> list[Chunk]:
        """Take the next bytes; return the records that are complete."""
        self._buffer += piece
        if self._is_first and len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer):
            return []
        return self._read(is_end=False)

    def finish(self) -> list[Chunk]:
        """Take the end; return the last record. An input with a header only is one chunk without events."""
        if self._buffer and not self._buffer.endswith(b"\n"):
            self._buffer += b"\n"
        chunks = self._read(is_end=True)
        if self._data or self._problems or (self._header and not self._has_chunk):
            chunks.append(self._chunk())
        return chunks

    def _read(self, *, is_end: bool) -> list[Chunk]:
        if self._is_first:
            self._buffer = self._buffer.removeprefix(_BOM)
            self._is_first = False
        if self._rows is None and self._header is not None and b'"' not in self._buffer:
            return self._take_lines()
        chunks: list[Chunk] = []
        at = 0
        while at < len(self._buffer):
            match = self._record.match(self._buffer, at)
            end = match.end() if match else None
            if end is None or end - at > MAX_RECORD_BYTES:
                if not is_end and len(self._buffer) - at <= MAX_RECORD_BYTES:
                    break
                at = self._give_up_line(at)
                continue
            self._take_record(self._buffer[at:end])
            at = end
            if len(self._data) == self._rows or (self._rows is None and self._size >= self._chunk_bytes):
                chunks.append(self._chunk())
        self._buffer = self._buffer[at:]
        if self._rows is None and (self._data or self._problems):
            chunks.append(self._chunk())
        return chunks

    def _take_lines(self) -> list[Chunk]:
        """Take all complete lines of a buffer without quotation marks: each is a record."""
        chunks = []
        end = self._buffer.rfind(b"\n") + 1
        at = 0
        while at < end:
            cut = end
            if cut - at > self._chunk_bytes:
                cut = self._buffer.rfind(b"\n", at, at + self._chunk_bytes) + 1
                cut = cut or self._buffer.index(b"\n", at) + 1
            data = self._buffer[at:cut]
            chunks.append(Chunk(data, self._line, self._source, header=self._header or b""))
            self._line += data.count(b"\n")
            self._has_chunk = True
            at = cut
        self._buffer = self._buffer[end:]
        return chunks

    def _take_record(self, record: bytes) -> None:
        text = without_line_break(record)
        is_header = False
        if text and self._header is None:
            self._header = text
            is_header = self._has_header
        if text and not is_header:
            self._data.append(record)
            self._lines.append(self._line)
            self._size += len(record)
        self._line += record.count(b"\n")

    def _give_up_line(self, at: int) -> int:
        end = self._buffer.find(b"\n", at) + 1 or len(self._buffer)
        if without_line_break(self._buffer[at:end]):
            self._problems.append(Problem(self._source, self._line, "a quoted value has no end"))
        self._line += 1
        return end

    def _chunk(self) -> Chunk:
        lines = tuple(self._lines)
        first_line = lines[0] if lines else self._line
        header, data = self._header or b"", b"".join(self._data)
        chunk = Chunk(data, first_line, self._source, lines, header, dropped=tuple(self._problems))
        self._data, self._lines, self._size, self._problems = [], [], 0, []
        self._has_chunk = True
        return chunk
