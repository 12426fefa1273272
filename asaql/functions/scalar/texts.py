"""Text as .NET counts it: UTF-16 units, and one character for one character when the case changes."""

from typing import Final

import polars as pl

from asaql.functions.scalar.kernels import is_ascii

WHITE_SPACE: Final = "".join(
    map(
        chr,
        (*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
    )
)
"""What TRIM strips: Unicode white space, neither U+001C to U+001F nor the zero-width space nor the byte-order mark."""


LONGEST: Final = 2**30
"""The most characters an nvarchar(max) holds."""


class _Uppers(dict[int, int]):
    def __missing__(self, code: int) -> int:
        text = chr(code)
        upper = text.upper()
        if len(upper) != 1:
            title = text.title()
            upper = title if len(title) == 1 else text
        self[code] = ord(upper)
        return self[code]


class _Lowers(dict[int, int]):
    def __missing__(self, code: int) -> int:
        self[code] = ord(chr(code).lower()[0])
        return self[code]


_UPPERS = _Uppers()
_LOWERS = _Lowers()


def upper(text: str) -> str:
    """Return a text in upper case, every character by itself: ß stays ß."""
    return text.upper() if text.isascii() else text.translate(_UPPERS)


def lower(text: str) -> str:
    """Return a text in lower case, every character by itself: a final Σ gives σ."""
    return text.lower() if text.isascii() else text.translate(_LOWERS)


def upper_series(series: pl.Series) -> pl.Series:
    """Return a String series in upper case."""
    if is_ascii(series):
        return series.str.to_uppercase()
    return pl.Series([None if each is None else upper(each) for each in series.to_list()], dtype=pl.String)


def lower_series(series: pl.Series) -> pl.Series:
    """Return a String series in lower case."""
    if is_ascii(series):
        return series.str.to_lowercase()
    return pl.Series([None if each is None else lower(each) for each in series.to_list()], dtype=pl.String)


def is_basic_text(text: str) -> bool:
    """Return whether every character is one UTF-16 unit."""
    return text.isascii() or not text or max(text) <= "\uffff"


def units(text: str) -> str:
    """Return a text with each character outside the Basic Multilingual Plane as its two surrogates.

    Positions and lengths in the result are those of .NET.
    """
    if is_basic_text(text):
        return text
    return "".join(
        each if each <= "\uffff" else f"{chr(0xD7C0 + (ord(each) >> 10))}{chr(0xDC00 + (ord(each) & 0x3FF))}"
        for each in text
    )


def from_units(text: str) -> str:
    """Return a text of UTF-16 units as characters; half a surrogate pair becomes U+FFFD."""
    if text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
