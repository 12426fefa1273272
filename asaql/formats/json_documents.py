"""Finding events by their brackets: objects over several lines, and the elements of one long array."""

import re

import msgspec

from asaql.formats.cutting import ChunkBuilder
from asaql.formats.events import CHUNK_BYTES, Chunk
from asaql.formats.json_events import DECODE_ERRORS

MAX_EVENT_BYTES = 1 << 24
"""How long an event may be before its first line counts as malformed; what follows is then looked at anew."""

_SEPARATORS = re.compile(rb"[ \t\r\n,]*")
_TOKEN = re.compile(rb'"(?:[^"\\\n]++|\\.)*+"|["\[\]{}]')
_SCALAR = re.compile(rb'"(?:[^"\\\n]++|\\.)*+"|[^][{}":,\s]++')
_EMPTY = msgspec.json.Decoder(msgspec.defstruct("Empty", []))
_OPENING = {b"]": b"[", b"}": b"{"}


class DocumentSplitter:
    """Cuts values that need not end with their line; arrays at the top are taken apart.

    An event that never ends costs its first line: that is malformed, and reading goes on behind it.
    """

    def __init__(self, source: str = "", *, rows: int | None = None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._builder = ChunkBuilder(source, rows, chunk_bytes)
        self._buffer = b""
        self._at = 0
        self._line = 1
        self._is_in_array = False
        # Where the search for the end of an unfinished value goes on, and the brackets open there.
        self._scanned_to = 0
        self._open: list[bytes] = []
        self._looks_plain = True

    def feed(self, piece: bytes) -> list[Chunk]:
        """Take the next bytes; return what is complete."""
        self._buffer = self._buffer[self._at :] + piece
        self._scanned_to -= self._at
        self._at = 0
        self._looks_plain = True
        self._read(is_end=False)
        return self._builder.take()

    def finish(self) -> list[Chunk]:
        """Take the end; return the rest."""
        self._read(is_end=True)
        return self._builder.take(is_end=True)

    def _read(self, *, is_end: bool) -> None:
        while True:
            if not self._open:
                self._skip_separators()
                if self._is_in_array and self._looks_plain:
                    self._looks_plain = self._take_plain_elements()
                    self._skip_separators()
            if self._at == len(self._buffer) or not self._take_one(is_end=is_end):
                return

    def _skip_separators(self) -> None:
        separators = _SEPARATORS.match(self._buffer, self._at)
        assert separators is not None
        self._advance(separators.end())

    def _advance(self, to: int) -> None:
        self._line += self._buffer.count(b"\n", self._at, to)
        self._at = to

    def _take_one(self, *, is_end: bool) -> bool:
        """Take a bracket of the top array, a value, or what is none; False if it has not all arrived."""
        first = self._buffer[self._at : self._at + 1]
        if not self._open and first == (b"]" if self._is_in_array else b"["):
            self._is_in_array = not self._is_in_array
            self._advance(self._at + 1)
            return True
        if self._open or first in (b"[", b"{"):
            return self._take_value(is_end=is_end)
        scalar = _SCALAR.match(self._buffer, self._at)
        if scalar:
            if scalar.end() == len(self._buffer) and not is_end and len(self._buffer) - self._at < MAX_EVENT_BYTES:
                return False
            self._add(scalar.end())
            return True
        return self._take_line(is_end=is_end)

    def _take_value(self, *, is_end: bool) -> bool:
        if not self._open:
            self._scanned_to = self._at
        for token in _TOKEN.finditer(self._buffer, self._scanned_to):
            mark = token.group()
            if mark in (b"{", b"["):
                self._open.append(mark)
            elif mark in (b"}", b"]"):
                if self._open.pop() != _OPENING[mark]:
                    return self._give_up(is_end=is_end)
                if not self._open:
                    if token.end() - self._at > MAX_EVENT_BYTES:
                        return self._give_up(is_end=is_end)
                    self._add(token.end())
                    return True
            elif mark == b'"':
                if self._buffer.find(b"\n", token.end()) >= 0:
                    return self._give_up(is_end=is_end)
                break
            self._scanned_to = token.end()
        if is_end or len(self._buffer) - self._at > MAX_EVENT_BYTES:
            return self._give_up(is_end=is_end)
        return False

    def _give_up(self, *, is_end: bool) -> bool:
        self._open = []
        return self._take_line(is_end=is_end)

    def _take_line(self, *, is_end: bool) -> bool:
        """Take the rest of the line as one malformed event."""
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            if not is_end and len(self._buffer) - self._at <= MAX_EVENT_BYTES:
                return False
            end = len(self._buffer)
        self._add(end)
        return True

    def _add(self, end: int) -> None:
        text = self._buffer[self._at : end].replace(b"\n", b" ").replace(b"\r", b" ")
        self._builder.add(text, self._line)
        self._advance(end)

    def _take_plain_elements(self) -> bool:
        """Take many elements at once where each is an object on a line, or all stand in one line as `{..},{..}`."""
        at = self._at
        if not self._buffer.startswith(b"{", at):
            return False
        end = self._buffer.rfind(b"\n", at) + 1
        if end:
            return self._take_lines(end)
        end = self._buffer.rfind(b"},{", at) + 1
        if not end:
            return False
        texts = self._buffer[at:end].replace(b"},{", b"}\n{").split(b"\n")
        if not _are_objects(texts):
            return False
        for text in texts:
            self._builder.add(text, self._line)
        self._at = end
        return True

    def _take_lines(self, end: int) -> bool:
        texts = []
        at = self._at
        while at < end:
            line_end = self._buffer.index(b"\n", at)
            text = self._buffer[at:line_end].strip(b" \t\r")
            if not text.endswith(b"},"):
                break
            texts.append(text[:-1])
            at = line_end + 1
        if not texts or not _are_objects(texts):
            return False
        for text in texts:
            self._builder.add(text, self._line)
            self._line += 1
        self._at = at
        return True


def _are_objects(texts: list[bytes]) -> bool:
    """Return whether each text is one whole JSON object."""
    if not all(text.startswith(b"{") and text.endswith(b"}") for text in texts):
        return False
    try:
        return len(_EMPTY.decode_lines(b"\n".join(texts))) == len(texts)
    except DECODE_ERRORS:
        return False
