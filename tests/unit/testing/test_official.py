import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from asaql.diagnostics import QueryError
from asaql.testing import run_paths
from asaql.testing.official import read_config

_ROOT = Path(__file__).parents[3]
_QUERY = """SELECT r.device, udf.twice(r.n) AS twice, r.time AS seen, s.name
INTO Out FROM Readings r TIMESTAMP BY time JOIN Names s ON r.device = s.device
SELECT device INTO Log FROM Readings WHERE n > 100"""
_READINGS = [{"device": "a", "n": 1, "time": "2024-01-01T00:00:00Z"}, {"device": "b", "n": 2.25, "time": "2024-01-01"}]
_EXPECTED = [
    {"name": "Bo", "device": "b", "twice": 4.5, "seen": "any"},
    {"name": "An", "device": "a", "twice": 2, "seen": "any"},
]


def _project(folder: Path) -> Path:
    """Make a project as the editors keep it, with a test beside it."""
    (folder / "Functions").mkdir(parents=True)
    (folder / "test").mkdir()
    (folder / "Query.asaql").write_text(_QUERY, encoding="utf-8-sig")
    _json(folder / "asaproj.json", {"name": "P", "startFile": "Other.asaql"})
    _json(folder / "JobConfig.json", {"CompatibilityLevel": "1.2", "ScriptType": "JobConfig"})
    (folder / "Functions/twice.js").write_text("function main(n) { return 2 * n; }")
    _json(folder / "Functions/twice.js.json", {"Name": "twice", "Type": "Scalar", "ScriptType": "JSFunction"})
    (folder / "test/in.json").write_text("\n".join(map(json.dumps, _READINGS)))
    (folder / "test/names.csv").write_text("device;name\na;An\nb;Bo\n")
    _json(folder / "test/out.json", _EXPECTED)
    return folder


def _json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def _config(folder: Path, script: str = "../Query.asaql", **changes: Any) -> Path:
    case = {
        "Name": "Case 1",
        "Inputs": [
            _input("Readings", "in.json", "Json"),
            {**_input("Names", "names.csv", "CSV"), "Type": "Reference data", "Delimiter": ";"},
        ],
        "ExpectedOutputs": [_output("Out", "out.json"), {"OutputAlias": "Log", "FilePath": "", "Required": False}],
        **changes,
    }
    return _json(folder / "test/testConfig.json", {"Script": script, "TestCases": [case]})


def _input(alias: str, path: str, kind: str) -> dict[str, Any]:
    return {"InputAlias": alias, "Type": "Data Stream", "Format": kind, "FilePath": path, "ScriptType": "InputMock"}


def _output(alias: str, path: str) -> dict[str, Any]:
    return {"OutputAlias": alias, "FilePath": path, "IgnoreFields": ["seen"], "Required": True}


def _lines(path: Path, **options: Any) -> list[str]:
    return run_paths([path], **options).lines


def test_a_case_runs_in_its_project_and_rows_are_compared_as_objects_in_any_order(tmp_path: Path) -> None:
    assert _lines(_config(_project(tmp_path / "a b"))) == ["1 passed, 0 failed"]


def test_a_folder_is_searched_for_the_configuration(tmp_path: Path) -> None:
    _config(_project(tmp_path))
    assert _lines(tmp_path) == ["1 passed, 0 failed"]


def test_a_project_leads_to_the_configuration_beside_it(tmp_path: Path) -> None:
    _config(_project(tmp_path))
    assert _lines(tmp_path / "asaproj.json") == ["1 passed, 0 failed"]


@pytest.mark.parametrize(
    "script",
    [
        "{folder}/Query.asaql",
        "..\\Query.asaql",
        "../query.ASAQL",
        "Query.asaql",
        "C:\\Users\\me\\jobs\\p\\Query.asaql",
        "/home/me/p/Query.asaql",
    ],
)
def test_the_script_is_found_however_its_path_is_written(tmp_path: Path, script: str) -> None:
    config = _config(_project(tmp_path), script.format(folder=tmp_path))
    assert _lines(config, project=tmp_path / "asaproj.json") == ["1 passed, 0 failed"]


def test_data_is_found_by_the_path_it_had_on_another_machine(tmp_path: Path) -> None:
    path = "D:\\a\\1\\s\\project\\test\\in.json"
    inputs = [_input("Readings", path, "JSON"), {**_input("Names", "names.csv", "Csv"), "Type": "Reference data"}]
    inputs[1]["Delimiter"] = ";"
    assert _lines(_config(_project(tmp_path), Inputs=inputs)) == ["1 passed, 0 failed"]


def test_the_newer_shape_of_an_input_is_read(tmp_path: Path) -> None:
    names = {
        "Name": "Names",
        "Type": "Reference Data",
        "DataSourceType": "Local Input",
        "Serialization": {"Type": "CSV", "FieldDelimiter": ";"},
        "FilePath": "names.csv",
    }
    inputs = [_input("Readings", "in.json", "Json"), names]
    assert _lines(_config(_project(tmp_path), Inputs=inputs)) == ["1 passed, 0 failed"]


def test_without_a_script_the_project_names_the_query(tmp_path: Path) -> None:
    _project(tmp_path)
    _json(tmp_path / "asaproj.json", {"name": "P", "startFile": "Query.asaql", "configurations": []})
    assert _lines(_config(tmp_path, "")) == ["1 passed, 0 failed"]


def test_a_query_without_a_project_runs_by_itself(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "q.sql").write_text("SELECT n INTO Out FROM Readings")
    _json(tmp_path / "test/in.json", [{"n": 1}])
    (tmp_path / "test/out.json").write_text('{"n":1}')
    assert _lines(_config(tmp_path, "../q.sql", Inputs=[_input("Readings", "in.json", "json")])) == [
        "1 passed, 0 failed"
    ]


def test_a_difference_names_query_output_row_and_field(tmp_path: Path) -> None:
    config = _config(_project(tmp_path))
    _json(tmp_path / "test/out.json", [{**_EXPECTED[0], "twice": 6}, _EXPECTED[1]])
    assert _lines(config) == [
        f"FAILED {config}:1: Case 1",
        f"  query {tmp_path / 'Query.asaql'}",
        '  output "Out": 2 rows expected, 2 rows observed: 1 different',
        f"    {tmp_path / 'test/out.json'}:1: row 2 differs",
        '      - {"name": "Bo", "device": "b", "twice": 6}',
        '      + {"device": "b", "twice": 4.5, "name": "Bo"}',
        "                        ^^^^^^^^^^^^",
        '        "twice": expected 6, observed 4.5 (relative distance 0.25, tolerance 1e-09)',
        "",
        "0 passed, 1 failed",
    ]


def test_an_output_that_has_rows_and_no_expectation_fails(tmp_path: Path) -> None:
    config = _config(_project(tmp_path), ExpectedOutputs=[])
    assert '  output "Out": nothing is expected' in _lines(config)


def test_an_output_that_is_not_required_is_not_compared(tmp_path: Path) -> None:
    outputs = [{**_output("Out", "gone.json"), "Required": "False"}]
    assert _lines(_config(_project(tmp_path), ExpectedOutputs=outputs)) == ["1 passed, 0 failed"]


def test_update_writes_the_expected_file_and_shows_what_changed(tmp_path: Path) -> None:
    config = _config(_project(tmp_path))
    expected = _json(tmp_path / "test/out.json", [_EXPECTED[1]])
    report = run_paths([config], update=True)
    assert (report.failed, report.updated) == (0, (expected,))
    assert report.lines[0] == f"UPDATED {config}:1: Case 1"
    assert any("1 unexpected" in each for each in report.lines)
    assert len(json.loads(expected.read_text())) == 2
    assert run_paths([config]).exit_code == 0


def test_update_makes_an_expected_file_that_is_not_there(tmp_path: Path) -> None:
    config = _config(_project(tmp_path))
    (tmp_path / "test/out.json").unlink()
    assert any(
        each.endswith(f"the expected rows are not there: {tmp_path / 'test/out.json'}") for each in _lines(config)
    )
    assert run_paths([config], update=True).failed == 0
    assert len((tmp_path / "test/out.json").read_text().splitlines()) == 2


def test_a_recording_of_scores_beside_the_configuration_answers_for_the_model(tmp_path: Path) -> None:
    shutil.copytree(_ROOT / "samples/project", tmp_path / "p")
    folder = tmp_path / "p"
    (folder / "test").mkdir()
    (folder / "ColdChain.asaql").write_text("SELECT id, udf.score(id) AS s INTO Out FROM Readings")
    _json(folder / "test/in.json", [{"id": 1}, {"id": 2}])
    (folder / "test/scores.jsonl").write_text(
        '{"function": "score", "row": 1, "score": 10}\n{"function": "score", "row": 2, "score": 20}\n'
    )
    (folder / "test/out.json").write_text('{"id":2,"s":20},\n{"id":1,"s":10}\n')
    config = _config(folder, "..\\ColdChain.asaql", Inputs=[_input("Readings", "in.json", "Json")])
    assert _lines(config) == ["1 passed, 0 failed"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", 'a test configuration has a list "TestCases"'),
        ('{"TestCases": [1]}', "a test case is an object"),
        ('{"Script": "gone.asaql", "TestCases": []}', 'query file "gone.asaql" is not there'),
        ('{"TestCases": [}', "a value should be"),
        ('{"TestCases": [{"Inputs": [{"InputAlias": "i", "FilePath": "[Required]"}]}]}', 'input "i" has no "FilePath"'),
        ('{"TestCases": [{"Inputs": [{"FilePath": "x"}]}]}', 'has no "InputAlias"'),
        ('{"TestCases": [{"ExpectedOutputs": [{"OutputAlias": "o"}]}]}', 'expected output "o" has no "FilePath"'),
        ('{"TestCases": [{"ExpectedOutputs": [{"FilePath": "o"}]}]}', 'has no "OutputAlias"'),
        ('{"TestCases": [{"ExpectedOutputs": [{"OutputAlias": "o", "Required": 3}]}]}', '"Required" is true or false'),
    ],
)
def test_what_is_wrong_with_a_configuration_is_said(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "asaproj.json").write_text('{"startFile": "q.asaql"}')
    (tmp_path / "q.asaql").write_text("SELECT 1 FROM i")
    path = tmp_path / "testConfig.json"
    path.write_text(text)
    with pytest.raises(QueryError, match="AQ7") as caught:
        read_config(path)
    assert message in str(caught.value)
