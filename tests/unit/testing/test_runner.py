from pathlib import Path
from xml.etree import ElementTree

import pytest

from asaql.diagnostics import Diagnostic, JobError, QueryError
from asaql.testing import TestReport, run_paths
from asaql.testing.case import Case
from asaql.testing.execute import Outcome, Setting

_PASSING = '## Good\n```sql\nSELECT 1 AS a FROM i\n```\n```jsonl out=output\n{"a": 1}\n```\n'
_FAILING = '## Bad\n```sql\nSELECT 1 AS a FROM i\n```\n```jsonl out=output\n{"a": 2}\n```\n'


def _gives_one(case: Case, setting: Setting) -> Outcome:
    return Outcome({"output": [{"a": 1}]})


def _depends_on_batches(case: Case, setting: Setting) -> Outcome:
    return Outcome({"output": [{"a": setting.batch_rows}]})


def _file(folder: Path, text: str, name: str = "c.md") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _run(*paths: Path | str, **options: object) -> TestReport:
    return run_paths(paths, execute=_gives_one, **options)  # type: ignore[arg-type]


def test_folders_are_searched_and_hidden_folders_left_out(tmp_path: Path) -> None:
    _file(tmp_path, _PASSING, "a/x.md")
    _file(tmp_path, _FAILING, "a/b/y.md")
    _file(tmp_path, _FAILING, ".venv/z.md")
    report = _run(tmp_path)
    assert (report.passed, report.failed, report.exit_code) == (1, 1, 1)
    assert report.lines[-1] == "1 passed, 1 failed"
    assert report.lines[0] == f"FAILED {tmp_path / 'a/b/y.md'}:1: Bad"


def test_a_line_selects_the_case_it_belongs_to(tmp_path: Path) -> None:
    path = _file(tmp_path, _PASSING + _FAILING)
    assert _run(f"{path}:3").lines == ["1 passed, 0 failed"]
    assert _run(f"{path}:10").failed == 1


def test_a_result_that_depends_on_the_batch_size_fails_and_names_the_setting(tmp_path: Path) -> None:
    report = run_paths([_file(tmp_path, _PASSING)], execute=_depends_on_batches)
    assert report.failed == 1
    assert "  (with batches of 7, parallelism 1)" in report.lines


def test_update_rewrites_where_all_runs_agree(tmp_path: Path) -> None:
    path = _file(tmp_path, _PASSING + _FAILING)
    report = _run(path, update=True)
    assert (report.failed, report.updated) == (0, (path,))
    assert path.read_text(encoding="utf-8").count('{"a": 1}') == 2


def test_update_leaves_a_case_whose_runs_differ(tmp_path: Path) -> None:
    path = _file(tmp_path, _FAILING)
    report = run_paths([path], update=True, execute=_depends_on_batches)
    assert (report.failed, report.updated) == (1, ())
    assert path.read_text(encoding="utf-8") == _FAILING


def test_a_bug_fails_its_case_and_the_others_run(tmp_path: Path) -> None:
    def fails_on_bad(case: Case, setting: Setting) -> Outcome:
        return Outcome({"output": [{"a": 1 if case.heading == "Good" else 1 // 0}]})

    report = run_paths([_file(tmp_path, _FAILING + _PASSING)], execute=fails_on_bad, update=True)
    assert (report.passed, report.failed, report.updated) == (1, 1, ())
    assert any("ZeroDivisionError" in line for line in report.lines)


def test_an_output_that_no_block_names_fails(tmp_path: Path) -> None:
    report = _run(_file(tmp_path, "## A\n```sql\nSELECT 1\n```\n```jsonl out=other\n```\n"))
    assert any("output without a block: output" in line for line in report.lines)


@pytest.mark.parametrize(
    ("expectation", "error", "passes"),
    [
        ("error=compile", QueryError(Diagnostic("AQ203", "no column")), True),
        ("error=runtime", QueryError(Diagnostic("AQ203", "no column")), False),
        ("error=runtime", JobError(Diagnostic("AQ302", "no number")), True),
        ("error=AQ203", QueryError(Diagnostic("AQ203", "no column")), True),
        ("error=AQ203", QueryError(Diagnostic("AQ204", "no column")), False),
        ("error=compile", None, False),
    ],
)
def test_expected_errors(tmp_path: Path, expectation: str, error: QueryError | JobError | None, passes: bool) -> None:
    path = _file(tmp_path, f"## A\n```sql\nSELECT 1\n```\n```text {expectation}\n```\n")
    report = run_paths([path], execute=lambda case, setting: Outcome({}, error=error))
    assert (report.failed == 0) is passes


def test_an_error_must_say_what_the_block_says(tmp_path: Path) -> None:
    path = _file(tmp_path, "## A\n```sql\nSELECT 1\n```\n```text error=compile\nwindow\n```\n")
    error = QueryError(Diagnostic("AQ401", "no group"))
    report = run_paths([path], execute=lambda case, setting: Outcome({}, error=error))
    assert 'the error does not say "window"' in report.lines[1]


def test_a_plan_is_compared_and_rewritten_without_running_the_query(tmp_path: Path) -> None:
    path = _file(tmp_path, "## A\n```sql\nSELECT a FROM i WHERE a > 1\n```\n```text plan\nother\n```\n")
    assert "another plan" in _run(path).lines[1]
    assert _run(path, update=True).failed == 0
    assert "other" not in path.read_text(encoding="utf-8")


def test_files_that_cannot_be_read_are_reported_and_the_others_run(tmp_path: Path) -> None:
    bad, good = _file(tmp_path, "## A\n```sql\n", "a.md"), _file(tmp_path, _PASSING, "b.md")
    report = _run(bad, good, tmp_path / "gone.md")
    assert (report.passed, report.exit_code, len(report.errors)) == (1, 1, 2)


def test_no_case_at_all_is_an_error(tmp_path: Path) -> None:
    assert _run(tmp_path).exit_code == 1


def test_results_are_written_as_junit_xml(tmp_path: Path) -> None:
    junit = tmp_path / "out.xml"
    _run(_file(tmp_path, _PASSING + _FAILING), junit=junit)
    root = ElementTree.parse(junit).getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    assert [each.get("name") for each in root.iter("testcase")] == ["Good", "Bad"]
    (failure,) = root.iter("failure")
    assert "expected 2, observed 1" in (failure.text or "")
