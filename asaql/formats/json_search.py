"""Quick looks over many JSON lines: what they tell saves a closer look in nearly every chunk.

Polars compares all bytes of a chunk at once, with vector instructions, at several times the speed of `bytes.count` and
of regular expressions. A call of it costs as much as searching some kilobytes, so that less than that is searched by
`bytes` itself.
"""

import polars as pl

from asaql.formats.byte_series import bytes_of, words_of

_SMALL = 1 << 15
_WORD = 8


def _byte(value: int) -> pl.Series:
    """Return a byte to compute with: as a series of one it takes a fifth of the time that it takes as an integer."""
    return pl.Series([value], dtype=pl.UInt8)


def _word_of(byte: int) -> pl.Series:
    return pl.Series([int.from_bytes(bytes([byte]) * _WORD)], dtype=pl.UInt64)


_LINE_BREAK, _RETURN, _OPENING, _CLOSING = map(_byte, b"\n\r{}")
_ZERO, _PLUS, _LETTER_E, _QUOTE = map(_byte, b'0+e"')
_LOWER_CASE, _TEN, _BELOW_16 = _byte(0x20), _byte(10), _byte(6)
_HIGH_BITS = int.from_bytes(b"\x80" * _WORD)
_HIGH_HALVES, _LOW_HALVES, _HALVES_OF_DIGITS = map(_word_of, (0xF0, 0x0F, 0x30))
_ALL_BELOW_16, _NO_HALVES = _word_of(6), _word_of(0)


class Scan:
    """The bytes of JSON lines under quick looks.

    Args:
        data: The lines.
    """

    __slots__ = ("_bytes", "_lowered", "_quotes", "_words", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._bytes: pl.Series | None = None
        self._words: pl.Series | None = None
        if len(data) >= _SMALL:
            self._bytes, self._words = bytes_of(data), words_of(data)
        self._lowered: pl.Series | None = None
        self._quotes: pl.Series | None = None

    def count_objects(self) -> int:
        """Return the number of lines if each begins with a brace and ends with one, else 0; a last line break may lack.

        Then no object goes on in the next line, as within one no line break can stand between a closing and an opening
        brace. That a line holds no second object shows in the number of objects, once they are read.
        """
        data = self.data
        if not data.startswith(b"{") or not data.endswith((b"}\n", b"}", b"}\r\n")):
            return 0
        if self._bytes is None:
            has_returns = b"\r" in data
            joints = data.count(b"}\n{") + (data.count(b"}\r\n{") if has_returns else 0)
            breaks = data.count(b"\n") - data.endswith(b"\n")
            return joints + 1 if breaks == joints else 0
        return _count_objects(self._bytes.slice(0, len(data) - data.endswith(b"\n")))

    def is_utf8(self) -> bool:
        """Return whether the bytes are UTF-8."""
        if self._words is None:
            return _is_utf8(self.data)
        if self._words.bitwise_or() & _HIGH_BITS == 0 and self.data[-_WORD:].isascii():  # type: ignore[operator]
            return True
        try:
            pl.Series((self.data,), dtype=pl.Binary).cast(pl.String)
        except pl.exceptions.ComputeError:
            return False
        return True

    def most_occurrences(self, name: bytes) -> int | None:
        """Return how often a name in quotation marks stands here, case aside, or more; None if that is unknown.

        Args:
            name: In lower case, in ASCII.
        """
        if self._bytes is None or not 0 < len(name) < _SMALL - 1:
            return None
        if self._lowered is None or self._quotes is None:
            self._lowered = self._bytes | _LOWER_CASE
            self._quotes = self._lowered == _QUOTE
        width = len(self.data) - len(name) - 1
        found = self._quotes.slice(0, width) & self._quotes.slice(len(name) + 1, width)
        for place in {0, len(name) - 1}:
            found &= self._lowered.slice(1 + place, width) == _byte(name[place] | 0x20)
        return int(found.sum())

    def may_hold_long_numbers(self) -> bool:
        """Return False if no number in these lines has too many digits for a value; each line is a JSON object.

        Too many may be 19 digits in a row and exponents of three digits. Digits in texts count.
        """
        if self._bytes is None or self._words is None:
            return True
        if _has_word_of_digits(self._words) and _may_have_many_digits(self._bytes):
            return True
        return _may_have_long_exponents(self._bytes)


def count_line_breaks(data: bytes) -> int:
    """Return how many line breaks there are."""
    if len(data) < _SMALL:
        return data.count(b"\n")
    return int((bytes_of(data) == _LINE_BREAK).sum())


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _count_objects(text: pl.Series) -> int:
    """Do what `Scan.count_objects` does for bytes that begin with a brace and end with another byte than a break."""
    last = len(text) - 1
    is_break = text == _LINE_BREAK
    behind = text.slice(1).filter(is_break.slice(0, last))
    if not (behind == _OPENING).all():
        return 0
    is_behind_break = is_break.slice(1)
    before = text.slice(0, last).filter(is_behind_break)
    is_closing = before == _CLOSING
    if not is_closing.all():
        is_return = before == _RETURN
        if not (is_closing | is_return).all():
            return 0
        # No line break is the second byte: before that one is a brace that opens.
        two_before = text.slice(0, last - 1).filter(is_break.slice(2))
        if not (is_closing | (two_before == _CLOSING)).all():
            return 0
    return len(before) + 1


def _has_word_of_digits(words: pl.Series) -> bool:
    """Return whether some word is eight digits; 19 digits in a row hold such a word, wherever they begin."""
    # Few words are left once the high halves of their bytes are right; that of some other characters is the same.
    likely = words.filter(words & _HIGH_HALVES == _HALVES_OF_DIGITS)
    return bool(((likely & _LOW_HALVES) + _ALL_BELOW_16 & _HIGH_HALVES == _NO_HALVES).any())


def _may_have_many_digits(text: pl.Series) -> bool:
    """Return whether 19 digits stand in a row, or bytes beyond ASCII that are taken for digits here."""
    # Below 16 become the digits, and of bytes beyond ASCII a few. Bytes are combined faster than truth values.
    marks = (text ^ _ZERO) + _BELOW_16
    for distance in (1, 2):
        marks = _either(marks, distance)
    # The first four and the last four of 19 bytes say enough nearly always.
    if not _has_digit(_either(marks, 15)):
        return False
    for distance in (4, 8, 3):
        marks = _either(marks, distance)
    return _has_digit(marks)


def _either(marks: pl.Series, distance: int) -> pl.Series:
    return marks.slice(0, len(marks) - distance) | marks.slice(distance)


def _has_digit(marks: pl.Series) -> bool:
    return bool(marks.min() < 16)  # type: ignore[operator]


def _may_have_long_exponents(text: pl.Series) -> bool:
    """Return whether an E stands behind a digit and before three, with or without a plus sign between.

    The text ends with a brace, so that four bytes follow any such E.
    """
    width = len(text) - 5
    is_e = (text | _LOWER_CASE).slice(1, width) == _LETTER_E
    is_exponent = _is_digit(text.slice(0, width).filter(is_e))
    if not is_exponent.any():
        return False
    first, *digits = (text.slice(1 + distance, width).filter(is_e) for distance in (1, 2, 3, 4))
    second, third, fourth = map(_is_digit, digits)
    is_long = (_is_digit(first) & second & third) | ((first == _PLUS) & second & third & fourth)
    return bool((is_exponent & is_long).any())


def _is_digit(text: pl.Series) -> pl.Series:
    return (text - _ZERO) < _TEN
