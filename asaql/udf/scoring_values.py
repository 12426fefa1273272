"""Values on their way to a scoring service, converted to the types that the service declares."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias

from asaql.functions.scalar.types import number_of_text, text_of
from asaql.model import BIGINT_MIN, Instant

Convert: TypeAlias = Callable[[Any], Any]


class ElementType(StrEnum):
    """What a service declares a value to be."""

    TEXT = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BIT = "boolean"
    OPEN = "any"
    """The service does not say, or says something that no scalar is."""


def plain(value: Any) -> Any:
    """Return a value inside of a row that JSON has no form for as one that it has; for the encoder."""
    if type(value) is Instant:
        return str(value)
    raise TypeError(type(value))


def record_converter(types: Mapping[str, ElementType]) -> Convert | None:
    """Return what converts the fields of a record, found without regard to case, or None if none is to be converted."""
    converters = {name: CONVERTERS[kind] for name, kind in types.items() if kind in CONVERTERS}
    if not converters:
        return None
    # Nearly every row has the names of the row before it, so folding them is worth remembering.
    spelled: dict[str, Convert] = {}

    def convert(row: Any) -> Any:
        if type(row) is not dict:
            return row
        try:
            return {name: spelled[name](value) for name, value in row.items()}
        except KeyError:
            spelled.update({name: converters.get(name.casefold(), _unchanged) for name in row})
        return {name: spelled[name](value) for name, value in row.items()}

    return convert


def _unchanged(value: Any) -> Any:
    return value


def to_text(value: Any) -> Any:
    """Return a scalar as the text the dialect prints; other values as they are."""
    if type(value) is str or value is None:
        return value
    text = text_of(value)
    return value if text is None else text


def to_number(value: Any) -> Any:
    """Return text that holds a number as that number; other values as they are."""
    if type(value) is str:
        number = number_of_text(value)
        return value if number is None else number
    return value


def to_integer(value: Any) -> Any:
    """Return text that holds a number as that number, and whole floats as bigints; other values as they are."""
    number = to_number(value)
    if type(number) is float and number.is_integer() and BIGINT_MIN <= number < -BIGINT_MIN:
        return int(number)
    return number


def to_bit(value: Any) -> Any:
    """Return the texts true and false and the numbers 1 and 0 as bits; other values as they are."""
    if type(value) is str and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    return bool(value) if type(value) is int and value in (0, 1) else value


CONVERTERS: Final[Mapping[ElementType, Convert]] = {
    ElementType.TEXT: to_text,
    ElementType.NUMBER: to_number,
    ElementType.INTEGER: to_integer,
    ElementType.BIT: to_bit,
}
