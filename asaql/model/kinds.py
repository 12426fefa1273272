"""The dialect's types. They belong to values, not to columns."""

from enum import StrEnum
from typing import Any, TypeAlias

from asaql.model.instants import Instant

BIGINT_MIN = -(2**63)
BIGINT_MAX = 2**63 - 1

Value: TypeAlias = "int | float | str | bool | Instant | dict[str, Any] | list[Any] | None"
"""One value as Python sees it: bigint int, float float, nvarchar(max) str, bit bool, datetime Instant, record dict,
array list, NULL None. A bigint is always within 64 bits."""


class Kind(StrEnum):
    """The type of a value, spelled as GetType spells it; and two states of a column that no value has."""

    BIGINT = "bigint"
    FLOAT = "float"
    NVARCHAR = "nvarchar(max)"
    DATETIME = "datetime"
    BIT = "bit"
    RECORD = "record"
    ARRAY = "array"
    NULL = "null"
    """Every value of the column is NULL."""
    ANY = "any"
    """The column's values are of several kinds."""

    @property
    def is_number(self) -> bool:
        """Whether this is bigint or float."""
        return self is Kind.BIGINT or self is Kind.FLOAT

    @property
    def is_object(self) -> bool:
        """Whether columns of this kind hold Python objects instead of a native series."""
        return self in (Kind.RECORD, Kind.ARRAY, Kind.ANY)


_KINDS: dict[type, Kind] = {
    int: Kind.BIGINT,
    float: Kind.FLOAT,
    str: Kind.NVARCHAR,
    bool: Kind.BIT,
    Instant: Kind.DATETIME,
    dict: Kind.RECORD,
    list: Kind.ARRAY,
    type(None): Kind.NULL,
}


def kind_of(value: Value) -> Kind:
    """Return the kind of one value; NULL for None."""
    return _KINDS[type(value)]


def kind_of_type(type_: type) -> Kind:
    """Return the kind of the values of a Python type; KeyError for a type that no value has."""
    return _KINDS[type_]
