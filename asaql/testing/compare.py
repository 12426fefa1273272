"""Compares the rows a case expects with the rows a job gave, and says how they differ.

Rows are compared as values: numbers by value, floats within a relative tolerance, bits only with bits, text and
datetimes (which are text by then) exactly, records without regard to the order of their fields. A field that is NULL
is not a field that is missing.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from asaql.testing.case import Output

Row = Mapping[str, Any]

_ABSOLUTE_TOLERANCE = 1e-12
"""Floats nearer than this count as equal: next to zero no relative distance is small."""
_SIGNIFICANT_DIGITS = 9
_LARGEST_BIGINT = 2**63
_MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """An expected row and the observed row nearest to it, by their positions; None for a row without a counterpart."""

    expected: int | None
    observed: int | None


def values_equal(expected: object, observed: object, *, tolerance: float = 1e-9, exact: bool = False) -> bool:
    """Return whether two values count as equal.

    Args:
        expected: A value as JSON reads it.
        observed: Likewise.
        tolerance: The relative distance within which floats are equal.
        exact: Whether a bigint is never equal to a float.
    """
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
    return type(expected) is type(observed) and expected == observed


def _numbers_equal(expected: float, observed: float, tolerance: float, exact: bool) -> bool:
    if isinstance(expected, int) and isinstance(observed, int):
        return expected == observed
    if exact and type(expected) is not type(observed):
        return False
    if math.isnan(expected) or math.isnan(observed):
        return math.isnan(expected) and math.isnan(observed)
    return math.isclose(expected, observed, rel_tol=tolerance, abs_tol=_ABSOLUTE_TOLERANCE)


def compare_rows(output: Output, observed: Sequence[Row], *, tolerance: float = 1e-9, path: object = "") -> list[str]:
    """Return the difference between an output's expected and observed rows as lines; none if they are equal.

    Args:
        output: The expectation.
        observed: The rows that the job wrote to the output, in that order.
        tolerance: The relative distance within which floats are equal.
        path: The case file, for naming the lines of expected rows.
    """
    comparison = _Comparison(output, observed, tolerance)
    if comparison.is_equal():
        return []
    numbers = [number for number, _ in output.block.lines()]
    head = f'output "{output.name}": {_count(len(output.rows))} expected, {_count(len(observed))} observed'
    if output.is_ordered and comparison.is_equal_unordered():
        head += "; the same rows in another order"
    lines = [head]
    for pair in comparison.pairs():
        if pair.expected is not None and pair.observed is not None:
            left, right = output.rows[pair.expected], observed[pair.observed]
            if comparison.rows_equal(left, right):
                continue
            lines += [f"  {path}:{numbers[pair.expected]}: row {pair.observed + 1} differs"]
            lines += [f"    - {row_text(left)}", f"    + {row_text(right)}"]
            lines += [f"      {each}" for each in _fields(left, right, comparison)]
        elif pair.expected is not None:
            lines += [f"  {path}:{numbers[pair.expected]}: missing", f"    - {row_text(output.rows[pair.expected])}"]
        elif pair.observed is not None:
            lines += [f"  row {pair.observed + 1}: unexpected", f"    + {row_text(observed[pair.observed])}"]
    return lines if len(lines) <= _MAX_SHOWN * 4 else [*lines[: _MAX_SHOWN * 4], "  (and more)"]


def row_text(row: object) -> str:
    """Return a row as a case file writes it: JSON on one line, characters as they are unless they cannot be seen."""
    return "".join(map(_visible, json.dumps(row, ensure_ascii=False)))


def _visible(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


class _Comparison:
    def __init__(self, output: Output, observed: Sequence[Row], tolerance: float) -> None:
        self._output = output
        self._observed = observed
        self._tolerance = tolerance

    def rows_equal(self, expected: object, observed: object) -> bool:
        return values_equal(expected, observed, tolerance=self._tolerance, exact=self._output.is_exact)

    def is_equal(self) -> bool:
        if not self._output.is_ordered:
            return self.is_equal_unordered()
        rows = self._output.rows
        return len(rows) == len(self._observed) and all(map(self.rows_equal, rows, self._observed))

    def is_equal_unordered(self) -> bool:
        return all(each.expected is not None and each.observed is not None for each in self._match_equal())

    def _match_equal(self) -> list[Pair]:
        """Pair every row with an equal one where there is one, regardless of order."""
        left_over: dict[str, list[int]] = {}
        for at, row in enumerate(self._observed):
            left_over.setdefault(canonical_text(row), []).append(at)
        pairs: list[Pair] = []
        unmatched: list[int] = []
        for at, row in enumerate(self._output.rows):
            candidates = left_over.get(canonical_text(row), [])
            found = next((each for each in candidates if self.rows_equal(row, self._observed[each])), None)
            if found is None:
                unmatched.append(at)
            else:
                candidates.remove(found)
                pairs.append(Pair(at, found))
        rest = sorted(each for several in left_over.values() for each in several)
        for at in unmatched:
            equal = next((each for each in rest if self.rows_equal(self._output.rows[at], self._observed[each])), None)
            if equal is not None:
                rest.remove(equal)
            pairs.append(Pair(at, equal))
        return pairs + [Pair(None, each) for each in rest]

    def pairs(self) -> Iterator[Pair]:
        """Yield every row once: equal rows together, then each rest with the nearest other row."""
        if self._output.is_ordered:
            keys = [canonical_text(row) for row in self._output.rows], [canonical_text(row) for row in self._observed]
            for kind, low, high, start, stop in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
                if kind == "equal":
                    yield from map(Pair, range(low, high), range(start, stop))
                else:
                    yield from self._nearest(list(range(low, high)), list(range(start, stop)))
            return
        matched = self._match_equal()
        yield from (each for each in matched if each.expected is not None and each.observed is not None)
        missing = [each.expected for each in matched if each.observed is None and each.expected is not None]
        unexpected = [each.observed for each in matched if each.expected is None and each.observed is not None]
        yield from self._nearest(missing, unexpected)

    def _nearest(self, missing: list[int], unexpected: list[int]) -> Iterator[Pair]:
        unexpected = unexpected.copy()
        for at in missing:
            row = self._output.rows[at]
            score, nearest = max(
                ((self._shared(row, self._observed[each]), each) for each in unexpected),
                key=lambda scored: (scored[0], -scored[1]),
                default=(0, None),
            )
            if nearest is not None and score > 0:
                unexpected.remove(nearest)
                yield Pair(at, nearest)
            else:
                yield Pair(at, None)
        yield from (Pair(None, each) for each in unexpected)

    def _shared(self, left: Row, right: Row) -> int:
        """Return how much two rows have in common: a field with equal values weighs more than a field."""
        common = left.keys() & right.keys()
        return sum(1 + 4 * self.rows_equal(left[key], right[key]) for key in common)


def _fields(expected: Row, observed: Row, comparison: _Comparison) -> Iterator[str]:
    for key in [*expected, *(each for each in observed if each not in expected)]:
        if key not in observed:
            yield f'"{key}": missing'
        elif key not in expected:
            yield f'"{key}": not expected'
        elif not comparison.rows_equal(expected[key], observed[key]):
            yield f'"{key}": expected {row_text(expected[key])}, observed {row_text(observed[key])}'


def canonical_text(value: object) -> str:
    """Return a text that is the same for rows that are plainly equal; used to find counterparts, never to judge."""
    return json.dumps(_canonical(value), sort_keys=True)


def _canonical(value: object) -> object:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and abs(value) > _LARGEST_BIGINT:
        return str(value)
    if isinstance(value, int | float):
        return f"{value:.{_SIGNIFICANT_DIGITS}g}"
    if isinstance(value, Mapping):
        return {key: _canonical(each) for key, each in value.items()}
    return [_canonical(each) for each in value] if isinstance(value, list | tuple) else repr(value)


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"
