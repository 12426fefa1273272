"""Standard input and output."""

import gzip
import io
import os
import sys
from pathlib import Path

import pytest
from marks import NEEDS_FULL_DEVICE

from asaql.connectors import ClosedOutputError, StandardInput, StandardOutput
from asaql.diagnostics import JobError


def test_a_line_is_delivered_as_soon_as_it_is_written() -> None:
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as stream, open(write_end, "wb", buffering=0) as writer:
        pieces = StandardInput(stream).pieces()
        for line in (b'{"n":1}\n', b'{"n":2}\n', b'{"n":'):
            writer.write(line)
            # This would block for ever if more than what is there were waited for.
            assert next(pieces) == line
        writer.close()
        assert list(pieces) == []


def test_standard_input_may_be_compressed() -> None:
    source = StandardInput(io.BytesIO(gzip.compress(b'{"n":1}\n')))
    assert b"".join(source.pieces()) == b'{"n":1}\n'
    assert source.bytes_read > 20


def test_standard_input_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"line\n")))
    assert list(StandardInput().pieces()) == [b"line\n"]


def test_standard_input_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(JobError, match="standard input is closed"):
        list(StandardInput().pieces())


def test_standard_input_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "write-only").open("wb") as stream, pytest.raises(JobError, match="cannot be read"):
        list(StandardInput(stream).pieces())


def test_what_is_written_is_seen_at_once() -> None:
    read_end, write_end = os.pipe()
    with open(read_end, "rb", buffering=0) as reader, open(write_end, "wb") as stream:
        output = StandardOutput(stream)
        output.write(b"row\n")
        assert reader.read(100) == b"row\n"
        assert output.bytes_written == 4
        output.commit()
        output.abort()


def test_a_reader_that_has_gone_ends_the_job_quietly() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    stream = open(write_end, "wb")  # noqa: SIM115 (closed below, after what it holds was sent to nowhere)
    with pytest.raises(ClosedOutputError, match="has closed it") as caught:
        StandardOutput(stream).write(b"row\n")
    assert caught.value.diagnostics[0].code == "AQ704"
    # What the buffer still holds must not fail when the interpreter closes the stream.
    stream.close()


def test_standard_output_is_that_of_the_process(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    StandardOutput().write(b"row\n")
    assert capfdbinary.readouterr().out == b"row\n"


def test_standard_output_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(JobError, match="standard output is closed"):
        StandardOutput().write(b"row\n")


@NEEDS_FULL_DEVICE
def test_standard_output_that_cannot_be_written_is_an_error() -> None:
    with open("/dev/full", "wb", buffering=0) as stream, pytest.raises(JobError, match="cannot be written"):
        StandardOutput(stream).write(b"row\n")
