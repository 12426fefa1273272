"""CSV: records, headers, declarations, what is dropped."""

from typing import Any

import pytest

from asaql.diagnostics import JobError
from asaql.formats import Chunk, Projection, ReadOptions, chunks, csv_splitter, decoder_for, encoder_for, splitter_for
from asaql.model import Column, Instant, Kind


def read(data: bytes, *fields: str, **options: Any) -> tuple[list[Any], list[tuple[int, str]]]:
    """Return the events as records, or the values of some fields of each, and the problems."""
    read_options = ReadOptions(**options)
    projection = Projection(tuple((name, (name,)) for name in fields), None if fields else "r")
    decoder = decoder_for("csv", projection, read_options)
    rows: list[Any] = []
    problems = []
    for chunk in chunks([data], splitter_for("csv", "in.csv", options=read_options)):
        decoded = decoder.decode(chunk)
        if fields:
            rows += zip(*(decoded.columns[name].to_values() for name in fields), strict=True)
        else:
            rows += decoded.columns["r"].to_values()
        problems += [(each.line, each.reason) for each in decoded.problems]
    return rows, problems


def test_every_value_is_text() -> None:
    assert read(b"a,b\n1,2.5\ntrue,2024-01-01\n") == ([{"a": "1", "b": "2.5"}, {"a": "true", "b": "2024-01-01"}], [])


def test_an_empty_value_is_text_and_a_missing_one_is_null() -> None:
    assert read(b'a,b\n,\n"",""\nx\n') == ([{"a": "", "b": ""}, {"a": "", "b": ""}, {"a": "x", "b": None}], [])


def test_quoted_values_hold_delimiters_marks_and_line_breaks() -> None:
    assert read(b'a,b\r\n"x,""y""\r\nz",2\r\n5" pipe,"q" tail\r\n')[0] == [
        {"a": 'x,"y"\r\nz', "b": "2"},
        {"a": '5" pipe', "b": "q tail"},
    ]


def test_names_ignore_case_and_blanks_around_them() -> None:
    assert read(b" DeviceId ,b\n1,2\n", "deviceid", "B", "missing") == ([("1", "2", None)], [])


def test_an_unnamed_column_is_named_by_its_place() -> None:
    assert read(b",a,\n1,2,3\n") == ([{"column1": "1", "a": "2", "column3": "3"}], [])


def test_without_a_header_columns_are_named_by_their_place_or_declaration() -> None:
    assert read(b"1;2\n3\n", has_header=False, delimiter=";") == (
        [{"column1": "1", "column2": "2"}, {"column1": "3", "column2": None}],
        [],
    )
    declared = {"x": Kind.BIGINT, "y": Kind.NVARCHAR}
    assert read(b"1,2\n", has_header=False, declared=declared) == ([{"x": 1, "y": "2"}], [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_each_delimiter_of_the_service_is_understood(delimiter: str) -> None:
    data = f'a{delimiter}b\n1{delimiter}"2{delimiter}3"\n'.encode()
    assert read(data, delimiter=delimiter) == ([{"a": "1", "b": f"2{delimiter}3"}], [])
    plain = f"a{delimiter}b\n1{delimiter}2\n".encode()
    assert read(plain, "b", delimiter=delimiter) == ([("2",)], [])


def test_a_header_with_a_name_twice_is_an_error() -> None:
    for data in (b"a,b,a\n1,2,3\n", b"a,a\n"):
        with pytest.raises(JobError, match='has the name "a" twice') as caught:
            read(data)
        assert caught.value.diagnostics[0].code == "AQ711"
    assert read(b"a,A\n1,2\n", "a", "A") == ([("1", "2")], [])
    with pytest.raises(JobError, match="twice"):
        read(b"a,A\n1,2\n", level="1.0")


def test_records_that_cannot_be_read_are_dropped() -> None:
    data = b'a,b\n1,2,3\n\n2,\xff\n"open,4\n5,6\n'
    assert read(data) == (
        [{"a": "5", "b": "6"}],
        [(2, "3 values where the header has 2 names"), (4, "not UTF-8"), (5, "a quoted value has no end")],
    )


def test_a_quoted_value_without_an_end_does_not_swallow_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_splitter, "MAX_RECORD_BYTES", 100_000)
    data = b'a,b\n"open,1\n' + b"2,3\n" * 50_000
    rows, problems = read(data, "a")
    assert set(rows) == {("2",)}
    assert problems == [(2, "a quoted value has no end")]


def test_lines_are_counted_through_line_breaks_in_values() -> None:
    data = b'a,b\n"1\n\n",x\n\n1,2,3\n"\n"\n4,5,6\n'
    assert [line for line, _ in read(data)[1]] == [6, 9]


def test_an_input_without_records_has_no_events() -> None:
    for data in (b"", b"a,b\n", b"\xef\xbb\xbf", b"\n\n"):
        assert read(data) == ([], [])


def test_a_path_into_a_value_is_null() -> None:
    decoder = decoder_for("csv", Projection((("a.b", ("a", "b")),)), ReadOptions())
    assert decoder.decode(Chunk(b"1\n", header=b"a")).columns["a.b"].to_values() == [None]


DECLARED = {"i": Kind.BIGINT, "f": Kind.FLOAT, "t": Kind.NVARCHAR, "d": Kind.DATETIME, "b": Kind.BIT}


def declared(*rows: str, level: str = "1.2") -> tuple[list[Any], list[tuple[int, str]]]:
    data = "\n".join(("i,f,t,d,b", *rows)).encode()
    return read(data, *DECLARED, declared=DECLARED, level=level)


def test_text_is_read_as_the_declared_kind() -> None:
    rows, problems = declared(
        "-12,1.5e3,12,2024-01-01T00:00:00Z,TRUE", " 7 , 2 , x ,2024-01-01,0", ",,,,", "1,2,3,,null"
    )
    new_year = Instant(638_396_640_000_000_000)
    assert not problems
    assert repr(rows) == repr(
        [
            (-12, 1500.0, "12", new_year, True),
            (7, 2.0, " x ", new_year, False),
            (None, None, "", None, None),
            (1, 2.0, "3", None, None),
        ]
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1.0,,,,", 'the text "1.0" of column "i" is no bigint'),
        ("9223372036854775808,,,,", 'the text "9223372036854775808" of column "i" is no bigint'),
        ("1_0,,,,", 'the text "1_0" of column "i" is no bigint'),
        ("+-1,,,,", 'the text "+-1" of column "i" is no bigint'),
        (",1.5x,,,", 'the text "1.5x" of column "f" is no float'),
        (",1e999,,,", 'the text "1e999" of column "f" is no float'),
        (",1_0,,,", 'the text "1_0" of column "f" is no float'),
        (",NaN,,,", 'the float of column "f" is nan'),
        (",-Infinity,,,", 'the float of column "f" is -inf'),
        (",,,soon,", 'the text "soon" of column "d" is no datetime'),
        (",,,,maybe", 'the text "maybe" of column "b" is no bit'),
        ("x" * 50 + ",,,,", f'the text "{"x" * 40}..." of column "i" is no bigint'),
    ],
)
def test_records_that_do_not_fit_their_declaration_are_dropped(row: str, reason: str) -> None:
    rows, problems = declared("1,,,,", row, "2,,,,")
    assert [each[0] for each in rows] == [1, 2]
    assert problems == [(3, reason)]


def test_level_1_0_keeps_floats_that_are_no_number() -> None:
    rows, problems = declared(",NaN,,,", ",Infinity,,,", level="1.0")
    assert not problems
    assert [str(row[1]) for row in rows] == ["nan", "inf"]


def test_rows_are_written_as_the_service_writes_them() -> None:
    encoder = encoder_for("csv", ["t", "f", "s", "o", "b", "a,b"])
    columns = {
        "t": Column.from_values([Instant(0), None]),
        "f": Column.from_values([1.0, float("nan")]),
        "s": Column.from_values(['say "hi"\n', ""]),
        "o": Column.from_values([{"x": 1}, [1]]),
        "b": Column.from_values([True, None]),
        "a,b": Column.constant(5),
    }
    assert encoder.header() + encoder.encode(columns, 2) + encoder.footer() == (
        b't,f,s,o,b,"a,b"\n'
        b'0001-01-01T00:00:00.0000000Z,1.0,"say ""hi""\n",Record,true,5\n'
        b',,"",Array,,5\n'
    )  # fmt: skip


def test_values_of_several_kinds_are_written_each_in_its_own_way() -> None:
    values = [1, 1.5, "x", True, Instant(0), None, {"a": 1}, [1]]
    encoder = encoder_for("csv", ["a", "b"])
    written = encoder.encode({"a": Column.from_values(values), "b": Column.constant(0)}, 8)
    assert written == b"1,0\n1.5,0\nx,0\ntrue,0\n0001-01-01T00:00:00.0000000Z,0\n,0\nRecord,0\nArray,0\n"


def test_open_rows_have_the_columns_of_the_first_in_however_many_batches() -> None:
    encoder = encoder_for("csv", None)
    assert encoder.header() == b""
    assert encoder.encode({"r": Column.from_values([{"a": 1, "b": "x"}])}, 1) == b"a,b\n1,x\n"
    assert encoder.encode({"r": Column.from_values([{"c": 1}, {"b": "y", "a": 2}])}, 2) == b",\n2,y\n"


def test_a_single_null_is_not_lost() -> None:
    encoder = encoder_for("csv", ["a"])
    written = encoder.header() + encoder.encode({"a": Column.from_values(["x", None])}, 2)
    assert written == b'a\nx\n""\n'
    assert encoder.encode({"a": Column.from_values(["x"])}, 0) == b""
