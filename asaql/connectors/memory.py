"""Events and rows in memory, for tests and notebooks.

They take the same way as those of a file: an event is written as a line of JSON and then read, so whatever holds for
a recording holds for a list of dicts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import orjson

from asaql.diagnostics import Diagnostic, QueryError
from asaql.model import TICKS_PER_DAY, TICKS_PER_MICROSECOND, TICKS_PER_SECOND, Instant

_PIECE_BYTES = 1 << 18
_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_SERIALIZE_NUMPY


class MemoryInput:
    """Offers events given as mappings.

    `1` is a bigint, `1.0` a float; a `datetime` becomes the text that the dialect writes, UTC where it has no zone;
    NaN and the infinities become NULL; a whole number beyond 64 bits makes a malformed event, as it does in a file.

    Args:
        events: The events in the order of their arrival.
        name: How messages call the input.
    """

    def __init__(self, events: Iterable[Mapping[str, Any]], name: str = "<events>") -> None:
        self.name = name
        self.bytes_read = 0
        self._events = events

    def pieces(self) -> Iterator[bytes]:
        """Return the events as lines of JSON, every piece ending with a line.

        Raises:
            QueryError: An event is no mapping or holds what JSON cannot.
        """
        lines: list[bytes] = []
        size = 0
        for number, event in enumerate(self._events, start=1):
            lines.append(self._line(event, number))
            size += len(lines[-1])
            if size >= _PIECE_BYTES:
                self.bytes_read += size
                yield b"".join(lines)
                lines, size = [], 0
        if lines:
            self.bytes_read += size
            yield b"".join(lines)

    def _line(self, event: Mapping[str, Any], number: int) -> bytes:
        if not isinstance(event, Mapping):
            raise self._failure(number, f"it is of type {type(event).__name__}, not dict")
        event = event if isinstance(event, dict) else dict(event)
        try:
            return orjson.dumps(event, default=_plain, option=_OPTIONS)
        except TypeError:
            # Whole numbers beyond 64 bits and half surrogate pairs are for the reader of events to refuse.
            try:
                return json.dumps(_with_text_names(event), default=_plain).encode() + b"\n"
            except (TypeError, ValueError, RecursionError) as error:
                raise self._failure(number, str(error)) from None

    def _failure(self, number: int, reason: str) -> QueryError:
        message = f'event {number} of the input "{self.name}" cannot be written as JSON'
        return QueryError(Diagnostic("AQ711", message, notes=(reason,)))


def _with_text_names(value: Any) -> Any:
    """Return the value, sure that every name in it is text: `json` would turn others into text without a word."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            for name in each:
                if not isinstance(name, str):
                    message = f"the name {name!r} is no text"
                    raise TypeError(message)
            pending.extend(each.values())
        elif isinstance(each, (list, tuple)):
            pending.extend(each)
    return value


def _plain(value: Any) -> Any:
    """Return what JSON has in the place of a value that it has not."""
    if isinstance(value, Instant):
        return str(value)
    if isinstance(value, datetime):
        return str(_instant(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    message = f"a value is of type {type(value).__name__}"
    raise TypeError(message)


def _instant(moment: datetime) -> Instant:
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return Instant(
        (moment.toordinal() - 1) * TICKS_PER_DAY
        + seconds * TICKS_PER_SECOND
        + moment.microsecond * TICKS_PER_MICROSECOND
    )


class MemoryOutput:
    """Collects rows that are written as JSON lines.

    Args:
        name: How messages call the output.
    """

    def __init__(self, name: str = "<rows>") -> None:
        self.name = name
        self.bytes_written = 0
        self._lines: list[bytes] = []

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows written so far, datetimes as text."""
        rows: list[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode_lines(b"".join(self._lines))
        return rows

    def write(self, data: bytes) -> None:
        """Take lines of JSON."""
        self._lines.append(data)
        self.bytes_written += len(data)

    def commit(self) -> None:
        """Do nothing: the rows are there."""

    def abort(self) -> None:
        """Forget the rows."""
        self._lines.clear()
