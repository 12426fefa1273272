"""Files of expected rows: read with their lines, and written again with what was observed.

JSON may be an array, an object a line, or objects one after the other with commas between them or not, as earlier
versions of the official tool wrote them. CSV has a line of names first. All may begin with a byte order mark.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from asaql.diagnostics import Diagnostic, QueryError, Source, Span
from asaql.testing.values import CsvText, row_text, values_equal

Layout: TypeAlias = Literal["lines", "array", "csv"]
Row: TypeAlias = Mapping[str, Any]

_LINE_SUFFIXES = (".ndjson", ".jsonl")


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of expected rows.

    Attributes:
        path: The file.
        layout: An object a line, one array, or CSV.
        delimiter: The character between CSV fields.
        rows: The rows; the values of CSV are `CsvText`.
        numbers: The line of each row.
        written: Each row as it stands in the file; empty for CSV.
        is_there: Whether the file exists.
    """

    path: Path
    layout: Layout
    delimiter: str = ","
    rows: tuple[Row, ...] = ()
    numbers: tuple[int, ...] = ()
    written: tuple[str, ...] = ()
    is_there: bool = True


def read_row_file(path: Path, *, format: str | None = None, delimiter: str | None = None) -> RowFile:  # noqa: A002
    """Return what a file of expected rows holds; one that is not there holds nothing.

    Args:
        path: The file.
        format: `json` or `csv`; None to go by the suffix.
        delimiter: The character between CSV fields; a comma by default.

    Raises:
        QueryError: The file cannot be read (AQ702) or holds no rows in that format (AQ710).
    """
    is_csv = (format or path.suffix.lower().removeprefix(".")) == "csv"
    mark = delimiter or ","
    if not path.exists():
        return RowFile(path, "csv" if is_csv else "lines", mark, is_there=False)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f'file of expected rows "{path}" cannot be read'
        raise QueryError(Diagnostic("AQ702", message, notes=(str(error),))) from error
    if is_csv:
        rows, numbers = _csv_rows(text, mark)
        return RowFile(path, "csv", mark, rows, numbers)
    found = list(_json_rows(Source(str(path), text)))
    is_array = text.lstrip().startswith("[") and path.suffix.lower() not in _LINE_SUFFIXES
    return RowFile(
        path,
        "array" if is_array else "lines",
        mark,
        tuple(row for row, _, _ in found),
        tuple(number for _, number, _ in found),
        tuple(row_text(row) if "\n" in written else written for row, _, written in found),
    )


def _csv_rows(text: str, delimiter: str) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    rows: list[Row] = []
    numbers: list[int] = []
    for row in reader:
        rows.append({key: CsvText(value or "") for key, value in row.items() if key is not None})
        numbers.append(reader.line_num)
    return tuple(rows), tuple(numbers)


def _json_rows(source: Source) -> Iterator[tuple[Row, int, str]]:
    """Yield each row with its line and its writing."""
    decoder, text = json.JSONDecoder(), source.text
    line, counted = 1, 0
    at = _next(text, 0)
    is_array = text[at : at + 1] == "["
    at = _next(text, at + 1) if is_array else at
    while at < len(text) and not (is_array and text[at] == "]"):
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError as error:
            reason = str(error).partition(":")[0].lower()
            raise _no_rows(source, at, f"the expected rows are not JSON: {reason}") from error
        if not isinstance(value, dict):
            raise _no_rows(source, at, "an expected row must be one JSON object")
        line += text.count("\n", counted, at)
        counted = at
        yield value, line, text[at:end]
        at = _next(text, end)
    if is_array and at >= len(text):
        raise _no_rows(source, at, "the array of expected rows is never closed")


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,\ufeff":
        at += 1
    return at


def _no_rows(source: Source, at: int, message: str) -> QueryError:
    return QueryError(Diagnostic("AQ710", message, Span(at, min(at + 1, len(source.text))), "here", source=source))


def rows_as_text(file: RowFile, observed: Sequence[Row], *, tolerance: float, exact: bool) -> str:
    """Return the text that makes a file expect the observed rows; a row that is there already keeps its writing.

    Args:
        file: The file as it is.
        observed: The rows.
        tolerance: The relative distance within which floats are equal.
        exact: Whether bigints differ from floats.
    """
    if file.layout == "csv":
        return _csv_text(file, observed)
    spare = list(zip(file.rows, file.written, strict=True))
    lines: list[str] = []
    for row in observed:
        kept = next((each for each in spare if values_equal(each[0], row, tolerance=tolerance, exact=exact)), None)
        if kept is not None:
            spare.remove(kept)
        lines.append(kept[1] if kept is not None else row_text(row))
    if file.layout == "array":
        return "[\n" + ",\n".join(f"  {line}" for line in lines) + "\n]\n" if lines else "[]\n"
    return "".join(f"{line}\n" for line in lines)


def _csv_text(file: RowFile, observed: Sequence[Row]) -> str:
    names = dict.fromkeys(name for row in [*file.rows[:1], *observed] for name in row)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=file.delimiter, lineterminator="\n")
    writer.writerow(names)
    for row in observed:
        writer.writerow([_cell(row.get(name)) for name in names])
    return stream.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else row_text(value)
