"""CSV: whatever the bytes and however they are cut, the same records come out."""

import csv
import io
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from asaql.formats import Chunk, Projection, ReadOptions, chunks, decoder_for, encoder_for, splitter_for
from asaql.formats.conversion import UnfitValueError, fit_column, fit_value
from asaql.formats.csv_records import grammar_of, values_of
from asaql.formats.csv_splitter import CsvSplitter
from asaql.model import Column, Kind

FIELDS = (("a", ("a",)), ("B", ("B",)), ("none", ("none",)), ("c.d", ("c", "d")))
CELLS = st.text(st.sampled_from('ab",;\n \t|é\u2028\x00😀'), max_size=6) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=6
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8)
DELIMITERS = st.sampled_from([",", ";", "\t", "|", " "])


def read(
    data: bytes, projection: Projection, *, rows: int | None = None, step: int | None = None, **options: Any
) -> tuple[dict[str, list[Any]], list[tuple[int, str]], list[int]]:
    """Return the columns' values, the problems and the heights."""
    read_options = ReadOptions(**options)
    splitter = splitter_for("csv", "in", options=read_options, rows=rows)
    decoder = decoder_for("csv", projection, read_options)
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    values: dict[str, list[Any]] = {slot: [] for slot, _ in projection.fields}
    if projection.record_slot:
        values[projection.record_slot] = []
    problems = []
    heights = []
    for chunk in chunks(pieces, splitter):
        decoded = decoder.decode(chunk)
        for slot in values:
            values[slot] += decoded.columns[slot].to_values()
        problems += [(each.line, each.reason) for each in decoded.problems]
        heights.append(decoded.height)
    return values, problems, heights


def written(rows: list[tuple[str, ...]], delimiter: str, quoting: int) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    return stream.getvalue().encode()


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    rows=ROWS,
    delimiter=DELIMITERS,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    count=st.sampled_from([None, 1, 3]),
    step=st.sampled_from([None, 1, 7]),
)
def test_records_come_back_as_they_were_written(
    rows: list[tuple[str, str, str]], delimiter: str, quoting: int, count: int | None, step: int | None
) -> None:
    data = written(rows, delimiter, quoting)
    values, problems, heights = read(data, Projection(FIELDS, "r"), rows=count, step=step, delimiter=delimiter)
    assert not problems
    assert values["r"] == [dict(zip("abc", row, strict=True)) for row in rows]
    assert values["a"] == [row[0] for row in rows]
    assert values["B"] == [row[1] for row in rows]
    assert values["none"] == values["c.d"] == [None] * len(rows)
    if count:
        assert all(height == count for height in heights[:-1])


@settings(derandomize=True, max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_rows_of_the_encoder_are_those_of_any_reader(rows: list[tuple[str, str]]) -> None:
    encoder = encoder_for("csv", ["a", "é,"])
    columns = {
        "a": Column.from_values([row[0] for row in rows]),
        "é,": Column.from_values([row[1] for row in rows]),
    }
    text = (encoder.header() + encoder.encode(columns, len(rows)) + encoder.footer()).decode()
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == [["a", "é,"], *map(list, rows)]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(written(draw(ROWS), ",", draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))))
    if draw(st.booleans()):
        data = bytearray(data.replace(b"\n", b"\r\n"))
    body = data.index(b"\n") + 1
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(body, len(data)))
        new = draw(
            st.sampled_from([b"", b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"\0", b" "])
        )
        data[at : at + draw(st.integers(0, 3))] = new
    return bytes(data)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    data=mutated() | st.binary(max_size=40).map(b"a,b,c\n".__add__),
    rows=st.sampled_from([None, 1, 3]),
    step=st.sampled_from([1, 2, 5]),
)
@example(data=b'a,b,c\n1,"2\n3,4,5\n', rows=None, step=1)
@example(data=b"a,b,c\n\xef\xbb\xbf1,2,3\n", rows=None, step=3)
@example(data=b"a,b,c\n1,2\n1,2,3,4\n", rows=None, step=3)
def test_bytes_of_any_kind_give_the_same_however_they_are_cut_and_read(
    data: bytes, rows: int | None, step: int
) -> None:
    whole = read(data, Projection(FIELDS, "r"))
    cut = read(data, Projection(FIELDS, "r"), rows=rows, step=step)
    assert whole[:2] == cut[:2]
    alone = read(data, Projection(FIELDS))
    assert alone[1] == whole[1]
    assert alone[0] == {slot: values for slot, values in whole[0].items() if slot != "r"}


@settings(derandomize=True, max_examples=60, deadline=None)
@given(data=mutated())
def test_every_record_is_a_row_or_a_problem(data: bytes) -> None:
    splitter = CsvSplitter("in")
    cut = splitter.feed(data) + splitter.finish()
    decoder = decoder_for("csv", Projection(FIELDS), ReadOptions())
    for chunk in cut:
        decoded = decoder.decode(chunk)
        single = [decoder.decode(Chunk(record, 1, "in", None, chunk.header)) for record in records(chunk.data)]
        assert decoded.height == sum(each.height for each in single)
        assert len(decoded.problems) == sum(len(each.problems) for each in single) + len(chunk.dropped)


def records(data: bytes) -> list[bytes]:
    grammar = grammar_of(",")
    found = []
    at = 0
    while at < len(data):
        match = grammar.record.match(data, at)
        assert match is not None
        found.append(match.group())
        at = match.end()
    return found


@settings(derandomize=True, max_examples=60, deadline=None)
@given(text=st.text(st.sampled_from('a,"'), max_size=12))
def test_values_are_those_that_the_csv_module_finds(text: str) -> None:
    line = text.encode() + b"\n"
    if grammar_of(",").record.fullmatch(line) and text:
        expected = next(csv.reader([text]))
        assert values_of(text.encode(), grammar_of(",")) == [each.encode() for each in expected]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    texts=st.lists(
        st.integers(-(10**19), 10**19).map(str)
        | st.floats().map(repr)
        | st.decimals(allow_nan=False, allow_infinity=False).map(str)
        | st.sampled_from(["", " 1", "+1", "-", "1.", ".5", "١", "0x1", "1\n"]),
        min_size=1,
        max_size=4,
    ),
    kind=st.sampled_from([Kind.BIGINT, Kind.FLOAT]),
)
def test_declared_numbers_are_read_the_same_in_a_column_and_alone(texts: list[str], kind: Kind) -> None:
    options = ReadOptions()
    column, unfit = fit_column("x", Column.from_values(texts), kind, options, is_text=True)
    for row, text in enumerate(texts):
        expected, reason = None, None
        try:
            expected = fit_value("x", text, kind, options, is_text=True)
        except UnfitValueError as error:
            reason = str(error)
        assert unfit.get(row) == reason
        assert repr(column.to_values()[row]) == repr(expected)
