"""Datetime texts read as columns are what they are read one by one, whatever is between them."""

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asaql.functions import parse_ticks_series
from asaql.functions.scalar.datetime_layouts import layout_of, parse_alike
from asaql.model import parse_ticks

YEARS = st.sampled_from([0, 1, 1900, 2000, 2023, 2024, 2100, 9999]) | st.integers(0, 9999)
FORMS = st.tuples(
    st.sampled_from(["T", "t", " "]),
    st.sampled_from(["", ":{second:02d}"]),
    st.integers(0, 12),
    st.sampled_from(["", "Z", "z", "+00:00", "-08:00", "+05:30", "+0530", "-12", "+99:99"]),
)


def _texts(form: tuple[str, str, int, str]) -> st.SearchStrategy[str]:
    """Return texts of one form, their parts sometimes just outside of what there is."""
    separator, seconds, digits, zone = form

    def text(year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: int) -> str:
        found = f"{year:04d}-{month:02d}-{day:02d}{separator}"
        found += f"{hour:02d}:{minute:02d}{seconds.format(second=second)}"
        return found + (f".{fraction:012d}"[: digits + 1] if seconds and digits else "") + zone

    return st.builds(
        text,
        YEARS,
        st.integers(0, 13) | st.just(2),
        st.integers(0, 32) | st.integers(28, 31),
        st.integers(0, 24),
        st.integers(0, 60),
        st.integers(0, 60),
        st.just(0) | st.integers(0, 10**12 - 1),
    )


DATES = st.builds("{:04d}-{:02d}-{:02d}".format, YEARS, st.integers(1, 12), st.integers(1, 31))
TEXTS = st.just(DATES) | FORMS.map(_texts)
GARBAGE = st.sampled_from([None, "", "none", "2024-01-01T00:00:00é", "2024/01/01T00:00:00.000Z", "２０２４-01-01"])
COLUMNS = st.lists(TEXTS, min_size=1, max_size=3).flatmap(
    lambda forms: st.lists(st.one_of(*forms, *forms, *forms, GARBAGE), min_size=1, max_size=8)
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(COLUMNS)
@example(["0001-01-01T00:00:00+00:01", "0001-01-01T00:01:00+00:01"])
@example(["9999-12-31T23:59:59.9999999-00:01", "9999-12-31T23:58:59.9999999-00:01"])
@example(["2024-01-01T24:00:00Z", "2024-01-01T24:00:01Z", "2024-12-31T23:00:00Z"])
def test_a_column_of_datetime_texts_is_read_as_its_texts_are(texts: list[str | None]) -> None:
    column = pl.Series(texts * 40, dtype=pl.String)
    assert parse_ticks_series(column).to_list() == [None if each is None else parse_ticks(each) for each in texts] * 40


@settings(max_examples=300, derandomize=True, deadline=None)
@given(TEXTS.flatmap(lambda form: st.tuples(form, form)), st.integers(0, 39), st.characters(max_codepoint=127))
def test_a_text_with_another_character_in_it_has_another_layout_or_its_own_value(
    pair: tuple[str, str], place: int, character: str
) -> None:
    text, other = pair
    place %= len(other)
    other = other[:place] + character + other[place + 1 :]
    layout = layout_of(text)
    if layout is not None:
        for found, each in zip(parse_alike(pl.Series([text, other]), layout).to_list(), (text, other), strict=True):
            assert found is None or found == parse_ticks(each)
