"""Rewrites the expectations of a case file with what was observed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asaql.testing.case import Case, Output
from asaql.testing.check import unexpected_outputs
from asaql.testing.compare import compare_rows
from asaql.testing.execute import Outcome
from asaql.testing.markdown import Block, split_lines
from asaql.testing.values import row_text, values_equal


@dataclass(frozen=True, slots=True)
class Edit:
    """The lines from `start` up to `end`, which is not included, become `text`; lines count from 1."""

    start: int
    end: int
    text: str


def edits_for(case: Case, outcome: Outcome) -> list[Edit]:
    """Return the edits after which a case expects what was observed.

    Whether a case expects rows or errors is what its author decided and is not changed; a case that has neither block
    gets the one that fits. Codes and stages of errors stand in the words behind the fence and are not changed either.
    """
    edits: list[Edit] = []
    if outcome.error is not None:
        if case.error is not None and case.error.rendering is not None:
            edits.append(_body(case.error.block, _lines(outcome.rendering)))
        elif case.error is None and not case.outputs:
            edits.append(_new_block(case, "text error", _lines(outcome.rendering)))
        return edits
    if case.error is not None:
        return edits
    observed = {name.casefold(): rows for name, rows in outcome.rows.items()}
    for output in case.outputs:
        rows = observed.get(output.name.casefold(), [])
        if compare_rows(output, rows, tolerance=case.options.tolerance):
            edits.append(_body(output.block, _rows(case, output, rows)))
    edits += [
        _new_block(case, f"jsonl out={name}", [row_text(row) for row in outcome.rows[name]])
        for name in unexpected_outputs(case, outcome)
    ]
    if case.warnings is not None:
        edits.append(_body(case.warnings, _lines(outcome.warnings)))
    return edits


def plan_edits(case: Case, plan: str) -> list[Edit]:
    """Return the edits after which a case expects this plan."""
    return [] if case.plan is None else [_body(case.plan, _lines(plan.strip("\n")))]


def apply_edits(path: Path, edits: Sequence[Edit]) -> bool:
    """Write the edits, which must not overlap, into a file; return whether it changed."""
    before = path.read_text(encoding="utf-8")
    lines = split_lines(before)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for _, edit in sorted(enumerate(edits), key=lambda each: (each[1].start, each[0]), reverse=True):
        lines[edit.start - 1 : edit.end - 1] = [edit.text] if edit.text else []
    after = "".join(lines)
    if after != before and edits:
        path.write_text(after, encoding="utf-8")
        return True
    return False


def _body(block: Block, lines: list[str]) -> Edit:
    return Edit(block.line + 1, block.end, "".join(f"{line}\n" for line in lines))


def _new_block(case: Case, info: str, lines: list[str]) -> Edit:
    """Return the edit that puts a block behind the case's last one."""
    at = case.last_block_end + 1
    return Edit(at, at, "\n" + "".join(f"{line}\n" for line in (f"```{info}", *lines, "```")))


def _rows(case: Case, output: Output, observed: Sequence[dict[str, object]]) -> list[str]:
    """Return the lines of the observed rows; a row equal to the expected one in its place keeps its writing."""
    written = [line for _, line in output.block.lines()]
    lines = []
    for at, row in enumerate(observed):
        tolerance = case.options.tolerance
        is_same = at < len(output.rows) and values_equal(
            output.rows[at], row, tolerance=tolerance, exact=output.is_exact
        )
        lines.append(written[at] if is_same else row_text(row))
    return lines


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []
