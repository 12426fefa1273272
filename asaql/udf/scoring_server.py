"""Runs the inference server of an entry script; a program of its own, started by `entry_script.py`.

It differs from the server's own command in three things: it listens on this machine only, it takes the listening
socket from the process that started it, so that no other program can get the port in between, and it ends as soon as
that process does, however that ends.
"""

import os
import signal
import sys
import threading
from importlib import import_module
from typing import Any


def main() -> None:
    """Serve until the process that started this one ends."""
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    constants: Any = import_module("azureml_inference_server_http.constants")
    constants.DEFAULT_HOST = "127.0.0.1"
    descriptor = os.environ.pop("ASAQL_LISTENING_SOCKET", None)
    if descriptor is not None:
        _hand_over_socket(int(descriptor))
    import_module("azureml_inference_server_http.amlserver").run()


def _hand_over_socket(descriptor: int) -> None:
    """Give the listening socket to gunicorn in the way systemd does: as descriptor 3, announced in the environment."""
    if descriptor != 3:
        os.dup2(descriptor, 3, inheritable=True)
        os.close(descriptor)
    os.environ["LISTEN_FDS"] = "1"
    os.environ["LISTEN_PID"] = str(os.getpid())
    if hasattr(import_module("gunicorn.config"), "ControlSocketDisable"):
        # Its versions from 25.1 on would open a socket in the user's home by which they can be steered.
        os.environ["GUNICORN_CMD_ARGS"] = "--no-control-socket"


def _end_with_parent() -> None:
    """Wait until standard input, a pipe from the parent, is closed; then end all processes of this group."""
    while os.read(0, 4096):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main()
