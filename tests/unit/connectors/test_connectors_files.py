"""Files as inputs and outputs."""

import gzip
import os
import stat
import sys
from pathlib import Path

import pytest
from marks import NEEDS_FULL_DEVICE

from asaql.connectors import FileInput, FileOutput
from asaql.diagnostics import JobError, QueryError

LINES = b"".join(b'{"n":%d}\n' % n for n in range(50_000))


def test_a_file_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_bytes(LINES)
    source = FileInput(path, piece_bytes=1000)
    pieces = list(source.pieces())
    assert b"".join(pieces) == LINES
    assert max(map(len, pieces)) <= 1000
    assert source.bytes_read == len(LINES)


def test_an_empty_file_has_no_pieces(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.touch()
    assert list(FileInput(path).pieces()) == []


@pytest.mark.parametrize("name", ["events.json.gz", "events.json"])
@pytest.mark.parametrize("piece_bytes", [1, 77, 1 << 20])
def test_gzip_is_recognised_by_its_first_bytes(tmp_path: Path, name: str, piece_bytes: int) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(LINES[:9000]) + gzip.compress(LINES[9000:12_000]) + b"\0\0\0")
    source = FileInput(path, piece_bytes=piece_bytes)
    assert b"".join(source.pieces()) == LINES[:12_000]
    assert source.bytes_read == path.stat().st_size


def test_a_piece_of_well_compressed_data_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "zeros.gz"
    path.write_bytes(gzip.compress(bytes(20_000_000)))
    pieces = list(FileInput(path).pieces())
    assert sum(map(len, pieces)) == 20_000_000
    assert max(map(len, pieces)) <= 1 << 20


def test_a_file_of_one_byte_is_no_gzip(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_bytes(b"\x1f")
    assert list(FileInput(path).pieces()) == [b"\x1f"]


@pytest.mark.parametrize("keep", [2, 12, 100, -1])
def test_a_gzip_file_cut_off_is_an_error(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "events.json.gz"
    path.write_bytes(gzip.compress(os.urandom(3000))[:keep])
    with pytest.raises(JobError, match="ends before its compressed data does") as caught:
        list(FileInput(path).pieces())
    assert caught.value.diagnostics[0].code == "AQ711"


def test_a_damaged_gzip_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "events.json.gz"
    data = bytearray(gzip.compress(LINES))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(JobError, match="cannot be read"):
        list(FileInput(path).pieces())


def test_a_missing_file_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "events.json").touch()
    source = FileInput(tmp_path / "event.json")
    with pytest.raises(QueryError, match="no file") as caught:
        source.check()
    assert caught.value.diagnostics[0].code == "AQ702"
    assert str(tmp_path / "events.json") in str(caught.value.diagnostics[0].help)
    with pytest.raises(JobError, match="no file"):
        list(source.pieces())


def test_a_file_in_a_missing_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="no file"):
        FileInput(tmp_path / "nowhere" / "event.json").check()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="is a folder"):
        FileInput(tmp_path).check()


def test_a_file_that_is_there_passes_the_check(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.touch()
    FileInput(path).check()


def test_an_input_that_vanishes_between_check_and_reading_fails_the_job(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_bytes(LINES)
    source = FileInput(path)
    source.check()
    path.unlink()
    with pytest.raises(JobError, match="no file"):
        list(source.pieces())


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file whose reading fails")
def test_an_error_while_reading_fails_the_job() -> None:
    with pytest.raises(JobError, match="cannot be read") as caught:
        list(FileInput("/proc/self/mem").pieces())
    assert caught.value.diagnostics[0].notes


def test_an_output_appears_when_it_is_committed(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(b"old")
    output = FileOutput(path)
    output.write(b"new ")
    output.write(b"rows")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2
    output.commit()
    assert path.read_bytes() == b"new rows"
    assert list(tmp_path.iterdir()) == [path]
    assert output.bytes_written == 8


def test_an_aborted_output_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(b"old")
    output = FileOutput(path)
    output.write(b"new")
    output.abort()
    output.abort()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_outputs_of_one_name_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    first, second = FileOutput(path), FileOutput(path)
    first.write(b"first")
    second.write(b"second")
    first.commit()
    second.commit()
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_with_the_suffix_gz_is_compressed_the_same_every_time(tmp_path: Path) -> None:
    path = tmp_path / "rows.json.gz"
    contents = []
    for _ in range(2):
        output = FileOutput(path)
        output.write(LINES)
        output.commit()
        contents.append(path.read_bytes())
    assert gzip.decompress(contents[0]) == LINES
    assert contents[0] == contents[1]


def test_an_aborted_compressed_output_leaves_nothing(tmp_path: Path) -> None:
    output = FileOutput(tmp_path / "rows.json.gz")
    output.write(LINES)
    output.abort()
    assert list(tmp_path.iterdir()) == []


def test_a_link_keeps_pointing_where_it_points(tmp_path: Path) -> None:
    target = tmp_path / "real.json"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(target)
    output = FileOutput(link)
    output.write(b"new")
    output.commit()
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_device_is_written_to_directly() -> None:
    output = FileOutput(os.devnull)
    output.write(b"rows")
    output.commit()
    assert not stat.S_ISREG(Path(os.devnull).stat().st_mode)


def write_all(output: FileOutput, data: bytes) -> None:
    output.write(data)
    output.commit()


@NEEDS_FULL_DEVICE
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_a_full_disk_fails_the_job(size: int) -> None:
    with pytest.raises(JobError, match="cannot be written") as caught:
        write_all(FileOutput("/dev/full"), bytes(size))
    assert caught.value.diagnostics[0].code == "AQ704"
    assert "no space left" in caught.value.diagnostics[0].notes[0]


def test_an_output_in_a_missing_folder_is_an_error_with_help(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="cannot be written") as caught:
        FileOutput(tmp_path / "nowhere" / "rows.json")
    assert caught.value.diagnostics[0].help == f"create the folder: mkdir -p {tmp_path / 'nowhere'}"


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="is a folder"):
        FileOutput(tmp_path)


def test_the_name_of_a_partial_file_says_what_it_is(tmp_path: Path) -> None:
    output = FileOutput(tmp_path / "rows.json")
    (partial,) = tmp_path.iterdir()
    assert partial.name.startswith(".rows.json.")
    assert partial.suffix == ".partial"
    assert sys.platform == "win32" or stat.S_IMODE(partial.stat().st_mode) & 0o600 == 0o600
    output.abort()
