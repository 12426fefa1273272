"""Signatures from service descriptions, and rows into requests."""

import json
from pathlib import Path
from typing import Any

import pytest

from asaql.model import Instant, parse_ticks
from asaql.udf.scoring_values import ElementType
from asaql.udf.signature import (
    RowShape,
    Signature,
    read_signature,
    result_converter,
    with_names,
    with_row_type,
)

SWAGGER = Path(__file__).parents[2] / "servers" / "swagger"


def signature_of(name: str) -> Signature:
    found = read_signature(json.loads((SWAGGER / f"{name}.json").read_text()))
    assert found is not None
    return found


def sent(signature: Signature, rows: list[Any]) -> Any:
    return json.loads(signature.encode(rows))


def test_an_array_of_arrays_of_text_is_read() -> None:
    assert signature_of("array") == Signature(
        ("data",), (), RowShape.ARRAY, ElementType.TEXT, {}, ElementType.NUMBER, {}
    )


def test_a_data_frame_is_read_with_the_types_of_its_fields() -> None:
    signature = signature_of("dataframe")
    assert signature.row_shape is RowShape.RECORD
    assert signature.request_path == ("data",)
    assert signature.field_types == {
        "vendorid": ElementType.TEXT,
        "weekday": ElementType.TEXT,
        "pickuphour": ElementType.INTEGER,
        "passenger": ElementType.NUMBER,
        "distance": ElementType.TEXT,
    }
    assert signature.result_type is ElementType.INTEGER


def test_the_designers_envelope_is_read_through_references() -> None:
    signature = signature_of("designer")
    assert signature.request_path == ("Inputs", "WebServiceInput0")
    assert signature.response_path == ("Results", "WebServiceOutput0")
    assert signature.further == {"GlobalParameters": {}}
    assert signature.field_types["passenger-count"] is ElementType.INTEGER


def test_openapi_3_is_read_and_the_score_operation_is_chosen_among_several() -> None:
    signature = signature_of("openapi3")
    assert (signature.request_path, signature.response_path) == (("data",), ("result",))
    assert (signature.row_shape, signature.element_type) == (RowShape.SCALAR, ElementType.NUMBER)


@pytest.mark.parametrize(
    "description",
    [
        None,
        [],
        {},
        {"paths": {}},
        {"paths": {"/score": {"post": {}}}},
        {"paths": {"/score": {"post": {"parameters": [{"in": "body", "schema": {"type": "object", "example": {}}}]}}}},
        {"paths": {"/score": {"post": {"parameters": [{"in": "body", "schema": {"$ref": "#/definitions/None"}}]}}}},
        {
            "paths": {"/score": {"post": {"parameters": [{"in": "body", "schema": {"$ref": "#/definitions/A"}}]}}},
            "definitions": {"A": {"$ref": "#/definitions/A"}},
        },
    ],
)
def test_a_description_without_rows_gives_no_signature(description: Any) -> None:
    assert read_signature(description) is None


def test_an_example_gives_what_stands_beside_the_rows() -> None:
    rows = {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "number"}}}}
    inputs = {
        "type": "object",
        "properties": {
            "Inputs": {"type": "object", "properties": {"data": rows}},
            "GlobalParameters": {"type": "object"},
        },
        "example": {"Inputs": {"data": [{"x": 1}]}, "GlobalParameters": {"method": "predict"}},
    }
    found = read_signature({"paths": {"/score": {"post": {"parameters": [{"in": "body", "schema": inputs}]}}}})
    assert found is not None
    assert sent(found, [{"x": 2}]) == {"Inputs": {"data": [{"x": 2}]}, "GlobalParameters": {"method": "predict"}}


def test_the_articles_array_request_is_written_to_the_byte() -> None:
    rows = [["1", "Mon", "12", "1", "5.8"], ["2", "Wed", "10", "2", "10"]]
    expected = b'{"data":[["1","Mon","12","1","5.8"],["2","Wed","10","2","10"]]}'
    assert signature_of("array").encode(rows) == expected
    assert Signature().encode(rows) == expected


def test_numbers_become_the_articles_texts_where_the_service_declares_text() -> None:
    rows = [[1, "Mon", 12, 1, 5.8], [2, "Wed", 10, 2, 10.0]]
    expected = b'{"data":[["1","Mon","12","1","5.8"],["2","Wed","10","2","10"]]}'
    assert signature_of("array").encode(rows) == expected


def test_the_articles_data_frame_request_is_written_to_the_byte() -> None:
    first = {"vendorid": "1", "weekday": "Mon", "pickuphour": "12", "passenger": "1", "distance": "5.8"}
    second = {"vendorid": "2", "weekday": "Tue", "pickuphour": "10", "passenger": "2", "distance": "10"}
    assert Signature().encode([first, second]) == (
        b'{"data":[{"vendorid":"1","weekday":"Mon","pickuphour":"12","passenger":"1","distance":"5.8"},'
        b'{"vendorid":"2","weekday":"Tue","pickuphour":"10","passenger":"2","distance":"10"}]}'
    )


def test_fields_are_converted_by_name_without_regard_to_case_and_spelled_as_in_the_query() -> None:
    row = {"VendorId": 7, "PickupHour": "12", "passenger": " 1.5 ", "other": "9", "distance": 2.50}
    assert sent(signature_of("dataframe"), [row]) == {
        "data": [{"VendorId": "7", "PickupHour": 12, "passenger": 1.5, "other": "9", "distance": "2.5"}]
    }


def test_rows_with_different_fields_are_each_converted() -> None:
    rows = [{"vendorid": 1}, {"vendorid": 2, "distance": 3}, {}, None]
    assert sent(signature_of("dataframe"), rows) == {
        "data": [{"vendorid": "1"}, {"vendorid": "2", "distance": "3"}, {}, None]
    }


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ("string", 2**63 - 1, "9223372036854775807"),
        ("string", 0.1, "0.1"),
        ("string", 10.0, "10"),
        ("string", True, "true"),
        ("string", Instant(parse_ticks("2020-02-03T04:05:06.7Z") or 0), "2020-02-03T04:05:06.7000000Z"),
        ("string", None, None),
        ("string", {"a": 1}, {"a": 1}),
        ("number", "5.8", 5.8),
        ("number", "12", 12),
        ("number", "Mon", "Mon"),
        ("number", "NaN", "NaN"),
        ("number", 3, 3),
        ("number", None, None),
        ("integer", "12", 12),
        ("integer", 12.0, 12),
        ("integer", 12.5, 12.5),
        ("integer", 1e300, 1e300),
        ("boolean", "True", True),
        ("boolean", 1, True),
        ("boolean", 2, 2),
        ("boolean", "yes", "yes"),
        ("any", "12", "12"),
        ("any", 12, 12),
    ],
)
def test_a_value_is_converted_to_the_declared_type_where_it_can_be(declared: str, value: Any, expected: Any) -> None:
    signature = Signature(row_shape=RowShape.ARRAY, element_type=ElementType(declared))
    converted = sent(signature, [[value]])["data"][0][0]
    assert (converted, type(converted)) == (expected, type(expected))


def test_a_scalar_row_is_converted_too() -> None:
    assert sent(signature_of("openapi3"), ["1.5", 2, None]) == {"data": [1.5, 2, None]}


def test_a_datetime_inside_of_a_row_is_written_in_iso_form() -> None:
    at = Instant(parse_ticks("2020-02-03") or 0)
    assert sent(Signature(), [{"at": at, "list": [at]}]) == {
        "data": [{"at": "2020-02-03T00:00:00.0000000Z", "list": ["2020-02-03T00:00:00.0000000Z"]}]
    }


@pytest.mark.parametrize("shape", ["array", "any"])
def test_an_argument_of_the_declared_or_of_unknown_shape_is_fine(shape: str) -> None:
    assert signature_of("array").check_argument("score", shape) is None


def test_without_a_description_every_argument_is_fine() -> None:
    assert all(Signature().check_argument("score", each) is None for each in ("array", "record", "scalar", "any"))


def test_a_record_for_a_service_of_arrays_is_reported_with_both_sides_named() -> None:
    problem = signature_of("array").check_argument("score", "record")
    assert problem is not None
    assert problem.code == "AQ613"
    assert problem.message == 'scoring function "score" is given records and its service takes arrays'
    assert problem.notes == ('the service declares "data" as an array of arrays of string values',)
    assert problem.help is not None
    assert "udf.score(udf.createArray(" in problem.help


def test_an_array_for_a_service_of_records_is_reported_with_the_declared_fields() -> None:
    problem = signature_of("designer").check_argument("score", "array")
    assert problem is not None
    assert problem.notes == (
        'the service declares "Inputs/WebServiceInput0" as an array of objects'
        " with passenger-count integer, distance number, weekday string",
    )


@pytest.mark.parametrize("shape", ["scalar", "bigint", "nvarchar(max)"])
def test_a_single_value_for_a_service_of_arrays_is_reported(shape: str) -> None:
    problem = signature_of("array").check_argument("score", shape)
    assert problem is not None
    assert "is given single values" in problem.message


@pytest.mark.parametrize(
    ("request_name", "response_name", "request_path", "response_path"),
    [
        (None, None, ("data",), ()),
        ("rows", None, ("rows",), ()),
        ("rows", "scores", ("rows",), ("scores",)),
        ("WebServiceInput1", None, ("Inputs", "WebServiceInput1"), ("Results", "WebServiceOutput0")),
        (
            "WebServiceInput0",
            "WebServiceOutput1",
            ("Inputs", "WebServiceInput0"),
            ("Results", "WebServiceOutput1"),
        ),
        ("a/b", "c/d/e", ("a", "b"), ("c", "d", "e")),
    ],
)
def test_declared_names_stand_in_for_a_description(
    request_name: str | None, response_name: str | None, request_path: tuple[str, ...], response_path: tuple[str, ...]
) -> None:
    signature = with_names(Signature(), request_name, response_name)
    assert (signature.request_path, signature.response_path) == (request_path, response_path)
    assert signature.further == ({"GlobalParameters": {}} if request_path[0] == "Inputs" else {})


def test_a_declared_name_replaces_the_innermost_name_of_the_description() -> None:
    signature = with_names(signature_of("designer"), "input1", "output1")
    assert signature.request_path == ("Inputs", "input1")
    assert signature.response_path == ("Results", "output1")
    assert sent(signature, []) == {"Inputs": {"input1": []}, "GlobalParameters": {}}


def test_a_template_tells_the_shape_of_rows_where_the_service_does_not() -> None:
    assert with_row_type(Signature(), "Record").row_shape is RowShape.RECORD
    assert with_row_type(Signature(), "array").check_argument("score", "record") is not None
    assert with_row_type(signature_of("array"), "record") == signature_of("array")
    assert all(with_row_type(Signature(), each) == Signature() for each in (None, "any", "float"))


@pytest.mark.parametrize(
    ("result_type", "output_type", "value", "expected"),
    [
        (ElementType.NUMBER, None, 1, 1.0),
        (ElementType.NUMBER, None, "1", "1"),
        (ElementType.NUMBER, "any", 1, 1),
        (ElementType.OPEN, "float", 1, 1.0),
        (ElementType.OPEN, "bigint", 2.0, 2),
        (ElementType.OPEN, "bigint", 2.5, 2.5),
        (ElementType.OPEN, "nvarchar(max)", 2.5, "2.5"),
        (ElementType.OPEN, "record", {"a": 1}, {"a": 1}),
        (ElementType.OPEN, None, 1, 1),
        (ElementType.TEXT, None, 1, 1),
    ],
)
def test_a_result_gets_the_declared_type_where_that_keeps_the_value(
    result_type: ElementType, output_type: str | None, value: Any, expected: Any
) -> None:
    convert = result_converter(Signature(result_type=result_type), output_type) or (lambda x: x)
    assert (convert(value), type(convert(value))) == (expected, type(expected))
