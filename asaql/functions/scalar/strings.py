"""String functions. Positions begin at 1; lengths and positions count UTF-16 units."""

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any

import polars as pl

from asaql.functions.registry import Example, Function, FunctionError, Kernel, Parameter, Scalar, register
from asaql.functions.scalar.conversions import convert_series
from asaql.functions.scalar.kernels import column_of, is_basic, rowwise, strict
from asaql.functions.scalar.texts import (
    WHITE_SPACE,
    from_units,
    is_basic_text,
    lower,
    lower_series,
    units,
    upper,
    upper_series,
)
from asaql.functions.scalar.types import as_bigint, as_text
from asaql.model import Column, Kind, Value

_LONGEST = 2**30
"""The most characters an nvarchar(max) holds."""


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


def _left(text: str, count: int) -> str:
    _check_length(count, "LEFT")
    return text[:count] if is_basic_text(text) else from_units(units(text)[:count])


def _right(text: str, count: int) -> str:
    _check_length(count, "RIGHT")
    all_units = units(text)
    return from_units(all_units[max(len(all_units) - count, 0) :])


def _length(text: str) -> int:
    trimmed = text.rstrip(" ")
    return len(trimmed) if is_basic_text(trimmed) else len(units(trimmed))


def _substring(text: str, start: int, count: int) -> str:
    _check_length(count, "SUBSTRING")
    begin, end = max(start - 1, 0), max(start - 1 + count, 0)
    return text[begin:end] if is_basic_text(text) else from_units(units(text)[begin:end])


def _stuff(text: str, start: int, count: int, inserted: str) -> str | None:
    _check_length(count, "STUFF")
    if start < 1:
        return None
    all_units = units(text)
    if start > len(all_units):
        return ""
    return from_units(all_units[: start - 1] + inserted + all_units[start - 1 + count :])


def _check_length(count: int, function: str) -> None:
    if count < 0:
        message = f"{function} takes no negative length, and this is {count}"
        raise FunctionError(message, "AQ306")


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
    if len(text) * count > _LONGEST:
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


def _converting(name: str, body: Callable[..., Any], *kinds: Kind) -> Scalar:
    """Return a body that converts its arguments to the kinds that `body` takes."""
    converters = [as_bigint if each is Kind.BIGINT else as_text for each in kinds]

    def scalar(*values: Value) -> Value:
        return body(*(convert(value, name) for convert, value in zip(converters, values, strict=True)))  # type: ignore[no-any-return]

    return scalar


def _length_series(texts: pl.Series) -> pl.Series | None:
    return texts.str.strip_chars_end(" ").str.len_chars().cast(pl.Int64) if is_basic(texts) else None


def _text_kernel(kind: Kind, compute: Callable[[pl.Series], pl.Series | None]) -> Kernel:
    """Return the kernel of a function of one text."""

    def kernel(arguments: Sequence[Column], height: int) -> Column | None:
        texts = _text_columns(arguments)
        result = None if texts is None else compute(texts[0])
        return None if result is None else column_of(kind, result, arguments)

    return strict(kernel)


def _substring_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    text, start, count = arguments
    if (
        text.kind is Kind.NVARCHAR
        and start.is_constant
        and count.is_constant
        and start.kind is count.kind is Kind.BIGINT
    ):
        begin, length = start.series[0] - 1, count.series[0]
        if length < 0 or max(abs(begin), length) > _LONGEST or not is_basic(text.series):
            return None
        end = max(begin + length, 0)
        begin = max(begin, 0)
        return column_of(Kind.NVARCHAR, text.series.str.slice(begin, end - begin), arguments)
    return _substring_rows(arguments, height)


_substring_rows = rowwise(Kind.NVARCHAR, _substring, Kind.NVARCHAR, Kind.BIGINT)


def _left_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    one = Column.constant(1)
    return _substring_kernel((arguments[0], one, arguments[1]), height)


def _right_kernel(arguments: Sequence[Column], height: int) -> Column | None:
    text, count = arguments
    if text.kind is not Kind.NVARCHAR or count.kind is not Kind.BIGINT or not count.is_constant:
        return _right_rows(arguments, height)
    length = count.series[0]
    if not 0 <= length <= _LONGEST or not is_basic(text.series):
        return None
    return column_of(Kind.NVARCHAR, text.series.str.tail(length), arguments)


_right_rows = rowwise(Kind.NVARCHAR, _right, Kind.NVARCHAR, Kind.BIGINT)


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
_COUNT = Parameter("length", "bigint")
_START = Parameter("start", "bigint")


def _declare(
    name: str,
    parameters: tuple[Parameter, ...],
    kind: Kind,
    body: Callable[..., Any],
    summary: str,
    *examples: Example,
    kernel: Kernel | None = None,
    notes: tuple[str, ...] = (),
) -> None:
    """Register a strict function whose body takes texts and bigints, as its parameters say."""
    kinds = [Kind.BIGINT if each.type == "bigint" else Kind.NVARCHAR for each in parameters]
    register(
        Function(
            name,
            parameters,
            str(kind),
            _converting(name, body, *kinds),
            summary,
            examples,
            kernel=kernel or rowwise(kind, body, *kinds),
            category="Strings",
            notes=notes,
        )
    )


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

_declare(
    "LEFT",
    (_TEXT, _COUNT),
    Kind.NVARCHAR,
    _left,
    "The first characters of a text.",
    Example("LEFT('abcdef', 2)", "ab"),
    kernel=strict(_left_kernel),
    notes=("A negative length fails the job.",),
)
_declare(
    "RIGHT",
    (_TEXT, _COUNT),
    Kind.NVARCHAR,
    _right,
    "The last characters of a text.",
    Example("RIGHT('abcdef', 2)", "ef"),
    kernel=strict(_right_kernel),
    notes=("A negative length fails the job.",),
)
_declare(
    "LEN",
    (_TEXT,),
    Kind.BIGINT,
    _length,
    "The number of characters, blanks at the end not counted.",
    Example("LEN('abc  ')", 3),
    kernel=_text_kernel(Kind.BIGINT, _length_series),
)
_declare(
    "LOWER",
    (_TEXT,),
    Kind.NVARCHAR,
    lower,
    "The text in lower case.",
    Example("LOWER('ABC')", "abc"),
    kernel=_text_kernel(Kind.NVARCHAR, lower_series),
)
_declare(
    "UPPER",
    (_TEXT,),
    Kind.NVARCHAR,
    upper,
    "The text in upper case, every character by itself.",
    Example("UPPER('abc')", "ABC"),
    kernel=_text_kernel(Kind.NVARCHAR, upper_series),
)
_declare(
    "LTRIM",
    (_TEXT,),
    Kind.NVARCHAR,
    _left_trim,
    "The text without white space at its beginning.",
    Example("LTRIM('  a ')", "a "),
    kernel=_text_kernel(Kind.NVARCHAR, lambda texts: texts.str.strip_chars_start(WHITE_SPACE)),
)
_declare(
    "RTRIM",
    (_TEXT,),
    Kind.NVARCHAR,
    _right_trim,
    "The text without white space at its end.",
    Example("RTRIM(' a  ')", " a"),
    kernel=_text_kernel(Kind.NVARCHAR, lambda texts: texts.str.strip_chars_end(WHITE_SPACE)),
)
_declare(
    "TRIM",
    (_TEXT,),
    Kind.NVARCHAR,
    _trim,
    "The text without white space at both ends.",
    Example("TRIM('  a ')", "a"),
    kernel=_text_kernel(Kind.NVARCHAR, lambda texts: texts.str.strip_chars(WHITE_SPACE)),
)
_declare(
    "NCHAR",
    (Parameter("code", "bigint"),),
    Kind.NVARCHAR,
    _nchar,
    "The character of a Unicode code point; NULL outside of 0 to 1114111.",
    Example("NCHAR(65)", "A"),
)
_declare(
    "UNICODE",
    (_TEXT,),
    Kind.BIGINT,
    _unicode,
    "The Unicode code point of the first character; NULL for an empty text.",
    Example("UNICODE('A')", 65),
)
_declare(
    "REPLACE",
    (_TEXT, Parameter("find", "nvarchar(max)"), Parameter("new", "nvarchar(max)")),
    Kind.NVARCHAR,
    _replace,
    "The text with every occurrence of another text replaced, from left to right.",
    Example("REPLACE('aaaa', 'aa', 'b')", "bb"),
    kernel=strict(_replace_kernel),
)
_declare(
    "REPLICATE",
    (_TEXT, Parameter("count", "bigint")),
    Kind.NVARCHAR,
    _replicate,
    "The text repeated; NULL for a negative count.",
    Example("REPLICATE('ab', 3)", "ababab"),
)
_declare(
    "REVERSE",
    (_TEXT,),
    Kind.NVARCHAR,
    _reverse,
    "The characters in reverse order.",
    Example("REVERSE('abc')", "cba"),
)
_declare(
    "SPACE",
    (Parameter("count", "bigint"),),
    Kind.NVARCHAR,
    _space,
    "A text of blanks; NULL for a negative count.",
    Example("SPACE(2)", "  "),
)
_declare(
    "STUFF",
    (_TEXT, _START, _COUNT, Parameter("new", "nvarchar(max)")),
    Kind.NVARCHAR,
    _stuff,
    "The text with a number of characters deleted and another text put in their place.",
    Example("STUFF('abcdef', 2, 3, 'ijklmn')", "aijklmnef"),
    notes=("A start beyond the end gives an empty text, one before the beginning NULL.",),
)
_declare(
    "SUBSTRING",
    (_TEXT, _START, _COUNT),
    Kind.NVARCHAR,
    _substring,
    "A part of a text.",
    Example("SUBSTRING('abcdef', 2, 3)", "bcd"),
    Example("SUBSTRING('abcdef', -1, 3)", "a"),
    kernel=strict(_substring_kernel),
    notes=("A negative length fails the job.",),
)
_declare(
    "TRANSLATE",
    (_TEXT, Parameter("characters", "nvarchar(max)"), Parameter("translations", "nvarchar(max)")),
    Kind.NVARCHAR,
    _translate,
    "The text with single characters replaced by those at the same place in a second list.",
    Example("TRANSLATE('[137.4,72.3]', '[,]', '( )')", "(137.4 72.3)"),
)
