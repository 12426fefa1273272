"""Searching many JSON lines at once: large chunks take another way than small ones, to the same end."""

import pytest

from asaql.formats.json_events import all_numbers_fit
from asaql.formats.json_search import count_joints, may_hold_long_numbers

ORDINARY = b'{"at":"2024-01-01T00:00:00.000Z","id":123456789012,"name":"Wed 12e3x","x":[1.5e10,-2E-3]}'
MANY = 2000


@pytest.mark.parametrize("count", [1, 3, MANY])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_joints_of_lines_are_counted_in_small_and_large_chunks(count: int, ending: bytes) -> None:
    assert count_joints(ending.join([ORDINARY] * count)) == count - 1


def test_joints_with_both_line_endings_are_counted() -> None:
    lines = b"\n".join([ORDINARY] * MANY) + b"\r\n" + b"\n".join([ORDINARY] * MANY)
    assert count_joints(lines) == 2 * MANY - 1


def test_a_line_break_within_an_event_is_no_joint() -> None:
    lines = b"\n".join([ORDINARY] * MANY)
    assert count_joints(lines + b'\n{"a":\n{"b":1}}') == MANY


def test_ordinary_numbers_and_times_of_a_large_chunk_are_not_suspected() -> None:
    assert not may_hold_long_numbers(b"\n".join([ORDINARY] * MANY))


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
def test_a_number_that_fits_nothing_is_found_anywhere_in_a_large_chunk(number: str, fits: bool, offset: int) -> None:
    doubtful = f'{{"{"x" * offset}":{number}}}'.encode()
    lines = [ORDINARY] * MANY
    lines[MANY // 2] = doubtful
    assert all_numbers_fit(b"\n".join(lines)) == all_numbers_fit(doubtful) == fits
