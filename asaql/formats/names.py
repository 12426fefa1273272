"""Names of fields, which match without regard to case."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from asaql.model import Value


@lru_cache(maxsize=65_536)
def fold(name: str) -> str:
    """Return the form in which names that differ in case only are equal."""
    return name.casefold()


def matching_key(record: Mapping[str, Any], name: str) -> str | None:
    """Return the key that `name` stands for, or None if the record has none.

    The key spelled as `name` if there is one, else the first key that differs from it in case only.
    """
    if name in record:
        return name
    folded = fold(name)
    for key in record:
        if fold(key) == folded:
            return key
    return None


def value_at(record: Any, path: tuple[str, ...]) -> Value:
    """Return the value at `path` below a value; NULL where a step is missing or leads through what is no record."""
    for name in path:
        if type(record) is not dict:
            return None
        value = record.get(name)
        if value is None and name not in record:
            key = matching_key(record, name)
            if key is None:
                return None
            value = record[key]
        record = value
    found: Value = record
    return found
