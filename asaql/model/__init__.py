"""What crosses every border of the engine: kinds, values, instants, columns, batches, watermarks."""

from asaql.model.batch import Batch, Watermark
from asaql.model.column import Column
from asaql.model.instants import (
    MAX_TICKS,
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MICROSECOND,
    TICKS_PER_MILLISECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Instant,
    format_ticks,
    parse_ticks,
    ticks_from_parts,
)
from asaql.model.kinds import BIGINT_MAX, BIGINT_MIN, Kind, Value, kind_of

__all__ = [
    "BIGINT_MAX",
    "BIGINT_MIN",
    "MAX_TICKS",
    "TICKS_PER_DAY",
    "TICKS_PER_HOUR",
    "TICKS_PER_MICROSECOND",
    "TICKS_PER_MILLISECOND",
    "TICKS_PER_MINUTE",
    "TICKS_PER_SECOND",
    "Batch",
    "Column",
    "Instant",
    "Kind",
    "Value",
    "Watermark",
    "format_ticks",
    "kind_of",
    "parse_ticks",
    "ticks_from_parts",
]
