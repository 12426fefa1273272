"""Reports in the shape of the service's own tool: `testResultSummary.json`, and the rows that each test gave."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from asaql.testing.case import Case
from asaql.testing.compare import Expected, rows_match
from asaql.testing.recorded import RecordedTest
from asaql.testing.report import CaseResult, TestReport
from asaql.testing.values import row_text

SUMMARY_FILE: Final = "testResultSummary.json"

_LISTS: Final = ("OutputMatched", "OutputNotEqual", "OutputMissing", "OutputUnexpected", "OutputUnrequired")
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


def write_results(report: TestReport, folder: Path) -> Path:
    """Write the rows of every output of every test, and the summary that names these files, into a folder.

    Args:
        report: The report.
        folder: The folder; it is made if it is not there.

    Returns:
        The summary's file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    written: list[dict[str, Path]] = []
    for result in report.results:
        target = folder / _free_name(result.case.heading, taken)
        files: dict[str, Path] = {}
        for name, rows in (result.outcome.rows if result.outcome is not None else {}).items():
            if rows:
                target.mkdir(exist_ok=True)
                files[name.casefold()] = path = target / f"{_file_name(name)}.json"
                path.write_text("".join(f"{row_text(row)}\n" for row in rows), encoding="utf-8")
        written.append(files)
    path = folder / SUMMARY_FILE
    write_summary(report, path, written)
    return path


def write_summary(report: TestReport, path: Path, written: Sequence[Mapping[str, Path]] = ()) -> None:
    """Write the summary.

    Args:
        report: The report.
        path: Where to.
        written: For each result, the files that hold the rows of outputs, by folded name.
    """
    path.write_text(json.dumps(summary(report, written), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def summary(report: TestReport, written: Sequence[Mapping[str, Path]] = ()) -> dict[str, Any]:
    """Return the summary as an object.

    `Script` is the query's file where all tests have the same one, else empty. `Output` is empty where rows were
    written to no file. A file that could not be read as tests is a failed test without outputs.
    """
    scripts = {_script(each.case) for each in report.results}
    files = written or [{} for _ in report.results]
    results = [_result(each, own) for each, own in zip(report.results, files, strict=True)]
    results += [
        {"Name": text.splitlines()[0], "Status": 1, "Time": _span(0), **{key: [] for key in _LISTS}}
        for text in report.errors
    ]
    return {
        "Total": len(results),
        "Passed": report.passed,
        "Failed": len(results) - report.passed,
        "Script": scripts.pop() if len(scripts) == 1 else "",
        "Results": results,
        "Time": _span(report.seconds),
    }


def _result(result: CaseResult, files: Mapping[str, Path]) -> dict[str, Any]:
    lists: dict[str, list[dict[str, str]]] = {key: [] for key in _LISTS}
    observed = {name.casefold(): rows for name, rows in (result.outcome.rows if result.outcome else {}).items()}
    tolerance = result.case.options.tolerance if isinstance(result.case, Case) else result.case.tolerance
    known: set[str] = set()
    for output in result.case.outputs:
        folded = output.name.casefold()
        known.add(folded)
        key = _list_of(output, observed.get(folded), tolerance)
        lists[key].append(_entry(output.name, _place(result.case, output), files.get(folded)))
    for name, rows in (result.outcome.rows if result.outcome else {}).items():
        if rows and name.casefold() not in known:
            lists["OutputUnexpected"].append(_entry(name, "", files.get(name.casefold())))
    status = 0 if result.has_passed else 1
    return {"Name": result.case.heading, "Status": status, "Time": _span(result.seconds), **lists}


def _list_of(output: Expected, rows: Sequence[Mapping[str, Any]] | None, tolerance: float) -> str:
    if not getattr(output, "is_required", True):
        return "OutputUnrequired"
    if not rows and output.rows:
        return "OutputMissing"
    if rows and not getattr(output, "is_there", True):
        return "OutputUnexpected"
    return "OutputMatched" if rows_match(output, rows or [], tolerance=tolerance) else "OutputNotEqual"


def _place(case: Case | RecordedTest, output: Expected) -> str:
    path = getattr(output, "path", case.path)
    return str(Path(path).resolve())


def _entry(name: str, expected: str, observed: Path | None) -> dict[str, str]:
    output = "" if observed is None else str(observed.resolve())
    return {"OutputAlias": name, "ExpectedOutput": expected, "Output": output}


def _script(case: Case | RecordedTest) -> str:
    if isinstance(case, Case):
        return str(case.path.resolve())
    path = Path(case.job.query.name)
    return str(path.resolve() if path.is_file() else case.path.resolve())


def _span(seconds: float) -> str:
    """Return a length of time as .NET writes it: `00:00:01.2345678`."""
    ticks = round(seconds * 10_000_000)
    minutes, rest = divmod(ticks, 600_000_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 10_000_000:02d}.{rest % 10_000_000:07d}"


def _free_name(heading: str, taken: set[str]) -> str:
    """Return a folder's name for a test that no other test has, with case not counting."""
    base = _file_name(heading)
    name, number = base, 1
    while name.casefold() in taken:
        number += 1
        name = f"{base} ({number})"
    taken.add(name.casefold())
    return name


def _file_name(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text).strip(" .")[:100] or "_"
