"""Datetimes as text, JSON lines, the registry of formats."""

import json
import random

import polars as pl
import pytest

from asaql.formats import encoder_for, format_of
from asaql.formats.datetimes import text_of_ticks
from asaql.formats.json_encoder import encode_lines
from asaql.model import MAX_TICKS, TICKS_PER_DAY, TICKS_PER_SECOND, Column, Instant, Kind, format_ticks

EDGES = [0, 1, 9, 10, MAX_TICKS, TICKS_PER_DAY - 1, 621_355_968_000_000_000, 621_355_967_999_999_999]


def test_ticks_become_the_text_of_their_instant() -> None:
    choose = random.Random(7)
    ticks = EDGES + [choose.randrange(MAX_TICKS) for _ in range(2000)]
    ticks += [each - each % TICKS_PER_SECOND for each in ticks]
    texts = text_of_ticks(pl.Series([*ticks, None], dtype=pl.Int64)).to_list()
    assert texts == [*map(format_ticks, ticks), None]
    assert text_of_ticks(pl.Series([], dtype=pl.Int64)).to_list() == []


@pytest.mark.parametrize("distinct", [[7 * TICKS_PER_DAY], [TICKS_PER_DAY, 5], [None, 3, TICKS_PER_SECOND], [None]])
def test_the_few_times_of_windows_are_written_as_any_others(distinct: list[int | None]) -> None:
    ticks = [each for each in distinct for _ in range(500)]
    texts = text_of_ticks(pl.Series(ticks, dtype=pl.Int64)).to_list()
    assert texts == [None if each is None else format_ticks(each) for each in ticks]


def test_rows_keep_the_order_of_their_columns() -> None:
    encoder = encoder_for("json", ["b", "a"])
    plain = {"a": Column.from_values([1, None]), "b": Column.constant("x"), "unused": Column.nulls(2)}
    assert encoder.header() == encoder.footer() == b""
    assert encoder.encode(plain, 2) == b'{"b":"x","a":1}\n{"b":"x","a":null}\n'
    mixed = {"a": Column.from_values([1, {"c": Instant(0)}]), "b": Column.from_values([Instant(0), None])}
    assert encoder.encode(mixed, 2) == (
        b'{"b":"0001-01-01T00:00:00.0000000Z","a":1}\n{"b":null,"a":{"c":"0001-01-01T00:00:00.0000000Z"}}\n'
    )


def test_rows_without_columns_are_still_rows() -> None:
    assert encoder_for("json", []).encode({}, 2) == b"{}\n{}\n"
    assert encoder_for("json", ["a"]).encode({"a": Column.nulls(0)}, 0) == b""
    assert encoder_for("json", None).encode({"r": Column.constant({"a": 1})}, 2) == b'{"a":1}\n{"a":1}\n'


@pytest.mark.parametrize("value", [1.0, 1e16, 1e22, -0.0, 0.1, 5e-324, 1.7976931348623157e308, 123456789.125])
def test_floats_are_written_to_be_read_as_the_same_float(value: float) -> None:
    for other in (Column.constant(0), Column.constant([])):
        line = encoder_for("json", ["x", "y"]).encode({"x": Column.from_values([value]), "y": other}, 1)
        assert repr(json.loads(line)["x"]) == repr(value)


def test_half_a_surrogate_pair_is_written_as_its_escape() -> None:
    assert encode_lines([{"x": "\n"}, {"a": ["\ud800", 1.0, None, True], "é": float("nan")}]) == (
        b'{"x":"\\n"}\n{"a":["\\ud800",1.0,null,true],"\\u00e9":null}\n'
    )


def test_nesting_of_any_depth_is_written() -> None:
    value: object = Instant(0)
    for _ in range(5000):
        value = [value, {"a": 1, "b": {}}]
    line = encode_lines([{"deep": value}])
    assert line.startswith(b'{"deep":' + b"[" * 5000 + b'"0001-01-01T00:00:00.0000000Z",{"a":1,"b":{}}]')
    assert line.count(b'{"a":1,"b":{}}') == 5000


def test_a_column_of_only_nulls_is_written_as_null() -> None:
    for kind in (Kind.NULL, Kind.BIGINT, Kind.DATETIME, Kind.RECORD):
        column = Column.nulls(1).cast_null(kind)
        assert encoder_for("json", ["x"]).encode({"x": column}, 1) == b'{"x":null}\n'


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        ("events.json", "json"),
        ("a.b/events.NDJSON", "json"),
        ("events.jsonl.gz", "json"),
        ("events.csv", "csv"),
        ("events.csv.GZ", "csv"),
        ("events.avro", "avro"),
        ("events.parquet", "parquet"),
        ("events.txt", None),
        ("events", None),
        ("events.gz", None),
        (".json", None),
    ],
)
def test_the_suffix_of_a_file_names_its_format(path: str, format_: str | None) -> None:
    assert format_of(path) == format_
