"""Cutting a stream of JSON into chunks of whole events.

Most streams have one value a line: they are cut behind a line break and left as they are. If the first line is only
the beginning of a value (an object or an array written over several lines, or an array in one endless line), values
are found by their brackets instead, the elements of an array one by one, so that a file of any size streams.
Which of the two a stream is follows from its own first bytes, never from how they arrived.
"""

import msgspec

from asaql.formats.cutting import ChunkBuilder
from asaql.formats.events import CHUNK_BYTES, Chunk
from asaql.formats.json_documents import DocumentSplitter
from asaql.formats.json_events import DECODE_ERRORS, bare_line, texts_of_line
from asaql.formats.json_search import count_line_breaks

LOOKAHEAD_BYTES = 1 << 20
"""How far a stream is looked at, at most, to find out how its events are laid out."""

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_RAW = msgspec.json.Decoder(msgspec.Raw)


class JsonSplitter:
    """Cuts JSON; see `asaql.formats.events.Splitter`."""

    def __init__(self, source: str = "", *, rows: int | None = None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._source = source
        self._rows = rows
        self._chunk_bytes = chunk_bytes
        self._start = b""
        self._looked_at = 0
        self._splitter: LineSplitter | DocumentSplitter | None = None

    def feed(self, piece: bytes) -> list[Chunk]:
        """Take the next bytes; return what is complete."""
        if self._splitter is not None:
            return self._splitter.feed(piece)
        self._start += piece
        self._splitter = self._recognise(is_end=False)
        return [] if self._splitter is None else self._splitter.feed(self._start)

    def finish(self) -> list[Chunk]:
        """Take the end; return the rest."""
        chunks: list[Chunk] = []
        splitter = self._splitter
        if splitter is None:
            splitter = self._recognise(is_end=True) or LineSplitter(self._source, rows=self._rows)
            chunks = splitter.feed(self._start)
        return chunks + splitter.finish()

    def _recognise(self, *, is_end: bool) -> "LineSplitter | DocumentSplitter | None":
        """Return the splitter if the start of the stream is enough to tell which; at the end it is."""
        if len(self._start) < len(_BOM) and _BOM.startswith(self._start) and not is_end:
            return None
        # An event of many lines is parsed again whenever twice as much of it has arrived, not with every line.
        if self._looked_at and len(self._start) < 2 * self._looked_at and not is_end:
            return None
        text = self._start.removeprefix(_BOM)
        layout = _layout(text[:LOOKAHEAD_BYTES], is_end=is_end or len(text) >= LOOKAHEAD_BYTES)
        if layout is None:
            self._looked_at = len(self._start) if b"\n" in text else 0
            return None
        self._start = text
        return layout(self._source, rows=self._rows, chunk_bytes=self._chunk_bytes)


class LineSplitter:
    """Cuts a stream of one value a line."""

    def __init__(self, source: str = "", *, rows: int | None = None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._source = source
        self._chunk_bytes = chunk_bytes
        self._line = 1
        self._tail: list[bytes] = []
        self._rows = None if rows is None else ChunkBuilder(source, rows)

    def feed(self, piece: bytes) -> list[Chunk]:
        """Take the next bytes; return the lines that are complete."""
        cut = piece.rfind(b"\n") + 1
        if not cut:
            self._tail.append(piece)
            return []
        lines = b"".join((*self._tail, memoryview(piece)[:cut]))
        self._tail = [piece[cut:]]
        return self._cut(lines, is_end=False)

    def finish(self) -> list[Chunk]:
        """Take the end; return the last line."""
        rest = b"".join(self._tail)
        self._tail = []
        return self._cut(rest, is_end=True)

    def _cut(self, lines: bytes, *, is_end: bool) -> list[Chunk]:
        if self._rows is not None:
            for line in lines.split(b"\n"):
                text = bare_line(line)
                for each in texts_of_line(text) if text else ():
                    self._rows.add(each, self._line)
                self._line += 1
            self._line -= 1
            return self._rows.take(is_end=is_end)
        chunks: list[Chunk] = []
        start, length = 0, len(lines)
        while start < length:
            end = length
            # What is left over would be a small chunk of its own, so it goes along up to a half.
            if length - start > self._chunk_bytes * 3 // 2:
                end = lines.rfind(b"\n", start, start + self._chunk_bytes) + 1
                end = end or lines.find(b"\n", start) + 1 or length
            chunks.append(Chunk(lines[start:end], self._line, self._source))
            self._line += count_line_breaks(chunks[-1].data)
            start = end
        return chunks


def is_line_by_line(start: bytes, *, is_whole: bool) -> bool:
    """Return whether a stream that begins like this has one value a line; `is_whole` says that nothing follows."""
    text = start.removeprefix(_BOM)
    is_end = is_whole or len(text) >= LOOKAHEAD_BYTES
    return _layout(text[:LOOKAHEAD_BYTES], is_end=is_end) is LineSplitter


def _layout(start: bytes, *, is_end: bool) -> type[LineSplitter] | type[DocumentSplitter] | None:
    """Return how a stream that begins like this is cut; None if more of it is needed, which `is_end` rules out."""
    text = start.lstrip(_BLANK)
    if not text:
        return LineSplitter if is_end else None
    if text[0] not in b"[{":
        return LineSplitter
    first_line, line_break, _ = text.partition(b"\n")
    if not line_break and not is_end:
        return None
    if _state(first_line) != "cut off":
        return LineSplitter if line_break or len(start) < LOOKAHEAD_BYTES else DocumentSplitter
    if first_line.startswith(b"["):
        return DocumentSplitter
    whole_lines = text if is_end else text[: text.rfind(b"\n") + 1]
    state = _state(whole_lines)
    if state == "malformed":
        return LineSplitter
    return DocumentSplitter if is_end or state != "cut off" else None


def _state(text: bytes) -> str:
    """Return whether a text is a complete JSON value, one followed by more, the start of one, or malformed."""
    try:
        _RAW.decode(text)
    except DECODE_ERRORS as error:
        reason = str(error)
        if "trailing characters" in reason:
            return "followed"
        return "cut off" if "truncated" in reason else "malformed"
    return "complete"
