"""A scoring script served on this machine, by the server that also runs it in the cloud (azmlinfsrv).

The server is a process group of its own, which listens on the loopback interface only. It ends when the context is
left, and also when this process ends in any other way: it watches a pipe that only this process holds open.

Invariant: no process of the server is left when `close` returns.
"""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import httpx

from asaql.diagnostics import Diagnostic
from asaql.udf import scoring_server
from asaql.udf.scoring_spec import ScoringError

_HOST: Final = "127.0.0.1"
_LOG_LINES: Final = 400
_SHOWN_LINES: Final = 15
_GRACE_SECONDS: Final = 5.0
_SERVER_FRAMES: Final = "The above exception was the direct cause"
_HAS_GROUPS: Final = hasattr(os, "killpg")
_INSTALL: Final = 'pip install "asaql[scoring]"'


class EntryScriptServer:
    """The running server of one entry script, as a context manager.

    Args:
        name: The scoring function's name, for messages.
        entry_script: The script; it defines `init()` and `run()`.
        model_dir: What the script finds as `AZUREML_MODEL_DIR`.
        start_seconds: How long `init()` may take.
        worker_count: Processes that score.

    Raises:
        ScoringError: The script does not exist, the server is not installed, or it does not start (AQ614).
    """

    def __init__(
        self,
        name: str,
        entry_script: Path,
        model_dir: Path | None = None,
        *,
        start_seconds: float = 300.0,
        worker_count: int = 1,
    ) -> None:
        self._name = name
        self._script = entry_script.resolve()
        self._lines: deque[str] = deque(maxlen=_LOG_LINES)
        if not self._script.is_file():
            raise ScoringError(
                Diagnostic("AQ614", f'entry script "{entry_script}" of scoring function "{name}" not found')
            )
        if importlib.util.find_spec("azureml_inference_server_http") is None:
            message = f'scoring function "{name}" needs the inference server, which is not installed'
            raise ScoringError(Diagnostic("AQ614", message, help=_INSTALL))
        with socket.create_server((_HOST, 0)) as listener:
            self._port = listener.getsockname()[1]
            if not _HAS_GROUPS:
                listener.close()
            self._process = self._start(listener, model_dir, worker_count)
        self._reader = threading.Thread(target=self._read_log, name=f"asaql-log-{name}", daemon=True)
        self._reader.start()
        try:
            self._wait_until_healthy(start_seconds)
        except BaseException:
            self.close()
            raise

    @property
    def score_url(self) -> str:
        """Where rows are sent."""
        return f"http://{_HOST}:{self._port}/score"

    @property
    def is_running(self) -> bool:
        """Whether the server has not ended."""
        return self._process.poll() is None

    def log_tail(self) -> str:
        """Return the last lines that server and script have written; up to the script's own exception if it raised."""
        lines = tuple(self._lines)
        own = next((i for i in range(len(lines) - 1, 0, -1) if lines[i].startswith(_SERVER_FRAMES)), len(lines))
        return "\n".join(lines[:own][-_SHOWN_LINES:]).rstrip()

    def log_note(self) -> str:
        """Return the last lines of the log as a note of a diagnostic."""
        return f"the server's log ends with\n{self.log_tail()}" if self._lines else "the server's log is empty"

    def failure(self, what: str) -> ScoringError:
        """Return the error that says what became of the server, with the end of its log."""
        message = f'the inference server of scoring function "{self._name}" {what}'
        return ScoringError(
            Diagnostic("AQ614", message, notes=(f'its entry script is "{self._script.name}"', self.log_note()))
        )

    def close(self) -> None:
        """End the server and every process it has started."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            # The server reads the end of the pipe as the end of this process.
            self._process.stdin.close()
        if _HAS_GROUPS:
            self._end_group()
        else:
            self._process.kill()
        self._process.wait()
        # The log ends when the last process has ended that could write to it.
        self._reader.join(_GRACE_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _wait_until_healthy(self, start_seconds: float) -> None:
        """Wait for the answer to one request; it lies in the socket's queue until the script has been loaded."""
        deadline = time.monotonic() + start_seconds
        with httpx.Client(trust_env=False) as client:
            while self.is_running and (remaining := deadline - time.monotonic()) > 0:
                try:
                    if client.get(f"http://{_HOST}:{self._port}/", timeout=remaining).is_success:
                        return
                except httpx.TransportError:
                    self._wait_a_little()
        what = f"did not start within {start_seconds:g} seconds" if self.is_running else "did not start"
        self.close()
        raise self.failure(what)

    def _wait_a_little(self) -> None:
        """Wait for the server's end, but not for long."""
        try:
            self._process.wait(0.05)
        except subprocess.TimeoutExpired:
            return

    def _end_group(self) -> None:
        """Kill the process group; the group's number stays taken until its first process is waited for."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def __enter__(self) -> "EntryScriptServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, listener: socket.socket, model_dir: Path | None, worker_count: int) -> "subprocess.Popen[str]":
        arguments = [sys.executable, "-P", scoring_server.__file__, "--entry_script", str(self._script)]
        arguments += ["--port", str(self._port)]
        arguments += ["--model_dir", str(model_dir.resolve())] if model_dir is not None else []
        environment = os.environ | {
            "AML_APP_ROOT": str(self._script.parent),
            "AML_APP_INSIGHTS_ENABLED": "false",
            "PYTHONUNBUFFERED": "1",
            "WORKER_COUNT": str(worker_count),
        }
        for telemetry in ("AML_APP_INSIGHTS_KEY", "APPLICATIONINSIGHTS_CONNECTION_STRING"):
            environment.pop(telemetry, None)
        if _HAS_GROUPS:
            environment["ASAQL_LISTENING_SOCKET"] = str(listener.fileno())
        return subprocess.Popen(
            arguments,
            cwd=self._script.parent,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            pass_fds=(listener.fileno(),) if _HAS_GROUPS else (),
            start_new_session=_HAS_GROUPS,
        )

    def _read_log(self) -> None:
        stream: IO[str] | None = self._process.stdout
        if stream is not None:
            for line in stream:
                self._lines.append(line.rstrip())
