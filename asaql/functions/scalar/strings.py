"""String functions. Positions begin at 1; lengths and positions count UTF-16 units."""

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce

import polars as pl

from asaql.functions.registry import Example, Function, FunctionError, Kernel, Parameter, register
from asaql.functions.scalar.conversions import convert_series
from asaql.functions.scalar.declare import declare
from asaql.functions.scalar.kernels import column_of, is_basic, rowwise, strict
from asaql.functions.scalar.texts import (
    LONGEST,
    WHITE_SPACE,
    is_basic_text,
    lower,
    lower_series,
    units,
    upper,
    upper_series,
)
from asaql.functions.scalar.types import as_text
from asaql.model import Column, Kind, Value


def _concat(*values: Value) -> Value:
    return "".join(as_text(each, "CONCAT") for each in values if each is not None)


def _concat_ws(separator: Value, *values: Value) -> Value:
    between = "" if separator is None else as_text(separator, "CONCAT_WS")
    return between.join(as_text(each, "CONCAT_WS") for each in values if each is not None)


def _text_columns(columns: Sequence[Column]) -> list[pl.Series] | None:
    """Return columns as text, NULLs kept; None if one needs the scalar body."""
    texts: list[pl.Series] = []
    for each in columns:
        if each.kind in (Kind.RECORD, Kind.ARRAY):
            return None
        series = convert_series(Kind.NVARCHAR, each.cast_null(Kind.NVARCHAR))
        if series is None:
            return None
        texts.append(series)
    return texts


def _concat_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    texts = _text_columns(arguments)
    if texts is None:
        return None
    filled = [each.fill_null("") if each.null_count() else each for each in texts]
    return column_of(Kind.NVARCHAR, reduce(pl.Series.__add__, filled), arguments)


def _concat_ws_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    separator = arguments[0]
    texts = _text_columns(arguments[1:])
    if texts is None or separator.kind is not Kind.NVARCHAR or not separator.is_constant:
        return None
    joined = pl.select(pl.concat_str(texts, separator=separator.series[0], ignore_nulls=True)).to_series()
    return column_of(Kind.NVARCHAR, joined, arguments)


def _length(text: str) -> int:
    trimmed = text.rstrip(" ")
    return len(trimmed) if is_basic_text(trimmed) else len(units(trimmed))


def _trim(text: str) -> str:
    return text.strip(WHITE_SPACE)


def _left_trim(text: str) -> str:
    return text.lstrip(WHITE_SPACE)


def _right_trim(text: str) -> str:
    return text.rstrip(WHITE_SPACE)


def _nchar(code: int) -> str | None:
    if not 0 <= code <= 0x10FFFF:
        return None
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


def _unicode(text: str) -> int | None:
    return ord(text[0]) if text else None


def _replace(text: str, find: str, new: str) -> str:
    return text.replace(find, new) if find else text


def _replicate(text: str, count: int) -> str | None:
    if count < 0:
        return None
    if len(text) * count > LONGEST:
        message = f"a text of {len(text) * count} characters is longer than nvarchar(max) can be"
        raise FunctionError(message, "AQ303")
    return text * count


def _space(count: int) -> str | None:
    return _replicate(" ", count)


def _reverse(text: str) -> str:
    return text[::-1]


def _translate(text: str, characters: str, translations: str) -> str:
    return text.translate(_translations(characters, translations))


@lru_cache(maxsize=256)
def _translations(characters: str, translations: str) -> dict[int, str]:
    if len(characters) != len(translations):
        message = "the second and the third argument of TRANSLATE must have the same length"
        raise FunctionError(message, "AQ306")
    table: dict[int, str] = {}
    for old, new in zip(characters, translations, strict=True):
        table.setdefault(ord(old), new)
    return table


def _length_series(texts: pl.Series) -> pl.Series | None:
    return texts.str.strip_chars_end(" ").str.len_chars().cast(pl.Int64) if is_basic(texts) else None


def _text_kernel(kind: Kind, compute: Callable[[pl.Series], pl.Series | None]) -> Kernel:
    """Return the kernel of a function of one text."""

    def kernel(arguments: Sequence[Column], height: int) -> Column | None:
        texts = _text_columns(arguments)
        result = None if texts is None else compute(texts[0])
        return None if result is None else column_of(kind, result, arguments)

    return strict(kernel)


def _replace_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    text, find, new = arguments
    if all(each.kind is Kind.NVARCHAR for each in arguments) and find.is_constant and new.is_constant:
        if not find.series[0]:
            return text
        replaced = text.series.str.replace_all(find.series[0], new.series[0], literal=True)
        return column_of(Kind.NVARCHAR, replaced, arguments)
    return _replace_rows(arguments, height)


_replace_rows = rowwise(Kind.NVARCHAR, _replace, Kind.NVARCHAR)

_TEXT = Parameter("text", "nvarchar(max)")

register(
    Function(
        "CONCAT",
        (Parameter("text", "nvarchar(max)"), Parameter("text", "nvarchar(max)", is_repeated=True)),
        "nvarchar(max)",
        _concat,
        "The arguments joined; NULL counts as empty.",
        (Example("CONCAT('Make: ', NULL, 'x', 1)", "Make: x1"), Example("CONCAT(NULL, NULL)", "")),
        is_strict=False,
        kernel=_concat_kernel,
        category="Strings",
    ),
    Function(
        "CONCAT_WS",
        (
            Parameter("separator", "nvarchar(max)"),
            Parameter("text", "nvarchar(max)"),
            Parameter("text", "nvarchar(max)", is_repeated=True),
        ),
        "nvarchar(max)",
        _concat_ws,
        "The arguments joined with a separator between them; NULLs are left out.",
        (Example("CONCAT_WS(', ', 'a', NULL, 'b')", "a, b"),),
        is_strict=False,
        kernel=_concat_ws_kernel,
        category="Strings",
    ),
)

declare(
    "LEN",
    (_TEXT,),
    Kind.BIGINT,
    _length,
    "The number of characters, blanks at the end not counted.",
    Example("LEN('abc  ')", 3),
    kernel=_text_kernel(Kind.BIGINT, _length_series),
)
declare(
    "LOWER",
    (_TEXT,),
    Kind.NVARCHAR,
    lower,
    "The text in lower case.",
    Example("LOWER('ABC')", "abc"),
    kernel=_text_kernel(Kind.NVARCHAR, lower_series),
)
declare(
    "UPPER",
    (_TEXT,),
    Kind.NVARCHAR,
    upper,
    "The text in upper case, every character by itself.",
    Example("UPPER('abc')", "ABC"),
    kernel=_text_kernel(Kind.NVARCHAR, upper_series),
)
declare(
    "LTRIM",
    (_TEXT,),
    Kind.NVARCHAR,
    _left_trim,
    "The text without white space at its beginning.",
    Example("LTRIM('  a ')", "a "),
    kernel=_text_kernel(Kind.NVARCHAR, lambda texts: texts.str.strip_chars_start(WHITE_SPACE)),
)
declare(
    "RTRIM",
    (_TEXT,),
    Kind.NVARCHAR,
    _right_trim,
    "The text without white space at its end.",
    Example("RTRIM(' a  ')", " a"),
    kernel=_text_kernel(Kind.NVARCHAR, lambda texts: texts.str.strip_chars_end(WHITE_SPACE)),
)
declare(
    "TRIM",
    (_TEXT,),
    Kind.NVARCHAR,
    _trim,
    "The text without white space at both ends.",
    Example("TRIM('  a ')", "a"),
    kernel=_text_kernel(Kind.NVARCHAR, lambda texts: texts.str.strip_chars(WHITE_SPACE)),
)
declare(
    "NCHAR",
    (Parameter("code", "bigint"),),
    Kind.NVARCHAR,
    _nchar,
    "The character of a Unicode code point; NULL outside of 0 to 1114111.",
    Example("NCHAR(65)", "A"),
)
declare(
    "UNICODE",
    (_TEXT,),
    Kind.BIGINT,
    _unicode,
    "The Unicode code point of the first character; NULL for an empty text.",
    Example("UNICODE('A')", 65),
)
declare(
    "REPLACE",
    (_TEXT, Parameter("find", "nvarchar(max)"), Parameter("new", "nvarchar(max)")),
    Kind.NVARCHAR,
    _replace,
    "The text with every occurrence of another text replaced, from left to right.",
    Example("REPLACE('aaaa', 'aa', 'b')", "bb"),
    kernel=strict(_replace_kernel),
)
declare(
    "REPLICATE",
    (_TEXT, Parameter("count", "bigint")),
    Kind.NVARCHAR,
    _replicate,
    "The text repeated; NULL for a negative count.",
    Example("REPLICATE('ab', 3)", "ababab"),
)
declare(
    "REVERSE",
    (_TEXT,),
    Kind.NVARCHAR,
    _reverse,
    "The characters in reverse order.",
    Example("REVERSE('abc')", "cba"),
)
declare(
    "SPACE",
    (Parameter("count", "bigint"),),
    Kind.NVARCHAR,
    _space,
    "A text of blanks; NULL for a negative count.",
    Example("SPACE(2)", "  "),
)
declare(
    "TRANSLATE",
    (_TEXT, Parameter("characters", "nvarchar(max)"), Parameter("translations", "nvarchar(max)")),
    Kind.NVARCHAR,
    _translate,
    "The text with single characters replaced by those at the same place in a second list.",
    Example("TRANSLATE('[137.4,72.3]', '[,]', '( )')", "(137.4 72.3)"),
)
