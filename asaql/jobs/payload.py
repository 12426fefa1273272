"""Reads events that stand as text inside a job's description."""

import csv
import io
import json
from typing import Any

from asaql.jobs.document import Node
from asaql.jobs.job import InputSpec
from asaql.jobs.problems import Problems


def read_payload(text: Any, spec: InputSpec, at: Node, problems: Problems) -> list[dict[str, Any]] | None:
    """Return the events of a payload, or None after reporting why there are none.

    JSON may be one object, an array of objects, or objects one after the other; CSV has a line of names first and all
    its values are texts.

    Args:
        text: The payload.
        spec: The input, for its name, format and delimiter.
        at: The payload's place.
        problems: Where a payload that is no events is reported.
    """
    if not isinstance(text, str):
        return None
    if spec.format in ("avro", "parquet"):
        problems.error(
            "AQ701", f'a payload of input "{spec.name}" cannot be in a binary format', at, label="write JSON or CSV"
        )
        return None
    if spec.format == "csv":
        rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=spec.delimiter or ",")
        return [{key: value for key, value in row.items() if key is not None} for row in rows]
    try:
        values = _json_values(text)
    except ValueError as error:
        reason = str(error).partition(":")[0].lower()
        problems.error("AQ701", f'the payload of input "{spec.name}" is no JSON: {reason}', at, label="in this payload")
        return None
    events = [each for each in values if isinstance(each, dict)]
    if len(events) < len(values):
        problems.error(
            "AQ701", f'the payload of input "{spec.name}" holds more than objects', at, label="in this payload"
        )
        return None
    return events


def _json_values(text: str) -> list[Any]:
    """Return the items of an array, or the values that follow one another, commas between them or not."""
    decoder = json.JSONDecoder()
    values: list[Any] = []
    at = _next(text, 0)
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values += value if isinstance(value, list) else [value]
        at = _next(text, at)
    return values


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,\ufeff":
        at += 1
    return at
