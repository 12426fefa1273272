"""Records and arrays: fields, elements, JSON text."""

import re
from functools import lru_cache
from typing import Any

import orjson

from asaql.functions.registry import Example, Function, FunctionError, Parameter, register
from asaql.functions.scalar.types import as_bigint, as_text, describe
from asaql.model import BIGINT_MAX, BIGINT_MIN, Value


def field_of(record: Value, name: str) -> Value:
    """Return a field of a record; NULL if the value is no record or has no such field.

    Names ignore case; of fields that differ in case only, the one spelled as asked for is taken, else the first.
    """
    if type(record) is not dict:
        return None
    if name in record:
        return record[name]  # type: ignore[no-any-return]
    wanted = _folded(name)
    for key, value in record.items():
        if _folded(key) == wanted:
            return value  # type: ignore[no-any-return]
    return None


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    return name.casefold()


def _array_element(array: Value, index: Value) -> Value:
    elements = _as_array(array, "GetArrayElement")
    place = as_bigint(index, "GetArrayElement")
    return elements[place] if 0 <= place < len(elements) else None


def _array_length(array: Value) -> Value:
    return len(_as_array(array, "GetArrayLength"))


def _as_array(value: Value, function: str) -> list[Any]:
    if type(value) is list:
        return value
    message = f"{function} takes an array, not {describe(value)}"
    raise FunctionError(message)


def _record_property(record: Value, name: Value) -> Value:
    if type(record) is not dict:
        message = f"GetRecordPropertyValue takes a record, not {describe(record)}"
        raise FunctionError(message, help="JSON_PARSE(...) reads a record from text" if type(record) is str else None)
    text = as_text(name, "GetRecordPropertyValue")
    is_quoted = len(text) > 2 and text[0] == text[-1] == '"' and text not in record
    return field_of(record, text[1:-1] if is_quoted else text)


_LONG_NUMBER = re.compile(r"[0-9]{19}")


def _json_parse(text: Value) -> Value:
    if type(text) is not str:
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if type(value) is not dict:
        return None
    return value if _LONG_NUMBER.search(text) is None or _fits(value) else None


def _fits(value: Any) -> bool:
    """Return whether every whole number within a value fits a bigint."""
    stack = [value]
    while stack:
        each = stack.pop()
        if type(each) is int and not BIGINT_MIN <= each <= BIGINT_MAX:
            return False
        if type(each) is dict:
            stack.extend(each.values())
        elif type(each) is list:
            stack.extend(each)
    return True


_RECORD = Parameter("record", "record")
_NUMBERS = "GetRecordPropertyValue(JSON_PARSE('{\"a\": [10, 20]}'), 'a')"
_ARRAY = Parameter("array", "array")

register(
    Function(
        "GetArrayElement",
        (_ARRAY, Parameter("index", "bigint")),
        "the type of the element",
        _array_element,
        "The element at an index, counted from 0; NULL outside of the array.",
        (Example(f"GetArrayElement({_NUMBERS}, 1)", 20), Example(f"GetArrayElement({_NUMBERS}, 2)", None)),
        category="Records and arrays",
    ),
    Function(
        "GetArrayLength",
        (_ARRAY,),
        "bigint",
        _array_length,
        "The number of elements, NULLs included.",
        (Example(f"GetArrayLength({_NUMBERS})", 2),),
        category="Records and arrays",
    ),
    Function(
        "GetRecordPropertyValue",
        (_RECORD, Parameter("name", "nvarchar(max)")),
        "the type of the property",
        _record_property,
        "The property of a record whose name is computed; NULL if it has none of that name.",
        (Example("GetRecordPropertyValue(JSON_PARSE('{\"a\": 1}'), 'a')", 1),),
        category="Records and arrays",
        notes=("A name may be written in double quotes within the text.",),
    ),
    Function(
        "JSON_PARSE",
        (Parameter("text", "nvarchar(max)"),),
        "record",
        _json_parse,
        "The record that a JSON text holds; NULL if it holds none.",
        (Example("JSON_PARSE('{\"a\": 1}')", {"a": 1}), Example("JSON_PARSE('[1]')", None)),
        category="Records and arrays",
    ),
)
