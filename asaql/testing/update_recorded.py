"""Writes what was observed into the expectations of tests of jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asaql.diagnostics import Span
from asaql.testing.compare import rows_match
from asaql.testing.execute import Outcome
from asaql.testing.expected_file import RowFile, rows_as_text
from asaql.testing.recorded import RecordedOutput, RecordedTest, outputs_without_expectation
from asaql.testing.values import row_text, values_equal


@dataclass(frozen=True, slots=True)
class InlineEdit:
    """The text of a span in a job file becomes another one."""

    path: Path
    span: Span
    text: str


def update_test(test: RecordedTest, outcome: Outcome) -> tuple[list[Path], list[InlineEdit]]:
    """Write the files of a test's expected rows, where they differ from what was observed.

    Args:
        test: The test.
        outcome: What its run gave; no error.

    Returns:
        The files that were written, and the edits of rows that stand inline, which are still to be made.
    """
    observed = {name.casefold(): rows for name, rows in outcome.rows.items()}
    written: list[Path] = []
    edits: list[InlineEdit] = []
    for output in test.outputs:
        rows = observed.get(output.name.casefold(), [])
        is_fine = output.is_there and rows_match(output, rows, tolerance=test.tolerance)
        if is_fine or not output.is_required:
            continue
        if output.file is not None:
            text = rows_as_text(output.file, rows, tolerance=test.tolerance, exact=output.is_exact)
            written.append(_write(output.path, text))
        elif output.inline is not None:
            edits.append(_inline_edit(test, output, output.inline, rows))
    if test.new_output is not None:
        for name in outputs_without_expectation(test, outcome):
            file = RowFile(test.new_output.with_stem(name), "lines", is_there=False)
            text = rows_as_text(file, outcome.rows[name], tolerance=0, exact=True)
            written.append(_write(file.path, text))
    return written, edits


def apply_inline_edits(edits: Sequence[InlineEdit]) -> list[Path]:
    """Make edits, which must not overlap; return the files that were written."""
    paths = list(dict.fromkeys(each.path for each in edits))
    for path in paths:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
        own = sorted((each for each in edits if each.path == path), key=lambda each: each.span.start, reverse=True)
        for edit in own:
            text = text[: edit.span.start] + edit.text + text[edit.span.end :]
        path.write_bytes(text.encode())
    return paths


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _inline_edit(
    test: RecordedTest, output: RecordedOutput, span: Span, observed: Sequence[Mapping[str, Any]]
) -> InlineEdit:
    """Return the edit that puts rows in the place of a YAML list, a row a line, in the list's own style."""
    text = output.path.read_bytes().decode("utf-8-sig")
    line_start = text.rfind("\n", 0, span.start) + 1
    before = text[line_start : span.start]
    rows = _written_rows(output, observed, test.tolerance)
    if not rows:
        return InlineEdit(output.path, span, "[]")
    if text[span.start] == "-":
        indent = " " * len(before)
        return InlineEdit(output.path, span, f"\n{indent}".join(f"- {each}" for each in rows))
    indent = " " * (len(before) - len(before.lstrip()) + 2)
    if before.strip() == "rows:":
        start = line_start + len(before.rstrip())
        lines = "".join(f"\n{indent}- {each}" for each in rows)
        return InlineEdit(output.path, Span(start, span.end), lines)
    return InlineEdit(output.path, span, "[" + f",\n{indent}".join(rows) + "]")


def _written_rows(output: RecordedOutput, observed: Sequence[Mapping[str, Any]], tolerance: float) -> list[str]:
    """Return the observed rows as text; a row that is expected already keeps its values as they are written."""
    spare = list(output.rows)
    rows: list[str] = []
    for row in observed:
        same = next(
            (each for each in spare if values_equal(each, row, tolerance=tolerance, exact=output.is_exact)), None
        )
        if same is not None:
            spare.remove(same)
        rows.append(row_text(row if same is None else same))
    return rows
