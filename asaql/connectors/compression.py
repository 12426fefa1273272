"""Gzip, recognised by its first bytes."""

import zlib
from collections.abc import Iterable, Iterator

from asaql.diagnostics import Diagnostic, JobError

_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS
_PIECE_BYTES = 1 << 20


def is_compressed(start: bytes) -> bool:
    """Return whether a stream that begins like this is compressed."""
    return start.startswith(_MAGIC)


def inflated(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Return the pieces of a stream, decompressed if it begins as gzip; several gzip members follow one another.

    Args:
        pieces: The stream as it comes.
        name: How messages call it.

    Raises:
        JobError: The compressed stream is damaged or ends too early.
    """
    stream = iter(pieces)
    start = b""
    for piece in stream:
        start += piece
        if len(start) >= len(_MAGIC):
            break
    if not is_compressed(start):
        if start:
            yield start
        yield from (piece for piece in stream if piece)
        return
    yield from _inflate(start, stream, name)


def _inflate(start: bytes, stream: Iterator[bytes], name: str) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP)
    data = start
    while True:
        try:
            piece = member.decompress(data, _PIECE_BYTES)
        except zlib.error as error:
            raise _damaged(name, f"the compressed data is damaged: {error}") from None
        if piece:
            yield piece
        if member.eof:
            # A file may be filled up with zeros behind a member.
            data = member.unused_data.lstrip(b"\0")
            while not data:
                piece = next(stream, b"")
                if not piece:
                    return
                data = piece.lstrip(b"\0")
            member = zlib.decompressobj(_GZIP)
            continue
        data = member.unconsumed_tail
        if not data and not piece:
            data = next(stream, b"")
            if not data:
                raise _damaged(name, "the file ends before its compressed data does")


def _damaged(name: str, reason: str) -> JobError:
    return JobError(
        Diagnostic(
            "AQ711",
            f'the gzip input "{name}" cannot be read',
            notes=(reason,),
            help=f"check the file: gzip --test {name}",
        )
    )
