from pathlib import Path

import pytest

from asaql.diagnostics import QueryError
from asaql.testing import read_cases
from asaql.testing.case import Case

_QUERY = "```sql\nSELECT a FROM i\n```\n"


def _read(folder: Path, text: str) -> list[Case]:
    path = folder / "cases.md"
    path.write_text(text, encoding="utf-8")
    return read_cases(path)


def _one(folder: Path, body: str) -> Case:
    (case,) = _read(folder, f"## A rule\n\nWhy.\n\n{_QUERY}{body}")
    return case


def _refusal(folder: Path, body: str) -> str:
    with pytest.raises(QueryError) as caught:
        _one(folder, body)
    return str(caught.value)


def test_a_case_has_heading_prose_query_inputs_and_outputs(tmp_path: Path) -> None:
    case = _one(tmp_path, '```jsonl in=i\n{"a": 1}\n\n{"a": 1.0}\n```\n```jsonl out=o unordered\n{"a": null}\n```\n')
    assert (case.heading, case.prose, case.query.text) == ("A rule", "Why.", "SELECT a FROM i\n")
    (events,) = case.inputs
    assert [type(each["a"]) for each in events.events or ()] == [int, float]
    (output,) = case.outputs
    assert (output.name, output.rows, output.is_ordered, output.is_exact) == ("o", ({"a": None},), False, False)
    assert case.place == f"{tmp_path / 'cases.md'}:1"


def test_a_section_without_a_query_is_prose(tmp_path: Path) -> None:
    assert _read(tmp_path, "## About\n\nText.\n\n```text\nx\n```\n") == []


def test_arrival_times_are_taken_out_of_the_events(tmp_path: Path) -> None:
    case = _one(tmp_path, '```jsonl in=i\n{"a": 1, "@arrival": "2024-01-01T00:00:00Z"}\n```\n')
    assert case.inputs[0].events == ({"a": 1},)
    assert case.inputs[0].arrivals == ("2024-01-01T00:00:00Z",)


def test_events_and_queries_may_stand_in_files_beside_the_case(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("SELECT b FROM i", encoding="utf-8")
    (tmp_path / "e.jsonl").write_text('{"b": 2}\n', encoding="utf-8")
    (case,) = _read(tmp_path, "## A\n```sql file=q.sql\n```\n```jsonl in=i file=e.jsonl reference\n```\n")
    assert (case.query.name, case.query.text) == ("q.sql", "SELECT b FROM i")
    assert (case.inputs[0].path, case.reference) == (tmp_path / "e.jsonl", ("i",))


def test_a_file_with_arrival_times_is_read_by_the_case(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text('{"b": 2, "@arrival": "2024-01-01"}\n', encoding="utf-8")
    case = _one(tmp_path, "```jsonl in=i file=e.jsonl\n```\n")
    assert (case.inputs[0].events, case.inputs[0].arrivals) == (({"b": 2},), ("2024-01-01",))


def test_functions_scores_and_options_are_read(tmp_path: Path) -> None:
    case = _one(
        tmp_path,
        "```js udf=double\nfunction main(x) { return 2 * x; }\n```\n"
        '```jsonl scores=fraud statuses=503,429\n{"row": [1], "score": 0.5}\n```\n'
        '```json swagger=fraud\n{"swagger": "2.0"}\n```\n'
        "| udf.churn(row) | score |\n|---|---|\n| `[1, 2]` | true |\n\n"
        '```yaml job\ncompatibility_level: "1.1"\nlate_arrival: 5s\nreference: r\ntolerance: 1e-6\n```\n',
    )
    (double,) = case.functions
    assert (double.name, double.kind, double.source.name) == ("double", "scalar", "double.js")
    fraud, churn = case.scores
    assert (fraud.answers, fraud.statuses, fraud.swagger) == ((([1], 0.5),), (503, 429), '{"swagger": "2.0"}\n')
    assert (churn.name, churn.answers) == ("churn", (([1, 2], True),))
    assert (case.options.compatibility_level, case.options.late_arrival) == ("1.1", "5s")
    assert (case.reference, case.options.tolerance) == (("r",), 1e-6)


@pytest.mark.parametrize(
    ("body", "codes", "rendering", "stage"),
    [
        ("```text error\nerror[AQ101]: x\n```\n", None, "error[AQ101]: x", None),
        ("```text error=AQ203\n```\n", ("AQ203",), None, None),
        ("```text error-code\nAQ203\nAQ201\n```\n", ("AQ201", "AQ203"), None, None),
        ("```text error=runtime\nzero\n```\n", None, None, "runtime"),
    ],
)
def test_errors_are_expected_as_rendering_codes_or_stage(
    tmp_path: Path, body: str, codes: tuple[str, ...] | None, rendering: str | None, stage: str | None
) -> None:
    error = _one(tmp_path, body).error
    assert error is not None
    assert (error.codes, error.rendering, error.stage) == (codes, rendering, stage)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("```jsonl in=i\n{\n```\n", "cases.md:9:1"),
        ("```jsonl in=i\n[1]\n```\n", "one JSON object"),
        ("```jsonl in=i\n```\n```jsonl in=I\n```\n", 'two blocks are named "I"'),
        ("```jsonl in=i orderd\n```\n", 'has no tag "orderd"'),
        ("```jsonl out=o unorderd\n```\n", 'did you mean "unordered"?'),
        ("```jsonl outt=o\n```\n", 'did you mean "out"?'),
        ("```jsonl\n```\n", "needs a tag"),
        ("```jsonl in\n```\n", "write in=NAME"),
        ("```text out=o\n```\n", "write jsonl or ndjson"),
        ("```jsonl in=i file=gone.jsonl\n```\n", 'file "gone.jsonl" is not there'),
        ("```jsonl out=o\n```\n```text error=compile\n```\n", "either rows or errors"),
        ("```text warnings\n```\n```text warnings\n```\n", 'one "warnings" block'),
        ("```yaml job\nlate: 1\n```\n", 'no option "late"'),
        ("```yaml job\ncompatibility_level: 1.2\n```\n", 'write compatibility_level: "1.2"'),
        ("```yaml job\na: [\n```\n", "text is not YAML"),
        ("```yaml job\ntolerance: low\n```\n", "write tolerance: 1e-6"),
        ("```yaml job\n- a\n```\n", "mapping"),
        ('```jsonl in=i\n{"@arrival": "x"}\n{}\n```\n', "others have not"),
        ('```jsonl scores=f\n{"row": 1}\n```\n', '"row" and "score"'),
        ("```sql\nSELECT 1\n```\n", 'one "sql" block'),
    ],
)
def test_what_does_not_follow_the_form_is_refused_with_its_line(tmp_path: Path, body: str, message: str) -> None:
    refusal = _refusal(tmp_path, body)
    assert refusal.startswith("error[AQ710]: ")
    assert message in refusal


def test_headings_of_one_file_differ(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="two cases have the heading"):
        _read(tmp_path, f"## A\n{_QUERY}\n## A\n{_QUERY}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="AQ702"):
        read_cases(tmp_path / "gone.md")
