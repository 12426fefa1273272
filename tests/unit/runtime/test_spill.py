"""Temporary files for rows that memory shall not hold."""

import json
import tempfile
from pathlib import Path

import pytest

import asaql
from asaql.diagnostics import JobError
from asaql.runtime.spill import TemporarySpill


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_was_written_is_read_back_in_any_order(folder: Path) -> None:
    spill = TemporarySpill(segment_bytes=10)
    texts = [b"first", b"second", b"", b"fourth" * 100]
    numbers = [spill.write(each) for each in texts]
    assert [spill.read(each) for each in reversed(numbers)] == texts[::-1]
    spill.close()


def test_files_have_no_name_and_go_with_their_last_part(folder: Path) -> None:
    spill = TemporarySpill(segment_bytes=10)
    numbers = [spill.write(b"12345678") for _ in range(4)]
    assert list(folder.iterdir()) == []
    assert spill.bytes_held == 32
    for each in numbers[:2]:
        spill.forget(each)
    assert spill.bytes_held == 16
    number = spill.write(b"more")
    assert spill.read(number) == b"more"
    spill.close()
    spill.close()
    assert spill.bytes_held == 0


def test_without_a_folder_the_job_fails_and_says_what_to_do(folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(JobError, match=r"AQ704.*: No such file or directory") as caught:
        TemporarySpill().write(b"x")
    assert caught.value.diagnostics[0].help == "set TMPDIR to a folder with more room"


def test_a_file_that_was_cut_off_is_noticed(folder: Path) -> None:
    spill = TemporarySpill()
    number = spill.write(b"12345678")
    segment, _, _ = spill._places[number]
    segment.file.truncate(3)
    with pytest.raises(JobError, match="3 of 8 bytes are left"):
        spill.read(number)
    spill.close()


def test_a_job_lays_off_a_large_recording_and_gives_it_in_order(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = TemporarySpill.write

    def counted(spill: TemporarySpill, data: bytes) -> int:
        written.append(len(data))
        return write(spill, data)

    monkeypatch.setattr(TemporarySpill, "write", counted)
    path, text = tmp_path / "events.ndjson", "x" * 3000
    seconds = [at * 7919 % 60 for at in range(45_000)]
    with path.open("w") as file:
        for at, second in enumerate(seconds):
            file.write(json.dumps({"t": f"2024-01-01T00:00:{second:02d}Z", "n": at, "text": text}) + "\n")
    query = """
        WITH read AS (SELECT n, text FROM input TIMESTAMP BY t)
        SELECT n, LEN(text) AS length FROM read WHERE n % 2 = 0
    """
    rows = asaql.run(query, {"input": path})["output"]
    assert sum(written) > 1 << 26
    assert [row["n"] for row in rows] == sorted(range(0, 45_000, 2), key=lambda at: seconds[at])
    assert {row["length"] for row in rows} == {3000}
