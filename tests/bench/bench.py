"""Runs programs over recordings, round by round, and holds their outputs against each other."""

import math
import shutil
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import duckdb
import recordings
from measure import CommandFailed, Cost, environment, middle, run
from programs import ALONE, OURS
from workloads import Workload

Runs = dict[str, list[Cost]]
FEW = 10
"""Events of the recording whose run is all start-up."""
FEW_SCORED = 1000
"""The same for a query that scores: the service answers so many at a time."""
START_ROUNDS = 3


@dataclass
class Results:
    """What the programs took for one bench.

    Attributes:
        starts: Runs over a few events, by program.
        runs: Runs over each size of recording, by program; all lists of a size are as long, a round at each place.
        failed: Programs that ended with an error or had other rows than asaql.
    """

    starts: Runs = field(default_factory=dict)
    runs: dict[int, Runs] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def cost(self, program: str, events: int) -> Cost:
        """Return the median of each figure."""
        return middle(self.runs[events][program])

    def start(self, program: str) -> Cost:
        """Return what a run without work costs."""
        return middle(self.starts[program])

    def ratios(self, program: str, other: str, events: int) -> list[float]:
        """Return the wall-clock time of a program by that of another, round by round."""
        pairs = zip(self.runs[events][program], self.runs[events][other], strict=True)
        return [one.wall / two.wall for one, two in pairs]

    def cpu_of_further(self, program: str, fewer: int, events: int) -> float:
        """Return microseconds of processor time that an event takes by which one recording is longer than another.

        The least run of each counts, as noise only adds.
        """
        more, less = (min(each.cpu for each in self.runs[size][program]) for size in (events, fewer))
        return (more - less) / (events - fewer) * 1e6


class Bench:
    """Runs workloads; outputs lie in a folder, recordings in another."""

    def __init__(
        self, folder: Path, kept: Path, peers: Mapping[str, list[str]], service: str, say: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._kept = kept
        self._peers = peers
        self._service = service
        self._say = say
        self._variables = environment(folder)
        self.failures: list[str] = []

    def recording(self, kind: str, events: int) -> Path:
        """Return a recording, written if it is not there."""
        return recordings.recording(self._kept, kind, events)

    def measure(self, workload: Workload, sizes: list[int], rounds: int) -> Results:
        """Run every program of a workload: over a few events, which also compiles its modules, then over each size."""
        results = Results()
        few = FEW_SCORED if workload.scores else FEW
        self._rounds(workload, results, few, 1)
        self._rounds(workload, results, few, START_ROUNDS)
        results.starts = results.runs.pop(few)
        for events in sizes:
            self._rounds(workload, results, events, rounds)
        return results

    def _rounds(self, workload: Workload, results: Results, events: int, rounds: int) -> None:
        sources = [self.recording(kind, events) for kind in workload.inputs.values()]
        commands = {
            name: command for name, command in self._commands(workload, sources).items() if name not in results.failed
        }
        runs: Runs = {name: [] for name in commands}
        expected: tuple[int, float] | None = None
        for number in range(rounds):
            names = [name for name in commands if name not in results.failed]
            # Another one is first in each round: what comes after a heavy run may suffer from it.
            for name in names[number % len(names) :] + names[: number % len(names)]:
                remove(self._output(name))
                for source in sources:
                    cache(source)
                try:
                    runs[name].append(run(commands[name], self._variables))
                    found = self._rows(workload, name)
                except (CommandFailed, duckdb.Error) as failure:
                    self._fail(workload, name, results, str(failure))
                    continue
                expected = expected or found
                if found[0] != expected[0] or not math.isclose(found[1], expected[1], rel_tol=1e-9):
                    self._fail(workload, name, results, f"has {found} as rows and sum, the first one {expected}")
        results.runs[events] = {name: each for name, each in runs.items() if name not in results.failed}
        if events > FEW_SCORED:
            walls = [f"{name} {median(each.wall for each in runs[name]):.2f}" for name in results.runs[events]]
            self._say(f"{workload.name}, {events:,} events, wall s: {', '.join(walls)}")

    def side_by_side(self, workload: Workload, events: int, rounds: int) -> float:
        """Return how much more two runs of one process each do at the same time than one run does alone."""
        sources = [self.recording(kind, events) for kind in workload.inputs.values()]
        command = self._commands(workload, sources)[ALONE]
        at = command.index("--output") + 1
        second = [*command[:at], command[at].replace(".ndjson", "-second.ndjson"), *command[at + 1 :]]
        gains = []
        # The first run compiles modules.
        run(command, self._variables)
        for _ in range(rounds):
            for source in sources:
                cache(source)
            alone = run(command, self._variables).wall
            with ThreadPoolExecutor(2) as pool:
                walls = list(pool.map(lambda each: run(each, self._variables).wall, (command, second)))
            gains.append(2 * alone / max(walls))
            for each in (command[at], second[at]):
                remove(Path(each))
        return median(gains)

    def _fail(self, workload: Workload, name: str, results: Results, message: str) -> None:
        if name in OURS:
            sys.exit(f"{workload.name}: {name}: {message}")
        results.failed.add(name)
        self.failures.append(f"{workload.name}: {name}: {message}")
        self._say(self.failures[-1])

    def _commands(self, workload: Workload, sources: list[Path]) -> dict[str, list[str]]:
        query = self._folder / f"{workload.key}.sql"
        query.write_text(workload.query)
        options = []
        for name, source in zip(workload.inputs, sources, strict=True):
            options += ["--input", f"{name}={source}"]
        if workload.script is not None:
            script = self._folder / "createArray.js"
            script.write_text(workload.script)
            options += ["--function", f"createArray={script}"]
        if workload.scores:
            options += ["--score", f"score={self._service}"]
        commands = {}
        for name, processes in OURS.items():
            where = ["--output", str(self._output(name)), "--parallelism", str(processes)]
            commands[name] = [sys.executable, "-m", "asaql", "run", str(query), *options, *where]
        for name in workload.floors:
            if name in self._peers:
                commands[name] = [*self._peers[name], workload.key, str(self._output(name)), *map(str, sources)]
        return commands

    def _output(self, name: str) -> Path:
        return self._folder / f"{name.replace(' ', '-').replace(',', '')}.ndjson"

    def _rows(self, workload: Workload, name: str) -> tuple[int, float]:
        """Return how many rows an output has, a file or a folder of files, and the sum over them."""
        output = self._output(name)
        files = str(output / "*") if output.is_dir() else str(output)
        columns = ", ".join(f"{column}: '{kind}'" for column, kind in workload.columns.items())
        rows = f"read_json('{files}', format = 'newline_delimited', columns = {{{columns}}})"
        with duckdb.connect(config={"threads": 2}) as connection:
            found = connection.execute(f"SELECT count(*), coalesce({workload.sum}, 0) FROM {rows}").fetchone()
        assert found is not None
        return int(found[0]), float(found[1])


def cache(path: Path) -> None:
    """Read a file, so that no program is the one that has to wait for the disk."""
    with path.open("rb", buffering=0) as file:
        block = bytearray(1 << 20)
        while file.readinto(block):
            pass


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
