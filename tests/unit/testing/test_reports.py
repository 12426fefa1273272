import json
from pathlib import Path
from xml.etree import ElementTree

from asaql.runtime.clock import ManualClock
from asaql.testing import run_paths
from asaql.testing.summary import summary, write_results, write_summary
from asaql.testing.watch import watch

_CASES = """## Fine
```sql
SELECT a INTO o FROM i
```
```jsonl in=i
{"a": 1}
```
```jsonl out=o
{"a": 1}
```
## Not <fine>
```sql
SELECT a INTO o FROM i SELECT a INTO p FROM i
```
```jsonl in=i
{"a": "\\u0001"}
```
```jsonl out=o
{"a": 2}
```
"""


def _config(folder: Path) -> Path:
    (folder / "q.sql").write_text("SELECT a INTO Same FROM i SELECT a INTO Other FROM i SELECT a INTO New FROM i")
    (folder / "in.json").write_text('[{"a": 1}]')
    (folder / "two.json").write_text('{"a": 2}')
    names = {"Same": "in.json", "Other": "two.json", "Gone": "two.json"}
    outputs = [{"OutputAlias": name, "FilePath": path} for name, path in names.items()]
    outputs += [{"OutputAlias": "Loose", "FilePath": "two.json", "Required": False}]
    case = {"Name": "a/b", "Inputs": [{"InputAlias": "i", "FilePath": "in.json"}], "ExpectedOutputs": outputs}
    config = folder / "testConfig.json"
    config.write_text(json.dumps({"Script": "q.sql", "TestCases": [case, case]}))
    return config


def test_the_summary_has_the_official_shape_and_names_the_files_of_observed_rows(tmp_path: Path) -> None:
    report = run_paths([_config(tmp_path)], clock=ManualClock())
    path = write_results(report, tmp_path / "out")
    found = json.loads(path.read_text())
    assert path.name == "testResultSummary.json"
    script = str(tmp_path / "q.sql")
    assert {key: found[key] for key in found if key != "Results"} == {
        "Total": 2,
        "Passed": 0,
        "Failed": 2,
        "Script": script,
        "Time": "00:00:00.0000000",
    }
    two = str(tmp_path / "two.json")

    def entry(name: str, expected: str, output: str) -> list[dict[str, str]]:
        return [{"OutputAlias": name, "ExpectedOutput": expected, "Output": output}]

    observed = tmp_path / "out/a_b (2)"
    assert found["Results"][1] == {
        "Name": "a/b",
        "Status": 1,
        "Time": "00:00:00.0000000",
        "OutputMatched": entry("Same", str(tmp_path / "in.json"), str(observed / "Same.json")),
        "OutputNotEqual": entry("Other", two, str(observed / "Other.json")),
        "OutputMissing": entry("Gone", two, ""),
        "OutputUnexpected": entry("New", "", str(observed / "New.json")),
        "OutputUnrequired": entry("Loose", two, ""),
    }
    assert (observed / "Other.json").read_text() == '{"a": 1}\n'


def test_a_summary_covers_markdown_cases_and_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(_CASES)
    report = run_paths([tmp_path / "a.md", tmp_path / "gone"], parallelisms=(1,))
    write_summary(report, tmp_path / "s.json")
    found = json.loads((tmp_path / "s.json").read_text())
    assert [each["Status"] for each in found["Results"]] == [0, 1, 1]
    assert (found["Total"], found["Passed"], found["Failed"]) == (3, 1, 2)
    assert found["Results"][1]["OutputUnexpected"][0]["OutputAlias"] == "p"


def test_times_are_written_as_time_spans(tmp_path: Path) -> None:
    class Ticking(ManualClock):
        def seconds(self) -> float:
            self.advance(37_255_000_000)
            return super().seconds()

    report = run_paths([_config(tmp_path)], clock=Ticking())
    assert summary(report)["Results"][0]["Time"] == "01:02:05.5000000"


def test_junit_xml_is_well_formed_whatever_rows_hold_and_counts_errors(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(_CASES)
    junit = tmp_path / "j.xml"
    run_paths([tmp_path / "a.md", tmp_path / "gone"], junit=junit, parallelisms=(1,), clock=ManualClock())
    root = ElementTree.parse(junit).getroot()
    assert dict(root.items()) == {"tests": "3", "failures": "1", "errors": "1", "time": "0.000"}
    cases = list(root.iter("testcase"))
    assert [(each.get("name"), each.get("line")) for each in cases[:2]] == [("Fine", "1"), ("Not <fine>", "11")]
    assert [failure.get("message") for failure in root.iter("failure")] == [
        f'{tmp_path / "a.md"}:18: output "o": 1 row expected, 1 row observed: 1 missing, 1 unexpected'
    ]


def test_watching_runs_again_after_a_change_of_a_named_or_a_new_file(tmp_path: Path) -> None:
    folder, other = tmp_path / "cases", tmp_path / "query.txt"
    folder.mkdir()
    case, out = folder / "a.md", folder / "out.json"
    case.write_text("1")
    other.write_text("1")
    steps = [lambda: other.write_text("22"), lambda: (folder / "b.md").write_text("1"), lambda: out.write_text("1")]
    steps += [case.unlink]
    seen: list[list[str]] = []
    runs = 0

    def run() -> list[Path]:
        nonlocal runs
        runs += 1
        return [case, other]

    def wait() -> bool:
        if not steps:
            return False
        steps.pop(0)()
        return True

    def on_change(changed: list[Path]) -> None:
        seen.append([each.name for each in changed])

    watch(run, [folder], wait=wait, on_change=on_change, left_out=[out])
    assert seen == [["query.txt"], ["b.md"], ["a.md"]]
    assert runs == 4


def test_a_file_that_changes_while_the_tests_run_is_seen(tmp_path: Path) -> None:
    case = tmp_path / "a.md"
    case.write_text("1")
    runs = 0

    def run() -> list[Path]:
        nonlocal runs
        runs += 1
        if runs == 1:
            case.write_text("22")
        return [case]

    watch(run, [tmp_path], wait=lambda: False)
    assert runs == 2


def test_a_report_names_the_files_that_its_results_depend_on(tmp_path: Path) -> None:
    config = _config(tmp_path)
    names = {each.name for each in run_paths([config]).files}
    assert names == {"testConfig.json", "q.sql", "in.json", "two.json"}
