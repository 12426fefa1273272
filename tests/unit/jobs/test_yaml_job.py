from pathlib import Path

import pytest

from asaql.diagnostics import QueryError
from asaql.jobs import STANDARD_STREAM, Job, read_job
from asaql.jobs.job import EPOCH_TICKS
from asaql.model import TICKS_PER_MINUTE, TICKS_PER_SECOND


def job_of(folder: Path, text: str, **files: str) -> Job:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    path = folder / "job.yaml"
    path.write_text(text, encoding="utf-8")
    return read_job(path)


def rendering_of(folder: Path, text: str, **files: str) -> str:
    with pytest.raises(QueryError) as caught:
        job_of(folder, text, **files)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_job_with_every_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_KEY", "k-1")
    job = job_of(
        tmp_path,
        """
name: fraud
query_file: fraud.asaql
inputs:
  Rides: {path: data/rides.csv, delimiter: ";"}
  Zones: {path: zones.json, reference: true}
  Inline:
    events:
      - {id: 1, share: 1.0, at: 2024-01-01T00:00:00Z, flags: [true, null], on: yes}
outputs:
  Alerts: out/alerts.csv
  All: {path: "-", format: json}
functions:
  celsius:
    javascript: {file: celsius.js, kind: scalar, output_type: float, input_types: [any]}
  score:
    scoring:
      url: http://127.0.0.1:5001/score
      key: ${FRAUD_KEY}
      max_batch_rows: 200
      parallel_requests: 4
      timeout: 30s
      headers: {x-trace: "1"}
      request_name: Inputs/WebServiceInput0
      retried_statuses: [429, 503, 500]
time_policies: {late_arrival: 5s, out_of_order: 00:02:00, out_of_order_policy: drop, early_arrival: none}
start_time: 2024-01-31T12:00:00Z
streaming_units: 12
compatibility_level: 1.1
locale: de-DE
output_error_policy: drop
ignore_case: true
""",
        fraud__asaql="SELECT 1",
        celsius__js="function main(f) { return f; }",
    )
    assert job.name == "fraud"
    assert job.query.text == "SELECT 1"
    assert job.query.name == str(tmp_path / "fraud.asaql")
    rides, zones, inline = job.inputs
    assert (rides.name, rides.path, rides.delimiter) == ("Rides", tmp_path / "data/rides.csv", ";")
    assert zones.is_reference
    assert inline.events == ({"id": 1, "share": 1.0, "at": "2024-01-01T00:00:00Z", "flags": [True, None], "on": "yes"},)
    assert isinstance(inline.events[0]["share"], float)
    assert [each.path for each in job.outputs] == [tmp_path / "out/alerts.csv", STANDARD_STREAM]
    (scorer,) = job.scorers
    assert scorer.key is not None
    assert scorer.key.reveal() == "k-1"
    assert (scorer.max_batch_rows, scorer.parallel_requests, scorer.timeout_seconds) == (200, 4, 30.0)
    assert scorer.retried_statuses == {429, 500, 503}
    assert (scorer.headers, scorer.request_name) == ({"x-trace": "1"}, "Inputs/WebServiceInput0")
    (script,) = job.scripts
    assert script.name == "celsius"
    assert job.policies.late_arrival == 5 * TICKS_PER_SECOND
    assert job.policies.out_of_order == 2 * TICKS_PER_MINUTE
    assert job.policies.out_of_order_policy == "drop"
    assert job.policies.early_arrival is None
    assert job.policies.start_time > EPOCH_TICKS
    assert (job.streaming_units, job.level, job.locale) == (12, "1.1", "de-DE")
    assert (job.output_error_policy, job.ignore_case) == ("drop", True)


def test_everything_but_the_query_has_a_default(tmp_path: Path) -> None:
    job = job_of(tmp_path, "query: SELECT * FROM input")
    assert (job.name, job.level, job.streaming_units) == ("job", "1.2", 6)
    assert job.policies.late_arrival is None
    assert job.policies.start_time == EPOCH_TICKS


def test_all_problems_are_reported_at_once_with_their_places(tmp_path: Path) -> None:
    assert (
        rendering_of(
            tmp_path,
            "quary: SELECT 1\ninputs:\n  a: {path: x, events: []}\n  A: y\n"
            "streaming_units: many\ncompatibility_level: 1.3\n",
        )
        == """\
error[AQ701]: a job has no key "quary"
 --> job.yaml:1:1
  |
1 | quary: SELECT 1
  | ^^^^^ not known here
  |
  = help: did you mean "query"?

error[AQ701]: an input has both "path" and "events"
 --> job.yaml:3:16
  |
2 | inputs:
3 |   a: {path: x, events: []}
  |                ^^^^^^ one of the two is enough
  |

error[AQ202]: the input "A" is declared twice
 --> job.yaml:4:3
  |
3 |   a: {path: x, events: []}
4 |   A: y
  |   ^ again here
  |
  = note: it is the same name as "a": case does not count

error[AQ701]: expected a whole number, found a text
 --> job.yaml:5:18
  |
4 |   A: y
5 | streaming_units: many
  |                  ^^^^ here
  |

error[AQ701]: "1.3" is none of 1.0, 1.1, 1.2
 --> job.yaml:6:22
  |
5 | streaming_units: many
6 | compatibility_level: 1.3
  |                      ^^^ not known here
  |
  = help: did you mean "1.2"?"""
    )


def test_positions_in_a_literal_block_are_those_of_the_job_file(tmp_path: Path) -> None:
    job = job_of(tmp_path, "name: x\nquery: |\n  SELECT a\n\n  FROM Sensors -- all of them\n")
    assert job.query.name == str(tmp_path / "job.yaml")
    offset = job.query.text.index("FROM")
    assert job.query.position(offset) == (5, 3)
    assert job.query.text.split() == ["SELECT", "a", "FROM", "Sensors", "--", "all", "of", "them"]


def test_a_text_that_runs_over_lines_keeps_its_words_exactly(tmp_path: Path) -> None:
    job = job_of(tmp_path, "query: |\n  SELECT 'a\n  b' AS x\n  FROM Sensors\n")
    assert job.query.name == f"{tmp_path / 'job.yaml'}#query"
    assert job.query.text == "SELECT 'a\nb' AS x\nFROM Sensors\n"


def test_folded_and_quoted_queries_are_named_after_the_file(tmp_path: Path) -> None:
    job = job_of(tmp_path, 'query: "SELECT a\\nFROM b"')
    assert (job.query.name, job.query.text) == (f"{tmp_path / 'job.yaml'}#query", "SELECT a\nFROM b")


def test_javascript_in_the_job_file_is_not_searched_for_variables(tmp_path: Path) -> None:
    text = "query: a\nfunctions:\n  f:\n    javascript:\n      inline: |\n        function main(x) { return `${x}`; }\n"
    (script,) = job_of(tmp_path, text).scripts
    assert "${x}" in script.source.text
    assert script.source.position(script.source.text.index("function")) == (6, 9)


def test_variables_come_from_the_environment_or_their_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTS", "monday.json")
    monkeypatch.setenv("UNITS", "18")
    monkeypatch.delenv("LATE", raising=False)
    job = job_of(
        tmp_path,
        'query: SELECT 1\ninputs: {a: "data/${EVENTS}", b: "$${EVENTS}"}\n'
        'streaming_units: ${UNITS}\ntime_policies: {late_arrival: "${LATE:-7s}"}\n',
    )
    assert [each.path for each in job.inputs] == [tmp_path / "data/monday.json", tmp_path / "${EVENTS}"]
    assert job.streaming_units == 18
    assert job.policies.late_arrival == 7 * TICKS_PER_SECOND


def test_a_variable_that_is_not_set_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    shown = rendering_of(tmp_path, "query: SELECT 1\nstreaming_units: ${NOWHERE}\n")
    assert 'error[AQ707]: environment variable "NOWHERE" is not set' in shown
    assert "job.yaml:2:18" in shown
    assert shown.count("error[") == 1


def test_messages_show_neither_keys_nor_the_values_of_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNITS", "s3cret")
    shown = rendering_of(
        tmp_path,
        "query: SELECT 1\nfunctions:\n  f:\n    scoring:\n      url: http://me:pass@h/score?code=xyz\n"
        "      key: hunter2\n      timeout: soon\nstreaming_units: ${UNITS}\ncompatibility_level: ${UNITS}\n",
    )
    assert shown.count("error[") == 3
    for secret in ("s3cret", "hunter2", "pass@", "xyz"):
        assert secret not in shown


def test_a_scoring_function_is_checked_at_its_place(tmp_path: Path) -> None:
    shown = rendering_of(tmp_path, "query: SELECT 1\nfunctions:\n  f: {scoring: {url: 'ftp://h/x'}}\n")
    assert "which does not name an HTTP service" in shown
    assert "job.yaml:3:" in shown


def test_missing_files_are_named_where_the_job_names_them(tmp_path: Path) -> None:
    shown = rendering_of(
        tmp_path,
        "query_file: none.asaql\nfunctions:\n  f: {javascript: none.js}\n  g: {scoring: {entry_script: none.py}}\n",
    )
    assert shown.count("error[AQ702]") == 3
    assert "job.yaml:1:13" in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the job file is empty"),
        ("- a\n", "expected the keys of a job, found a list"),
        ("query: [a\n", "the job file is no YAML"),
        ("query: &q {a: *q}\n", "a value contains itself"),
        ("query: !run ls\n", 'the tag "!run" is not known'),
        ("name: a\n", 'a job needs "query" or "query_file"'),
        ("query:\n", "expected a text, found nothing"),
        ("query: '  '\n", "expected a text, found an empty one"),
        ("? [a]\n: b\n", "a key is not a text"),
        ("query: a\nquery: b\n", 'the key "query" is given twice'),
        ("query: a\nstart_time: noon\n", '"noon" is no datetime'),
        ("query: a\ninputs: {x: {events: [1]}}\n", "expected an event with its fields, found a whole number"),
        ("query: a\ninputs: {x: {events: [{n: 99999999999999999999}]}}\n", "does not fit a bigint"),
        ("query: a\nignore_case: maybe\n", "expected true or false, found a text"),
        ("query: a\nfunctions: {f: {}}\n", 'a function needs "javascript" or "scoring"'),
        ("query: a\noutputs: {o: {format: json}}\n", 'an output needs the key "path"'),
        ("query: a\x01\n", "the job file holds a control character"),
        ("query: a\nfunctions: {f: {scoring: {url: 'http://h', timeout: none}}}\n", '"none" is no duration'),
    ],
)
def test_what_is_no_job_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in rendering_of(tmp_path, text)


def test_a_job_file_may_begin_with_a_byte_order_mark_and_end_lines_with_carriage_returns(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes("\ufeffname: x\r\nquery: |\r\n  SELECT a\r\n  FROM b\r\n".encode())
    job = read_job(path)
    assert job.name == "x"
    assert job.query.text.split() == ["SELECT", "a", "FROM", "b"]


def test_a_folder_with_a_job_file_is_a_job(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("query: SELECT 1", encoding="utf-8")
    assert read_job(tmp_path).query.text == "SELECT 1"
