"""The protocols of scoring services, held against exchanges with services that speak them.

Those of MLflow were recorded from `mlflow models serve` (3.18) with linear models of scikit-learn; those of the open
inference protocol and of TensorFlow Serving follow the examples of their specifications.
"""

import json
from typing import Any

import pytest
from servers.fault_server import FaultServer, Reply

from asaql.diagnostics import QueryError
from asaql.udf.envelopes import make_envelope
from asaql.udf.kserve import EnvelopeError
from asaql.udf.scoring import open_scorer
from asaql.udf.scoring_answer import AnswerError
from asaql.udf.scoring_spec import ENVELOPES, ScoringError, ScoringFunction

PREDICTIONS = b'{"predictions": [4.000000000000002, 10.999999999999998]}'
FRAME = [{"distance": 1.0, "passenger": 2.0}, {"distance": 3.0, "passenger": 5.0}]


def make(envelope: str, description: Any = None, **settings: Any) -> Any:
    function = ScoringFunction(name="score", url="http://h/score", envelope=envelope, **settings)
    return make_envelope(function, description, "/score")[0]


@pytest.mark.parametrize(
    ("rows", "form", "body"),
    [
        ([[1.0, 2.0], [3.0, 5.0]], None, b'{"inputs":[[1.0,2.0],[3.0,5.0]]}'),
        ([[1.0, 2.0], [3.0, 5.0]], "instances", b'{"instances":[[1.0,2.0],[3.0,5.0]]}'),
        (
            FRAME,
            None,
            b'{"dataframe_split":{"columns":["distance","passenger"],"data":[[1.0,2.0],[3.0,5.0]]}}',
        ),
        (
            FRAME,
            "dataframe_records",
            b'{"dataframe_records":[{"distance":1.0,"passenger":2.0},{"distance":3.0,"passenger":5.0}]}',
        ),
    ],
)
def test_mlflow_takes_rows_in_four_forms(rows: list[Any], form: str | None, body: bytes) -> None:
    envelope = make("mlflow", request_name=form)
    assert envelope.encode(rows) == body
    assert envelope.read(PREDICTIONS, 2) == [4.000000000000002, 10.999999999999998]


def test_columns_that_a_record_lacks_are_null_in_a_split_frame() -> None:
    body = json.loads(make("mlflow").encode([{"a": 1}, {"b": 2}, None]))
    assert body == {"dataframe_split": {"columns": ["a", "b"], "data": [[1, None], [None, 2], None]}}


def test_named_outputs_of_mlflow_become_records() -> None:
    envelope = make("mlflow")
    assert envelope.read(b'{"predictions": {"label": ["a", "b"], "p": [0.5, 1]}}', 2) == [
        {"label": "a", "p": 0.5},
        {"label": "b", "p": 1},
    ]
    with pytest.raises(AnswerError, match=r'an output "label" that has not one value for each of 3 rows'):
        envelope.read(b'{"predictions": {"label": ["a", "b"]}}', 3)
    assert make("mlflow", response_name="predictions/label").read(b'{"predictions": {"label": ["a"]}}', 1) == ["a"]


def test_tensorflow_takes_instances_and_gives_predictions() -> None:
    envelope = make("tensorflow")
    assert envelope.encode([[1.0, 2.0], [5, 7]]) == b'{"instances":[[1.0,2.0],[5,7]]}'
    assert envelope.read(b'{"predictions": [[0.5], [4.5]]}', 2) == [[0.5], [4.5]]
    with pytest.raises(AnswerError, match=r'an object with "outputs" without "predictions"'):
        envelope.read(b'{"outputs": [1]}', 1)


@pytest.mark.parametrize(
    ("rows", "tensors"),
    [
        (
            [[5.1, 3], [4.9, 3]],
            [{"name": "input-0", "shape": [2, 2], "datatype": "FP64", "data": [5.1, 3, 4.9, 3]}],
        ),
        ([["a"], ["b"]], [{"name": "input-0", "shape": [2, 1], "datatype": "BYTES", "data": ["a", "b"]}]),
        ([1, 2], [{"name": "input-0", "shape": [2], "datatype": "INT64", "data": [1, 2]}]),
        ([True], [{"name": "input-0", "shape": [1], "datatype": "BOOL", "data": [True]}]),
        (
            [{"day": "Mon", "km": 5.8}, {"day": "Wed", "km": 10}],
            [
                {"name": "day", "shape": [2, 1], "datatype": "BYTES", "data": ["Mon", "Wed"]},
                {"name": "km", "shape": [2, 1], "datatype": "FP64", "data": [5.8, 10]},
            ],
        ),
    ],
)
def test_kserve_takes_tensors(rows: list[Any], tensors: list[Any]) -> None:
    assert json.loads(make("kserve").encode(rows)) == {"inputs": tensors}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[1, None]], "would hold NULL"),
        ([{"a": 1}, {"b": 1}], "have different fields"),
        ([{"a": 1}, None], "have different fields"),
        ([[1], [1, 2]], "have different numbers of elements"),
        ([[1, "a"]], "values of different kinds"),
        ([[True, 1]], "values of different kinds"),
        ([[[1]]], "values of different kinds"),
    ],
)
def test_rows_that_are_no_tensor_are_refused(rows: list[Any], reason: str) -> None:
    with pytest.raises(EnvelopeError, match=reason):
        make("kserve").encode(rows)


def test_what_a_model_says_of_its_inputs_names_and_types_the_tensors() -> None:
    one = {"name": "m", "inputs": [{"name": "X", "datatype": "FP32", "shape": [-1, 2]}]}
    assert json.loads(make("kserve", one).encode([["1", 2]])) == {
        "inputs": [{"name": "X", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]
    }
    two = {"inputs": [{"name": "Day", "datatype": "BYTES"}, {"name": "Km", "datatype": "INT64"}]}
    tensors = [
        {"name": "Day", "shape": [1, 1], "datatype": "BYTES", "data": ["1"]},
        {"name": "Km", "shape": [1, 1], "datatype": "INT64", "data": [6]},
    ]
    assert json.loads(make("kserve", two).encode([{"day": 1, "km": 6.0}])) == {"inputs": tensors}
    assert json.loads(make("kserve", two).encode([[1, "6"]])) == {"inputs": tensors}


@pytest.mark.parametrize(
    ("outputs", "results"),
    [
        ([{"name": "y", "shape": [2], "datatype": "INT64", "data": [0, 1]}], [0, 1]),
        ([{"name": "y", "shape": [2, 1], "datatype": "FP32", "data": [0.5, 1]}], [0.5, 1]),
        ([{"name": "y", "shape": [2, 2], "data": [1, 2, 3, 4]}], [[1, 2], [3, 4]]),
        ([{"name": "y", "shape": [2, 2], "data": [[1, 2], [3, 4]]}], [[1, 2], [3, 4]]),
        ([{"name": "y", "shape": [2, 2, 1], "data": [1, 2, 3, 4]}], [[1, 2], [3, 4]]),
        (
            [{"name": "label", "shape": [2], "data": ["a", "b"]}, {"name": "p", "shape": [2, 1], "data": [0.5, 1]}],
            [{"label": "a", "p": 0.5}, {"label": "b", "p": 1}],
        ),
    ],
)
def test_kserve_gives_tensors(outputs: list[Any], results: list[Any]) -> None:
    body = json.dumps({"model_name": "m", "outputs": outputs}).encode()
    assert make("kserve").read(body, 2) == results


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("[]", 'no array "outputs" with results for 2 rows'),
        ('{"outputs": [{"name": "y"}]}', 'output "y" without data and shape'),
        ('{"outputs": [{"name": "y", "shape": [3], "data": [1, 2, 3]}]}', r'output "y" of shape \[3\] for 2 rows'),
        (
            '{"outputs": [{"name": "y", "shape": [2, 2], "data": [1]}]}',
            r'output "y" with 1 elements and shape \[2, 2\]',
        ),
    ],
)
def test_tensors_that_do_not_fit_the_rows_are_refused(body: str, reason: str) -> None:
    with pytest.raises(AnswerError, match=reason):
        make("kserve").read(body.encode(), 2)


def test_one_of_several_outputs_can_be_named() -> None:
    body = b'{"outputs": [{"name": "a", "shape": [1], "data": [1]}, {"name": "b", "shape": [1], "data": [2]}]}'
    assert make("kserve", response_name="b").read(body, 1) == [2]
    with pytest.raises(AnswerError, match='outputs "a", "b" without "c"'):
        make("kserve", response_name="c").read(body, 1)


def test_a_model_is_asked_for_its_inputs_beside_the_address_that_scores() -> None:
    answer = Reply(body=b'{"outputs": [{"name": "y", "shape": [1], "datatype": "FP64", "data": [0.5]}]}')
    with FaultServer().then(answer) as server:
        url = server.url.replace("/score", "/v2/models/fare/infer")
        with open_scorer(ScoringFunction(name="score", url=url, envelope="kserve")) as scorer:
            assert scorer.submit([[1.5]]).result() == [0.5]
            with pytest.raises(
                ScoringError, match=r'(?s)AQ613.*"score": tensor "input-0" would hold NULL.*IS NOT NULL'
            ):
                scorer.submit([[None]]).result()
        assert [each.path for each in server.other_requests] == ["/v2/models/fare"]
        assert len(server.requests) == 1


@pytest.mark.parametrize("envelope", ["mlflow", "tensorflow"])
def test_services_without_a_description_are_not_asked_for_one(envelope: str) -> None:
    with FaultServer().then(Reply(body=b'{"predictions": [1]}'), Reply(404)) as server:
        with open_scorer(ScoringFunction(name="score", url=server.url, envelope=envelope)) as scorer:
            assert scorer.submit([[1]]).result() == [1]
            with pytest.raises(ScoringError, match=r"usually ends in /(invocations|v1/models)"):
                scorer.submit([[1]]).result()
        assert server.other_requests == []


def test_an_envelope_that_is_not_known_is_reported() -> None:
    with pytest.raises(QueryError, match=r'has the envelope "soap", which is not known'):
        make("soap")
    assert [type(make(each)).__name__ for each in ENVELOPES] == [
        "DescribedEnvelope",
        "MLflowEnvelope",
        "KServeEnvelope",
        "DescribedEnvelope",
    ]


def described(request: Any, response: Any) -> Any:
    return {
        "paths": {
            "/score": {
                "post": {
                    "parameters": [{"in": "body", "schema": request}],
                    "responses": {"200": {"schema": response}},
                }
            }
        }
    }


def array(items: Any) -> Any:
    return {"type": "array", "items": items}


def test_a_description_of_a_split_frame_is_followed() -> None:
    frame = {"columns": array({}), "index": array({}), "data": array(array({}))}
    request = {"properties": {"input_data": {"type": "object", "properties": frame}, "params": {"type": "object"}}}
    envelope = make("azureml", described(request, array({"type": "number"})))
    assert json.loads(envelope.encode([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])) == {
        "input_data": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]},
        "params": {},
    }
    assert envelope.read(b"[1, 2]", 2) == [1, 2]


def test_a_description_of_a_classic_service_is_followed() -> None:
    table = {"ColumnNames": array({"type": "string"}), "Values": array(array({"type": "string"}))}
    request = {
        "properties": {
            "Inputs": {"type": "object", "properties": {"input1": {"type": "object", "properties": table}}},
            "GlobalParameters": {"type": "object"},
        }
    }
    value = {"type": "object", "properties": {"value": {"type": "object", "properties": table}}}
    response = {"properties": {"Results": {"type": "object", "properties": {"output1": value}}}}
    envelope = make("azureml", described(request, response))
    assert json.loads(envelope.encode([{"tweet": "good"}])) == {
        "Inputs": {"input1": {"ColumnNames": ["tweet"], "Values": [["good"]]}},
        "GlobalParameters": {},
    }
    answer = {
        "ColumnNames": ["Sentiment", "Score"],
        "ColumnTypes": ["String", "Double"],
        "Values": [["positive", "0.75"], ["negative", "1"]],
    }
    body = json.dumps({"Results": {"output1": {"type": "table", "value": answer}}}).encode()
    assert envelope.read(body, 2) == [
        {"Sentiment": "positive", "Score": 0.75},
        {"Sentiment": "negative", "Score": 1},
    ]
    short = json.dumps({"Results": {"output1": {"value": {**answer, "Values": [["positive"]]}}}}).encode()
    assert envelope.read(short, 1) == [["positive"]]
