"""JSON events: whatever the bytes and however they are cut, the same events come out."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from asaql.formats import Chunk, Projection, ReadOptions, chunks, decoder_for, encoder_for, splitter_for
from asaql.formats.json_encoder import FEW_ROWS
from asaql.formats.json_events import (
    DECODE_ERRORS,
    MalformedEvent,
    all_numbers_fit,
    bare_line,
    events_of_line,
    parse,
    texts_of_line,
)
from asaql.formats.json_search import Scan
from asaql.formats.names import value_at
from asaql.model import Column, Kind

SETTINGS = settings(derandomize=True, max_examples=25, deadline=None)
BIGINTS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | BIGINTS | FLOATS | TEXTS
NAMES = st.sampled_from(["a", "A", "b", "B", "bC", "Bc", "ſ", "s", "K", "k", 'q"', "t\\", "u\n", "é", "É"]) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))
EVENTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=5), max_size=12)
PATHS = st.lists(st.lists(NAMES.filter(bool), min_size=1, max_size=3).map(tuple), max_size=4, unique=True)


def read(
    data: bytes, projection: Projection, *, rows: int | None = None, step: int | None = None, **options: Any
) -> Any:
    """Return the columns' values, the problems and the sizes of the chunks."""
    splitter = splitter_for("json", "in", rows=rows)
    decoder = decoder_for("json", projection, ReadOptions(**options))
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    values: dict[str, list[Any]] = {slot: [] for slot, _ in projection.fields}
    if projection.record_slot:
        values[projection.record_slot] = []
    problems = []
    sizes = []
    for chunk in chunks(pieces, splitter):
        decoded = decoder.decode(chunk)
        for slot in values:
            column = decoded.columns[slot]
            assert len(column) == decoded.height
            values[slot] += column.to_values()
        problems += [(each.line, each.reason) for each in decoded.problems]
        sizes.append(decoded.height + len(decoded.problems))
    return values, problems, sizes


def slots(paths: list[tuple[str, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((f"s{i}", path) for i, path in enumerate(paths))


def lines_of(events: list[Any], *, ascii_only: bool = False) -> bytes:
    return b"".join(json.dumps(each, ensure_ascii=ascii_only).encode() + b"\n" for each in events)


@SETTINGS
@given(events=EVENTS, paths=PATHS, ascii_only=st.booleans())
@example(events=[{"b": 1}, {"B": 2}], paths=[("b",)], ascii_only=False)
@example(events=[{"bC": 1, "Bc": 2}, {"Bc": 2, "bC": 1}], paths=[("bc",)], ascii_only=False)
@example(events=[{"K": 1}, {"ſ": 2}], paths=[("k",), ("s",)], ascii_only=False)
@example(events=[{"K": 1}, {"ſ": 2}], paths=[("k",), ("s",)], ascii_only=True)
@example(events=[{"a": {"b": 1}}, {"a": 2}, {"A": {"B": 3}}], paths=[("a", "b"), ("a",)], ascii_only=False)
@example(events=[{"a": {"b": 1}}, {"a": 2}, {"A": {"B": 3}}], paths=[("a", "b")], ascii_only=False)
@example(events=[{"a": None, "A": 5}], paths=[("a",)], ascii_only=False)
@example(events=[{"a": "A", "x": "a"}, {"x": "A"}], paths=[("A",), ("a",)], ascii_only=False)
def test_fields_read_alone_are_those_of_the_whole_event(
    events: list[Any], paths: list[tuple[str, ...]], ascii_only: bool
) -> None:
    lines = lines_of(events, ascii_only=ascii_only)
    values, problems, _ = read(lines, Projection(slots(paths)))
    assert not problems
    beside, problems, _ = read(lines, Projection(slots(paths), "record"))
    assert not problems
    assert repr(beside.pop("record")) == repr(events)
    assert repr(beside) == repr(values)
    for slot, path in slots(paths):
        expected = [value_at(json.loads(json.dumps(event)), path) for event in events]
        assert repr(values[slot]) == repr(expected)


@SETTINGS
@given(events=EVENTS)
def test_whole_events_come_back_as_they_were_written(events: list[Any]) -> None:
    values, problems, _ = read(lines_of(events), Projection((), "record"))
    assert not problems
    assert repr(values["record"]) == repr(events)
    encoder = encoder_for("json", None)
    written = encoder.encode({"record": Column.from_values(values["record"])}, len(events)) if events else b""
    again, problems, _ = read(written, Projection((), "record"))
    assert not problems
    assert repr(again["record"]) == repr(events)


@SETTINGS
@given(
    columns=st.integers(1, 6).flatmap(
        lambda height: st.dictionaries(
            st.sampled_from(["a", "b", 'q"', "é", "t\\", "\n"]),
            st.one_of(
                *(
                    st.lists(st.none() | kind, min_size=height, max_size=height)
                    for kind in (BIGINTS, FLOATS, TEXTS, st.booleans(), VALUES)
                )
            ),
            min_size=1,
        )
    )
)
def test_columns_come_back_as_they_were_written(columns: dict[str, list[Any]]) -> None:
    height = len(next(iter(columns.values())))
    encoder = encoder_for("json", list(columns))
    written = encoder.encode({name: Column.from_values(values) for name, values in columns.items()}, height)
    values, problems, _ = read(written, Projection((), "record"))
    assert not problems
    assert repr(values["record"]) == repr(
        [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    )


@SETTINGS
@given(
    values=st.one_of(
        *(st.lists(st.none() | kind, min_size=1, max_size=8) for kind in (BIGINTS, FLOATS, TEXTS, st.booleans()))
    )
)
@example(values=[1e16, 1e-7, -0.0, 5e-324, 1.7976931348623157e308, math.nan, math.inf, 123456789012345680.0])
@example(values=['\0\x1f\x7f\u2028<&>/\\"', "é😀"])
def test_many_rows_are_written_like_few(values: list[Any]) -> None:
    many = values * (FEW_ROWS + 1)
    encoder = encoder_for("json", ["x", 'é"'])

    def written(rows: list[Any]) -> bytes:
        column = Column.from_values(rows)
        return encoder.encode({"x": column, 'é"': column}, len(rows))

    assert written(many) == written(values) * (FEW_ROWS + 1)


LAYOUTS = {
    "lines": lambda events: lines_of(events),
    "crlf": lambda events: lines_of(events).replace(b"\n", b"\r\n"),
    "blank lines": lambda events: b"\n" + lines_of(events).replace(b"\n", b"\n \n"),
    "commas": lambda events: lines_of(events).replace(b"\n", b",\r\n"),
    "byte order mark": lambda events: b"\xef\xbb\xbf" + lines_of(events).rstrip(b"\n"),
    "one array": lambda events: json.dumps(events).encode(),
    "tight array": lambda events: json.dumps(events, separators=(",", ":")).encode() + b"\n",
    "pretty array": lambda events: json.dumps(events, indent=2).encode(),
    "array of lines": lambda events: b"[\n" + lines_of(events).rstrip(b"\n").replace(b"\n", b",\n") + b"\n]\n",
    "arrays": lambda events: b"".join(json.dumps(events[i : i + 2]).encode() + b"\n" for i in range(0, len(events), 2)),
    "pretty objects": lambda events: b"\n".join(json.dumps(each, indent=1).encode() for each in events),
    "one behind the other": lambda events: b" ".join(json.dumps(each).encode() for each in events),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(derandomize=True, max_examples=8, deadline=None)
@given(events=EVENTS, rows=st.sampled_from([None, 1, 3]), step=st.sampled_from([None, 1, 2, 17]))
def test_the_layout_of_a_stream_and_its_cuts_do_not_matter(
    layout: str, events: list[Any], rows: int | None, step: int | None
) -> None:
    # The first line tells the layout: an event of many lines must not begin as one that ends with its line.
    assume(layout != "pretty objects" or not events or events[0])
    values, problems, sizes = read(LAYOUTS[layout](events), Projection((), "record"), rows=rows, step=step)
    assert not problems
    assert repr(values["record"]) == repr(events)
    if rows:
        assert all(size == rows for size in sizes[:-1])
        assert sum(sizes) == len(events)


def mutated(draw: st.DrawFn) -> bytes:
    """Draw the bytes of some events with a few bytes changed, inserted or removed."""
    events = draw(EVENTS)
    layout = draw(st.sampled_from(sorted(LAYOUTS)))
    data = bytearray(LAYOUTS[layout](events))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        new = draw(
            st.sampled_from(
                [
                    b"",
                    b'"',
                    b"{",
                    b"}",
                    b"[",
                    b"]",
                    b",",
                    b":",
                    b"\\",
                    b"\n",
                    b"\xff",
                    b"0",
                    b"1e999",
                    b"9" * 20,
                    b"-",
                    b"\0",
                ]
            )
        )
        data[at : at + draw(st.integers(0, 3))] = new
    return bytes(data)


MUTATED = st.composite(mutated)() | st.binary(max_size=60)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(data=MUTATED, rows=st.sampled_from([None, 1, 3]), step=st.sampled_from([1, 2, 5, 23]))
@example(data=b',,\n\n]\n{"a":1},,\n', rows=1, step=1)
def test_bytes_of_any_kind_give_the_same_however_they_are_cut(data: bytes, rows: int | None, step: int) -> None:
    projection = Projection(slots([("a",), ("b", "c"), ("bc",)]), "record")
    whole = read(data, projection)
    cut = read(data, projection, rows=rows, step=step)
    assert repr(whole[:2]) == repr(cut[:2])


@settings(derandomize=True, max_examples=40, deadline=None)
@given(data=MUTATED)
def test_bytes_of_any_kind_give_the_same_events_whatever_is_read_of_them(data: bytes) -> None:
    paths = [("a",), ("b", "c"), ("bc",), ("k",), ("é",)]
    whole, problems, _ = read(data, Projection((), "record"))
    values, problems_alone, _ = read(data, Projection(slots(paths)))
    assert problems == problems_alone
    for slot, path in slots(paths):
        assert repr(values[slot]) == repr([value_at(record, path) for record in whole["record"]])


@settings(derandomize=True, max_examples=40, deadline=None)
@given(data=MUTATED)
def test_every_event_of_a_line_is_a_row_or_a_problem(data: bytes) -> None:
    offered = 0
    for line in data.split(b"\n"):
        text = bare_line(line)
        offered += len(texts_of_line(text)) if text else 0
    decoded = decoder_for("json", Projection(slots([("a",)])), ReadOptions()).decode(Chunk(data))
    assert decoded.height + len(decoded.problems) == offered


FILLER = b'{"a":0,"b":{"c":"2024-01-01T00:00:00.1234567Z"},"x":"' + b"-" * 200 + b'"}\n'
MANY = FILLER * (40_000 // len(FILLER))
"""Enough of them that a chunk is looked through all at once."""
PARTS = st.lists(
    st.sampled_from(
        [
            b'{"a":1}',
            b'{"a":{"b":2},"b":{"c":1.5}}',
            b'{"A":"\xc3\xa9"}',
            b'{"a":1} {"a":2}',
            b"{}{}",
            b'{"a":',
            b"3}",
            b'{"a":{"b":1}',
            b',"c":2}',
            b'{"a":[{}',
            b",{}]}",
            b"{",
            b"}",
            b"",
            b" ",
            b'[{"a":4},{"a":5}]',
            b'{"a":6},',
            b'{"a":"\xff"}',
            b'{"a":1e99}',
            b'{"x":1E+999}',
            b'{"x":1e-999}',
            b'{"x":9223372036854775807}',
            b'{"x":[9223372036854775808]}',
            b'{"x":"9223372036854775808"}',
            b"\r",
            b"\xef\xbb\xbf{}",
        ]
    ),
    min_size=1,
    max_size=6,
)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    data=MUTATED | st.builds(lambda end, parts: end.join(parts), st.sampled_from([b"\n", b"\r\n"]), PARTS),
    before=st.booleans(),
    end=st.sampled_from([b"", b"\n", b"\r\n"]),
)
def test_lines_in_a_large_chunk_are_the_events_that_each_is_alone(data: bytes, before: bool, end: bytes) -> None:
    lines = MANY + data + end if before else data + b"\n" + MANY
    events = []
    problems = []
    for number, line in enumerate(lines.split(b"\n"), start=1):
        text = bare_line(line)
        for event in events_of_line(text) if text else ():
            if isinstance(event, MalformedEvent):
                problems.append((number, str(event)))
            else:
                events.append(event)
    paths = [("a",), ("b", "c"), ("bc",)]
    decoder = decoder_for("json", Projection(slots(paths)), ReadOptions())
    for _ in range(2):
        decoded = decoder.decode(Chunk(lines))
        assert [(each.line, each.reason) for each in decoded.problems] == problems
        for slot, path in slots(paths):
            found = decoded.columns[slot].to_values()
            assert repr(found) == repr([value_at(event, path) for event in events])


@SETTINGS
@given(
    data=st.lists(
        st.sampled_from(["1", "22", "333", "4" * 8, "5" * 11, "6" * 18, "7" * 19, *"eE+-.:, "]), max_size=8
    ).map("".join)
)
def test_digits_that_may_be_too_many_are_found_wherever_they_stand(data: str) -> None:
    is_long = re.search(r"[0-9]{19}|[0-9][eE]\+?[0-9]{3}", data) is not None
    for lines in (MANY + data.encode() + b"}", b"{" + data.encode() + b"\n" + MANY):
        found = Scan(lines).may_hold_long_numbers()
        assert found or not is_long


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    numbers=st.lists(
        st.integers(-(2**65), 2**65).map(str)
        | st.sampled_from(
            [
                "1e308",
                "1e309",
                "-1.5E+400",
                "1e-400",
                "0.12345678901234567890123",
                "9223372036854775808.0",
                "-9223372036854775808",
                "9223372036854775807",
                "1" * 30 + "e400",
                "1" * 400 + ".5",
                "1" * 300 + ".5",
            ]
        )
        | st.sampled_from(['"12345678901234567890"', '"a1e999"', '"0e000"', '"-1e500"', '", 1e500,"']),
        min_size=1,
        max_size=6,
    )
)
def test_numbers_that_fit_nothing_are_found_without_decoding(numbers: list[str]) -> None:
    lines = [f'{{"x": {number}, "y": [{number}]}}'.encode() for number in numbers]
    assert all_numbers_fit(Scan(b"\n".join(lines))) == all(map(is_event, lines))


def is_event(line: bytes) -> bool:
    try:
        parse(line)
    except MalformedEvent:
        return False
    return True


@SETTINGS
@given(data=MUTATED)
def test_the_parser_refuses_what_json_does_not_allow(data: bytes) -> None:
    try:
        value = parse(data)
    except MalformedEvent:
        return
    assert repr(value) == repr(json.loads(data))


@SETTINGS
@given(events=EVENTS, paths=PATHS)
def test_below_level_1_2_no_value_is_a_bit(events: list[Any], paths: list[tuple[str, ...]]) -> None:
    def has_bit(value: Any) -> bool:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return isinstance(value, bool) or any(map(has_bit, inner))

    values, problems, _ = read(lines_of(events), Projection(slots(paths), "record"), level="1.1")
    alone, _, _ = read(lines_of(events), Projection(slots(paths)), level="1.1")
    assert not problems
    assert not any(has_bit(value) for column in values.values() for value in column)
    assert repr(alone) == repr({slot: values[slot] for slot in alone})


def test_floats_that_json_has_not_are_written_as_null() -> None:
    column = Column.from_values([math.nan, math.inf, -math.inf, 1.0])
    assert column.kind is Kind.FLOAT
    plain = encoder_for("json", ["x"]).encode({"x": column}, 4)
    assert plain == b'{"x":null}\n{"x":null}\n{"x":null}\n{"x":1.0}\n'
    mixed = encoder_for("json", ["x", "y"]).encode({"x": column, "y": Column.constant([math.nan])}, 4)
    assert mixed.splitlines()[0] == b'{"x":null,"y":[null]}'


def test_decode_errors_cover_what_the_parser_raises() -> None:
    assert issubclass(UnicodeDecodeError, ValueError)
    assert ValueError in DECODE_ERRORS
