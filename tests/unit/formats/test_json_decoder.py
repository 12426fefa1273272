"""JSON events to columns: values, names, levels, declarations, what is dropped."""

from json import dumps
from typing import Any

import pytest

from asaql.formats import Chunk, Projection, ReadOptions, chunks, decoder_for, splitter_for
from asaql.formats.json_fields import MAX_SPELLINGS
from asaql.model import BIGINT_MAX, BIGINT_MIN, Column, Instant, Kind


def column_of(data: bytes, *path: str, **options: Any) -> Column:
    decoder = decoder_for("json", Projection((("x", path or ("x",)),)), ReadOptions(**options))
    return decoder.decode(Chunk(data)).columns["x"]


def values_of(data: bytes, *path: str, **options: Any) -> list[Any]:
    return column_of(data, *path, **options).to_values()


def records_of(data: bytes, **options: Any) -> list[Any]:
    decoder = decoder_for("json", Projection((), "r"), ReadOptions(**options))
    values: list[Any] = []
    for chunk in chunks([data], splitter_for("json")):
        values += decoder.decode(chunk).columns["r"].to_values()
    return values


def problems_of(data: bytes, **options: Any) -> list[tuple[int, str]]:
    decoder = decoder_for("json", Projection((("x", ("x",)),)), ReadOptions(**options))
    found = []
    for chunk in chunks([data], splitter_for("json", "in.json")):
        decoded = decoder.decode(chunk)
        assert all(each.source == "in.json" for each in decoded.problems)
        found += [(each.line, each.reason) for each in decoded.problems]
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("1.0", 1.0),
        ("-0.0", -0.0),
        ("1e3", 1000.0),
        ("1E-400", 0.0),
        (str(BIGINT_MAX), BIGINT_MAX),
        (str(BIGINT_MIN), BIGINT_MIN),
        ("9223372036854775808.0", 9223372036854775808.0),
        ("true", True),
        ("null", None),
        ('"2024-01-01T00:00:00Z"', "2024-01-01T00:00:00Z"),
        (r'"\u00e9\ud83d\ude00\n"', "é😀\n"),
        ('{"a":[1,2.0,{"b":null}]}', {"a": [1, 2.0, {"b": None}]}),
        ("[]", []),
    ],
)
def test_json_values_have_their_kinds(text: str, value: Any) -> None:
    assert repr(values_of(b'{"x":' + text.encode() + b"}\n")) == repr([value])


def test_a_missing_field_and_null_are_both_null() -> None:
    column = column_of(b'{"x":null}\n{"y":1}\n{}\n')
    assert column.kind is Kind.NULL
    assert len(column) == 3


def test_values_of_several_kinds_make_a_column_of_any() -> None:
    column = column_of(b'{"x":1}\n{"x":"1"}\n{"x":1.0}\n')
    assert column.kind is Kind.ANY
    assert column.to_values() == [1, "1", 1.0]


def test_of_two_equal_names_the_last_counts() -> None:
    assert values_of(b'{"x":1,"x":2}') == [2]
    assert values_of(rb'{"x":1,"\u0078":2}') == [2]
    assert values_of(b'{"x":{"y":1},"x":{"z":2}}', "x", "y") == [None]


def test_names_ignore_case_and_keep_the_event_s_spelling_in_records() -> None:
    data = b'{"tripTime":1}\n{"TRIPTIME":2}\n{"TripTime":3}\n'
    assert values_of(data, "triptime") == [1, 2, 3]
    assert records_of(data) == [{"tripTime": 1}, {"TRIPTIME": 2}, {"TripTime": 3}]


def test_the_spelling_of_the_query_comes_before_others_and_then_the_first() -> None:
    assert values_of(b'{"X":1,"x":2}\n{"x":3,"X":4}\n', "x") == [2, 3]
    assert values_of(b'{"Ab":1,"aB":2}\n{"aB":3,"Ab":4}\n{"AB":5}\n', "ab") == [1, 3, 5]
    assert values_of(b'{"x":null,"X":1}', "x") == [None]


def test_a_spelling_that_comes_late_is_found() -> None:
    decoder = decoder_for("json", Projection((("a.b", ("a", "b")), ("c", ("c",)))), ReadOptions())
    seen = []
    for data in (
        b'{"a":{"b":1},"c":1}\n',
        b'{"A":{"b":2},"c":"C"}\n',
        b'{"A":{"B":3},"C":2}\n',
        b'{"A":{"B":4},"C":3}\n',
    ):
        columns = decoder.decode(Chunk(data)).columns
        seen.append((*columns["a.b"].to_values(), *columns["c"].to_values()))
    assert seen == [(1, 1), (2, "C"), (3, 2), (4, 3)]


def test_names_beyond_ascii_ignore_case_too() -> None:
    assert values_of('{"GRÖSSE":1}\n{"größe":2}\n{"Größe":3}\n'.encode(), "größe") == [1, 2, 3]
    assert values_of('{"\u212a":1}\n'.encode(), "k") == [1]
    assert values_of(rb'{"\u212A":1}', "k") == [1]


@pytest.mark.parametrize("name", ['q"', "back\\slash", "line\nbreak", "a/b", "", "\x7f", "é"])
def test_names_with_any_characters_are_found(name: str) -> None:
    for ascii_only in (True, False):
        assert values_of(dumps({name: 1}, ensure_ascii=ascii_only).encode(), name) == [1]
    assert values_of(dumps({name: 1}).replace("/", r"\/").encode(), name) == [1]


def test_a_name_in_more_spellings_than_are_followed_is_found_in_all() -> None:
    names = [f"{a}{b}{c}{d}" for a in "aA" for b in "bB" for c in "cC" for d in "dD"]
    assert len(names) > MAX_SPELLINGS
    data = b"".join(f'{{"{name}":{n}}}\n'.encode() for n, name in enumerate(names))
    assert values_of(data, "abcd") == list(range(16))


def test_a_path_leads_through_records_only() -> None:
    data = (
        b'{"a":{"b":{"c":1}}}\n{"a":5}\n{"a":[{"b":{"c":2}}]}\n{"a":"b"}\n{"a":null}\n{"a":{"b":true}}\n{"a":1.5}\n{}\n'
    )
    assert values_of(data, "a", "b", "c") == [1, *[None] * 7]


def test_a_record_and_what_is_in_it_may_be_read_together() -> None:
    decoder = decoder_for(
        "json", Projection((("a", ("a",)), ("a.b", ("A", "B")), ("a.b.c", ("a", "b", "c")))), ReadOptions()
    )
    columns = decoder.decode(Chunk(b'{"a":{"b":{"c":1}}}\n{"A":{"B":2}}\n')).columns
    assert columns["a"].to_values() == [{"b": {"c": 1}}, {"B": 2}]
    assert columns["a.b"].to_values() == [{"c": 1}, 2]
    assert columns["a.b.c"].to_values() == [1, None]


def test_no_fields_at_all_still_count_events() -> None:
    decoded = decoder_for("json", Projection(), ReadOptions()).decode(Chunk(b'{"a":1}\n{}\n'))
    assert decoded.columns == {}
    assert decoded.height == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"x":01}', "malformed JSON: invalid number (byte 6)"),
        (b'{"x":NaN}', "malformed JSON: invalid character (byte 5)"),
        (b'{"x":1', "malformed JSON: the text ends too early"),
        (b'{"y":9223372036854775808}', "the whole number 9223372036854775808 does not fit 64 bits"),
        (b'{"y":[{"z":-9223372036854775809}]}', "the whole number -9223372036854775809 does not fit 64 bits"),
        (b'{"y":' + b"9" * 60 + b"}", "the whole number of more than 40 digits does not fit 64 bits"),
        (b'{"y":1e999}', "a number does not fit a float"),
        (b'{"y":"\xff"}', "not UTF-8"),
        (b"7", "a number is no JSON object"),
        (b'"x"', "a text is no JSON object"),
        (b"null", "null is no JSON object"),
        (b"true", "a truth value is no JSON object"),
        (b'{"y":' + b"[" * 3000 + b"]" * 3000 + b"}", "nested too deeply"),
        (b"[" * 3000 + b"]" * 3000, "nested too deeply"),
        (b'{"x":1}}', "malformed JSON: trailing characters (byte 8)"),
    ],
)
@pytest.mark.parametrize("count", [0, 40])
def test_exactly_the_event_that_cannot_be_read_is_dropped(line: bytes, reason: str, count: int) -> None:
    data = b'{"x":1}\n' * count + line + b"\n" + b'{"x":2}\n' * count
    assert problems_of(data) == [(count + 1, reason)]
    assert values_of(data) == [1] * count + [2] * count


def test_an_event_is_dropped_for_a_number_in_a_field_that_no_one_reads() -> None:
    decoder = decoder_for("json", Projection(), ReadOptions())
    assert decoder.decode(Chunk(b'{"a":1}\n{"b":99999999999999999999}\n')).height == 1


def test_digits_in_text_are_no_number() -> None:
    data = b'{"x":"99999999999999999999","y":"a:1e999,","z":"1e-999"}\n{"x":"0e000"}\n'
    assert problems_of(data) == []
    assert values_of(data) == ["99999999999999999999", "0e000"]


def test_nanoseconds_since_1970_are_ordinary() -> None:
    assert values_of(b'{"x":1700000000000000000}\n{"x":-1700000000000000000}\n') == [
        1700000000000000000,
        -1700000000000000000,
    ]


def test_line_numbers_count_blank_lines_and_those_of_earlier_chunks() -> None:
    lines = [b'{"x":1}', b"", b"bad", b"  ", b'{"x":2}', b"[", b""] * 40
    splitter = splitter_for("json", "in.json", chunk_bytes=50)
    decoder = decoder_for("json", Projection((("x", ("x",)),)), ReadOptions())
    found = []
    for chunk in chunks([b"\n".join(lines)], splitter):
        found += [each.line for each in decoder.decode(chunk).problems]
    assert found == [number for number, line in enumerate(lines, start=1) if line in (b"bad", b"[")]


def test_below_level_1_2_booleans_are_numbers() -> None:
    data = b'{"x":true,"y":{"z":[false,true]}}\n{"x":null}\n'
    column = column_of(data, level="1.1")
    assert column.kind is Kind.BIGINT
    assert column.to_values() == [1, None]
    assert values_of(data, "y", level="1.1") == [{"z": [0, 1]}, None]
    assert records_of(data, level="1.1") == [{"x": 1, "y": {"z": [0, 1]}}, {"x": None}]
    assert column_of(data).kind is Kind.BIT


def test_level_1_0_lowers_names_and_finds_datetimes() -> None:
    data = b'{"Xy":"2024-01-01T02:00:00+02:00","Zz":{"Qq":["2024-01-01T00:00","2024-01-01","x"]}}\n'
    midnight = Instant(638_396_640_000_000_000)
    assert records_of(data, level="1.0") == [{"xy": midnight, "zz": {"qq": [midnight, "2024-01-01", "x"]}}]
    assert column_of(data, "XY", level="1.0").kind is Kind.DATETIME
    assert values_of(data, "zz", "qq", level="1.0") == [[midnight, "2024-01-01", "x"]]


def test_level_1_0_drops_events_with_names_that_differ_in_case_only() -> None:
    data = b'{"x":1}\n{"a":1,"A":2}\n{"x":3}\n'
    assert values_of(data, level="1.0") == [1, 3]
    assert problems_of(data, level="1.0") == [(2, 'the name "A" stands twice in a record, case aside')]
    assert values_of(data) == [1, None, 3]


DECLARED = {
    "i": Kind.BIGINT,
    "F": Kind.FLOAT,
    "t": Kind.NVARCHAR,
    "d": Kind.DATETIME,
    "b": Kind.BIT,
    "r": Kind.RECORD,
    "a": Kind.ARRAY,
}


def declared(data: bytes, **options: Any) -> tuple[list[Any], list[tuple[int, str]]]:
    projection = Projection(tuple((name, (name,)) for name in DECLARED), "whole")
    decoded = decoder_for("json", projection, ReadOptions(declared=DECLARED, **options)).decode(Chunk(data))
    rows = zip(*(decoded.columns[name].to_values() for name in DECLARED), strict=True)
    return list(rows), [(each.line, each.reason) for each in decoded.problems]


def test_declared_columns_take_what_fits_without_loss() -> None:
    rows, problems = declared(b'{"i":1,"f":2,"t":"x","d":"2024-01-01T00:00:00Z","b":true,"r":{},"a":[1]}\n{"i":null}\n')
    assert not problems
    assert repr(rows[0]) == repr((1, 2.0, "x", Instant(638_396_640_000_000_000), True, {}, [1]))
    assert rows[1] == (None,) * 7


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b'{"i":"1"}', 'the nvarchar(max) value of column "i" is no bigint'),
        (b'{"i":1.0}', 'the float value of column "i" is no bigint'),
        (b'{"f":"1.0"}', 'the nvarchar(max) value of column "F" is no float'),
        (b'{"t":1}', 'the bigint value of column "t" is no nvarchar(max)'),
        (b'{"d":"soon"}', 'the nvarchar(max) value of column "d" is no datetime'),
        (b'{"b":1.0}', 'the float value of column "b" is no bit'),
        (b'{"r":[]}', 'the array value of column "r" is no record'),
        (b'{"a":{}}', 'the record value of column "a" is no array'),
    ],
)
def test_events_that_do_not_fit_their_declaration_are_dropped(event: bytes, reason: str) -> None:
    rows, problems = declared(b'{"i":1}\n' + event + b'\n{"i":2}\n')
    assert [row[0] for row in rows] == [1, 2]
    assert problems == [(2, reason)]


def test_a_declared_column_that_no_one_reads_still_drops_events() -> None:
    decoder = decoder_for("json", Projection((("x", ("x",)),)), ReadOptions(declared={"y": Kind.BIGINT}))
    decoded = decoder.decode(Chunk(b'{"x":1,"y":1}\n{"x":2,"y":"2"}\n{"x":3}\n'))
    assert list(decoded.columns) == ["x"]
    assert decoded.columns["x"].to_values() == [1, 3]
    assert [each.line for each in decoded.problems] == [2]


def test_a_record_holds_the_values_as_declared() -> None:
    decoder = decoder_for("json", Projection((), "r"), ReadOptions(declared={"F": Kind.FLOAT, "d": Kind.DATETIME}))
    decoded = decoder.decode(Chunk(b'{"f":1,"x":1,"d":"2024-01-01"}\n{"x":2}\n'))
    expected = [{"f": 1.0, "x": 1, "d": Instant(638_396_640_000_000_000)}, {"x": 2}]
    assert repr(decoded.columns["r"].to_values()) == repr(expected)
