"""Functions that look for something in a text: CHARINDEX, PATINDEX, REGEXMATCH."""

from collections.abc import Sequence

import polars as pl

from asaql.functions.registry import Example, Function, FunctionError, Parameter, register
from asaql.functions.scalar.kernels import column_of, is_ascii, rowwise, strict
from asaql.functions.scalar.patterns import compile_pattern
from asaql.functions.scalar.regex import PatternTooCostly, Regex, compile_regex
from asaql.functions.scalar.texts import is_basic_text, units
from asaql.functions.scalar.types import as_bigint, as_text
from asaql.model import Column, Kind, Value

_LONGEST_PATTERN = 8000


def _char_index(find: Value, text: Value, start: Value = 1) -> Value:
    return _index(as_text(find, "CHARINDEX"), as_text(text, "CHARINDEX"), as_bigint(start, "CHARINDEX"))


def _index(find: str, text: str, start: int = 1) -> int:
    if not find:
        return 0
    if not is_basic_text(text):
        find, text = units(find), units(text)
    return text.find(find, max(start - 1, 0)) + 1


def _char_index_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    find, text = arguments[:2]
    is_simple = len(arguments) == 2 and find.is_constant and find.kind is text.kind is Kind.NVARCHAR
    if is_simple and find.series[0] and is_ascii(text.series):
        return column_of(Kind.BIGINT, _positions(text.series.str.find(find.series[0], literal=True), text), arguments)
    return _char_index_rows(arguments, height)


def _positions(offsets: pl.Series, text: Column) -> pl.Series:
    """Return positions from 1 for offsets in an ASCII text, 0 where nothing was found."""
    found = (offsets.cast(pl.Int64) + 1).fill_null(0)
    return (
        found
        if not text.series.null_count()
        else found.zip_with(text.series.is_not_null(), pl.Series([None], dtype=pl.Int64))
    )


_char_index_rows = rowwise(Kind.BIGINT, _index, Kind.NVARCHAR, Kind.NVARCHAR, Kind.BIGINT)


def _pat_index(pattern: Value, text: Value) -> Value:
    return _pattern_position(as_text(pattern, "PATINDEX"), as_text(text, "PATINDEX"))


def _pattern_position(pattern: str, text: str) -> int:
    if len(pattern) > _LONGEST_PATTERN:
        message = f"a pattern of PATINDEX has at most {_LONGEST_PATTERN} characters, and this has {len(pattern)}"
        raise FunctionError(message, "AQ306")
    if not pattern or not text:
        return 0
    index = compile_pattern(pattern).find(text)
    return index + 1 if index < 1 or is_basic_text(text) else len(units(text[:index])) + 1


def _pat_index_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    pattern, text = arguments
    if text.kind is Kind.NVARCHAR and pattern.kind is Kind.NVARCHAR and pattern.is_constant:
        wanted = pattern.series[0]
        search = compile_pattern(wanted).search if len(wanted) <= _LONGEST_PATTERN else None
        if search is not None:
            return _position_column(text.series.str.find(search), text, arguments)
    return _pat_index_rows(arguments, height)


_pat_index_rows = rowwise(Kind.BIGINT, _pattern_position, Kind.NVARCHAR)


def _regex_match(text: Value, pattern: Value) -> Value:
    subject = as_text(text, "REGEXMATCH")
    regex = _compiled(as_text(pattern, "REGEXMATCH"))
    offset = None if regex is None else regex.find_all(pl.Series([subject], dtype=pl.String))[0]
    return 0 if offset is None else _position(subject, offset)


def _compiled(pattern: str) -> Regex | None:
    try:
        return compile_regex(pattern)
    except PatternTooCostly as error:
        message = f'the pattern "{pattern}" of REGEXMATCH can take unbounded time'
        raise FunctionError(message, "AQ306") from error


def _position(text: str, offset: int) -> int:
    """Return the position of a match, given its offset in UTF-8 bytes."""
    return offset + 1 if text.isascii() else len(units(text.encode()[:offset].decode())) + 1


def _regex_match_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    text, pattern = arguments
    if text.kind is not Kind.NVARCHAR or pattern.kind is not Kind.NVARCHAR or not pattern.is_constant:
        return None
    regex = _compiled(pattern.series[0])
    if regex is None:
        offsets = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(text))
    else:
        offsets = regex.find_all(text.series)
    return _position_column(offsets, text, arguments)


def _position_column(offsets: pl.Series, text: Column, arguments: Sequence[Column]) -> Column:
    """Return the positions of matches, given their offsets in UTF-8 bytes."""
    if is_ascii(text.series):
        return column_of(Kind.BIGINT, _positions(offsets, text), arguments)
    rows = zip(text.series.to_list(), offsets.to_list(), strict=True)
    found = [None if each is None else 0 if offset is None else _position(each, offset) for each, offset in rows]
    return column_of(Kind.BIGINT, pl.Series(found, dtype=pl.Int64), arguments)


_TEXT = Parameter("text", "nvarchar(max)")

register(
    Function(
        "CHARINDEX",
        (Parameter("find", "nvarchar(max)"), _TEXT, Parameter("start", "bigint", is_optional=True)),
        "bigint",
        _char_index,
        "The position of a text in another, 0 if it is not there.",
        (Example("CHARINDEX('us', 'Focus')", 4), Example("CHARINDEX('us', 'bus us', 3)", 5)),
        kernel=strict(_char_index_kernel),
        category="Strings",
    ),
    Function(
        "PATINDEX",
        (Parameter("pattern", "nvarchar(max)"), _TEXT),
        "bigint",
        _pat_index,
        "The position at which a pattern of LIKE first matches, 0 if it does not.",
        (Example("PATINDEX('%[0-9]%', 'abc123')", 4), Example("PATINDEX('abc', 'xabc')", 0)),
        kernel=strict(_pat_index_kernel),
        category="Strings",
        notes=("Without % at its beginning or end the pattern holds for the beginning or end of the text.",),
    ),
    Function(
        "REGEXMATCH",
        (_TEXT, Parameter("pattern", "nvarchar(max)")),
        "bigint",
        _regex_match,
        "The position at which a regular expression first matches, 0 if it does not or is none.",
        (Example("REGEXMATCH('NJB 1006', '[0-9]{3}')", 5), Example("REGEXMATCH('x', '(')", 0)),
        kernel=strict(_regex_match_kernel),
        category="Strings",
        notes=(
            "ECMAScript syntax, case ignored; `^` and `$` stand for the beginning and end of the text.",
            "Look-around together with a repetition in a repetition is refused: it could take unbounded time.",
        ),
    ),
)
