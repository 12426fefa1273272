"""When two values count as equal.

- Numbers are compared by value; a bigint with a float, and floats with each other, within a relative tolerance.
- A bit equals a bit and nothing else.
- Texts are equal if they are the same. A datetime, which outputs hold as text of the one form
  `yyyy-MM-ddTHH:mm:ss.fffffffZ`, also equals any other ISO 8601 spelling of the same instant; a text that is no such
  datetime but only looks like one does not.
- Records are compared without regard to the order of their fields, arrays item by item. A field that is NULL is not a
  field that is missing.
- A value from a CSV file has no type: it equals what is written as it is, and a number or bit that it spells.

An exact comparison tells a bigint from a float and takes datetimes as they are written.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Final

from asaql.model import format_ticks, parse_ticks

ABSOLUTE_TOLERANCE: Final = 1e-12
"""Floats nearer than this count as equal: next to zero no relative distance is small."""

_SIGNIFICANT_DIGITS = 9
_LARGEST_BIGINT = 2**63
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity", re.ASCII)
_WRITTEN_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", re.ASCII)
_ANY_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d)?([.,]\d+)? ?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)


class CsvText(str):
    """A value of a CSV file, whose type is not known."""

    __slots__ = ()


def values_equal(expected: object, observed: object, *, tolerance: float = 1e-9, exact: bool = False) -> bool:
    """Return whether two values count as equal.

    Args:
        expected: A value as JSON reads it, or a `CsvText`.
        observed: A value as JSON reads it.
        tolerance: The relative distance within which floats are equal.
        exact: Whether a bigint is never equal to a float, and a datetime only to its own spelling.
    """
    if isinstance(expected, CsvText):
        return _spells(expected, observed, tolerance)
    if isinstance(expected, bool) or isinstance(observed, bool):
        return type(expected) is type(observed) and expected == observed
    if isinstance(expected, int | float) and isinstance(observed, int | float):
        return _numbers_equal(expected, observed, tolerance, exact)
    if isinstance(expected, Mapping) and isinstance(observed, Mapping):
        return expected.keys() == observed.keys() and all(
            values_equal(expected[key], observed[key], tolerance=tolerance, exact=exact) for key in expected
        )
    if isinstance(expected, list | tuple) and isinstance(observed, list | tuple):
        return len(expected) == len(observed) and all(
            values_equal(left, right, tolerance=tolerance, exact=exact)
            for left, right in zip(expected, observed, strict=True)
        )
    if isinstance(expected, str) and isinstance(observed, str):
        return expected == observed or (not exact and is_same_instant(expected, observed))
    return type(expected) is type(observed) and expected == observed


def is_same_instant(expected: str, observed: str) -> bool:
    """Return whether an observed datetime is the instant that the expected text spells."""
    if _WRITTEN_DATETIME.fullmatch(observed) is None or _ANY_DATETIME.fullmatch(expected) is None:
        return False
    return parse_ticks(expected) == parse_ticks(observed)


def _numbers_equal(expected: float, observed: float, tolerance: float, exact: bool) -> bool:
    if isinstance(expected, int) and isinstance(observed, int):
        return expected == observed
    if exact and type(expected) is not type(observed):
        return False
    if math.isnan(expected) or math.isnan(observed):
        return math.isnan(expected) and math.isnan(observed)
    return math.isclose(expected, observed, rel_tol=tolerance, abs_tol=ABSOLUTE_TOLERANCE)


def _spells(text: CsvText, observed: object, tolerance: float) -> bool:
    """Return whether a text of a CSV file is a writing of a value."""
    plain = str(text)
    if isinstance(observed, str):
        return values_equal(plain, observed)
    if isinstance(observed, bool):
        return plain.strip().casefold() == ("true" if observed else "false")
    try:
        meant = json.loads(plain)
    except ValueError:
        return False
    return not isinstance(meant, str) and values_equal(meant, observed, tolerance=tolerance)


def row_text(row: object) -> str:
    """Return a row as a case file writes it: JSON on one line, characters as they are unless they cannot be seen."""
    return "".join(map(_visible, json.dumps(row, ensure_ascii=False)))


def _visible(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def canonical_text(value: object) -> str:
    """Return a text that is the same for rows that are plainly equal; used to find counterparts, never to judge."""
    return json.dumps(_canonical(value), sort_keys=True)


def _canonical(value: object) -> object:
    if isinstance(value, str):
        ticks = parse_ticks(value) if _ANY_DATETIME.fullmatch(value) else None
        return value if ticks is None else format_ticks(ticks)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and abs(value) > _LARGEST_BIGINT:
        return str(value)
    if isinstance(value, int | float):
        return f"{value:.{_SIGNIFICANT_DIGITS}g}"
    if isinstance(value, Mapping):
        return {key: _canonical(each) for key, each in value.items()}
    return [_canonical(each) for each in value] if isinstance(value, list | tuple) else repr(value)


def coarse_text(row: Mapping[str, object], *, is_csv: bool) -> str:
    """Return a text that is the same for all rows that `values_equal` may call equal, whatever the tolerance.

    Args:
        row: The row.
        is_csv: Whether expected rows are those of a CSV file, whose values have no type.
    """
    form = _coarse_cell if is_csv else _coarse
    return json.dumps({key: form(value) for key, value in row.items()}, sort_keys=True)


def _coarse(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _coarse(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_coarse(each) for each in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "#" if is_number else _canonical(value)


def _coarse_cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, int | float):
        return "#"
    if not isinstance(value, str):
        return "[]"
    text = value.strip()
    if text.casefold() in ("true", "false"):
        return text.casefold()
    if text[:1] in ("[", "{"):
        return "[]"
    return "#" if _NUMBER.fullmatch(text) else _canonical(str(value))
