"""GetMetadataPropertyValue over recorded events.

A recording has no envelope beside the event, so that the properties are looked for where the service puts them and
where recordings carry them: in a record named after the section (`IoTHub`, `EventHub`, `User`), else among the event's
own fields.
"""

import re
from functools import lru_cache

import orjson
import xxhash

from asaql.functions.registry import Function, FunctionError, Parameter, register
from asaql.functions.scalar.records import field_of
from asaql.functions.scalar.types import as_text, describe
from asaql.model import Value

_PATH = re.compile(
    r"\s*(?:\[(?P<first>[^\]]*)\]|(?P<plain>[^.\[\]]+))(?:\.(?:\[(?P<second>[^\]]*)\]|(?P<rest>.+)))?\s*"
)
_SECTIONS: dict[str, tuple[str, ...]] = {
    "eventhub": (
        *("EventEnqueuedUtcTime", "EventProcessedUtcTime", "PartitionId", "Offset", "SequenceNumber", "PartitionKey"),
        *("Publisher", "IoTConnectionDeviceId", "IoTAuthMethod", "IoTAuthGenerationId", "IoTEnqueueTime"),
        *("IoTMessageSource", "IoTConnectionModuleId", "IoTInterfaceName"),
    ),
    "iothub": (
        *("ConnectionDeviceId", "AuthMethod", "AuthGenerationId", "EnqueueTime", "EnqueuedTime", "MessageSource"),
        *("ConnectionModuleId", "InterfaceName", "CorrelationId", "MessageId", "ConnectionDeviceGenerationId"),
    ),
    "blob": ("BlobName", "BlobLastModifiedUtcTime", "PartitionId"),
    "user": (),
}
_RECORDS = {"user": ("User", "UserProperties", "Properties")}
_SYNONYMS = {"enqueuetime": "EnqueuedTime", "enqueuedtime": "EnqueueTime"}


def _metadata(event: Value, path: Value) -> Value:
    if type(event) is not dict:
        message = f"GetMetadataPropertyValue takes the name of an input first, not {describe(event)}"
        raise FunctionError(message, "AQ306")
    section, name = _parsed(as_text(path, "GetMetadataPropertyValue"))
    if section not in _SECTIONS:
        found = field_of(event, section)
        if found is None and section == "eventid":
            return _event_id(event)
        return found if name is None else field_of(found, name)
    records = (field_of(event, each) for each in _RECORDS.get(section, (section,)))
    record = next((each for each in records if type(each) is dict), None)
    if name is not None:
        return _property(section, name, record, event)
    if record is not None:
        return record
    values = {each: field_of(event, each) for each in _SECTIONS[section]}
    return {each: value for each, value in values.items() if value is not None} or None


def _property(section: str, name: str, record: Value, event: Value) -> Value:
    names = [name, *([_SYNONYMS[name.casefold()]] if name.casefold() in _SYNONYMS else [])]
    places = [record] if section == "user" else [record, event]
    found = (field_of(place, each) for place in places for each in names)
    return next((each for each in found if each is not None), None)


@lru_cache(maxsize=512)
def _parsed(path: str) -> tuple[str, str | None]:
    """Return the section of a path, folded, and the property in it."""
    match = _PATH.fullmatch(path)
    if match is None:
        return path.casefold(), None
    first = match["first"] if match["first"] is not None else match["plain"]
    second = match["second"] if match["second"] is not None else match["rest"]
    return first.strip().casefold(), second


def _event_id(event: dict[str, object]) -> str:
    """Return an identifier that the same event has on every reading."""
    text = orjson.dumps(event, default=str, option=orjson.OPT_SORT_KEYS)
    digest = xxhash.xxh3_128_hexdigest(text)
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


register(
    Function(
        "GetMetadataPropertyValue",
        (Parameter("input", "record"), Parameter("path", "nvarchar(max)")),
        "the type of the property",
        _metadata,
        "A property of the envelope that an event came in, such as `'[EventHub].[PartitionId]'` or `'[User].[name]'`.",
        category="Records and arrays",
        notes=(
            "In recordings the property is read from a record named like the section, else from the event's own "
            "fields; what is not recorded is NULL.",
            "`'EventId'` is computed from the content of the event if the recording has none.",
        ),
    )
)
