from pathlib import Path

from asaql.diagnostics import Diagnostic, QueryError
from asaql.testing import read_cases
from asaql.testing.execute import Outcome
from asaql.testing.update import apply_edits, edits_for

_HEAD = "## A\n\n```sql\nSELECT 1 AS a FROM i\n```\n"


def _updated(folder: Path, body: str, outcome: Outcome) -> str:
    path = folder / "c.md"
    path.write_text(_HEAD + body, encoding="utf-8")
    (case,) = read_cases(path)
    apply_edits(path, edits_for(case, outcome))
    return path.read_text(encoding="utf-8").removeprefix(_HEAD)


def test_rows_are_rewritten_and_equal_rows_keep_their_writing(tmp_path: Path) -> None:
    body = '```jsonl out=o\n{"a":1}\n{"a":2}\n```\nafter\n'
    after = _updated(tmp_path, body, Outcome({"o": [{"a": 1}, {"a": 3}, {"a": 4}]}))
    assert after == '```jsonl out=o\n{"a":1}\n{"a": 3}\n{"a": 4}\n```\nafter\n'


def test_a_case_without_expectation_gets_one_block_for_each_output(tmp_path: Path) -> None:
    after = _updated(tmp_path, "after\n", Outcome({"o": [{"a": 1}], "p": []}))
    assert after == '\n```jsonl out=o\n{"a": 1}\n```\n\n```jsonl out=p\n```\nafter\n'


def test_a_case_without_expectation_gets_the_error_it_meets(tmp_path: Path) -> None:
    error = QueryError(Diagnostic("AQ101", "text"))
    assert _updated(tmp_path, "", Outcome({}, error=error)) == f"\n```text error\n{error}\n```\n"


def test_a_rendering_is_rewritten(tmp_path: Path) -> None:
    error = QueryError(Diagnostic("AQ101", "text"))
    after = _updated(tmp_path, "```text error\nold\nlines\n```\n", Outcome({}, error=error))
    assert after == f"```text error\n{error}\n```\n"


def test_rows_do_not_become_errors_nor_errors_rows(tmp_path: Path) -> None:
    error = QueryError(Diagnostic("AQ101", "text"))
    body = '```jsonl out=o\n{"a": 1}\n```\n'
    assert _updated(tmp_path, body, Outcome({}, error=error)) == body
    body = "```text error=compile\n```\n"
    assert _updated(tmp_path, body, Outcome({"o": [{"a": 1}]})) == body


def test_warnings_are_rewritten(tmp_path: Path) -> None:
    after = _updated(tmp_path, "```jsonl out=o\n```\n```text warnings\n```\n", Outcome({"o": []}, "warning[AQ703]: x"))
    assert after == "```jsonl out=o\n```\n```text warnings\nwarning[AQ703]: x\n```\n"
