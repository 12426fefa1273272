"""Datetimes from texts that are all written alike, by arithmetic on their bytes.

The texts of one column nearly always have their digits and separators in the same places. Then eight bytes of each are
taken as one number, a word, and every check and every part of a datetime costs a few operations on whole columns.
"""

import re
from calendar import monthrange
from datetime import date
from functools import lru_cache
from typing import Any, Final

import polars as pl
from msgspec import Struct

from asaql.model import (
    MAX_TICKS,
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    parse_ticks,
)

_WORD: Final = 8
_PATTERN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_MOST_BYTES: Final = 40
USUAL: Final = "^" + re.sub(r"\(\?P<\w+>", "(?:", _PATTERN.pattern) + "$"
"""For Polars: what a text looks like that has a layout, if it is not too long for one."""
_FRACTION_DIGITS: Final = 7
_PARTS: Final = (
    ("hour", 23, TICKS_PER_HOUR),
    ("minute", 59, TICKS_PER_MINUTE),
    ("second", 59, TICKS_PER_SECOND),
)
_ZEROS: Final = str.maketrans("123456789", "000000000")
_SOME_TIME: Final = "2000-01-01T00:00"


class _Number:
    """An unsigned number that words are computed with.

    Args:
        value: The number.
    """

    __slots__ = ("series", "value")

    def __init__(self, value: int) -> None:
        self.value = value
        self.series = pl.Series([value], dtype=pl.UInt64)

    def beside(self, word: Any) -> Any:
        """Return the number in the form of a word: a column, or an integer where all texts have the word in common."""
        return self.value if type(word) is int else self.series


_TENS: Final = _Number(1 + (10 << 8))
"""A word times this has ten times the digit before added to every digit."""
_ANY_BYTE: Final = _Number(0xFF)
"""A power of 256 is one modulo 255, so the remainder is the value of the only byte that is not zero."""
_NO_TICKS: Final = pl.Series([None], dtype=pl.Int64)
_NOTHING: Final = _Number(0)
_MONTH_SLOT: Final = _Number(32)
_SLOT_TICKS: Final = _Number(TICKS_PER_DAY // 32)


class _Part(Struct, frozen=True):
    """One or two digits of a word.

    Attributes:
        word: The number of the word.
        byte: What leaves only the last digit's byte of the word, by conjunction.
        is_pair: Whether there are two digits.
        most: The greatest value; None where every number is possible.
        unit: Ticks of one.
    """

    word: int
    byte: _Number
    is_pair: bool
    most: _Number | None
    unit: _Number


class Layout(Struct, frozen=True):
    """Where the digits of a datetime text stand. All else is fixed, the zone with its digits too.

    Attributes:
        length: Bytes of a text.
        split: What makes an array of words of a text's bytes, null if there are more or fewer.
        words: What makes a column of each word of these arrays behind each other.
        fixed: For each word what turns digits to their values and all else to zero, by exclusive or.
        carries: For each word what makes a byte that should hold a digit, and is greater than nine, carry.
        forbidden: For each word the bits that are zero then if the text fits.
        parts: The day of the month, and then the parts of the time of day.
        ahead: Ticks by which the zone is ahead of UTC.
    """

    length: int
    split: pl.Expr
    words: tuple[pl.Expr, ...]
    fixed: tuple[_Number, ...]
    carries: tuple[_Number, ...]
    forbidden: tuple[_Number, ...]
    parts: tuple[_Part, ...]
    ahead: int


def layout_of(text: str) -> Layout | None:
    """Return the layout of a text, None if it is no datetime or one in an unusual form."""
    match = _PATTERN.fullmatch(text)
    if match is None or len(text) > _MOST_BYTES:
        return None
    zone = match["zone"] or ""
    return _layout(text[: len(text) - len(zone)].translate(_ZEROS), zone)


@lru_cache(64)
def _layout(shape: str, zone: str) -> Layout | None:
    """Return the layout of texts with digits where `shape` has zeros, and then a zone."""
    match = _PATTERN.fullmatch(shape)
    at_zero = parse_ticks(_SOME_TIME + zone)
    assert match is not None
    assert at_zero is not None
    length = -(-len(shape + zone) // _WORD) * _WORD
    is_digit = [each == "0" for each in shape.ljust(length)]
    parts = [_part(match.start("day"), 2, None, TICKS_PER_DAY)]
    parts += [_part(match.start(name), 2, most, unit) for name, most, unit in _PARTS if match[name] is not None]
    digits = min(len(match["fraction"] or ""), _FRACTION_DIGITS)
    for digit in range(0, digits, 2):
        count = min(2, digits - digit)
        parts.append(_part(match.start("fraction") + digit, count, None, 10 ** (_FRACTION_DIGITS - digit - count)))
    count = length // _WORD
    return Layout(
        len(shape + zone),
        pl.col("").bin.reinterpret(dtype=pl.Array(pl.UInt64, count), endianness="little"),
        tuple(pl.col("").gather_every(count, at).alias(str(at)) for at in range(count)),
        _words((shape + zone).ljust(length).encode()),
        _words(bytes(0x06 * each for each in is_digit)),
        _words(bytes(0xF0 if each else 0xFF for each in is_digit)),
        tuple(parts),
        (parse_ticks(_SOME_TIME) or 0) - at_zero,
    )


def _words(data: bytes) -> tuple[_Number, ...]:
    return tuple(_Number(int.from_bytes(data[at : at + _WORD], "little")) for at in range(0, len(data), _WORD))


def _part(start: int, digits: int, most: int | None, unit: int) -> _Part:
    last = start + digits - 1
    return _Part(
        last // _WORD,
        _Number(0xFF << last % _WORD * 8),
        digits == 2,
        None if most is None else _Number(most),
        _Number(unit),
    )


def parse_alike(texts: pl.Series, layout: Layout) -> pl.Series:
    """Return the ticks of the texts that are written in a layout; null for others, and for 24:00.

    Args:
        texts: A String series, not empty.
        layout: The layout.
    """
    words = _words_of(texts, layout)
    total = _Total(len(texts))
    digits = [word ^ fixed.beside(word) for word, fixed in zip(words, layout.fixed, strict=True)]
    for values, carries, forbidden in zip(digits, layout.carries, layout.forbidden, strict=True):
        wrong = (values | values + carries.beside(values)) & forbidden.beside(values)
        total.refuse(wrong != _NOTHING.beside(wrong))
    pairs = [each * _TENS.beside(each) for each in digits]
    eves, lengths = _months(words[0])
    total.add(eves)
    for number, part in enumerate(layout.parts):
        value = (pairs if part.is_pair else digits)[part.word]
        value = (value & part.byte.beside(value)) % _ANY_BYTE.beside(value)
        if number == 0:
            total.refuse(value == _NOTHING.beside(value))
            total.refuse(lengths < value if isinstance(lengths, pl.Series) else value > lengths.beside(value))
        elif part.most is not None:
            total.refuse(value > part.most.beside(value))
        total.add(value * part.unit.beside(value))
    return total.ticks(layout.ahead)


class _Total:
    """Ticks summed up: what all texts have in common as an integer, and the rest as a column.

    Args:
        height: Number of texts.
    """

    def __init__(self, height: int) -> None:
        self._height = height
        self._common = 0
        self._column: pl.Series | None = None
        self._refused: list[pl.Series] = []
        self._is_refused = False

    def add(self, ticks: Any) -> None:
        """Add an integer to all, or a column; it may have wrapped, as the sum of the columns may."""
        if type(ticks) is int:
            self._common += ticks
        else:
            self._column = ticks if self._column is None else self._column + ticks

    def refuse(self, is_wrong: Any) -> None:
        """Give up all texts, if `is_wrong` is true, or those where a column is true or null."""
        if type(is_wrong) is bool:
            self._is_refused |= is_wrong
        elif is_wrong.has_nulls() or is_wrong.any():
            self._refused.append(is_wrong)

    def ticks(self, ahead: int) -> pl.Series:
        """Return the ticks of all texts, null for those that were given up, or whose instant there is not.

        Args:
            ahead: Ticks by which their zone is ahead of UTC.
        """
        if self._is_refused:
            return _NO_TICKS.new_from_index(0, self._height)
        common = pl.Series([self._common - ahead], dtype=pl.Int64)
        if self._column is None:
            ticks = common.new_from_index(0, self._height)
        else:
            ticks = self._column.cast(pl.Int64, wrap_numerical=True) + common
        if ahead:
            self.refuse(ticks < 0)
            self.refuse(ticks > MAX_TICKS)
        for is_wrong in self._refused:
            ticks = ticks.zip_with(~is_wrong.fill_null(value=True), _NO_TICKS)
        return ticks


def _words_of(texts: pl.Series, layout: Layout) -> list[Any]:
    """Return the words of texts: for each a column, null where a text has another length.

    A word that all texts have in common is given as an integer.
    """
    if layout.length % _WORD:
        texts = texts.str.pad_end(len(layout.words) * _WORD)
    arrays = texts.cast(pl.Binary).rename("").to_frame().select(layout.split).to_series()
    columns = arrays.reshape((-1,)).to_frame().select(layout.words).get_columns()
    return [least if (least := each.min()) == each.max() and not each.has_nulls() else each for each in columns]


def _months(word: Any) -> tuple[Any, "pl.Series | _Number"]:
    """Return the ticks of the day before each month, and how many days it has: none if there is no such month.

    Args:
        word: Year and month: the first word of the texts.
    """
    if type(word) is int:
        eve, length = _month(word)
        return eve * TICKS_PER_DAY, _Number(length)
    distinct = word.unique().drop_nulls()
    found = [(eve * 32 + length) % 2**64 for eve, length in map(_month, distinct.to_list())]
    months = word.replace_strict(distinct, pl.Series(found, dtype=pl.UInt64), default=None, return_dtype=pl.UInt64)
    lengths = months % _MONTH_SLOT.series
    return (months - lengths) * _SLOT_TICKS.series, lengths


@lru_cache(4096)
def _month(word: int) -> tuple[int, int]:
    """Return the number of the day before a month, from the first of the year 1, and of its days; 0 if it is none."""
    text = word.to_bytes(_WORD, "little")
    year, month = text[:4], text[5:7]
    if not (year.isdigit() and month.isdigit() and 1 <= int(month) <= 12 and int(year)):
        return 0, 0
    return date(int(year), int(month), 1).toordinal() - 2, monthrange(int(year), int(month))[1]
