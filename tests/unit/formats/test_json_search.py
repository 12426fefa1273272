"""Searching many JSON lines at once: large chunks take another way than small ones, to the same end."""

import pytest

from asaql.formats import Chunk, Projection, ReadOptions, decoder_for
from asaql.formats.json_events import all_numbers_fit
from asaql.formats.json_search import Scan, count_line_breaks

ORDINARY = (
    b'{"at":"2024-01-01T00:00:00.1234567Z","id":123456789012345678,"name":"Wed 12e3x 7e+x","x":[1.5e10,-2E-300,2e+30]}'
)
MANY = 1000


@pytest.mark.parametrize("count", [1, 3, MANY])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_objects_are_counted_in_small_and_large_chunks(count: int, ending: bytes, end: bytes) -> None:
    lines = ending.join([ORDINARY] * count) + end
    assert Scan(lines).count_objects() == count
    assert count_line_breaks(lines) == count - 1 + end.count(b"\n")


def test_objects_with_both_line_endings_are_counted() -> None:
    lines = b"\n".join([ORDINARY] * MANY) + b"\r\n" + b"\n".join([ORDINARY] * MANY)
    assert Scan(lines).count_objects() == 2 * MANY


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b" ",
        b"\r",
        b"{",
        b"}",
        b'{"a":\n{"b":1}}',
        b'{"a":{}\n,"b":1}',
        b"{}}\r\r",
        b"{} ",
        b" {}",
        b"{},",
        b"[{}]",
        b"7",
        b'"{}"',
        b"{\n",
        b"{}\x0b",
    ],
)
@pytest.mark.parametrize("count", [1, MANY])
def test_lines_that_are_not_all_objects_have_no_count(odd: bytes, count: int) -> None:
    ordinary = [ORDINARY] * count
    for lines in ([odd, *ordinary], [*ordinary, odd, *ordinary], [*ordinary, odd, b""]):
        assert Scan(b"\n".join(lines)).count_objects() == 0


@pytest.mark.parametrize("count", [1, MANY])
def test_an_event_over_two_lines_and_two_events_on_one_do_not_make_up_for_each_other(count: int) -> None:
    filler = [b'{"x":0,"y":"' + b"-" * 100 + b'"}'] * count
    data = b"\n".join([*filler, b'{"x":1} {"x":2}', b'{"x":', b"3}", *filler])
    decoded = decoder_for("json", Projection((("x", ("x",)),)), ReadOptions()).decode(Chunk(data))
    assert decoded.columns["x"].to_values() == [*[0] * count, 1, 2, *[0] * count]
    assert [each.line for each in decoded.problems] == [count + 2, count + 3]


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"])
@pytest.mark.parametrize("count", [1, MANY])
def test_bytes_that_are_not_utf8_are_found(bad: bytes, count: int) -> None:
    lines = ["é€😀".encode(), *[ORDINARY] * count]
    assert Scan(b"\n".join(lines)).is_utf8()
    assert not Scan(b"\n".join([*lines, bad, *lines])).is_utf8()


def test_ordinary_numbers_and_times_of_a_large_chunk_are_not_suspected() -> None:
    for offset in range(20):
        lines = [f'{{"{"x" * offset}":0}}'.encode(), *[ORDINARY] * MANY]
        assert not Scan(b"\n".join(lines)).may_hold_long_numbers()


@pytest.mark.parametrize("offset", range(8))
@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("9223372036854775807", True),
        ("9223372036854775808", False),
        ("-9223372036854775808", True),
        ("-9223372036854775809", False),
        ("1e308", True),
        ("1e309", False),
        ("1E+309", False),
        ("0.1e+310", False),
        ("1e0309", False),
        ("1e-999", True),
        ("1" * 400 + ".5", False),
    ],
)
@pytest.mark.parametrize("place", [0, MANY // 2, MANY])
def test_a_number_that_fits_nothing_is_found_anywhere_in_a_large_chunk(
    number: str, fits: bool, offset: int, place: int
) -> None:
    doubtful = f'{{"{"x" * offset}":{number}}}'.encode()
    lines = [ORDINARY] * MANY
    lines.insert(place, doubtful)
    assert all_numbers_fit(Scan(b"\n".join(lines))) == all_numbers_fit(Scan(doubtful)) == fits


@pytest.mark.parametrize("end", [b"}", b"}\n", b"}\r\n"])
def test_long_runs_of_digits_are_suspected_wherever_they_stand_in_a_word(end: bytes) -> None:
    for offset in range(8):
        lines = b"\n".join([ORDINARY] * MANY) + b"\n" + b" " * offset
        assert Scan(lines + b'{"x":' + b"1" * 19 + end).may_hold_long_numbers()
        assert not Scan(lines + b'{"x":' + b"1" * 18 + end).may_hold_long_numbers()
