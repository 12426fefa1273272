from collections.abc import Callable
from typing import Any

import pytest

from asaql.functions import FunctionError
from asaql.model import Value

ValueOf = Callable[..., Value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": {"b": [1, 2.0, null, true]}}', {"a": {"b": [1, 2.0, None, True]}}),
        ("{}", {}),
        ("[1]", None),
        ("1", None),
        ("{", None),
        ("", None),
        ('{"a": NaN}', None),
        ('{"a": 9223372036854775807}', {"a": 2**63 - 1}),
        ('{"a": [9223372036854775808]}', None),
    ],
)
def test_json_parse_gives_a_record_or_null(text: str, value: Value, value_of: ValueOf) -> None:
    assert value_of("JSON_PARSE(s)", s=text) == value


def test_elements_and_properties_that_are_not_there_are_null(value_of: ValueOf) -> None:
    event: dict[str, Any] = {"a": [[1], None], "r": {"Temp.1": 5, "in": {"x": 1}}}
    assert value_of("GetArrayElement(GetArrayElement(a, 0), 0)", **event) == 1
    assert value_of("GetArrayElement(a, 2)", **event) is None
    assert value_of("GetArrayElement(a, -1)", **event) is None
    assert value_of("GetArrayLength(a)", **event) == 2
    assert value_of("GetRecordPropertyValue(r, 'temp.1')", **event) == 5
    assert value_of("GetRecordPropertyValue(r, '\"Temp.1\"')", **event) == 5
    assert value_of("GetRecordPropertyValue(GetRecordPropertyValue(r, 'in'), 'x')", **event) == 1
    assert value_of("GetRecordPropertyValue(r, 'z')", **event) is None


@pytest.mark.parametrize(
    "expression", ["GetArrayElement(r, 0)", "GetArrayLength('a')", "GetRecordPropertyValue(a, 'x')"]
)
def test_a_record_is_no_array_and_an_array_no_record(expression: str, value_of: ValueOf) -> None:
    with pytest.raises(FunctionError):
        value_of(expression, r={}, a=[])


EVENT: dict[str, Any] = {
    "PartitionId": 3,
    "EventEnqueuedUtcTime": "2024-01-01T00:00:00Z",
    "BlobName": "b.json",
    "IoTHub": {"ConnectionDeviceId": "d1", "EnqueuedTime": "2024-01-01T00:00:01Z"},
    "User": {"tenant": "contoso"},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("[EventHub].[PartitionId]", 3),
        ("EventHub.PartitionId", 3),
        ("[IoTHub].[ConnectionDeviceId]", "d1"),
        ("IoTHub.EnqueueTime", "2024-01-01T00:00:01Z"),
        ("BlobName", "b.json"),
        ("[User].[Tenant]", "contoso"),
        ("[User].[PartitionId]", None),
        ("[User]", {"tenant": "contoso"}),
        ("EventHub", {"PartitionId": 3, "EventEnqueuedUtcTime": "2024-01-01T00:00:00Z"}),
        ("[EventHub].[Nothing]", None),
        ("nothing", None),
    ],
)
def test_metadata_is_read_from_the_recorded_event(path: str, value: Value, value_of: ValueOf) -> None:
    assert value_of("GetMetadataPropertyValue(input, p)", **EVENT, p=path) == value


def test_the_same_event_has_the_same_identifier(value_of: ValueOf) -> None:
    one, two, other = (value_of("GetMetadataPropertyValue(input, 'EventId')", **each) for each in (EVENT, EVENT, {}))
    assert one == two != other
    assert [len(part) for part in str(one).split("-")] == [8, 4, 4, 4, 12]
