"""Entry scripts, served by the real inference server."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from asaql.udf.entry_script import EntryScriptServer
from asaql.udf.scoring import open_scorer
from asaql.udf.scoring_spec import ScoringError, ScoringFunction
from asaql.udf.scoring_values import ElementType
from asaql.udf.signature import RowShape

SCRIPTS = Path(__file__).parents[2] / "servers" / "entry_scripts"
SERVER = "scoring_server.py"


def server_processes() -> list[int]:
    """Return the processes on this machine that run an inference server for this test's process or its children."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            command = (each / "cmdline").read_bytes().decode().split("\0")
            state = (each / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z" and any(part.endswith(SERVER) for part in command) and str(os.getpid()) in _marks(each):
            found.append(int(each.name))
    return found


def _marks(process: Path) -> list[str]:
    try:
        variables = (process / "environ").read_bytes().decode().split("\0")
    except OSError:
        return []
    return [value.partition("=")[2] for value in variables if value.startswith("ASAQL_TEST_PROCESS=")]


@pytest.fixture(autouse=True)
def _marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mark the servers of this process, so that others on this machine are not counted."""
    monkeypatch.setenv("ASAQL_TEST_PROCESS", str(os.getpid()))


def function_of(script: str, **settings: Any) -> ScoringFunction:
    return ScoringFunction(name="score", entry_script=SCRIPTS / f"{script}.py", **settings)


def write(folder: Path, text: str) -> Path:
    script = folder / "score.py"
    script.write_text(text)
    return script


def test_a_script_of_arrays_scores_the_articles_rows() -> None:
    with open_scorer(function_of("array")) as scorer:
        assert (scorer.signature.row_shape, scorer.signature.element_type) == (RowShape.ARRAY, ElementType.TEXT)
        assert scorer.submit([[1, "Mon", 12, 1, 5.8], [2, "Wed", 10, 2, 10.0]]).result() == [11.6, 20.0]
        assert scorer.check_argument("record") is not None
        with pytest.raises(ScoringError) as caught:
            scorer.submit([["1", "raise", "12", "1", "5.8"]]).result()
        failure = str(caught.value)
        assert "AQ611" in failure
        assert "answered status 500" in failure
        assert "ValueError: no such weekday" in failure
    assert server_processes() == []


def test_a_script_of_data_frames_scores_records_with_the_declared_types() -> None:
    with open_scorer(function_of("dataframe", parallel_requests=2)) as scorer:
        assert scorer.signature.row_shape is RowShape.RECORD
        row = {"vendorid": 1, "weekday": "Mon", "passenger": "3", "distance": "2.5"}
        expected = {"vendorid": "1", "kinds": "int64 float64", "fare": 5.0}
        futures = [scorer.submit([row] * count) for count in (1, 50, 200)]
        assert [each.result() for each in futures] == [[expected], [expected] * 50, [expected] * 200]


def test_a_script_without_a_schema_may_answer_with_text_that_holds_json() -> None:
    with open_scorer(function_of("plain")) as scorer:
        assert scorer.submit([[1, 2], [3, 4.5]]).result() == [3, 7.5]
        with pytest.raises(ScoringError, match=r"AQ612.*unsupported operand") as caught:
            scorer.submit([["a"]]).result()
        assert "no results for 1 row" in str(caught.value)


def test_the_openapi_3_description_says_the_same() -> None:
    with EntryScriptServer("score", SCRIPTS / "array.py") as server:
        swagger = server.score_url.replace("score", "swagger.json?version=3")
        with open_scorer(ScoringFunction(name="score", url=server.score_url, swagger=swagger)) as scorer:
            assert (scorer.signature.row_shape, scorer.signature.element_type) == (RowShape.ARRAY, ElementType.TEXT)


def test_the_server_listens_on_this_machine_only_and_runs_beside_others(tmp_path: Path) -> None:
    script = SCRIPTS / "array.py"
    with EntryScriptServer("a", script, tmp_path) as first, EntryScriptServer("b", script) as second:
        assert first.score_url != second.score_url
        assert first.score_url.startswith("http://127.0.0.1:")
        assert f"Model Directory: {tmp_path}" in "\n".join(first._lines)
        port = int(first.score_url.split(":")[2].partition("/")[0])
        assert {address for address, each in listening() if each == port} == {"0100007F"}


def listening() -> list[tuple[str, int]]:
    """Return address and port of every listening socket of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    places = [row[1].split(":") for row in rows if row[3] == "0A"]
    return [(address, int(port, 16)) for address, port in places]


def test_no_process_is_left_when_the_context_is_left() -> None:
    with EntryScriptServer("score", SCRIPTS / "array.py", worker_count=2):
        assert len(server_processes()) == 3
    assert server_processes() == []


def test_no_process_is_left_when_the_job_fails() -> None:
    with pytest.raises(KeyboardInterrupt), open_scorer(function_of("plain")):
        raise KeyboardInterrupt
    assert server_processes() == []


@pytest.mark.parametrize("end", ["pass", "os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_process_is_left_when_this_process_ends_without_closing_anything(end: str) -> None:
    program = f"""
import os, signal, sys
from pathlib import Path
from asaql.udf.entry_script import EntryScriptServer
server = EntryScriptServer("score", Path(sys.argv[1]))
print(server._process.pid, flush=True)
{end}
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(SCRIPTS / "plain.py")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    output, _ = process.communicate(timeout=60)
    leader = Path("/proc") / output.decode().strip()
    # The pipe to this process closes when the last process of the group has ended; the kernel is given its moment.
    while leader.exists() and " Z " not in (leader / "stat").read_text():
        pass
    assert server_processes() == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def init(:", "SyntaxError"),
        ("import no_such_module\n", "No module named 'no_such_module'"),
        ("def init(): raise ValueError('no model')\ndef run(data): return []\n", "ValueError: no model"),
        ("def run(data): return []\n", "does not have a init() function"),
    ],
)
def test_a_script_that_does_not_load_is_reported_with_the_end_of_the_log(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ScoringError) as caught:
        EntryScriptServer("score", write(tmp_path, text))
    failure = str(caught.value)
    assert failure.startswith('error[AQ614]: the inference server of scoring function "score" did not start')
    assert reason in failure
    assert 'its entry script is "score.py"' in failure
    assert server_processes() == []


def test_a_script_that_takes_too_long_to_load_is_reported(tmp_path: Path) -> None:
    script = write(tmp_path, "import threading\ndef init(): threading.Event().wait()\ndef run(data): return []\n")
    with pytest.raises(ScoringError, match=r"AQ614.*did not start within 0\.5 seconds"):
        EntryScriptServer("score", script, start_seconds=0.5)
    assert server_processes() == []


def test_a_script_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match=r"AQ614.*none\.py.*not found"):
        EntryScriptServer("score", tmp_path / "none.py")


def test_without_the_package_the_help_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azureml_inference_server_http", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ScoringError) as caught:
        EntryScriptServer("score", SCRIPTS / "plain.py")
    assert 'pip install "asaql[scoring]"' in str(caught.value)


def test_a_server_that_ends_while_the_job_runs_fails_the_job(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        "import os, signal\n"
        "def init(): pass\n"
        "def run(data): os.kill(os.getppid(), signal.SIGKILL); os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    with (
        open_scorer(ScoringFunction(name="score", entry_script=script)) as scorer,
        pytest.raises(ScoringError, match=r"AQ614.*ended while the job was running"),
    ):
        scorer.submit([1]).result(timeout=60)


def test_telemetry_is_off_and_other_settings_of_the_environment_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_APP_INSIGHTS_ENABLED", "true")
    monkeypatch.setenv("AML_APP_INSIGHTS_KEY", "00000000-0000-0000-0000-000000000000")
    monkeypatch.setenv("MY_SETTING", "mine")
    script = write(
        tmp_path,
        "import json, os, helper\n"
        "def init(): pass\n"
        "def run(data):\n"
        "    return json.dumps([[os.environ.get(n) for n in json.loads(data)['data'][0]], helper.NAME, os.getcwd()])\n",
    )
    (tmp_path / "helper.py").write_text("NAME = 'beside'\n")
    with EntryScriptServer("score", script) as server:
        names = ["AML_APP_INSIGHTS_ENABLED", "AML_APP_INSIGHTS_KEY", "MY_SETTING"]
        answer = httpx.post(server.score_url, json={"data": [names]}, trust_env=False).json()
    assert answer == f'[["false", null, "mine"], "beside", "{tmp_path}"]'


def test_an_interrupt_of_the_terminal_does_not_reach_the_server() -> None:
    with EntryScriptServer("score", SCRIPTS / "plain.py") as server:
        assert os.getpgid(server._process.pid) != os.getpgid(0)
        os.kill(server._process.pid, signal.SIGCHLD)
        assert server.is_running
