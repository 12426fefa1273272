import pytest
from hypothesis import given
from hypothesis import strategies as st

from asaql.jobs import parse_duration
from asaql.jobs.job import EPOCH_TICKS
from asaql.model import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MILLISECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    format_ticks,
)


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("5s", 5 * TICKS_PER_SECOND),
        ("5", 5 * TICKS_PER_SECOND),
        ("500ms", 500 * TICKS_PER_MILLISECOND),
        ("2m", 2 * TICKS_PER_MINUTE),
        ("2min", 2 * TICKS_PER_MINUTE),
        ("1.5h", 90 * TICKS_PER_MINUTE),
        ("1h30m", 90 * TICKS_PER_MINUTE),
        ("1h 30m", 90 * TICKS_PER_MINUTE),
        ("20d", 20 * TICKS_PER_DAY),
        ("5 S", 5 * TICKS_PER_SECOND),
        ("0", 0),
        ("00:00:05", 5 * TICKS_PER_SECOND),
        ("01:00:00.5", TICKS_PER_HOUR + 500 * TICKS_PER_MILLISECOND),
        ("2.03:00:00", 2 * TICKS_PER_DAY + 3 * TICKS_PER_HOUR),
        ("0.0000001s", 1),
    ],
)
def test_a_duration_is_read_in_every_form(text: str, ticks: int) -> None:
    assert parse_duration(text) == ticks


@pytest.mark.parametrize("text", ["", "s", "-5s", "5x", "5:00", "00:5:00", "five seconds", "1e3s", "99999999999d"])
def test_other_texts_are_no_durations(text: str) -> None:
    assert parse_duration(text) is None


@given(st.integers(0, 10**9))
def test_milliseconds_and_seconds_agree(milliseconds: int) -> None:
    seconds = f"{milliseconds // 1000}.{milliseconds % 1000:03d}s"
    assert parse_duration(f"{milliseconds}ms") == parse_duration(seconds)


def test_the_default_start_time_is_the_beginning_of_1970() -> None:
    assert format_ticks(EPOCH_TICKS) == "1970-01-01T00:00:00.0000000Z"
