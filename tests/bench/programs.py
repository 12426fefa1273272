"""The programs that are compared, and environments for those that asaql's own does not hold."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
OURS = {"asaql, 1 process": 1, "asaql, 2 processes": 2}
ALONE, SHARED_OUT = OURS


class Missing(Exception):
    """A program is not there; the message says what would bring it."""


@dataclass(frozen=True)
class Peer:
    """Another program that does the same work.

    Attributes:
        file: Its benches, in the folder `peers`.
        package: What it is installed as; None where no package brings it.
        pythons: Versions of Python it runs with, in an environment of its own; none where this one's has it.
        more: What its benches import besides.
        commands: Programs of the machine that it needs.
        setting: How it runs, for the table's caption.
    """

    file: str
    package: str | None = None
    pythons: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    setting: str = ""

    def start(self, cache: Path) -> list[str]:
        """Return the beginning of its command; `Missing` where the machine lacks it."""
        for command in self.commands:
            if shutil.which(command) is None:
                message = f"no {command} on the path"
                raise Missing(message)
        if not self.package:
            return [self.commands[0], str(PEERS / self.file)]
        python = self._environment(cache) / "bin" / "python" if self.pythons else Path(sys.executable)
        if not python.exists():
            message = "not installed; --install-peers installs it"
            raise Missing(message)
        return [str(python), str(PEERS / self.file)]

    def version(self, cache: Path) -> str:
        """Return the version that is measured."""
        if not self.package:
            done = subprocess.run([*self.commands, "--version"], capture_output=True, text=True, check=True)
            return done.stdout.strip().removeprefix("v")
        if not self.pythons:
            return version(self.package)
        ask = f"from importlib.metadata import version; print(version({self.package!r}))"
        done = subprocess.run([*self.start(cache)[:1], "-c", ask], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def install(self, cache: Path, say: Callable[[str], None]) -> None:
        """Make its environment with the first fitting Python for which there is a package."""
        if not self.package or not self.pythons or (self._environment(cache) / "bin" / "python").exists():
            return
        place = self._environment(cache)
        unfinished = place.with_suffix(".unfinished")
        for python in interpreters(self.pythons):
            say(f"{self.package}: installing with {python}")
            shutil.rmtree(unfinished, ignore_errors=True)
            steps = (
                [python, "-m", "venv", "--copies", str(unfinished)],
                [f"{unfinished}/bin/python", "-m", "pip", "install", "-q", "--prefer-binary", self.package, *self.more],
            )
            done = [subprocess.run(step, capture_output=True, text=True, check=False) for step in steps]
            if not done[-1].returncode:
                unfinished.rename(place)
                return
            say(f"{self.package}: {done[-1].stderr.strip().splitlines()[-1:]}")
        shutil.rmtree(unfinished, ignore_errors=True)
        say(f"{self.package}: could not be installed with Python {' or '.join(self.pythons)}")

    def _environment(self, cache: Path) -> Path:
        return cache / f"{self.package}"


def interpreters(versions: tuple[str, ...]) -> Iterator[str]:
    """Yield the Pythons of this machine that have one of the versions and start."""
    managed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for wanted in versions:
        candidates = [shutil.which(f"python{wanted}"), *map(str, managed.glob(f"{wanted}.*/bin/python"))]
        if wanted == f"{sys.version_info.major}.{sys.version_info.minor}":
            candidates.insert(0, sys.executable)
        for candidate in filter(None, candidates):
            asked = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
            if asked.stdout.startswith(f"Python {wanted}."):
                yield candidate
                break


ALL_PEERS = {
    "DuckDB": Peer("run_duckdb.py", "duckdb", setting="2 threads"),
    "Polars": Peer("run_polars.py", "polars", setting="default threads"),
    "Bytewax": Peer("run_bytewax.py", "bytewax", ("3.11", "3.12", "3.10"), ("orjson",), setting="streaming, 1 worker"),
    "Flink SQL": Peer(
        "run_flink.py",
        "apache-flink",
        ("3.11", "3.12", "3.10", "3.9"),
        commands=("java",),
        setting="streaming, parallelism 2",
    ),
    "Node.js": Peer("run_node.js", commands=("node",)),
    "Python loop": Peer("run_loop.py", "orjson", setting="the version of orjson, which it reads and writes with"),
}
