"""Bytes seen as series: the same memory, kept for as long as a series needs it."""

import gc
import threading

import polars as pl
import pytest

from asaql.formats import byte_series
from asaql.formats.byte_series import bytes_of, words_of


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 1000])
def test_bytes_and_words_are_those_of_the_data(length: int) -> None:
    data = bytes(each * 7 % 256 for each in range(length))
    assert bytes_of(data).dtype == pl.UInt8
    assert bytes_of(data).to_list() == list(data)
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, length - 7, 8)]
    assert words_of(data).dtype == pl.UInt64
    assert words_of(data).to_list() == words


def test_data_live_as_long_as_a_series_of_them_and_no_longer() -> None:
    before = len(byte_series._lent)
    series = bytes_of(bytes(range(256)) * 1000)
    part = series.slice(1000, 3)
    del series
    gc.collect()
    junk = [b"\xff" * 256_000 for _ in range(20)]
    assert part.to_list() == [1000 % 256, 1001 % 256, 1002 % 256]
    assert len(byte_series._lent) == before + 1
    del part, junk
    assert len(byte_series._lent) == before


def test_series_may_end_in_another_thread() -> None:
    before = len(byte_series._lent)
    held = [bytes_of(b"abc" * 1000) for _ in range(100)]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert len(byte_series._lent) == before
