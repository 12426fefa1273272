"""The formats by name."""

from collections.abc import Sequence
from pathlib import PurePath

from asaql.formats.avro import AvroSplitter
from asaql.formats.csv import CsvDecoder
from asaql.formats.csv_encoder import CsvEncoder
from asaql.formats.csv_splitter import CsvSplitter
from asaql.formats.events import CHUNK_BYTES, Decoder, Encoder, Splitter
from asaql.formats.json import JsonDecoder
from asaql.formats.json_encoder import JsonEncoder
from asaql.formats.json_splitter import JsonSplitter, is_line_by_line
from asaql.formats.parquet import ParquetDecoder, ParquetEncoder, ParquetSplitter
from asaql.formats.projection import Projection, ReadOptions

FORMATS = ("json", "csv", "avro", "parquet")
"""Every format; all but Avro can be written."""

_SUFFIXES = {
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
    ".csv": "csv",
    ".avro": "avro",
    ".parquet": "parquet",
}


def format_of(path: str) -> str | None:
    """Return the format that a file's suffix names, a further `.gz` aside; None for an unknown one."""
    name = PurePath(path)
    suffix = PurePath(name.stem).suffix if name.suffix.lower() == ".gz" else name.suffix
    return _SUFFIXES.get(suffix.lower())


def decoder_for(format: str, projection: Projection, options: ReadOptions) -> Decoder:  # noqa: A002
    """Return a decoder of a format.

    Args:
        format: One of `FORMATS`.
        projection: What to read.
        options: How to read it.
    """
    if format == "csv":
        return CsvDecoder(projection, options)
    if format == "parquet":
        return ParquetDecoder(projection, options)
    return JsonDecoder(projection, options)


def splitter_for(
    format: str,  # noqa: A002
    source: str = "",
    *,
    options: ReadOptions | None = None,
    rows: int | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Splitter:
    """Return a splitter of a stream in a format.

    Args:
        format: One of `FORMATS`.
        source: Name of the input for messages.
        options: How the format is read.
        rows: Events a chunk holds exactly, the last one excepted; None to cut by size.
        chunk_bytes: Size of a chunk, about, if `rows` is None.
    """
    if format == "csv":
        options = options or ReadOptions()
        return CsvSplitter(
            source, delimiter=options.delimiter, has_header=options.has_header, rows=rows, chunk_bytes=chunk_bytes
        )
    if format == "avro":
        return AvroSplitter(source, rows=rows, chunk_bytes=chunk_bytes)
    if format == "parquet":
        return ParquetSplitter(source, rows=rows)
    return JsonSplitter(source, rows=rows, chunk_bytes=chunk_bytes)


def has_event_a_line(format: str, start: bytes, *, is_whole: bool) -> bool:  # noqa: A002
    """Return whether a stream can be cut behind any line break.

    Args:
        format: One of `FORMATS`.
        start: The first bytes; `LOOKAHEAD_BYTES` of them tell as much as more of them.
        is_whole: Whether these are all its bytes.
    """
    return format == "json" and is_line_by_line(start, is_whole=is_whole)


def encoder_for(format: str, names: Sequence[str] | None) -> Encoder:  # noqa: A002
    """Return an encoder of a format.

    Args:
        format: One of `FORMATS` except `avro`.
        names: The columns in order; None if rows come as one column of records, whose fields are the columns.
    """
    if format == "csv":
        return CsvEncoder(names)
    if format == "parquet":
        return ParquetEncoder(names)
    return JsonEncoder(names)
