import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from asaql.cli.main import COMMANDS, asaql, main
from asaql.cli.options import job_from
from asaql.cli.report import Reporter
from asaql.diagnostics import Diagnostic

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "command-line.md"
QUERY = "SELECT id, value * 2 AS twice INTO Out FROM Sensors WHERE value > 1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASAQL_DEBUG", raising=False)
    (tmp_path / "q.asaql").write_text(QUERY, encoding="utf-8")
    (tmp_path / "in.jsonl").write_text('{"id": "a", "value": 1}\n{"id": "b", "value": 2}\n', encoding="utf-8")
    return tmp_path


def asaql_process(*arguments: str, folder: Path, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "asaql", *arguments]
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, check=False, timeout=60)


def test_a_query_runs_over_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "q.asaql", "--input", "in.jsonl"]) == 0
    assert capsys.readouterr() == ('{"id":"b","twice":4}\n', "")


def test_query_and_events_can_come_from_standard_input(folder: Path) -> None:
    query = asaql_process("run", "-", "--input", "in.jsonl", folder=folder, text=QUERY.encode())
    events = asaql_process("run", "q.asaql", "--input", "-", folder=folder, text=(folder / "in.jsonl").read_bytes())
    assert (query.returncode, query.stdout) == (0, b'{"id":"b","twice":4}\n')
    assert (events.returncode, events.stdout) == (0, b'{"id":"b","twice":4}\n')


def test_an_output_is_written_to_its_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "q.asaql", "--input", "Sensors=in.jsonl", "--output", "Out=out.csv"]) == 0
    assert (folder / "out.csv").read_text(encoding="utf-8").split() == ["id,twice", "b,4"]
    assert capsys.readouterr().out == ""


def test_the_summary_goes_to_standard_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "q.asaql", "--input", "in.jsonl", "--summary", "--metrics", "m.jsonl"]) == 0
    shown = capsys.readouterr()
    assert shown.out == '{"id":"b","twice":4}\n'
    assert shown.err.splitlines()[:4] == [
        "events in        2 from Sensors",
        "rows out         1 to Out",
        "events dropped   0",
        "requests         0",
    ]
    metrics = [json.loads(line) for line in (folder / "m.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(each.pop("time").endswith("Z") for each in metrics)
    assert {"metric": "Input Events", "logicalName": "Sensors", "value": 2} in metrics


def test_a_wrong_query_is_shown_with_its_place_and_ends_with_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "q.asaql").write_text("SELECT id,\n  nope(id) FROM Sensors", encoding="utf-8")
    assert main(["run", "q.asaql", "--input", "in.jsonl"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "error[AQ205]" in shown.err
    assert "--> q.asaql:2:3" in shown.err
    assert "\x1b[" not in shown.err


@pytest.mark.parametrize("command", ["run", "check", "explain"])
def test_a_target_that_is_not_there_ends_with_1(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "p.asaql"]) == 1
    assert 'error[AQ702]: "p.asaql" does not exist\n  = help: did you mean "q.asaql"?' in capsys.readouterr().err


def test_a_job_that_fails_while_running_ends_with_3(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "q.asaql").write_text("SELECT CAST(id AS bigint) AS n FROM Sensors", encoding="utf-8")
    assert main(["run", "q.asaql", "--input", "in.jsonl"]) == 3
    assert "error[AQ302]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument"),
        (["walk"], "No such command 'walk'"),
        (["run", "q.asaql", "--late-arrival", "soon"], '"soon" is no duration; write 5s'),
        (["run", "q.asaql", "--start-time", "noon"], '"noon" is no datetime'),
        (["run", "q.asaql", "--function", "f.js"], '"f.js" does not begin with a name and ='),
        (["run", "q.asaql", "--input", "Sensors="], '"Sensors=" says nothing after the ='),
        (["run", "q.asaql", "--parallelism", "0"], "Invalid value for '--parallelism'"),
        (["run", "q.asaql", "--compatibility-level", "2"], "Invalid value for '--compatibility-level'"),
        (["check", "q.asaql", "--format", "xml"], "Invalid value for '--format'"),
        (["--nothing"], "No such option"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_check_is_silent_about_a_query_that_is_right(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "q.asaql"]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_reports_every_error_as_json_on_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "q.asaql").write_text("SELECT nope(id),\n  neither(id) FROM Sensors", encoding="utf-8")
    assert main(["check", "q.asaql", "--format", "json", "--input", "in.jsonl"]) == 1
    shown = capsys.readouterr()
    found = json.loads(shown.out)["diagnostics"]
    assert [(each["code"], each["file"], each["startLine"], each["startColumn"]) for each in found] == [
        ("AQ205", "q.asaql", 1, 8),
        ("AQ205", "q.asaql", 2, 3),
    ]
    assert shown.err == ""


def test_check_reports_a_wrong_job_file_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "job.yaml").write_text("quary: SELECT 1\n", encoding="utf-8")
    assert main(["check", "job.yaml", "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert (found["code"], found["startLine"], found["endColumn"]) == ("AQ701", 1, 6)


@pytest.mark.parametrize(("form", "mark"), [("text", "Scan Sensors"), ("mermaid", "flowchart"), ("json", "{")])
def test_explain_prints_the_plan(form: str, mark: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "q.asaql", "--format", form]) == 0
    assert mark in capsys.readouterr().out


def test_the_test_command_runs_cases(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = f"""# Cases

## What is over one is doubled

```sql
{QUERY}
```
```jsonl in=Sensors
{{"id": "a", "value": 1}}
{{"id": "b", "value": 2}}
```
```jsonl out=Out
{{"id": "b", "twice": 4}}
```
"""
    (folder / "case.md").write_text(case, encoding="utf-8")
    assert main(["test", "case.md", "--junit", "results.xml"]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"
    assert (folder / "results.xml").is_file()
    (folder / "case.md").write_text(case.replace('"twice": 4', '"twice": 5'), encoding="utf-8")
    assert main(["test", "case.md"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_a_bug_ends_with_70_and_shows_its_traceback_only_when_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> int:
        message = "the user's secret"
        raise RuntimeError(message)

    monkeypatch.setattr(click.Group, "invoke", fail)
    assert main(["check", "q.asaql"]) == 70
    shown = capsys.readouterr().err
    assert "error[AQ999]: this is a bug of asaql: RuntimeError in " in shown
    assert "secret" not in shown
    assert "Traceback" not in shown
    monkeypatch.setenv("ASAQL_DEBUG", "1")
    assert main(["check", "q.asaql"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(click.Group, "invoke", interrupt)
    assert main(["check", "q.asaql"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_ctrl_c_ends_a_job_that_waits_for_a_service_without_end(folder: Path) -> None:
    with socket.socket() as taken:
        # The port is bound and nobody listens, so that connections are refused and tried again.
        taken.bind(("127.0.0.1", 0))
        (folder / "scored.asaql").write_text("SELECT udf.score(id) AS y FROM input", encoding="utf-8")
        url = f"score=http://127.0.0.1:{taken.getsockname()[1]}/"
        command = [sys.executable, "-m", "asaql", "run", "scored.asaql", "--input", "in.jsonl", "--score", url]
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as job:
            assert job.stderr is not None
            assert any("trying again" in line for line in job.stderr)
            job.send_signal(signal.SIGINT)
            assert job.wait(timeout=30) == 130


@pytest.mark.parametrize(
    "arguments", [["run", "q.asaql", "--input", "in.jsonl"], ["explain", "q.asaql"], ["--help"]], ids=lambda x: x[0]
)
def test_a_reader_that_goes_away_is_no_error(arguments: list[str], folder: Path) -> None:
    receiving, sending = os.pipe()
    os.close(receiving)
    command = [sys.executable, "-m", "asaql", *arguments]
    with os.fdopen(sending, "wb") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_diagnostic_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = Reporter()
    reporter.show_all([Diagnostic("AQ701", "first"), Diagnostic("AQ701", "first"), Diagnostic("AQ702", "second")])
    assert capsys.readouterr().err == "error[AQ701]: first\n\nerror[AQ702]: second\n"


@pytest.mark.parametrize(
    ("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_whose_user_wants_it(
    variables: dict[str, str], is_coloured: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    Reporter().show(Diagnostic("AQ701", "first"))
    assert ("\x1b[" in capsys.readouterr().err) is is_coloured


def test_help_and_version_appear_at_once() -> None:
    def seconds(*arguments: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "asaql", *arguments], check=True, capture_output=True, timeout=60)
        return time.perf_counter() - started

    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, asaql.cli.main as m; m.main(['--help']); print('polars' in sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert loaded.stdout.endswith("False\n")
    assert min(seconds("--help") for _ in range(3)) < 1.5


def _loaded(statement: str, *modules: str) -> set[str]:
    """Return which of these modules a process has after a statement."""
    code = f"import sys; {statement}; print(*sys.modules.keys() & {set(modules)}, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return set(run.stderr.split())


def test_a_bare_query_loads_no_reader_of_jobs_and_no_rare_operator(tmp_path: Path) -> None:
    query, events = tmp_path / "q.sql", tmp_path / "e.ndjson"
    query.write_text("SELECT a INTO o FROM i", encoding="utf-8")
    events.write_text('{"a": 1}\n', encoding="utf-8")
    run = f"from asaql.cli.main import main; main(['run', {str(query)!r}, '--input', {str(events)!r}])"
    rare = ("yaml", "httpx", "py_mini_racer", "asaql.jobs.arm_template", "asaql.operators.match")
    assert _loaded(run, "asaql.runtime.run", *rare) == {"asaql.runtime.run"}


def test_a_worker_process_loads_no_compiler() -> None:
    assert _loaded("import asaql.runtime.tasks", "asaql.syntax", "asaql.plan", "asaql.jobs") == set()


def test_every_command_and_option_has_a_help_text_and_is_documented() -> None:
    documentation = DOCUMENTATION.read_text(encoding="utf-8")
    context = click.Context(asaql)
    for name in COMMANDS:
        command = asaql.get_command(context, name)
        assert command is not None
        assert command.help
        assert "Examples:" in command.help
        assert f"## asaql {name}" in documentation
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.help or isinstance(parameter.type, click.Choice), parameter.name
                assert f"`{parameter.opts[0]}" in documentation, parameter.opts[0]


def test_an_input_without_a_name_is_kept_for_the_query_to_name(folder: Path) -> None:
    command = asaql.get_command(click.Context(asaql), "run")
    assert command is not None
    context = command.make_context("run", ["q.asaql", "--input", "in.jsonl", "--reference", "Zones"])
    settings = {each: context.params[each] for each in ("inputs", "reference")}
    job = job_from("q.asaql", **settings)
    assert [(each.name, each.is_reference) for each in job.inputs] == [(None, False), ("Zones", True)]
