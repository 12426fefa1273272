import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from asaql.diagnostics import QueryError
from asaql.jobs import JobOptions, read_job
from asaql.model import TICKS_PER_SECOND

SAMPLE = Path(__file__).parents[3] / "samples" / "project"


def write(path: Path, content: Any, *, mark: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8-sig" if mark else "utf-8")


def project(folder: Path, *parts: tuple[str, str], start: str | None = "q.asaql", **extra: Any) -> Path:
    listed = [{"filePath": path, "subType": kind} for path, kind in parts]
    write(folder / "asaproj.json", {"name": "P", "startFile": start, "configurations": listed} | extra)
    write(folder / "q.asaql", "SELECT * INTO Out FROM In")
    return folder


def test_the_sample_project_is_read_whole() -> None:
    job = read_job(SAMPLE)
    assert (job.name, job.level, job.streaming_units) == ("ColdChain", "1.2", 6)
    (readings,) = job.inputs
    assert readings.name == "Readings"
    assert readings.path is not None
    assert readings.path.is_file()
    assert " " in readings.path.name
    assert [each.name for each in job.outputs] == ["Alarms", "Log"]
    (script,) = job.scripts
    assert script.name == "dewPoint"
    assert job.policies.late_arrival == 60 * TICKS_PER_SECOND
    assert job.warnings == ()


def test_the_project_file_names_the_same_job_as_its_folder() -> None:
    assert read_job(SAMPLE / "asaproj.json") == read_job(SAMPLE)


def test_a_project_in_a_folder_with_blanks_and_byte_order_marks(tmp_path: Path) -> None:
    folder = tmp_path / "my job (1)"
    shutil.copytree(SAMPLE, folder)
    for path in folder.rglob("*.json"):
        write(path, path.read_text(encoding="utf-8"), mark=True)
    write(folder / "ColdChain.asaql", (folder / "ColdChain.asaql").read_text(encoding="utf-8"), mark=True)
    job = read_job(folder)
    assert not job.query.text.startswith("\ufeff")
    assert job.inputs[0].path is not None
    assert job.inputs[0].path.is_file()


def test_keys_words_and_file_names_are_read_in_any_case(tmp_path: Path) -> None:
    project(tmp_path, ("inputs\\LOCAL_in.json", "inputmock"), ("jobconfig.json", "JOBCONFIG"))
    write(
        tmp_path / "Inputs" / "Local_In.json",
        {"inputalias": "In", "type": "reference data", "format": "JSON", "filepath": "In.json"},
    )
    write(tmp_path / "Inputs" / "in.json", "[]")
    write(tmp_path / "JobConfig.json", {"eventsoutoforderpolicy": "DROP", "compatibilityLevel": "1.0"})
    job = read_job(tmp_path)
    assert job.inputs[0].is_reference
    assert (job.inputs[0].path, job.inputs[0].format) == (tmp_path / "Inputs" / "in.json", "json")
    assert (job.policies.out_of_order_policy, job.level) == ("drop", "1.0")


def test_both_shapes_of_a_local_input_are_read(tmp_path: Path) -> None:
    project(tmp_path, ("Inputs/Local_A.json", "InputMock"), ("Inputs/Local_B.json", "InputMock"))
    write(
        tmp_path / "Inputs/Local_A.json",
        {"InputAlias": "A", "Type": "Data Stream", "Format": "Csv", "Delimiter": ";", "FilePath": "..\\a.csv"},
    )
    write(
        tmp_path / "Inputs/Local_B.json",
        {
            "Name": "B",
            "Type": "Reference data",
            "DataSourceType": "Local Input",
            "Serialization": {"Type": "Csv", "Encoding": "UTF8", "FieldDelimiter": "\t"},
            "FilePath": "b.csv",
            "ScriptType": "InputMock",
        },
    )
    first, second = read_job(tmp_path).inputs
    assert (first.name, first.format, first.delimiter, first.is_reference) == ("A", "csv", ";", False)
    assert (second.name, second.format, second.delimiter, second.is_reference) == ("B", "csv", "\t", True)


def test_a_live_input_without_local_data_is_declared_only(tmp_path: Path) -> None:
    project(tmp_path, ("Inputs/Zones.json", "Input"))
    write(tmp_path / "Inputs/Zones.json", {"Name": "Zones", "Type": "Reference Data", "ScriptType": "Input"})
    (zones,) = read_job(tmp_path).inputs
    assert (zones.has_data, zones.is_reference) == (False, True)


def test_a_local_input_that_contradicts_the_live_one_is_warned_about(tmp_path: Path) -> None:
    project(tmp_path, ("Inputs/Zones.json", "Input"), ("Inputs/Local_Zones.json", "InputMock"))
    write(tmp_path / "Inputs/Zones.json", {"Name": "Zones", "Type": "Reference Data", "ScriptType": "Input"})
    write(tmp_path / "Inputs/Local_Zones.json", {"InputAlias": "zones", "Type": "Data Stream", "FilePath": "z.json"})
    job = read_job(tmp_path)
    assert [(each.name, each.is_reference) for each in job.inputs] == [("Zones", True)]
    (warning,) = job.warnings
    assert not warning.is_error
    assert warning.message == 'input "Zones" is reference data, by its local data a stream'


def test_a_start_file_that_is_not_there_gives_way_to_the_only_query(tmp_path: Path) -> None:
    job = read_job(project(tmp_path, start="other.asaql"))
    assert job.query.name == str(tmp_path / "q.asaql")
    (warning,) = job.warnings
    assert warning.message == '"other.asaql" does not exist; "q.asaql" is taken instead'


def test_several_queries_without_a_start_file_are_an_error(tmp_path: Path) -> None:
    project(tmp_path, start=None)
    write(tmp_path / "r.asaql", "SELECT 1")
    with pytest.raises(QueryError, match="does not name its query"):
        read_job(tmp_path)


def test_a_folder_without_a_project_file_is_read_by_its_names(tmp_path: Path) -> None:
    write(tmp_path / "q.asaql", "SELECT udf.twice(a) FROM In")
    write(tmp_path / "Inputs/Local_In.json", {"InputAlias": "In", "Format": "Json", "FilePath": "in.json"})
    write(tmp_path / "Functions/twice.js.json", {"Name": "twice", "Type": "Scalar"})
    write(tmp_path / "Functions/twice.js", "function main(a) { return 2 * a; }")
    write(tmp_path / "JobConfig.json", {"StreamingUnits": 12})
    job = read_job(tmp_path)
    assert [each.name for each in job.inputs] == ["In"]
    assert [each.name for each in job.scripts] == ["twice"]
    assert job.streaming_units == 12


def test_a_folder_without_anything_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="has no query"):
        read_job(tmp_path)


@pytest.mark.parametrize(
    ("config", "units"),
    [
        ({"StreamingUnits": 18}, 18),
        ({"Sku": {"Name": "Standard", "StreamingUnits": "3"}}, 3),
        ({"Sku": {"Name": "StandardV2", "StreamingUnits": "1/3"}}, 1),
        ({"Sku": {"Name": "StandardV2", "StreamingUnits": "2/3"}}, 3),
        ({"Sku": {"Name": "StandardV2", "StreamingUnits": "2"}}, 12),
        ({}, 6),
    ],
)
def test_streaming_units_of_both_generations_are_understood(tmp_path: Path, config: dict[str, Any], units: int) -> None:
    project(tmp_path, ("JobConfig.json", "JobConfig"))
    write(tmp_path / "JobConfig.json", config)
    assert read_job(tmp_path).streaming_units == units


def test_a_late_arrival_of_minus_one_is_no_limit(tmp_path: Path) -> None:
    project(tmp_path, ("JobConfig.json", "JobConfig"))
    write(tmp_path / "JobConfig.json", {"EventsLateArrivalMaxDelayInSeconds": -1, "OutputErrorPolicy": "Stop"})
    job = read_job(tmp_path)
    assert (job.policies.late_arrival, job.output_error_policy) == (None, "retry")


def test_settings_that_mean_nothing_are_reported_together(tmp_path: Path) -> None:
    project(tmp_path, ("JobConfig.json", "JobConfig"))
    write(
        tmp_path / "JobConfig.json",
        {"EventsOutOfOrderPolicy": "Ajust", "EventsLateArrivalMaxDelayInSeconds": 9999999, "CompatibilityLevel": "2"},
    )
    with pytest.raises(QueryError) as caught:
        read_job(tmp_path)
    assert len(caught.value.diagnostics) == 3
    assert 'did you mean "adjust"?' in str(caught.value)


def csharp(folder: Path) -> Path:
    project(folder, ("Functions\\predict.json", "CSharpFunction"))
    write(folder / "Functions/predict.json", {"Name": "predict", "ScriptType": "CSharpFunction", "ClassName": "C"})
    return folder


def test_a_function_in_csharp_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(QueryError) as caught:
        read_job(csharp(tmp_path))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "AQ706"
    assert diagnostic.help == "write it in JavaScript and add --function predict=predict.js"


def test_a_function_given_on_the_command_line_stands_for_a_retired_one(tmp_path: Path) -> None:
    write(tmp_path / "predict.js", "function main() { return 1; }")
    job = read_job(csharp(tmp_path), JobOptions(functions=[("Predict", tmp_path / "predict.js")]))
    assert [each.name for each in job.scripts] == ["Predict"]


def test_a_custom_deserializer_is_refused(tmp_path: Path) -> None:
    project(tmp_path, ("Inputs/Local_In.json", "InputMock"))
    write(tmp_path / "Inputs/Local_In.json", {"InputAlias": "In", "Format": "CustomClr", "FilePath": "x"})
    with pytest.raises(QueryError, match="AQ706"):
        read_job(tmp_path)


def test_a_machine_learning_function_without_an_address_is_a_warning(tmp_path: Path) -> None:
    project(tmp_path, ("score.json", "MLFunction"))
    write(tmp_path / "score.json", '{\n\t"ScriptType": "MLFunction"\n}')
    (warning,) = read_job(tmp_path).warnings
    assert warning.help == "add --score score=http://127.0.0.1:5001/score"


def test_a_function_listed_by_its_source_finds_its_declaration(tmp_path: Path) -> None:
    project(tmp_path, ("Functions/f.js", "JSFunction"), ("Functions/f.js.json", "JSFunction"))
    write(tmp_path / "Functions/f.js", "function main(a) { return a; }")
    write(tmp_path / "Functions/f.js.json", {"Name": "half", "Type": "Scalar", "OutputType": "float"})
    (script,) = read_job(tmp_path).scripts
    assert (script.name, script.output_type) == ("half", "float")


def test_a_listed_file_that_is_missing_is_a_warning_unless_it_is_a_function(tmp_path: Path) -> None:
    (warning,) = read_job(project(tmp_path, ("Outputs\\gone.json", "Output"))).warnings
    assert warning.code == "AQ702"
    with pytest.raises(QueryError, match="cannot be read"):
        read_job(project(tmp_path, ("Functions\\gone.js.json", "JSFunction")))


def test_no_credential_is_read_or_shown(tmp_path: Path) -> None:
    project(tmp_path, ("Inputs/In.json", "Input"))
    write(
        tmp_path / "Inputs/In.json",
        '{"Name": "In", "EventHubProperties": {"SharedAccessPolicyKey": "hunter2"}, oops}',
    )
    with pytest.raises(QueryError) as caught:
        read_job(tmp_path)
    assert "hunter2" not in str(caught.value)


def test_an_encoding_other_than_utf_8_is_refused(tmp_path: Path) -> None:
    project(tmp_path, ("Inputs/Local_In.json", "InputMock"))
    write(
        tmp_path / "Inputs/Local_In.json",
        {"Name": "In", "Serialization": {"Type": "Json", "Encoding": "UTF16"}, "FilePath": "x.json"},
    )
    with pytest.raises(QueryError, match="only UTF-8 is known"):
        read_job(tmp_path)
