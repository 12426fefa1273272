"""Events and rows in memory."""

import json
import math
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from asaql.connectors import MemoryInput, MemoryOutput
from asaql.diagnostics import QueryError
from asaql.model import Instant


def written(*events: Any) -> list[Any]:
    source = MemoryInput(events, "in")
    data = b"".join(source.pieces())
    assert source.bytes_read == len(data)
    return [json.loads(line) for line in data.splitlines()]


def test_events_are_lines_of_json() -> None:
    assert written({"a": 1, "b": [1.0, None, {"c": True}]}, {}) == [{"a": 1, "b": [1.0, None, {"c": True}]}, {}]
    (text,) = MemoryInput([{"a": 1, "b": 1.0, "c": "é"}]).pieces()
    assert text == '{"a":1,"b":1.0,"c":"é"}\n'.encode()


def test_no_events_are_no_pieces() -> None:
    assert list(MemoryInput([]).pieces()) == []


def test_many_events_come_in_several_pieces_of_whole_lines() -> None:
    pieces = list(MemoryInput({"n": n, "text": "x" * 100} for n in range(10_000)).pieces())
    assert len(pieces) > 1
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert b"".join(pieces).count(b"\n") == 10_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2024, 1, 2, 3, 4, 5, 678_901, UTC), "2024-01-02T03:04:05.6789010Z"),
        (datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05.0000000Z"),  # noqa: DTZ001 (without a zone on purpose)
        (datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2024-01-02T01:00:00.0000000Z"),
        (date(2024, 1, 2), "2024-01-02"),
        (Instant(0), "0001-01-01T00:00:00.0000000Z"),
        (Decimal("1.5"), 1.5),
        (math.nan, None),
        ((1, 2), [1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (2**64, 2**64),
        (-(2**70), -(2**70)),
        ("\ud800", "\ud800"),
    ],
)
def test_values_that_json_has_not_are_written_as_the_dialect_writes_them(value: Any, text: Any) -> None:
    assert written({"x": value}, MappingProxyType({"x": [value]})) == [{"x": text}, {"x": [text]}]


def test_arrays_of_numpy_are_arrays() -> None:
    numpy = pytest.importorskip("numpy")
    assert written({"x": numpy.array([1, 2]), "y": numpy.float64(1.5)}) == [{"x": [1, 2], "y": 1.5}]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (5, "it is of type int, not dict"),
        ({"x": {1}}, "a value is of type set"),
        ({"x": {1: 2}}, "the name 1 is no text"),
    ],
)
def test_what_is_no_event_is_an_error_with_its_number(event: Any, reason: str) -> None:
    with pytest.raises(QueryError, match='event 2 of the input "in"') as caught:
        list(MemoryInput([{}, event], "in").pieces())
    assert caught.value.diagnostics[0].code == "AQ711"
    assert caught.value.diagnostics[0].notes == (reason,)


def test_rows_are_what_was_written() -> None:
    output = MemoryOutput()
    output.write(b'{"a":1,"b":1.0}\n')
    output.write(b'{"t":"2024-01-01T00:00:00.0000000Z"}\n{"a":null}\n')
    output.commit()
    assert output.rows == [{"a": 1, "b": 1.0}, {"t": "2024-01-01T00:00:00.0000000Z"}, {"a": None}]
    assert [type(value) for value in output.rows[0].values()] == [int, float]
    assert output.bytes_written == 16 + 37 + 11
    output.abort()
    assert output.rows == []
