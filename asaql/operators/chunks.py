"""Snapshots as maps of chunks: named byte strings of at most 512 KiB, with a format version.

A part of a state is one byte string under one name. Longer ones are cut into numbered chunks. The chunk `format`
names the operator and the version of its format, so that a state is never read by code that does not know it.
"""

import io
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import polars as pl

CHUNK_BYTES: Final = 512 * 1024
_FORMAT: Final = "format"


class ChunkWriter:
    """Collects the parts of one operator's state.

    Args:
        operator: The operator's name.
        version: The version of its format; a change that older code cannot read raises it.
    """

    def __init__(self, operator: str, version: int) -> None:
        self.chunks: dict[str, bytes] = {_FORMAT: msgspec.json.encode({"operator": operator, "version": version})}

    def add(self, name: str, data: bytes) -> None:
        """Add a part."""
        for number, start in enumerate(range(0, max(len(data), 1), CHUNK_BYTES)):
            self.chunks[f"{name}/{number:06d}"] = data[start : start + CHUNK_BYTES]

    def add_json(self, name: str, value: Any) -> None:
        """Add a part made of JSON values."""
        self.add(name, msgspec.json.encode(value))

    def add_frame(self, name: str, frame: pl.DataFrame) -> None:
        """Add a frame whose columns are all native."""
        buffer = io.BytesIO()
        frame.write_ipc_stream(buffer)
        self.add(name, buffer.getvalue())


class ChunkReader:
    """Reads what a `ChunkWriter` of the same operator and version wrote.

    Raises:
        ValueError: The chunks are of another operator or version, or have no format.
    """

    def __init__(self, chunks: Mapping[str, bytes], operator: str, version: int) -> None:
        if _FORMAT not in chunks:
            message = f"state has no format and cannot be read as {operator} version {version}"
            raise ValueError(message)
        found = msgspec.json.decode(chunks[_FORMAT])
        if found != {"operator": operator, "version": version}:
            known = f"{found['operator']} version {found['version']}"
            message = f"state of {known} cannot be read as {operator} version {version}"
            raise ValueError(message)
        self._parts: dict[str, list[str]] = {}
        for chunk in sorted(chunks):
            name, _, number = chunk.rpartition("/")
            if number:
                self._parts.setdefault(name, []).append(chunk)
        self._chunks = chunks

    def get(self, name: str) -> bytes:
        """Return a part."""
        return b"".join(self._chunks[chunk] for chunk in self._parts[name])

    def get_json(self, name: str) -> Any:
        """Return a part made of JSON values."""
        return msgspec.json.decode(self.get(name))

    def get_frame(self, name: str) -> pl.DataFrame:
        """Return a frame."""
        return pl.read_ipc_stream(io.BytesIO(self.get(name)))
