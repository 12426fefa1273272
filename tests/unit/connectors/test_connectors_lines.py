"""Ranges of a file of lines hold every line once, wherever they are cut."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asaql.connectors import LineCounter, LineRange, line_ranges
from asaql.diagnostics import JobError


@given(
    st.lists(st.sampled_from([b"", b"a", b"bb\r", b"{}", b"x" * 40_000]), max_size=9),
    st.booleans(),
    st.integers(1, 30),
    st.integers(0, 60),
    st.integers(1, 50),
)
def test_every_line_belongs_to_one_range(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ends: bool, range_bytes: int, shrink: int, piece: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    content = b"\n".join(lines) + (b"\n" if ends else b"")
    path.write_bytes(content)
    lengths = [max(range_bytes, len(content) // 50)] * (max(0, len(content) - shrink) // range_bytes + 1)
    ranges = list(line_ranges(str(path), lengths))
    piece_bytes = max(piece, len(content) // 50)
    pieces = [[data for _, data in each.pieces(piece_bytes)] for each in ranges]
    whole = [piece for each in pieces for piece in each if piece.endswith(b"\n")]
    assert sum(map(len, pieces)) - len(whole) <= (not content.endswith(b"\n"))
    parts = [b"".join(each) for each in pieces]
    assert b"".join(parts) == content
    assert all(part.endswith(b"\n") for part in [each for each in parts if each][:-1])
    counter = LineCounter(str(path))
    for offset, data in (pair for each in ranges for pair in each.pieces(piece_bytes)):
        assert content[offset:].startswith(data)
        assert counter.lines_before(offset) == content[:offset].count(b"\n")


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"\xef\xbb\xbfa\nb\n")
    assert [list(each.pieces(99)) for each in line_ranges(str(path), [4, 3])] == [[(3, b"a\n")], [(5, b"b\n")]]


def test_a_file_that_has_gone_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r'no file "gone\.txt"'):
        next(LineRange(str(tmp_path / "gone.txt"), "gone.txt", 0, None).pieces(9))
