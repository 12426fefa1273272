import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from asaql.diagnostics import Source
from asaql.jobs.document import to_python
from asaql.jobs.job_shape import JOB_SHAPE, published_schema
from asaql.jobs.problems import Problems
from asaql.jobs.records import Named, Record
from asaql.jobs.yaml_document import parse_yaml

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "job-file.md"
SCORING = "functions: {f: {scoring: %s}}"
GOOD = [
    "query: a",
    "query_file: a.asaql",
    "query: a\ninputs: {x: y.json, z: {events: [{a: 1}]}, w: {path: p, format: csv, reference: true}}",
    "query: a\noutputs: {x: y.json, z: {path: p, format: parquet}}",
    "query: a\ncompatibility_level: 1.1",
    "query: a\ncompatibility_level: '1.1'",
    "query: a\nstreaming_units: 6",
    "query: a\nstreaming_units: ${UNITS:-3}",
    "query: a\nignore_case: false",
    "query: a\nstart_time: 2024-01-01",
    "query: a\nstart_time: 2024-01-01T00:00:00Z",
    "query: a\ntime_policies: {late_arrival: 5s, out_of_order: 00:00:01, early_arrival: none}",
    "query: a\ntime_policies: {late_arrival: 5, out_of_order: 1h 30m, out_of_order_policy: drop}",
    "query: a\n" + SCORING % "http://h/score",
    "query: a\n" + SCORING % "{url: http://h, timeout: 30s, headers: {a: b}, retried_statuses: [500]}",
    "query: a\nfunctions: {f: {javascript: {file: f.js, input_types: [any, nvarchar(max)]}}}",
]
GOOD += [
    "query: a\ntests: [{name: b, expected: {o: rows.json}}]",
    "query: a\ntests: [{name: b, expected: {o: {rows: [{a: 1}], ignore: [a], ordered: true, exact: true}}}]",
    "query: a\ntests: [{name: b, inputs: {i: x.csv}, expected: {}, tolerance: 1e-3, ignore: [c], replay: s.jsonl}]",
    "query: a\ntests: []",
]
BAD = [
    "a",
    "name: a",
    "query: ''",
    "query: a\nquery_file: b",
    "query: a\nquerry: b",
    "query: a\nstreaming_units: 0",
    "query: a\nstreaming_units: 1.5",
    "query: a\nstreaming_units: six",
    "query: a\nignore_case: yes",
    "query: a\nstart_time: noon",
    "query: a\ncompatibility_level: 1.3",
    "query: a\ninputs: [x]",
    "query: a\ninputs: {x: {path: p, events: []}}",
    "query: a\ninputs: {x: {path: p, format: xml}}",
    "query: a\ninputs: {x: {events: [1]}}",
    "query: a\noutputs: {x: {format: json}}",
    "query: a\noutputs: {x: {path: p, format: avro}}",
    "query: a\ntime_policies: {late_arrival: later}",
    "query: a\ntime_policies: {out_of_order_policy: retry}",
    "query: a\nfunctions: {f: {}}",
    "query: a\nfunctions: {f: {javascript: f.js, scoring: http://h}}",
    "query: a\n" + SCORING % "{url: http://h, timeout: none}",
    "query: a\n" + SCORING % "{url: http://h, max_batch_rows: 10001}",
    "query: a\n" + SCORING % "{url: http://h, key: a, key_file: b}",
    "query: a\nfunctions: {f: {javascript: {file: f.js, output_type: int}}}",
]
BAD += [
    "query: a\ntests: {name: b}",
    "query: a\ntests: [{expected: {}}]",
    "query: a\ntests: [{name: b}]",
    "query: a\ntests: [{name: b, expected: {o: {path: p, rows: []}}}]",
    "query: a\ntests: [{name: b, expected: {o: {ignore: [a]}}}]",
    "query: a\ntests: [{name: b, expected: {}, tolerance: -1}]",
    "query: a\ntests: [{name: b, expected: {}, tolerance: much}]",
]


def test_the_published_schema_is_the_one_the_validator_implies() -> None:
    published = json.loads((resources.files("asaql.jobs") / "job.schema.json").read_text(encoding="utf-8"))
    assert published == published_schema(), "python -m asaql.jobs.publish_schema > asaql/jobs/job.schema.json"


@pytest.mark.parametrize("text", GOOD)
def test_validator_and_schema_accept_the_same_jobs(text: str) -> None:
    assert (is_read(text), fits(to_data(text), published_schema())) == (True, True)


@pytest.mark.parametrize("text", BAD)
def test_validator_and_schema_refuse_the_same_jobs(text: str) -> None:
    assert (is_read(text), fits(to_data(text), published_schema())) == (False, False)


def names_of(shape: Any) -> set[str]:
    """Return every key below a shape."""
    if isinstance(shape, Named):
        return names_of(shape.value)
    if not isinstance(shape, Record):
        return set()
    return {each.name for each in shape.fields}.union(*(names_of(each.shape) for each in shape.fields))


def test_every_key_is_documented() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    assert [each for each in sorted(names_of(JOB_SHAPE)) if f"`{each}`" not in text] == []


@pytest.mark.parametrize(
    "block", re.findall(r"```yaml\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
)
def test_the_examples_of_the_documentation_are_jobs(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORE_KEY", "k")
    assert is_read(block if block.startswith(("name:", "query")) else f"query: SELECT 1\n{block}")


def is_read(text: str) -> bool:
    problems = Problems()
    node = parse_yaml(Source("job.yaml", text))
    assert node is not None
    JOB_SHAPE.read(node, problems)
    return len(problems) == 0


def to_data(text: str) -> Any:
    node = parse_yaml(Source("job.yaml", text))
    assert node is not None
    return to_python(node)


TYPES: dict[str, Any] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value fits a schema, for the keywords that the published one uses."""
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    return (
        (not names or any(TYPES[each](value) for each in names))
        and ("enum" not in schema or value in schema["enum"])
        and ("const" not in schema or value == schema["const"])
        and ("pattern" not in schema or not isinstance(value, str) or re.search(schema["pattern"], value) is not None)
        and ("minimum" not in schema or not TYPES["number"](value) or value >= schema["minimum"])
        and ("maximum" not in schema or not TYPES["number"](value) or value <= schema["maximum"])
        and ("anyOf" not in schema or any(fits(value, each) for each in schema["anyOf"]))
        and ("oneOf" not in schema or sum(fits(value, each) for each in schema["oneOf"]) == 1)
        and ("not" not in schema or not fits(value, schema["not"]))
        and (not isinstance(value, list) or all(fits(each, schema.get("items", {})) for each in value))
        and (not isinstance(value, dict) or fits_members(value, schema))
    )


def fits_members(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    return all(each in value for each in schema.get("required", [])) and all(
        fits(member, properties[key])
        if key in properties
        else others
        if isinstance(others, bool)
        else fits(member, others)
        for key, member in value.items()
    )
