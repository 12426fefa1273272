"""Avro object containers as JSON lines, which hold the same values.

Bytes and fixed are text: as UTF-8 if they are that, else in base64. Enumerations are text, maps records, decimals
floats; timestamps and dates are the text that the dialect writes. NaN and the infinities are NULL. A container is cut
at its own blocks, so it streams. Needs the package `fastavro`.
"""

import base64
import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from importlib import import_module
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson

from asaql.diagnostics import Diagnostic, JobError
from asaql.formats.cutting import ChunkBuilder
from asaql.formats.datetimes import instant_of
from asaql.formats.events import CHUNK_BYTES, Chunk

_MAGIC = b"Obj\x01"
_SYNC_BYTES = 16
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


class AvroSplitter:
    """Turns an Avro container into chunks of JSON lines; see `asaql.formats.events.Splitter`.

    Raises:
        JobError: The package `fastavro` is missing.
    """

    def __init__(self, source: str = "", *, rows: int | None = None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._source = source
        self._builder = ChunkBuilder(source, rows, chunk_bytes)
        self._buffer = b""
        self._header: bytes | None = None
        self._event = 1
        try:
            self._fastavro = import_module("fastavro")
        except ModuleNotFoundError:
            message = "reading Avro needs the package fastavro, which is not installed"
            raise JobError(Diagnostic("AQ711", message, help="pip install 'asaql[avro]'")) from None

    def feed(self, piece: bytes) -> list[Chunk]:
        """Take the next bytes; return the events of the blocks that are complete.

        Raises:
            JobError: The bytes are no Avro container, or it is damaged.
        """
        self._buffer += piece
        if self._header is None:
            end = _end_of_header(self._buffer, self._source)
            if end is None:
                return []
            self._header, self._buffer = self._buffer[:end], self._buffer[end:]
        end = 0
        while (next_end := _end_of_block(self._buffer, end)) is not None:
            end = next_end
        blocks, self._buffer = self._buffer[:end], self._buffer[end:]
        if blocks:
            for event in self._events(self._header + blocks):
                self._builder.add(_line(event), self._event)
                self._event += 1
        return self._builder.take()

    def finish(self) -> list[Chunk]:
        """Take the end.

        Raises:
            JobError: The container ends in the middle of a block.
        """
        if self._buffer:
            raise _damaged(self._source, "the file ends too early")
        return self._builder.take(is_end=True)

    def _events(self, container: bytes) -> Iterable[Any]:
        try:
            return list(self._fastavro.reader(BytesIO(container)))
        except Exception as error:
            # A codec may raise anything of its own; whatever it is, the bytes are not what they should be.
            raise _damaged(self._source, f"{type(error).__name__}: {error}") from error


def _damaged(source: str, reason: str) -> JobError:
    return JobError(Diagnostic("AQ711", f'the input "{source}" cannot be read as Avro', notes=(reason,)))


def _end_of_header(data: bytes, source: str) -> int | None:
    """Return where the blocks begin, or None if the header has not all arrived."""
    if not data.startswith(_MAGIC[: len(data)]):
        raise _damaged(source, "the file does not begin as an Avro container")
    at = len(_MAGIC)
    try:
        while True:
            count, at = _number(data, at)
            if count == 0:
                break
            if count < 0:
                count, (_, at) = -count, _number(data, at)
            for _ in range(2 * count):
                size, at = _number(data, at)
                at += size
    except IndexError:
        return None
    return at + _SYNC_BYTES if at + _SYNC_BYTES <= len(data) else None


def _end_of_block(data: bytes, at: int) -> int | None:
    """Return where the block at `at` ends, or None if it has not all arrived."""
    try:
        _, at = _number(data, at)
        size, at = _number(data, at)
    except IndexError:
        return None
    end = at + max(size, 0) + _SYNC_BYTES
    return end if end <= len(data) else None


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the variable-length number at `at` and where it ends; IndexError if it has not all arrived."""
    bits = shift = 0
    while True:
        byte = data[at]
        at += 1
        bits |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (bits >> 1) ^ -(bits & 1), at


def _line(event: Any) -> bytes:
    try:
        return orjson.dumps(event, default=_plain, option=_OPTIONS)
    except TypeError:
        return json.dumps(event, default=_plain).encode()


def _plain(value: Any) -> Any:
    """Return what JSON has in the place of a value that it has not."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, date):
        return str(instant_of(value))
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    return str(value)
