"""What a whole process costs: wall-clock time, CPU seconds and memory of it and of all that it started.

    python tests/bench/measure.py COMMAND...

Each command runs under a process of its own, which takes over what the command leaves behind, such as a virtual machine
that ends a moment later: its processor time counts too. Needs Linux: memory is read from /proc.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

PAGE = os.sysconf("SC_PAGE_SIZE")
SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.1
STRAGGLER_SECONDS = 30


class CommandFailed(Exception):
    """A measured command ended with another status than zero; the message is what it said."""


@dataclass(frozen=True)
class Cost:
    """What one run of a command took.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of user and system time, all processes together.
        peak: Most megabytes that all its processes together held at one moment; what two share counts twice.
    """

    wall: float
    cpu: float
    peak: float


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which Python keeps compiled modules in `folder`, as an installed program has them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def run(command: list[str], variables: dict[str, str]) -> Cost:
    """Run a command to its end; what it says is shown only if it fails."""
    supervised = [sys.executable, __file__, *command]
    done = subprocess.run(supervised, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command)}\n{done.stderr[-3000:]}"
        raise CommandFailed(message)
    return Cost(**json.loads(done.stdout))


def middle(costs: list[Cost]) -> Cost:
    """Return the median of every figure."""
    return Cost(
        median(each.wall for each in costs), median(each.cpu for each in costs), median(each.peak for each in costs)
    )


def descendants(process: int) -> Iterator[int]:
    """Yield the processes below a process; those that end meanwhile may be missing."""
    try:
        for task in os.listdir(f"/proc/{process}/task"):
            for child in Path(f"/proc/{process}/task/{task}/children").read_text().split():
                yield int(child)
                yield from descendants(int(child))
    except (FileNotFoundError, ProcessLookupError):
        return


def megabytes(process: int) -> float:
    """Return what a process holds in memory; nothing once it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e6
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


class Sampler(threading.Thread):
    """Watches the memory of all processes below this one."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(megabytes(each) for each in set(descendants(os.getpid()))))


def supervise(command: list[str]) -> Cost:
    """Run a command and whatever it leaves behind to their ends."""
    if ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        sys.exit("this system cannot hand over what a process leaves behind")
    sampler = Sampler()
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        sampler.start()
        status = process.wait()
        wall = time.perf_counter() - started
        sampler.ended.set()
        if status:
            said.seek(0)
            sys.exit(f"ended with {status}:\n{said.read().decode(errors='replace')}")
    await_stragglers()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, usage.ru_utime + usage.ru_stime, max(sampler.peak, usage.ru_maxrss / 1e3 * 1.024))


def await_stragglers() -> None:
    """Wait for processes that outlived the command, so that their time counts."""
    deadline = time.monotonic() + STRAGGLER_SECONDS
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if time.monotonic() > deadline:
            sys.exit(f"processes {sorted(descendants(os.getpid()))} go on after the command's end")
        if not ended:
            time.sleep(0.01)


if __name__ == "__main__":
    print(json.dumps(asdict(supervise(sys.argv[1:]))))
