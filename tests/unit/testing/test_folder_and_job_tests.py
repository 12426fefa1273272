from pathlib import Path

import pytest

from asaql.testing import run_paths

_QUERY = "SELECT s.road, COUNT(*) AS cars, System.Timestamp() AS until INTO Traffic FROM Sensors s TIMESTAMP BY time "
_QUERY += "GROUP BY s.road, TumblingWindow(minute, 1)"
_EVENTS = """{"time": "2024-01-01T08:00:10Z", "road": "A1"}
{"time": "2024-01-01T08:00:20Z", "road": "A2"}
{"time": "2024-01-01T08:00:30Z", "road": "A1"}
"""
_A2 = '{"road": "A2", "cars": 1, "until": "2024-01-01T08:01:00Z"}'
_ROWS = f"""{_A2}
{{"road": "A1", "cars": 2, "until": "2024-01-01T08:01:00Z"}}
"""
_JOB = f"""# comment
query: {_QUERY}
tests:
  - name: cars are counted
    inputs:
      Sensors: sensors.jsonl
    expected:
      Traffic:
        rows:
          - {{road: A1, cars: 2, until: "2024-01-01T08:01:00Z"}}
          - {_A2}   # the quiet one
  - name: nothing at all
    inputs: {{Sensors: {{events: []}}}}
    expected: {{Traffic: {{rows: []}}}}
"""


def _folder(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "traffic"
    _write(folder, {"query.asaql": _QUERY, "inputs/Sensors.jsonl": _EVENTS, "expected/traffic.ndjson": _ROWS, **files})
    return folder


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _job(folder: Path, text: str = _JOB) -> Path:
    _write(folder, {"job.yaml": text, "sensors.jsonl": _EVENTS})
    return folder / "job.yaml"


def test_a_folder_with_query_inputs_and_expected_rows_is_a_test(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    assert run_paths([tmp_path]).lines == ["1 passed, 0 failed"]
    assert run_paths([folder / "query.asaql"], thorough=True).lines == ["1 passed, 0 failed"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Traffic.json", "[" + _ROWS.replace("}\n{", "},\n{") + "]"),
        ("Traffic.csv", "road,cars,until\nA2,1,2024-01-01T08:01Z\nA1,2,2024-01-01 08:01:00\n"),
        ("Traffic.jsonl", "\ufeff" + _ROWS),
    ],
)
def test_expected_rows_may_be_in_several_formats(tmp_path: Path, name: str, text: str) -> None:
    folder = _folder(tmp_path, **{f"expected/{name}": text})
    (folder / "expected/traffic.ndjson").unlink()
    assert run_paths([folder]).lines == ["1 passed, 0 failed"]


def test_a_folder_brings_functions_reference_data_and_scores(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "query.sql": "SELECT n.name, udf.inc(e.x) AS y, udf.score(e.x) AS s INTO Out FROM e JOIN n ON e.id = n.id",
            "inputs/e.csv": "id,x\n1,5\n",
            "reference/n.json": '[{"id": "1", "name": "one"}]',
            "functions/inc.js": "function main(x) { return Number(x) + 1; }",
            "scores.jsonl": '{"function": "score", "row": "5", "score": 0.5}\n',
            "expected/Out.csv": "name,y,s\none,6,0.5\n",
        },
    )
    assert run_paths([tmp_path]).lines == ["1 passed, 0 failed"]


def test_a_job_file_beside_the_query_gives_what_the_folder_does_not(tmp_path: Path) -> None:
    job = "query_file: query.asaql\ntime_policies: {early_arrival: 0s}\n"
    folder = _folder(tmp_path, **{"job.yaml": job})
    assert run_paths([folder]).failed == 1
    (folder / "job.yaml").write_text("query_file: query.asaql\n")
    assert run_paths([folder]).failed == 0


def test_two_files_for_one_output_are_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path, **{"expected/Traffic.json": "[]"})
    assert "hold the rows of output" in run_paths([folder]).errors[0]


def test_update_writes_new_and_changed_files_of_a_folder(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "expected/traffic.ndjson").unlink()
    assert '  output "Traffic": nothing is expected' in run_paths([folder]).lines
    report = run_paths([folder], update=True)
    assert report.updated == (folder / "expected/Traffic.ndjson",)
    (folder / "expected/Traffic.ndjson").write_text(f"{_A2.replace('1,', '2,')}\n")
    assert run_paths([folder], update=True).failed == 0
    assert run_paths([folder]).failed == 0


def test_update_of_a_csv_file_keeps_its_columns(tmp_path: Path) -> None:
    folder = _folder(tmp_path, **{"expected/Traffic.csv": "until,road,cars\nx,A2,1\n"})
    (folder / "expected/traffic.ndjson").unlink()
    assert run_paths([folder], update=True).failed == 0
    assert (folder / "expected/Traffic.csv").read_text().startswith("until,road,cars\n2024-01-01T08:01:00.0000000Z,A")


def test_the_tests_of_a_job_file_run(tmp_path: Path) -> None:
    path = _job(tmp_path)
    assert run_paths([tmp_path]).lines == ["2 passed, 0 failed"]
    assert run_paths([f"{path}:12"]).lines == ["1 passed, 0 failed"]


def test_expected_rows_of_a_job_file_are_ordered_only_if_it_says_so(tmp_path: Path) -> None:
    one = _JOB.replace("        rows:\n", "        ordered: true\n        rows:\n")
    two = one.replace("rows:\n          - {road: A1", "rows:\n          - {road: A3")
    assert run_paths([_job(tmp_path, one)]).failed + run_paths([_job(tmp_path, two)]).failed >= 1


def test_fields_can_be_ignored_and_a_tolerance_set(tmp_path: Path) -> None:
    text = _JOB.replace("- name: cars are counted", "- name: cars\n    ignore: [until]\n    tolerance: 0.5")
    text = text.replace('cars: 2, until: "2024-01-01T08:01:00Z"', "cars: 2.5")
    assert run_paths([_job(tmp_path, text)]).lines == ["2 passed, 0 failed"]


def test_a_test_replays_scores(tmp_path: Path) -> None:
    text = """query: SELECT udf.m(x) AS y INTO o FROM i
functions: {m: {scoring: "http://127.0.0.1:9/score"}}
tests:
  - name: replayed
    replay: scores.jsonl
    inputs: {i: {events: [{x: 1}]}}
    expected: {o: rows.csv}
"""
    _write(tmp_path, {"scores.jsonl": '{"function": "m", "row": 1, "score": 7}\n', "rows.csv": "y\n7\n"})
    assert run_paths([_job(tmp_path, text)]).lines == ["1 passed, 0 failed"]


def test_update_rewrites_rows_that_stand_in_the_job_file_and_nothing_else(tmp_path: Path) -> None:
    text = _JOB.replace("cars: 2,", "cars: 3,").replace("{rows: []}", '{rows: [{"a": 1}]}')
    path = _job(tmp_path, text)
    report = run_paths([path], update=True)
    assert (report.lines[-1], report.updated) == ("2 passed, 0 failed", (path,))
    after = path.read_text()
    assert after.startswith(_JOB.split("          - {road: A1")[0])
    assert '          - {"road": "A1", "cars": 2, "until": "2024-01-01T08:01:00.0000000Z"}' in after
    assert after.endswith("expected: {Traffic: {rows: []}}\n")


def test_update_fills_rows_that_are_still_empty(tmp_path: Path) -> None:
    text = _JOB.split("          - {road")[0].replace("        rows:\n", "        rows: []\n")
    path = _job(tmp_path, text)
    assert run_paths([path], update=True).lines[-1] == "1 passed, 0 failed"
    assert '        rows:\n          - {"road": "A' in path.read_text()


def test_update_keeps_rows_in_one_line_where_the_job_file_has_them_so(tmp_path: Path) -> None:
    text = _JOB.replace(
        "{events: []}", "{events: [{road: A1, time: 2024-01-01T00:00:00Z}, {road: A2, time: 2024-01-01}]}"
    )
    path = _job(tmp_path, text)
    assert run_paths([path], update=True).lines[-1] == "2 passed, 0 failed"
    assert 'expected: {Traffic: {rows: [{"road": "A1", "cars": 1, ' in path.read_text()


def test_what_is_wrong_with_the_tests_of_a_job_is_said(tmp_path: Path) -> None:
    path = _job(tmp_path, _JOB.replace("nothing at all", "cars are counted"))
    assert 'two tests are named "cars are counted"' in run_paths([path]).errors[0]
    assert 'a test needs the key "expected"' in run_paths([_job(tmp_path, "query: a\ntests: [{name: b}]")]).errors[0]
    path = _job(tmp_path, "query: SELECT 1 FROM i")
    assert run_paths([path]).errors[0].startswith("error[AQ710]")


def test_yaml_and_markdown_of_other_kinds_are_passed_over_in_a_search(tmp_path: Path) -> None:
    _job(tmp_path)
    _write(
        tmp_path,
        {
            "pipeline.yml": "tests: [a]\nsteps: []",
            "README.md": "## A\n```sql\nSELECT 1\n```\n```yaml\na: b\n```\n## B\n```",
            "node_modules/x/README.md": "## A\n```sql\nSELECT 1\n```\n```jsonl out=output\n```",
            "query.sql": "SELECT 1",
        },
    )
    assert run_paths([tmp_path]).lines == ["2 passed, 0 failed"]


def test_a_job_that_fails_is_an_exception_for_the_official_codes(tmp_path: Path) -> None:
    folder = _folder(tmp_path, **{"query.asaql": "SELECT nothing( FROM i"})
    assert run_paths([folder]).official_exit_code == -1
    folder = _folder(tmp_path, **{"expected/traffic.ndjson": ""})
    assert run_paths([folder]).official_exit_code == -2
    assert run_paths([_folder(tmp_path)]).official_exit_code == 0
    assert run_paths([tmp_path / "gone"]).official_exit_code == -1
