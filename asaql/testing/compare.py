"""Compares the rows a case expects with the rows a job gave, and says how they differ.

Which values are equal is told in `asaql.testing.values`. Rows that differ are shown beside the row that is most like
them: a field whose text, datetime or number is the same makes two rows more alike than one that both have, and a
number that is near more than one that is far.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Protocol
from unicodedata import combining, east_asian_width

from asaql.testing.values import CsvText, canonical_text, coarse_text, row_text, values_equal

Row = Mapping[str, Any]

_MAX_SHOWN = 20
_MAX_ALIGNED = 100
"""Rows of either side that are looked through for the nearest one; those beyond are shown by themselves."""
_WIDEST_MARKED = 160
"""Characters of a row below which carets can stand without being broken off by a terminal."""


class Expected(Protocol):
    """What is known of an output's expected rows."""

    @property
    def name(self) -> str:
        """The output's name."""

    @property
    def rows(self) -> Sequence[Row]:
        """The rows."""

    @property
    def numbers(self) -> Sequence[int]:
        """The line of each row in its file, counted from 1; empty if that is not known."""

    @property
    def is_ordered(self) -> bool:
        """Whether the order of the rows counts."""

    @property
    def is_exact(self) -> bool:
        """Whether a bigint differs from a float and datetimes count as written."""

    @property
    def ignored(self) -> frozenset[str]:
        """Fields that are not compared; `a.b` names the field b of the record a."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An expected row and the observed row nearest to it, by their positions; None for a row without a counterpart."""

    expected: int | None
    observed: int | None


def rows_match(output: Expected, observed: Sequence[Row], *, tolerance: float = 1e-9) -> bool:
    """Return whether an output got the rows it must get."""
    return _Comparison(output, observed, tolerance).is_equal()


def compare_rows(output: Expected, observed: Sequence[Row], *, tolerance: float = 1e-9, path: object = "") -> list[str]:
    """Return the difference between an output's expected and observed rows as lines; none if they are equal.

    Args:
        output: The expectation.
        observed: The rows that the job wrote to the output, in that order.
        tolerance: The relative distance within which floats are equal.
        path: The file of the expected rows, for naming their lines.
    """
    comparison = _Comparison(output, observed, tolerance)
    if comparison.is_equal():
        return []
    head = f'output "{output.name}": {_count(len(output.rows))} expected, {_count(len(observed))} observed'
    if output.is_ordered and comparison.is_equal_unordered():
        return [f"{head}; the same rows in another order", *_capped(_moves(comparison, path))]
    pairs = [each for each in comparison.pairs() if not comparison.is_pair_equal(each)]
    kinds = (
        ("different", sum(each.expected is not None and each.observed is not None for each in pairs)),
        ("missing", sum(each.observed is None for each in pairs)),
        ("unexpected", sum(each.expected is None for each in pairs)),
    )
    counts = ", ".join(f"{number} {kind}" for kind, number in kinds if number)
    shown = [line for each in pairs[:_MAX_SHOWN] for line in _shown(each, comparison, path)]
    rest = [f"  (and {len(pairs) - _MAX_SHOWN} more)"] if len(pairs) > _MAX_SHOWN else []
    return [f"{head}: {counts}" if counts else head, *shown, *rest]


def _capped(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MAX_SHOWN else [*lines[:_MAX_SHOWN], f"  (and {len(lines) - _MAX_SHOWN} more)"]


def _moves(comparison: "_Comparison", path: object) -> list[str]:
    moved = [each for each in comparison.match_equal() if each.expected != each.observed]
    return [
        f"  {comparison.place(each.expected or 0, path)}: expected as row {(each.expected or 0) + 1}, "
        f"observed as row {(each.observed or 0) + 1}"
        for each in sorted(moved, key=lambda each: each.expected or 0)
    ]


def _shown(pair: Pair, comparison: "_Comparison", path: object) -> list[str]:
    """Return the lines that show one difference."""
    if pair.expected is None:
        assert pair.observed is not None
        return [f"  row {pair.observed + 1}: unexpected", f"    + {row_text(comparison.observed[pair.observed])}"]
    place, expected = comparison.place(pair.expected, path), comparison.expected[pair.expected]
    if pair.observed is None:
        return [f"  {place}: missing", f"    - {row_text(expected)}"]
    observed = comparison.observed[pair.observed]
    marked = row_text(observed)
    names = [key for key in observed if not comparison.is_field_equal(key, expected, observed)]
    return [
        f"  {place}: row {pair.observed + 1} differs",
        f"    - {row_text(expected)}",
        f"    + {marked}",
        *([f"      {_carets(observed, names)}"] if names and len(marked) <= _WIDEST_MARKED else []),
        *(f"      {each}" for each in _fields(expected, observed, comparison)),
    ]


def _carets(row: Row, names: list[str]) -> str:
    """Return carets that stand below the fields of a row in its one-line form."""
    parts = [(key in names, f"{row_text(key)}: {row_text(value)}") for key, value in row.items()]
    return " " + "  ".join(("^" if is_marked else " ") * _cells(text) for is_marked, text in parts).rstrip()


def _cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(2 if east_asian_width(each) in "WF" else 0 if combining(each) else 1 for each in text)


def _fields(expected: Row, observed: Row, comparison: "_Comparison", above: str = "") -> Iterator[str]:
    """Yield a line for each field that differs; fields of records by their path."""
    for key in [*expected, *(each for each in observed if each not in expected)]:
        if comparison.is_field_equal(key, expected, observed):
            continue
        name = f'"{above}{key}"'
        if key not in observed:
            yield f"{name}: missing{_other_case(key, observed)}"
        elif key not in expected:
            yield f"{name}: not expected"
        elif isinstance(expected[key], Mapping) and isinstance(observed[key], Mapping):
            yield from _fields(expected[key], observed[key], comparison, f"{above}{key}.")
        else:
            left, right = expected[key], observed[key]
            distance = comparison.distance_text(left, right)
            yield f"{name}: expected {row_text(left)}, observed {row_text(right)}{distance}"


def _other_case(key: str, row: Row) -> str:
    found = next((each for each in row if each.casefold() == key.casefold()), None)
    return "" if found is None else f'; it is spelled "{found}"'


class _Comparison:
    """The rows of both sides without the fields that are not compared."""

    def __init__(self, output: Expected, observed: Sequence[Row], tolerance: float) -> None:
        self._output = output
        self._tolerance = tolerance
        ignored = sorted(each.casefold() for each in output.ignored)
        self._is_csv = any(isinstance(value, CsvText) for row in output.rows for value in row.values())
        self.expected = [_without_empty(_without(row, ignored), self._is_csv) for row in output.rows]
        self.observed = [_without_empty(_without(row, ignored), self._is_csv) for row in observed]

    def place(self, at: int, path: object) -> str:
        """Return where an expected row stands."""
        numbers = self._output.numbers
        return f"{path}:{numbers[at]}" if numbers else f"expected row {at + 1}"

    def rows_equal(self, expected: object, observed: object) -> bool:
        return values_equal(expected, observed, tolerance=self._tolerance, exact=self._output.is_exact)

    def is_field_equal(self, key: str, expected: Row, observed: Row) -> bool:
        return key in expected and key in observed and self.rows_equal(expected[key], observed[key])

    def is_pair_equal(self, pair: Pair) -> bool:
        if pair.expected is None or pair.observed is None:
            return False
        return self.rows_equal(self.expected[pair.expected], self.observed[pair.observed])

    def distance_text(self, expected: object, observed: object) -> str:
        """Return how far two numbers are apart, and how far they may be."""
        if isinstance(expected, bool) or isinstance(observed, bool):
            return ""
        if not (isinstance(expected, int | float) and isinstance(observed, int | float)):
            return ""
        if isinstance(expected, int) and isinstance(observed, int):
            return ""
        if expected == observed:
            return " (a bigint and a float, compared exactly)"
        largest = max(abs(expected), abs(observed))
        return f" (relative distance {abs(expected - observed) / largest:.2g}, tolerance {self._tolerance:g})"

    def is_equal(self) -> bool:
        if not self._output.is_ordered:
            return self.is_equal_unordered()
        return len(self.expected) == len(self.observed) and all(map(self.rows_equal, self.expected, self.observed))

    def is_equal_unordered(self) -> bool:
        if len(self.expected) != len(self.observed):
            return False
        return all(each.expected is not None and each.observed is not None for each in self.match_equal())

    def match_equal(self) -> list[Pair]:
        """Pair every row with an equal one where there is one, regardless of order."""
        left_over: dict[str, list[int]] = {}
        for at, row in enumerate(self.observed):
            left_over.setdefault(canonical_text(row), []).append(at)
        pairs: list[Pair] = []
        unmatched: list[int] = []
        for at, row in enumerate(self.expected):
            candidates = left_over.get(canonical_text(row), [])
            found = next((each for each in candidates if self.rows_equal(row, self.observed[each])), None)
            if found is None:
                unmatched.append(at)
            else:
                candidates.remove(found)
                pairs.append(Pair(at, found))
        nearby: dict[str, list[int]] = {}
        for each in sorted(each for several in left_over.values() for each in several):
            nearby.setdefault(coarse_text(self.observed[each], is_csv=self._is_csv), []).append(each)
        for at in unmatched:
            row = self.expected[at]
            candidates = nearby.get(coarse_text(row, is_csv=self._is_csv), [])
            found = next((each for each in candidates if self.rows_equal(row, self.observed[each])), None)
            if found is not None:
                candidates.remove(found)
            pairs.append(Pair(at, found))
        return pairs + [Pair(None, each) for each in sorted(each for several in nearby.values() for each in several)]

    def pairs(self) -> Iterator[Pair]:
        """Yield every row once: equal rows together, then each rest with the nearest other row."""
        if self._output.is_ordered:
            keys = [canonical_text(row) for row in self.expected], [canonical_text(row) for row in self.observed]
            for kind, low, high, start, stop in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
                if kind == "equal":
                    yield from map(Pair, range(low, high), range(start, stop))
                else:
                    yield from self._nearest(list(range(low, high)), list(range(start, stop)))
            return
        matched = self.match_equal()
        yield from (each for each in matched if each.expected is not None and each.observed is not None)
        missing = [each.expected for each in matched if each.observed is None and each.expected is not None]
        unexpected = [each.observed for each in matched if each.expected is None and each.observed is not None]
        yield from self._nearest(missing, unexpected)

    def _nearest(self, missing: list[int], unexpected: list[int]) -> Iterator[Pair]:
        """Pair the rows that are most alike first, each row once; rows that have nothing in common stay alone."""
        scored = [
            (self._likeness(self.expected[left], self.observed[right]), left, right)
            for left in missing[:_MAX_ALIGNED]
            for right in unexpected[:_MAX_ALIGNED]
        ]
        scored.sort(key=lambda each: (-each[0], abs(each[1] - each[2]), each[1], each[2]))
        counterpart: dict[int, int] = {}
        taken: set[int] = set()
        for likeness, left, right in scored:
            if likeness > 0 and left not in counterpart and right not in taken:
                counterpart[left] = right
                taken.add(right)
        yield from (Pair(each, counterpart.get(each)) for each in missing)
        yield from (Pair(None, each) for each in unexpected if each not in taken)

    def _likeness(self, left: Row, right: Row) -> float:
        return sum(self._field_likeness(left[key], right[key]) for key in left.keys() & right.keys())

    def _field_likeness(self, left: object, right: object) -> float:
        if self.rows_equal(left, right):
            return 6 if isinstance(left, str) else 4
        is_number = not (isinstance(left, bool) or isinstance(right, bool))
        if is_number and isinstance(left, int | float) and isinstance(right, int | float):
            return 2 * max(0.0, 1 - abs(left - right) / (max(abs(left), abs(right)) or 1))
        return 0


def _without(row: Row, ignored: Sequence[str]) -> Row:
    """Return a row without the fields that folded names, or paths of names with points between them, lead to."""
    if not ignored:
        return row
    kept: dict[str, Any] = {}
    for key, value in row.items():
        folded = key.casefold()
        if folded in ignored:
            continue
        below = [each.removeprefix(f"{folded}.") for each in ignored if each.startswith(f"{folded}.")]
        kept[key] = _without(value, below) if isinstance(value, Mapping) else value
    return kept


def _without_empty(row: Row, is_csv: bool) -> Row:
    """Return a row without what a CSV file cannot tell from each other: fields that are NULL, empty or missing."""
    return {key: value for key, value in row.items() if value not in (None, "")} if is_csv else row


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"
