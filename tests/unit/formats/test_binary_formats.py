"""Avro and Parquet."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import fastavro
import polars as pl
import pytest

from asaql.diagnostics import JobError
from asaql.formats import Projection, ReadOptions, chunks, decoder_for, encoder_for, splitter_for
from asaql.model import BIGINT_MAX, Column, Instant, Kind

NEW_YEAR = Instant(638_396_640_000_000_000)


def read(
    format_: str,
    data: bytes,
    projection: Projection,
    *,
    rows: int | None = None,
    step: int | None = None,
    **options: Any,
) -> tuple[dict[str, list[Any]], list[tuple[int, str]], list[int]]:
    read_options = ReadOptions(**options)
    splitter = splitter_for(format_, "in", options=read_options, rows=rows)
    decoder = decoder_for(format_, projection, read_options)
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    values: dict[str, list[Any]] = {}
    problems = []
    heights = []
    for chunk in chunks(pieces, splitter):
        decoded = decoder.decode(chunk)
        for slot, column in decoded.columns.items():
            values.setdefault(slot, []).extend(column.to_values())
        problems += [(each.line, each.reason) for each in decoded.problems]
        heights.append(decoded.height)
    return values, problems, heights


def avro(fields: list[dict[str, Any]], records: list[dict[str, Any]], **options: Any) -> bytes:
    stream = BytesIO()
    schema = fastavro.parse_schema({"type": "record", "name": "Event", "fields": fields})
    fastavro.writer(stream, schema, records, **options)
    return stream.getvalue()


AVRO_FIELDS = [
    {"name": "n", "type": "long"},
    {"name": "f", "type": ["null", "double"]},
    {"name": "s", "type": "string"},
    {"name": "b", "type": "boolean"},
    {
        "name": "r",
        "type": {"type": "record", "name": "R", "fields": [{"name": "x", "type": {"type": "array", "items": "int"}}]},
    },
]
AVRO_EVENTS = [
    {"n": n, "f": n / 2 if n % 3 else None, "s": f"é{n}", "b": n % 2 == 0, "r": {"x": [n]}} for n in range(100)
]


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("step", [None, 7, 1000])
@pytest.mark.parametrize("rows", [None, 1, 7])
def test_avro_events_come_back_however_they_are_cut(codec: str, step: int | None, rows: int | None) -> None:
    data = avro(AVRO_FIELDS, AVRO_EVENTS, codec=codec, sync_interval=200)
    values, problems, heights = read("avro", data, Projection((("r.x", ("R", "X")),), "all"), rows=rows, step=step)
    assert not problems
    assert repr(values["all"]) == repr(AVRO_EVENTS)
    assert values["r.x"] == [[n] for n in range(100)]
    if rows:
        assert all(height == rows for height in heights[:-1])


def test_avro_types_without_a_counterpart_become_text_or_numbers() -> None:
    fields = [
        {"name": "bytes", "type": "bytes"},
        {"name": "raw", "type": {"type": "fixed", "name": "F", "size": 2}},
        {"name": "enum", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
        {"name": "map", "type": {"type": "map", "values": "int"}},
        {"name": "when", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "time", "type": {"type": "int", "logicalType": "time-millis"}},
        {"name": "money", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "nan", "type": "float"},
    ]
    event = {
        "bytes": "é".encode(),
        "raw": b"\xff\xfe",
        "enum": "B",
        "map": {"k": 1},
        "when": datetime(2024, 1, 1, tzinfo=UTC),
        "day": date(2024, 1, 1),
        "time": time(1, 2, 3),
        "money": Decimal("12.34"),
        "id": UUID(int=1),
        "nan": math.nan,
    }
    values, _, _ = read("avro", avro(fields, [event]), Projection((), "all"))
    midnight = "2024-01-01T00:00:00.0000000Z"
    assert values["all"] == [
        {
            "bytes": "é",
            "raw": "//4=",
            "enum": "B",
            "map": {"k": 1},
            "when": midnight,
            "day": midnight,
            "time": "01:02:03",
            "money": 12.34,
            "id": "00000000-0000-0000-0000-000000000001",
            "nan": None,
        }
    ]


def test_avro_booleans_are_numbers_below_level_1_2() -> None:
    values, _, _ = read("avro", avro(AVRO_FIELDS, AVRO_EVENTS[:2]), Projection((("b", ("b",)),)), level="1.1")
    assert repr(values["b"]) == "[1, 0]"


@pytest.mark.parametrize(
    "change", [lambda data: b"{}" + data, lambda data: data[:-5], lambda data: data[:-40] + b"\xff" * 24 + data[-16:]]
)
def test_what_is_no_avro_container_is_an_error(change: Any) -> None:
    data = change(avro(AVRO_FIELDS, AVRO_EVENTS, codec="deflate"))
    with pytest.raises(JobError, match='the input "in" cannot be read as Avro') as caught:
        read("avro", data, Projection((), "all"))
    assert caught.value.diagnostics[0].code == "AQ711"


def parquet(frame: pl.DataFrame) -> bytes:
    stream = BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


FRAME = pl.DataFrame(
    {
        "Int": pl.Series([1, None], dtype=pl.Int8),
        "UInt": pl.Series([BIGINT_MAX, 0], dtype=pl.UInt64),
        "Float": pl.Series([0.5, math.nan], dtype=pl.Float32),
        "Money": pl.Series([Decimal("12.34"), None], dtype=pl.Decimal(9, 2)),
        "Text": ["é", None],
        "Category": pl.Series(["a", "b"], dtype=pl.Categorical),
        "Bit": [True, None],
        "Day": [date(2024, 1, 1), None],
        "Milli": pl.Series([datetime(2024, 1, 1), None], dtype=pl.Datetime("ms")),  # noqa: DTZ001
        "Micro": pl.Series([datetime(2024, 1, 1, tzinfo=UTC), None], dtype=pl.Datetime("us", "UTC")),
        "Nano": pl.Series([1_704_067_200_000_000_099, None], dtype=pl.Int64).cast(pl.Datetime("ns")),
        "Record": [{"x": 1, "when": datetime(2024, 1, 1)}, {"x": None, "when": None}],  # noqa: DTZ001
        "Array": [[date(2024, 1, 1)], []],
        "Bytes": [b"\xff", "é".encode()],
        "Time": [time(1, 2, 3), None],
        "Span": [timedelta(days=1), None],
        "Null": [None, None],
    }
)


def test_parquet_types_are_native() -> None:
    values, problems, _ = read("parquet", parquet(FRAME), Projection((), "all"))
    assert not problems
    assert repr(values["all"][0]) == repr(
        {
            "Int": 1,
            "UInt": BIGINT_MAX,
            "Float": 0.5,
            "Money": 12.34,
            "Text": "é",
            "Category": "a",
            "Bit": True,
            "Day": NEW_YEAR,
            "Milli": NEW_YEAR,
            "Micro": NEW_YEAR,
            "Nano": NEW_YEAR,
            "Record": {"x": 1, "when": NEW_YEAR},
            "Array": [NEW_YEAR],
            "Bytes": "/w==",
            "Time": "01:02:03",
            "Span": "P1D",
            "Null": None,
        }
    )
    assert values["all"][1]["Record"] == {"x": None, "when": None}
    assert values["all"][1]["Bytes"] == "é"
    assert math.isnan(values["all"][1]["Float"])


def test_parquet_names_ignore_case_and_paths_lead_into_structs() -> None:
    fields = (("a", ("INT",)), ("b", ("record", "X")), ("c", ("none",)), ("d", ("int", "x")))
    values, _, _ = read("parquet", parquet(FRAME), Projection(fields))
    assert values == {"a": [1, None], "b": [1, None], "c": [None, None], "d": [None, None]}


@pytest.mark.parametrize("rows", [None, 1, 7])
def test_parquet_rows_come_in_order_however_they_are_cut(rows: int | None) -> None:
    frame = pl.DataFrame({"n": range(50)})
    values, _, heights = read("parquet", parquet(frame), Projection((("n", ("n",)),)), rows=rows, step=100)
    assert values["n"] == list(range(50))
    assert rows is None or all(height == rows for height in heights[:-1])


def test_parquet_values_beyond_the_dialect_drop_their_row() -> None:
    frame = pl.DataFrame({"n": pl.Series([1, 2**63, 2], dtype=pl.UInt64), "x": [1, 2, 3]})
    values, problems, _ = read("parquet", parquet(frame), Projection((("x", ("x",)),)))
    assert values["x"] == [1, 3]
    assert problems == [(2, "a value fits neither a bigint nor a datetime")]


def test_parquet_levels_and_declarations_hold() -> None:
    values, _, _ = read("parquet", parquet(FRAME), Projection((("b", ("bit",)),), "all"), level="1.0")
    assert repr(values["b"]) == "[1, None]"
    assert next(iter(values["all"][0])) == "int"
    declared = {"int": Kind.BIGINT, "float": Kind.FLOAT, "text": Kind.NVARCHAR}
    values, problems, _ = read("parquet", parquet(FRAME), Projection((("i", ("int",)),)), declared=declared)
    assert values["i"] == [1]
    assert problems == [(2, 'the float of column "float" is nan')]


def test_what_is_no_parquet_file_is_an_error() -> None:
    with pytest.raises(JobError, match='the input "in" is not Parquet') as caught:
        read("parquet", b"PAR1 and no more", Projection((), "all"))
    assert caught.value.diagnostics[0].code == "AQ711"
    assert read("parquet", b"", Projection((), "all")) == ({}, [], [])


def test_rows_are_written_as_one_parquet_file() -> None:
    encoder = encoder_for("parquet", ["n", "mixed", "t", "r", "null", "s"])
    written = encoder.header()
    for values in ([1, Instant(NEW_YEAR.ticks + 19)], [2, None]):
        columns = {
            "n": Column.from_values([values[0]]),
            "mixed": Column.from_values([1 if values[1] else 0.5]),
            "t": Column.from_values([values[1]]),
            "r": Column.from_values([{"t": Instant(0)}] if values[1] else ["text"]),
            "null": Column.nulls(1),
            "s": Column.constant("x"),
        }
        written += encoder.encode(columns, 1)
    frame = pl.read_parquet(written + encoder.footer())
    assert frame.rows(named=True) == [
        {
            "n": 1,
            "mixed": 1.0,
            "t": datetime(2024, 1, 1, 0, 0, 0, 1, UTC),
            "r": '{"t":"0001-01-01T00:00:00.0000000Z"}',
            "null": None,
            "s": "x",
        },
        {"n": 2, "mixed": 0.5, "t": None, "r": "text", "null": None, "s": "x"},
    ]


def test_open_rows_have_every_column_of_any_row() -> None:
    encoder = encoder_for("parquet", None)
    for records in ([{"a": 1}], [{"b": "x", "a": 2}, {"c": 1.5}]):
        assert encoder.encode({"r": Column.from_values(records)}, len(records)) == b""
    frame = pl.read_parquet(encoder.footer())
    assert frame.rows() == [(1, None, None), (2, "x", None), (None, None, 1.5)]
    assert frame.columns == ["a", "b", "c"]


def test_no_rows_are_a_file_too() -> None:
    encoder = encoder_for("parquet", ["a"])
    assert pl.read_parquet(encoder.footer()).height == 0
