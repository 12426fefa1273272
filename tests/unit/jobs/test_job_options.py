import io
import sys
from pathlib import Path

import pytest

from asaql.diagnostics import QueryError, Source
from asaql.jobs import (
    NO_LIMIT,
    InputSpec,
    Job,
    JobOptions,
    OutputSpec,
    TimePolicies,
    apply_options,
    parse_assignment,
    query_job,
    read_job,
    resolve_names,
)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("Sensors=a.json", "Sensors", "a.json"),
        ("a.json", None, "a.json"),
        ("data/a=b.json", None, "data/a=b.json"),
        ("./a=b.json", None, "./a=b.json"),
        ("C:\\a=b.json", None, "C:\\a=b.json"),
        ("my input=a.json", "my input", "a.json"),
        ("[my.input]=a.json", "my.input", "a.json"),
        ("score=http://h/x?a=b", "score", "http://h/x?a=b"),
        ("In=-", "In", "-"),
        ("In=", "In", ""),
        ("=x", None, "=x"),
    ],
)
def test_an_assignment_is_split_at_its_first_equals_sign(text: str, name: str | None, value: str) -> None:
    assert parse_assignment(text) == (name, value)


def job(**settings: object) -> Job:
    return Job("j", Source("q", "SELECT 1"), **settings)  # type: ignore[arg-type]


def test_an_option_wins_over_the_job_and_keeps_what_it_does_not_say() -> None:
    declared = job(
        inputs=(InputSpec("Zones", Path("old.csv"), format="csv", is_reference=True), InputSpec("In", Path("in"))),
        policies=TimePolicies(late_arrival=5, out_of_order=6, start_time=7),
    )
    options = JobOptions(
        inputs=[InputSpec("zones", Path("new.json"))],
        outputs=[OutputSpec("Out", Path("o"))],
        late_arrival=NO_LIMIT,
        early_arrival=9,
        level="1.0",
        ignore_case=True,
    )
    result = apply_options(declared, options)
    assert result.inputs == (InputSpec("Zones", Path("new.json"), is_reference=True), InputSpec("In", Path("in")))
    assert result.outputs == (OutputSpec("Out", Path("o")),)
    assert result.policies == TimePolicies(late_arrival=None, out_of_order=6, early_arrival=9, start_time=7)
    assert (result.level, result.ignore_case) == ("1.0", True)


def test_no_options_leave_a_job_as_it_is() -> None:
    declared = job(inputs=(InputSpec("In", Path("in")),), level="1.1", ignore_case=True)
    assert apply_options(declared, JobOptions()) == declared


def test_reference_names_an_input_with_or_without_data() -> None:
    result = apply_options(job(inputs=(InputSpec("Zones", Path("z")),)), JobOptions(reference=["ZONES", "Other"]))
    assert [(each.name, each.is_reference, each.has_data) for each in result.inputs] == [
        ("Zones", True, True),
        ("Other", True, False),
    ]


def test_what_is_given_twice_is_an_error() -> None:
    options = JobOptions(inputs=[InputSpec("a", Path("x")), InputSpec("A", Path("y"))])
    with pytest.raises(QueryError, match='the input "A" is given twice'):
        apply_options(job(), options)


def test_files_and_names_that_are_not_there_are_reported_together(tmp_path: Path) -> None:
    options = JobOptions(
        functions=[("f", tmp_path / "none.js")],
        scorers=[("s", str(tmp_path / "none.py"))],
        scorer_keys=[("t", "KEY")],
    )
    with pytest.raises(QueryError) as caught:
        apply_options(job(), options)
    assert sorted(each.code for each in caught.value.diagnostics) == ["AQ702", "AQ702", "AQ708"]


def test_a_scoring_function_takes_an_address_or_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "score.py"
    script.write_text("", encoding="utf-8")
    monkeypatch.setenv("K", "v")
    options = JobOptions(scorers=[("a", "http://h/score"), ("b", str(script))], scorer_keys=[("A", "K")])
    first, second = apply_options(job(), options).scorers
    assert (first.url, first.entry_script, second.url, second.entry_script) == ("http://h/score", None, None, script)
    assert first.key is not None
    assert first.key.reveal() == "v"
    assert second.key is None


def test_a_key_variable_that_is_not_set_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K", raising=False)
    options = JobOptions(scorers=[("a", "http://h/score")], scorer_keys=[("a", "K")])
    with pytest.raises(QueryError, match="AQ707"):
        apply_options(job(), options)


def test_a_query_file_is_a_job_named_after_it(tmp_path: Path) -> None:
    path = tmp_path / "my alerts.asaql"
    path.write_bytes("\ufeffSELECT 1".encode("utf-16-le"))
    result = read_job(path)
    assert (result.name, result.query) == ("my alerts", Source(str(path), "SELECT 1"))


@pytest.mark.parametrize("name", ["q.sql", "q.asaql", "Q.SQL"])
def test_queries_are_known_by_their_suffix(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("SELECT 1", encoding="utf-8")
    assert read_job(str(tmp_path / name)).query.text == "SELECT 1"


def test_the_query_can_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"SELECT 2")))
    result = read_job("-")
    assert result.query == Source("<stdin>", "SELECT 2")


def test_standard_input_cannot_be_query_and_input_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"SELECT 2")))
    with pytest.raises(QueryError, match="both the query and an input"):
        read_job("-", JobOptions(inputs=[InputSpec(None, Path("-"))]))


def test_standard_input_cannot_be_two_inputs_at_once(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("SELECT 1", encoding="utf-8")
    options = JobOptions(inputs=[InputSpec("a", Path("-")), InputSpec("b", Path("-"))])
    with pytest.raises(QueryError, match='by several inputs: "a" and "b"'):
        read_job(tmp_path / "q.sql", options)


def test_an_older_project_file_stands_for_its_folder(tmp_path: Path) -> None:
    (tmp_path / "p.asaproj").write_text("<Project />", encoding="utf-8")
    (tmp_path / "q.asaql").write_text("SELECT 1", encoding="utf-8")
    assert read_job(tmp_path / "p.asaproj").query.text == "SELECT 1"


def test_a_bicep_file_is_to_be_built_first(tmp_path: Path) -> None:
    (tmp_path / "job.bicep").write_text("", encoding="utf-8")
    with pytest.raises(QueryError, match="az bicep build --file"):
        read_job(tmp_path / "job.bicep")


@pytest.mark.parametrize(
    ("query", "kind"),
    [("SELECT UDA.f(x) FROM i", "aggregate"), ("SELECT udf.f(x) FROM i", "scalar"), ("SELECT 1 FROM i", "scalar")],
)
def test_a_function_without_a_declaration_is_what_the_query_calls_it(tmp_path: Path, query: str, kind: str) -> None:
    (tmp_path / "q.sql").write_text(query, encoding="utf-8")
    (tmp_path / "f.js").write_text("function main() {}", encoding="utf-8")
    (script,) = read_job(tmp_path / "q.sql", JobOptions(functions=[("f", tmp_path / "f.js")])).scripts
    assert script.kind == kind


def test_a_target_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "alerts.asaql").write_text("", encoding="utf-8")
    with pytest.raises(QueryError) as caught:
        read_job(tmp_path / "alert.asaql")
    assert caught.value.diagnostics[0].help == f'did you mean "{tmp_path / "alerts.asaql"}"?'


def test_a_target_of_another_kind_and_a_query_that_is_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("", encoding="utf-8")
    (tmp_path / "x.sql").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(QueryError, match="by its suffix"):
        read_job(tmp_path / "x.txt")
    with pytest.raises(QueryError, match="not a text in UTF-8"):
        read_job(tmp_path / "x.sql")


def named(*specs: InputSpec, outputs: tuple[OutputSpec, ...] = ()) -> Job:
    return job(inputs=specs, outputs=outputs)


def test_a_nameless_input_serves_the_only_one_of_the_query() -> None:
    result = resolve_names(
        named(InputSpec(None, Path("x")), outputs=(OutputSpec(None, Path("y")),)), ["Sensors"], ["Out"]
    )
    assert result.inputs == (InputSpec("Sensors", Path("x")),)
    assert result.outputs == (OutputSpec("Out", Path("y")),)
    assert result.warnings == ()


def test_a_nameless_input_serves_the_only_one_without_data() -> None:
    result = resolve_names(
        named(InputSpec("zones", Path("z")), InputSpec("In", is_reference=True), InputSpec(None, Path("x"))),
        ["In", "Zones"],
        [],
    )
    assert result.inputs == (InputSpec("zones", Path("z")), InputSpec("In", Path("x"), is_reference=True))


def test_a_nameless_input_replaces_the_data_of_a_query_with_one_input() -> None:
    result = resolve_names(named(InputSpec("In", Path("old")), InputSpec(None, Path("new"))), ["in"], [])
    assert result.inputs == (InputSpec("in", Path("new")),)


def test_a_nameless_input_that_could_be_several_is_an_error() -> None:
    with pytest.raises(QueryError) as caught:
        resolve_names(named(InputSpec(None, Path("x"))), ["A", "B"], [])
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == 'the input "x" is given without a name and the query has 2 inputs'
    assert diagnostic.help == "--input A=x"


def test_data_for_an_input_that_the_query_does_not_read_is_a_warning() -> None:
    result = resolve_names(named(InputSpec("Sensor", Path("x")), InputSpec("unused")), ["Sensors"], [])
    (warning,) = result.warnings
    assert (warning.code, warning.message) == ("AQ708", 'the query has no input "Sensor"')
    assert warning.help == 'did you mean "Sensors"?'


def test_a_query_in_memory_is_a_job() -> None:
    assert query_job(Source("<query>", "SELECT 1")).query.text == "SELECT 1"
