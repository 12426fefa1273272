"""`asaql tune` against a service on this machine."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from servers.fault_server import FaultServer, Reply

from asaql.cli.chart import Curve, draw_svg, draw_text
from asaql.cli.main import main

JOB = """\
query: SELECT udf.score(x) AS y FROM Input
functions:
  score:
    scoring: URL   # the model
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scores.jsonl").write_text(
        '{"function":"score","row":[1],"score":1}\n{"function":"other","row":[2],"score":1}\n', encoding="utf-8"
    )
    return tmp_path


def test_the_job_file_gets_what_fits_the_service(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FaultServer(latency=0.01) as server:
        (folder / "job.yaml").write_text(JOB.replace("URL", server.url), encoding="utf-8")
        arguments = ["--recording", "scores.jsonl", "--requests", "100", "--most-parallel", "2"]
        assert main(["tune", "job.yaml", *arguments, "--svg", "curves.svg", "--write"]) == 0
        assert len(server.requests) <= 100
        assert server.bodies[0] == {"data": [[1]] * 50}
        assert server.most_in_flight == 2
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["rows", "at", "a", "time", "requests", "latency", "ms", "rows/s", "retries"]
    assert shown[1].split()[:3] == ["50", "1", "5"]
    assert "milliseconds to an answer" in shown
    recommended = {line.split(":")[0]: line.split()[1] for line in shown if line.startswith(("max_", "parallel_"))}
    written = (folder / "job.yaml").read_text(encoding="utf-8")
    assert f"      max_batch_rows: {recommended['max_batch_rows']}\n" in written
    assert f"      parallel_requests: {recommended['parallel_requests']}   # the model\n" in written
    assert shown[-1] == "written to job.yaml"
    assert ElementTree.parse(folder / "curves.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert main(["check", "job.yaml"]) == 0


def test_a_service_that_refuses_fails_the_tuning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "q.sql").write_text("SELECT udf.score(x) AS y FROM Input", encoding="utf-8")
    with FaultServer().then(Reply(401)) as server:
        assert main(["tune", "q.sql", "--score", f"score={server.url}", "--recording", "scores.jsonl"]) == 3
    assert "error[AQ611]" in capsys.readouterr().err


def test_a_service_that_never_answers_is_given_up_in_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "q.sql").write_text("SELECT udf.score(x) AS y FROM Input", encoding="utf-8")
    with FaultServer() as server:
        server.hold()
        arguments = ["--score", f"score={server.url}", "--recording", "scores.jsonl", "--seconds", "0.2"]
        assert main(["tune", "q.sql", *arguments]) == 3
    assert "did not answer a request within the 0.2 seconds allowed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the job has no scoring function"),
        (["--score", "a=http://h/a", "--score", "b=http://h/b"], "the job has several scoring functions: a, b"),
        (["--score", "a=http://h/a", "--tuned", "c"], 'the job has no scoring function "c"'),
        (["--score", "a=http://h/a"], '"scores.jsonl" holds no row of "a"'),
        (["--score", "a=scores.jsonl"], "has a recording and no service"),
        (["--score", "a=http://h/a", "--write"], '"q.sql" is no job file'),
    ],
)
def test_what_cannot_be_tuned_is_reported(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "q.sql").write_text("SELECT 1 AS one FROM Input", encoding="utf-8")
    assert main(["tune", "q.sql", "--recording", "scores.jsonl", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_curve_is_drawn_in_text() -> None:
    curve = Curve("milliseconds", "rows", ["50", "100", "200"], [9.0, 0.0, 4.5], 1)
    assert draw_text(curve) == [
        "milliseconds",
        "     9 |          o.",
        "       |            ..",
        "       |              ..",
        "       |                ..",
        "       |                  ..",
        "       |                    ...                         ..o",
        "       |                       ..                  .....",
        "       |                         ..           .....",
        "       |                           ..    .....",
        "     0 |                             .@..",
        "       +------------------------------------------------------------",
        "                 50                 100                 200",
        "                                    rows",
    ]


def test_text_in_a_drawing_is_escaped() -> None:
    assert "&lt;a&gt;" in draw_svg([Curve("<a>", "b", ["1"], [0.0], 0)])
