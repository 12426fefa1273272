"""A thread that writes to a file keeps the order of the bytes, and its errors come up where the job sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from marks import NEEDS_FULL_DEVICE

from asaql.connectors import FileOutput
from asaql.diagnostics import JobError
from asaql.runtime.write_behind import WriteBehind

PIECE = b"0123456789abcde\n" * 20_000


def pieces(count: int) -> Iterator[bytes]:
    return (b"%d\n" % number + PIECE for number in range(count))


def write_all(output: WriteBehind, data: Iterator[bytes]) -> None:
    for piece in data:
        output.write(piece)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_bytes_are_written_in_order(count: int, tmp_path: Path) -> None:
    output = WriteBehind(FileOutput(tmp_path / "rows.ndjson"))
    write_all(output, pieces(count))
    output.commit()
    assert (tmp_path / "rows.ndjson").read_bytes() == b"".join(pieces(count))


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "rows.ndjson").write_text("before")
    output = WriteBehind(FileOutput(tmp_path / "rows.ndjson"))
    write_all(output, pieces(40))
    output.abort()
    assert [each.name for each in tmp_path.iterdir()] == ["rows.ndjson"]
    assert (tmp_path / "rows.ndjson").read_text() == "before"


@NEEDS_FULL_DEVICE
def test_a_full_disk_fails_the_job_while_it_writes() -> None:
    output = WriteBehind(FileOutput("/dev/full"))
    with pytest.raises(JobError, match="no space left"):
        write_all(output, pieces(1000))
    output.abort()


@NEEDS_FULL_DEVICE
def test_a_full_disk_fails_the_job_at_the_last_byte() -> None:
    output = WriteBehind(FileOutput("/dev/full"))
    output.write(b"x" * 100)
    with pytest.raises(JobError, match="no space left"):
        output.commit()
