"""The body of a scoring service's answer, matched with the rows of its request.

An answer with status 200 is an array with one element per row, in order: bare, inside of an object under declared
names, or either of them as the text of a JSON string, as scripts give it that return `json.dumps(..)`.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import orjson

from asaql.model import BIGINT_MAX, BIGINT_MIN, Value
from asaql.udf.scoring_values import to_number

_LONG_NUMBER: Final = re.compile(rb"(?<![0-9.])[0-9]{19}")
"""Digits that may be a whole number beyond 64 bits, which the decoder would round without a word."""

_MANY_DIGITS: Final = b"0" * 19
_DIGITS: Final = bytes(each if each not in b"123456789" else ord("0") for each in range(256))
"""Makes every digit a 0, so that a search for many of them, which is fast, comes before the exact one."""

_SHOWN_BYTES: Final = 200
_NUMERIC_TYPES: Final = ("Int", "Double", "Single", "Float", "Decimal")


class AnswerError(ValueError):
    """An answer cannot be matched with its rows; the text says why, as the end of a sentence.

    Attributes:
        is_about_names: Whether naming the place of the results would help.
    """

    def __init__(self, text: str, *, is_about_names: bool = False) -> None:
        super().__init__(text)
        self.is_about_names = is_about_names


class _NoJson(AnswerError):
    """The body, or the text in it, is no JSON at all."""


def read_answer(body: bytes, row_count: int, path: Sequence[str]) -> list[Value]:
    """Return the results in an answer, one per row.

    Args:
        body: The answer as it came.
        row_count: How many rows the request had.
        path: The names under which an object holds the array of results.

    Raises:
        AnswerError: The answer is no JSON, no array, or has another number of elements.
    """
    answer = decode_answer(body)
    if isinstance(answer, str):
        message = f"the text {quoted(answer)} and no results for {rows(row_count)}"
        raise AnswerError(message)
    is_object = isinstance(answer, dict)
    if is_object:
        answer = _table_rows(_follow(answer, path, row_count))
    if not isinstance(answer, list):
        message = f"{_kind(answer)} instead of an array with results for {rows(row_count)}"
        raise AnswerError(message, is_about_names=is_object)
    if len(answer) != row_count:
        message = f"{results(len(answer))} for {rows(row_count)}"
        raise AnswerError(message)
    return answer


def decode_answer(body: bytes) -> Any:
    """Return the value of a body; if that is a text which holds an array or object, what it holds.

    Raises:
        AnswerError: The body is no JSON.
    """
    answer = _decode(body)
    if isinstance(answer, str):
        inner = _decode_text(answer)
        return inner if isinstance(inner, list | dict) else answer
    return answer


def _table_rows(answer: Any) -> Any:
    """Return a table with names, as classic services give it, as a record for each row; others as they are."""
    if not isinstance(answer, dict) or not isinstance(answer.get("Values"), list):
        return answer
    names, types = answer.get("ColumnNames"), answer.get("ColumnTypes")
    if not isinstance(names, list):
        return answer
    kinds = map(str, types) if isinstance(types, list) else ()
    numeric = {name for name, kind in zip(names, kinds, strict=False) if kind.startswith(_NUMERIC_TYPES)}

    def record(row: Any) -> Any:
        if not isinstance(row, list) or len(row) != len(names):
            return row
        pairs = zip(names, row, strict=True)
        return {name: to_number(value) if name in numeric else value for name, value in pairs}

    return [record(row) for row in answer["Values"]]


def first_bytes(body: bytes) -> str:
    """Return the beginning of an answer on one line."""
    text = body[:_SHOWN_BYTES].decode("utf-8", "replace")
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return shown + ("..." if len(body) > _SHOWN_BYTES else "")


def quoted(text: str) -> str:
    """Return the beginning of a text in quotes, on one line."""
    return f'"{first_bytes(text.encode("utf-8", "replace"))}"'


def rows(count: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if count == 1 else f"{count:,} rows"


def results(count: int) -> str:
    """Return a number of results in words."""
    return "1 result" if count == 1 else f"{count:,} results"


def _decode(body: bytes) -> Any:
    try:
        if _MANY_DIGITS not in body.translate(_DIGITS) or _LONG_NUMBER.search(body) is None:
            return orjson.loads(body)
        return json.loads(body, parse_int=_bigint, parse_constant=_constant)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _NoJson(_no_json(body)) from error


def _decode_text(text: str) -> Any:
    """Return what a text holds if that is JSON, else None."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return _decode(text.encode())
    except (_NoJson, UnicodeEncodeError):
        return None


def _no_json(body: bytes) -> str:
    if not body:
        return "an empty body"
    try:
        json.loads(body, parse_constant=_constant)
    except ValueError as error:
        return str(error) if isinstance(error, AnswerError) else f"a body of {len(body):,} bytes that is no JSON"
    return "a body that is no JSON"


def _bigint(text: str) -> int:
    number = int(text) if len(text) < 30 else BIGINT_MAX + 1
    if not BIGINT_MIN <= number <= BIGINT_MAX:
        message = f"the whole number {text[:40]}, which does not fit a bigint"
        raise AnswerError(message)
    return number


def _constant(name: str) -> Any:
    message = f"{name}, which is no JSON"
    raise AnswerError(message)


def _follow(answer: dict[str, Any], path: Sequence[str], row_count: int) -> Any:
    """Return what an object holds under the names of `path`."""
    node: Any = answer
    for name in path:
        if not isinstance(node, dict) or name not in node:
            message = f'{_kind(node)} without "{"/".join(path)}", where the results for {rows(row_count)} belong'
            raise AnswerError(message, is_about_names=True)
        node = node[name]
    return node


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        names = ", ".join(f'"{str(name)[:40]}"' for name in list(value)[:5])
        return f"an object with {names}" if names else "an empty object"
    kinds: dict[type, str] = {str: "a text", bool: "a Boolean", int: "a number", float: "a number", list: "an array"}
    return kinds.get(type(value), "null")
