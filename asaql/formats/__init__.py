"""Bytes to columns and back: JSON, CSV, Avro, Parquet."""

from asaql.formats.events import CHUNK_BYTES, Chunk, Decoded, Decoder, Encoder, Problem, Splitter, chunks
from asaql.formats.projection import Projection, ReadOptions
from asaql.formats.registry import FORMATS, decoder_for, encoder_for, format_of, has_event_a_line, splitter_for

__all__ = [
    "CHUNK_BYTES",
    "FORMATS",
    "Chunk",
    "Decoded",
    "Decoder",
    "Encoder",
    "Problem",
    "Projection",
    "ReadOptions",
    "Splitter",
    "chunks",
    "decoder_for",
    "encoder_for",
    "format_of",
    "has_event_a_line",
    "splitter_for",
]
