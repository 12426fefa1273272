"""Recordings of scores: which row a scoring service was given, and what it answered.

A recording is a file of JSON lines, one for each function and different row, in the order in which rows were sent:

    {"function":"score","row":["1","Mon","12","1","5.8"],"score":17.25}

Rows are kept as the query made them, before they are converted to what a service declares, so that a recording fits
whatever service is asked. Neither the service's address nor its key is kept.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import orjson
import xxhash

from asaql.diagnostics import Diagnostic, JobError, QueryError
from asaql.model import Value
from asaql.udf.scoring_values import plain

_KEYS: Final = frozenset({"function", "row", "score"})
_SHOWN_CHARACTERS: Final = 200
_SHOWN_DIFFERENCES: Final = 4
_WHOLE_LIMIT: Final = 2.0**53


def row_text(row: Value) -> str:
    """Return a row as one line of JSON, its end left out where it is long."""
    text = orjson.dumps(row, default=plain).decode()
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def row_key(row: Value) -> bytes:
    """Return what two rows have in common exactly if they count as the same.

    Numbers are compared by value, `1` and `1.0` are the same; the order of a record's fields does not count; a
    datetime is the text that is sent for it.
    """
    return orjson.dumps(_comparable(row), default=plain, option=orjson.OPT_SORT_KEYS)


def _comparable(value: Any) -> Any:
    if type(value) is float and value.is_integer() and abs(value) < _WHOLE_LIMIT:
        return int(value)
    if type(value) is list:
        return [_comparable(each) for each in value]
    if type(value) is dict:
        return {name: _comparable(each) for name, each in value.items()}
    return value


class Recording:
    """The scores of a recording, by function and row.

    Args:
        path: The file.

    Raises:
        QueryError: The file cannot be read (AQ702), or is no recording of scores (AQ616).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scores: dict[str, dict[bytes, tuple[Value, Value]]] = {}
        self._names: dict[str, str] = {}
        for function, row, score in _read(path):
            self._names.setdefault(function.casefold(), function)
            self._scores.setdefault(function.casefold(), {}).setdefault(row_key(row), (row, score))

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions, in the order in which they come."""
        return tuple(self._names.values())

    def rows(self, function: str) -> list[Value]:
        """Return the rows of a function, in their order."""
        return [row for row, _ in self._scores.get(function.casefold(), {}).values()]

    def score(self, function: str, row: Value) -> Value:
        """Return what the service answered for a row.

        Raises:
            KeyError: The row was not recorded.
        """
        return self._scores[function.casefold()][row_key(row)][1]

    def nearest(self, function: str, row: Value, count: int = 3) -> list[Value]:
        """Return the recorded rows that differ least from a row, the nearest first."""
        return nsmallest(count, self.rows(function), key=lambda each: _distance(row, each))

    def missing(self, function: str, row: Value) -> Diagnostic:
        """Return the complaint about a row that was not recorded: it shows the nearest recorded rows."""
        text = f'scoring function "{function}" is given a row that "{self.path}" does not hold: {row_text(row)}'
        near = self.nearest(function, row)
        notes = [f"recorded: {row_text(each)}{_differences(row, each)}" for each in near]
        return Diagnostic(
            "AQ616",
            text,
            notes=tuple(notes) or (f'"{self.path}" holds no row of "{function}"',),
            help=f"record again, with the service at hand: --record-scores {self.path}",
        )


def _read(path: Path) -> Iterator[tuple[str, Value, Value]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f'recording of scores "{path}" cannot be read: {error.strerror}'
        raise QueryError(Diagnostic("AQ702", message)) from error
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise _malformed(path, number, "it is no JSON") from error
        if not isinstance(entry, dict) or entry.keys() != _KEYS or not isinstance(entry["function"], str):
            raise _malformed(path, number, 'it has not the keys "function", "row" and "score"')
        yield entry["function"], entry["row"], entry["score"]


def _malformed(path: Path, line: int, reason: str) -> QueryError:
    message = f'"{path}" is no recording of scores: line {line}: {reason}'
    return QueryError(Diagnostic("AQ616", message, help="asaql run JOB --record-scores FILE writes one"))


# Rows that are like each other


def _distance(row: Any, other: Any) -> float:
    """Return how far apart two values are: 0 for the same, at most 1 for each element or field that differs."""
    if isinstance(row, dict) and isinstance(other, dict):
        shared = sum(_distance(row[name], other[name]) for name in row if name in other)
        return shared + len(row.keys() ^ other.keys())
    if isinstance(row, list) and isinstance(other, list):
        pairs = zip(row, other, strict=False)
        return sum(_distance(left, right) for left, right in pairs) + abs(len(row) - len(other))
    left, right = _number(row), _number(other)
    if left is not None and right is not None:
        return 0.0 if left == right else 0.1 + 0.8 * abs(left - right) / (abs(left) + abs(right))
    if isinstance(row, str) and isinstance(other, str):
        same = sum(here == there for here, there in zip(row, other, strict=False))
        return 0.0 if row == other else 1.0 - same / max(len(row), len(other)) / 2
    return 0.0 if type(row) is type(other) and row == other else 1.0


def _number(value: Any) -> float | None:
    """Return the number that a value is or spells."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _differences(row: Value, other: Value) -> str:
    """Return in which elements or fields a recorded row differs, as the end of a note."""
    pairs: list[tuple[str, Any, Any]]
    if isinstance(row, dict) and isinstance(other, dict):
        pairs = [(f'"{name}"', row.get(name), other.get(name)) for name in dict.fromkeys((*row, *other))]
    elif isinstance(row, list) and isinstance(other, list) and len(row) == len(other):
        pairs = [(f"element {at}", *pair) for at, pair in enumerate(zip(row, other, strict=True), 1)]
    else:
        return ""
    differing = [name for name, left, right in pairs if row_key(left) != row_key(right)]
    shown = ", ".join(differing[:_SHOWN_DIFFERENCES]) + (", ..." if len(differing) > _SHOWN_DIFFERENCES else "")
    return f" (differs in {shown})" if shown else ""


# Writing


class RecordingWriter:
    """Writes a recording; the file appears, or is replaced, when the whole run has ended well.

    Of rows that count as the same, the first is kept. Memory: 16 bytes and the size of a set's entry a different row.

    Args:
        path: The file.

    Raises:
        QueryError: No file can be written there (AQ704).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: set[bytes] = set()
        try:
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        except OSError as error:
            message = f'recording of scores "{path}" cannot be written: {error.strerror}'
            raise QueryError(Diagnostic("AQ704", message)) from error
        self._part = Path(name)
        self._file = os.fdopen(handle, "wb")

    def add(self, function: str, rows: Sequence[Value], scores: Sequence[Value]) -> None:
        """Keep the rows of an answered request with their scores."""
        for row, score in zip(rows, scores, strict=True):
            digest = xxhash.xxh3_128_digest(b"%b\0%b" % (function.casefold().encode(), row_key(row)))
            if digest not in self._seen:
                self._seen.add(digest)
                self._file.write(_line({"function": function, "row": row, "score": score}))

    def commit(self) -> None:
        """Put the recording in its place.

        Raises:
            JobError: It cannot be written (AQ704).
        """
        try:
            self._file.close()
            self._part.chmod(0o644)
            self._part.replace(self._path)
        except OSError as error:
            message = f'recording of scores "{self._path}" cannot be written: {error.strerror}'
            raise JobError(Diagnostic("AQ704", message)) from error

    def __enter__(self) -> "RecordingWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave what was there before, unless `commit` was called."""
        self._file.close()
        self._part.unlink(missing_ok=True)


def _line(entry: Mapping[str, Any]) -> bytes:
    return orjson.dumps(entry, default=plain, option=orjson.OPT_APPEND_NEWLINE)
