import json
from pathlib import Path
from typing import Any

import pytest

from asaql.diagnostics import QueryError
from asaql.jobs import Job, JobOptions, read_job
from asaql.model import TICKS_PER_SECOND

SAMPLE = Path(__file__).parents[3] / "samples" / "arm" / "carpark.json"
JOB = "Microsoft.StreamAnalytics/streamingjobs"


def streaming_job(**properties: Any) -> dict[str, Any]:
    query = {"name": "T", "properties": {"streamingUnits": 6, "query": "SELECT * INTO Out FROM In"}}
    return {"type": JOB, "name": "job", "properties": {"transformation": query} | properties}


def function(name: str, binding: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"name": name, "properties": {"type": "Scalar", "properties": {"binding": binding} | properties}}


def scoring(**properties: Any) -> dict[str, Any]:
    return {"type": "Microsoft.MachineLearningServices", "properties": {"endpoint": "http://h/score"} | properties}


def read(folder: Path, *resources: Any, options: JobOptions | None = None, **template: Any) -> Job:
    path = folder / "t.json"
    path.write_text(json.dumps({"resources": list(resources)} | template), encoding="utf-8")
    return read_job(path, options)


def refusal(folder: Path, *resources: Any, **template: Any) -> str:
    with pytest.raises(QueryError) as caught:
        read(folder, *resources, **template)
    return str(caught.value)


def test_the_sample_template_is_read_whole() -> None:
    job = read_job(SAMPLE)
    assert (job.name, job.streaming_units, job.level) == ("carpark", 3, "1.2")
    assert job.query.name == f"{SAMPLE}#query"
    (exits,) = job.inputs
    assert exits.name == "Exits"
    assert exits.events is not None
    assert [each["minutes"] for each in exits.events] == [55, 8, 200, 61]
    assert [each.name for each in job.outputs] == ["Invoices"]
    (script,) = job.scripts
    assert script.name == "price"
    assert job.policies.late_arrival == 300 * TICKS_PER_SECOND


def test_positions_count_in_the_text_of_the_query(tmp_path: Path) -> None:
    transformation = {"properties": {"query": "SELECT *\r\nFROM In"}}
    job = read(tmp_path, streaming_job(transformation=transformation))
    assert job.query.position(job.query.text.index("FROM")) == (2, 1)
    assert job.query.line(1) == "SELECT *"


def test_types_and_keys_are_read_in_any_case(tmp_path: Path) -> None:
    resource = {
        "Type": "MICROSOFT.StreamAnalytics/StreamingJobs",
        "Name": "Job",
        "Properties": {
            "Transformation": {"Properties": {"Query": "SELECT 1"}},
            "Inputs": [
                {"Name": "In", "Properties": {"Type": "reference", "DataSource": {"Type": "microsoft.storage/blob"}}}
            ],
            "EventsOutOfOrderPolicy": "drop",
        },
    }
    job = read(tmp_path, resource)
    assert (job.name, job.policies.out_of_order_policy) == ("Job", "drop")
    assert [(each.name, each.is_reference, each.has_data) for each in job.inputs] == [("In", True, False)]


def test_parts_may_be_child_resources_or_resources_of_their_own(tmp_path: Path) -> None:
    parent = streaming_job() | {
        "resources": [
            {"type": "inputs", "name": "In", "properties": {"type": "Stream"}},
            {"type": f"{JOB}/outputs", "name": "job/Out", "properties": {}},
        ]
    }
    own = {"type": f"{JOB}/functions", "name": "[concat(parameters('j'), '/f')]"} | {
        "properties": function(
            "f",
            {"type": "Microsoft.StreamAnalytics/JavascriptUdf", "properties": {"script": "function (x) { return x; }"}},
        )["properties"]
    }
    job = read(tmp_path, parent, own, parameters={"j": {"type": "string", "defaultValue": "job"}})
    assert [each.name for each in job.inputs] == ["In"]
    assert [each.name for each in job.outputs] == ["Out"]
    assert [(each.name, each.source.name) for each in job.scripts] == [("f", f"{tmp_path / 't.json'}#f")]


def test_symbolic_names_and_nested_deployments_are_followed(tmp_path: Path) -> None:
    inner = streaming_job(transformation={"properties": {"query": "[parameters('q')]"}})
    deployment = {
        "type": "Microsoft.Resources/deployments",
        "name": "d",
        "properties": {
            "expressionEvaluationOptions": {"scope": "inner"},
            "parameters": {"q": {"value": "[variables('text')]"}},
            "template": {"parameters": {"q": {"type": "string"}}, "resources": {"job": inner}},
        },
    }
    job = read(tmp_path, resources={"d": deployment}, variables={"text": "SELECT a FROM b"})
    assert job.query.text == "SELECT a FROM b"


def test_an_exported_job_is_read_like_a_template(tmp_path: Path) -> None:
    path = tmp_path / "exported.json"
    path.write_text(json.dumps(streaming_job()), encoding="utf-8")
    assert read_job(path).query.text == "SELECT * INTO Out FROM In"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[parameters('Name')]", "n"),
        ("[variables('v')]", "n-v"),
        ("[format('{0}/{1:x}', parameters('name'), 'b')]", "n/b"),
        ("[toUpper(concat('a', '''', parameters('o').x.y[1]))]", "A'2"),
        ("[coalesce(parameters('nothing'), 'else')]", "else"),
        ("[replace('a.b', '.', '-')]", "a-b"),
        ("[[literal]", "[literal]"),
        ("[]", "[]"),
        ('[{"a": 1}]', '[{"a": 1}]'),
        ("plain", "plain"),
    ],
)
def test_expressions_are_resolved_as_far_as_the_template_allows(tmp_path: Path, expression: str, value: str) -> None:
    job = read(
        tmp_path,
        streaming_job(transformation={"properties": {"query": expression}}),
        parameters={
            "name": {"defaultValue": "n"},
            "nothing": {"defaultValue": None},
            "o": {"defaultValue": {"x": {"y": [1, 2]}}},
        },
        variables={"v": "[concat(parameters('name'), '-v')]"},
    )
    assert job.query.text == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("[parameters('q')]", 'the query depends on the parameter "q", which has no default value'),
        ("[variables('q')]", 'the variable "q", which the template does not define'),
        ("[reference('x').query]", 'the function "reference", which only a deployment can answer'),
        ("[concat('a' 'b')]", "an expression that is not understood"),
        ("[variables('loop')]", "a value that depends on itself"),
        ("[parameters('o').z]", 'the member "z", which is not in the template'),
    ],
)
def test_a_query_that_cannot_be_resolved_says_why(tmp_path: Path, expression: str, reason: str) -> None:
    shown = refusal(
        tmp_path,
        streaming_job(transformation={"properties": {"query": expression}}),
        parameters={"q": {"type": "string"}, "o": {"defaultValue": {}}},
        variables={"loop": "[variables('loop')]"},
    )
    assert reason in shown
    assert "t.parameters.json" in shown


def test_the_parameter_file_beside_a_template_gives_values(tmp_path: Path) -> None:
    values = {"parameters": {"Q": {"value": "SELECT 2"}, "key": {"value": None}}}
    (tmp_path / "t.parameters.json").write_text(json.dumps(values), encoding="utf-8")
    resource = streaming_job(transformation={"properties": {"query": "[parameters('q')]"}})
    assert read(tmp_path, resource, parameters={"q": {"defaultValue": "SELECT 1"}}).query.text == "SELECT 2"


def test_a_setting_that_cannot_be_resolved_is_a_warning(tmp_path: Path) -> None:
    job = read(tmp_path, streaming_job(compatibilityLevel="[parameters('level')]"))
    assert job.level == "1.2"
    (warning,) = job.warnings
    assert "the default is used" in warning.message


@pytest.mark.parametrize(
    ("sku", "units", "expected"),
    [
        ({"name": "Standard"}, 12, 12),
        ({"name": "StandardV2"}, 3, 1),
        ({"name": "StandardV2"}, 7, 3),
        ({"name": "StandardV2"}, 20, 12),
    ],
)
def test_streaming_units_of_both_generations_are_understood(
    tmp_path: Path, sku: dict[str, Any], units: int, expected: int
) -> None:
    transformation = {"properties": {"query": "SELECT 1", "streamingUnits": units}}
    assert read(tmp_path, streaming_job(sku=sku, transformation=transformation)).streaming_units == expected


@pytest.mark.parametrize(
    ("payload", "serialization", "events"),
    [
        ('{"a": 1}\n{"a": 2.0}', {"type": "Json"}, [{"a": 1}, {"a": 2.0}]),
        ('{"a": 1},{"a": 2}', {"type": "json"}, [{"a": 1}, {"a": 2}]),
        ("a;b\n1;x\n", {"type": "Csv", "properties": {"fieldDelimiter": ";"}}, [{"a": "1", "b": "x"}]),
        ("", {"type": "Json"}, []),
    ],
)
def test_a_raw_payload_becomes_events(tmp_path: Path, payload: str, serialization: Any, events: Any) -> None:
    source = {"type": "Raw", "properties": {"payload": payload}}
    properties = {"type": "Stream", "datasource": source, "serialization": serialization}
    (spec,) = read(tmp_path, streaming_job(inputs=[{"name": "In", "properties": properties}])).inputs
    assert spec.events == events
    assert spec.has_data


@pytest.mark.parametrize(
    ("payload", "kind", "message"),
    [("{nope", "Json", "is no JSON"), ("[1]", "Json", "holds more than objects"), ("x", "Avro", "binary format")],
)
def test_a_payload_that_is_no_events_is_refused(tmp_path: Path, payload: str, kind: str, message: str) -> None:
    source = {"type": "Raw", "properties": {"payload": payload}}
    properties = {"datasource": source, "serialization": {"type": kind}}
    assert message in refusal(tmp_path, streaming_job(inputs=[{"name": "In", "properties": properties}]))


def test_a_file_input_is_read_relative_to_the_template(tmp_path: Path) -> None:
    source = {"type": "File", "properties": {"path": "data\\in.csv"}}
    (spec,) = read(tmp_path, streaming_job(inputs=[{"name": "In", "properties": {"datasource": source}}])).inputs
    assert spec.path == tmp_path / "data/in.csv"


def test_a_scoring_function_keeps_its_settings(tmp_path: Path) -> None:
    binding = scoring(apiKey="k", batchSize=250, numberOfParallelRequests=3, inputRequestName="rows")
    declared = function("score", binding, inputs=[{"dataType": "array"}], output={"dataType": "float"})
    (scorer,) = read(tmp_path, streaming_job(functions=[declared])).scorers
    assert (scorer.name, scorer.url, scorer.max_batch_rows, scorer.parallel_requests) == (
        "score",
        "http://h/score",
        250,
        3,
    )
    assert (scorer.request_name, scorer.input_type, scorer.output_type) == ("rows", "array", "float")
    assert scorer.key is not None
    assert scorer.key.reveal() == "k"


def test_a_key_that_only_a_deployment_knows_is_a_warning_unless_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORE_KEY", "k-2")
    declared = streaming_job(functions=[function("score", scoring(apiKey="[parameters('k')]"))])
    job = read(tmp_path, declared, parameters={"k": {"type": "secureString"}})
    (warning,) = job.warnings
    assert warning.help == "add --score-key score=VARIABLE, an environment variable that holds the key"
    job = read(tmp_path, declared, options=JobOptions(scorer_keys=[("Score", "SCORE_KEY")]))
    assert job.warnings == ()
    assert job.scorers[0].key is not None
    assert job.scorers[0].key.reveal() == "k-2"


def test_a_function_given_on_the_command_line_keeps_what_it_does_not_say(tmp_path: Path) -> None:
    declared = streaming_job(functions=[function("score", scoring(batchSize=10))])
    job = read(tmp_path, declared, options=JobOptions(scorers=[("SCORE", "http://127.0.0.1:9/score")]))
    (scorer,) = job.scorers
    assert (scorer.url, scorer.max_batch_rows) == ("http://127.0.0.1:9/score", 10)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Microsoft.StreamAnalytics/CLRUdf", "is in C#"),
        ("Microsoft.MachineLearning/WebService", "uses Machine Learning Studio (classic)"),
    ],
)
def test_retired_functions_are_refused_unless_replaced(tmp_path: Path, kind: str, message: str) -> None:
    declared = streaming_job(functions=[function("f", {"type": kind, "properties": {}})])
    shown = refusal(tmp_path, declared)
    assert "error[AQ706]" in shown
    assert message in shown
    job = read(tmp_path, declared, options=JobOptions(scorers=[("f", "http://h/score")]))
    assert [each.name for each in job.scorers] == ["f"]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ([], "the template has no streaming job"),
        ([streaming_job(), streaming_job()], "more than one streaming job"),
        ([{"type": JOB, "name": "j", "properties": {}}], "the job has no transformation"),
        ([streaming_job(transformation={"name": "T", "properties": {}})], "the transformation has no query"),
        ([streaming_job(functions=[{"name": "f", "properties": {}}])], 'function "f" has no binding'),
        ([streaming_job(functions=[function("f", {"type": "x/y", "properties": {}})])], "an unknown type"),
        (
            [streaming_job(functions=[function("f", scoring(endpoint=None))])],
            'function "f" has no endpoint',
        ),
        (
            [streaming_job(functions=[function("f", scoring(endpoint="[parameters('e')]"))])],
            "add --score f=http://127.0.0.1:5001/score",
        ),
        (
            [streaming_job(functions=[function("f", {"type": "M/JavascriptUdf", "properties": {}})])],
            'function "f" has no script',
        ),
    ],
)
def test_what_is_missing_in_a_template_is_said(tmp_path: Path, resources: list[Any], message: str) -> None:
    assert message in refusal(tmp_path, *resources)


def test_json_that_is_no_template_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(QueryError, match="no deployment template"):
        read_job(path)


def test_a_key_in_the_template_is_shown_in_no_message(tmp_path: Path) -> None:
    text = json.dumps(streaming_job(functions=[function("f", scoring(apiKey="hunter2", endpoint="ftp://x"))]), indent=1)
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(QueryError) as caught:
        read_job(path)
    assert "hunter2" not in str(caught.value)
