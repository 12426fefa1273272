"""What a whole process costs: CPU seconds of it and of the processes it started, wall-clock time, memory."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What one run of a command took.

    Attributes:
        cpu: Seconds of user and system time, all processes together.
        wall: Seconds from start to end.
        peak: Megabytes of the process that held the most.
    """

    cpu: float
    wall: float
    peak: float


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which Python keeps compiled modules in `folder`, as an installed program has them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def run(command: list[str], variables: dict[str, str]) -> Cost:
    """Run a command to its end; what it says is shown only if it fails."""
    started = time.perf_counter()
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{said.decode()}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def least(costs: list[Cost]) -> Cost:
    """Return the least of every figure: what disturbs a run only ever adds to it."""
    return Cost(min(each.cpu for each in costs), min(each.wall for each in costs), min(each.peak for each in costs))
