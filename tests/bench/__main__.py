"""Every bench in one command: whole processes, from file to file, beside DuckDB, Polars and a loop over orjson.

    python tests/bench                            1,000,000 events, three rounds
    python tests/bench --small                    20,000 events, one round: do all benches still run?
    python tests/bench --only "filter + project" --events 5000000 --rounds 5
    python tests/bench --parts                    functions, formats, JavaScript and scoring each by themselves

In each round every program runs once, one after the other, so that a disturbed minute disturbs all of them; the least
of the rounds counts. CPU seconds are user and system time of a process and of those it started, start-up included.
A ratio is the other's CPU seconds by those of asaql: above 1, asaql needs less. The table is Markdown.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from measure import Cost, environment, least, run
from recordings import write_rides
from workloads import WORKLOADS, Workload

HERE = Path(__file__).parent
RIVALS = {"DuckDB": ("duckdb", "1"), "DuckDB, 2 threads": ("duckdb", "2"), "Polars": ("polars",), "orjson": ("orjson",)}
PARTS = ("expressions.py", "decode.py", "javascript.py", "scoring.py")
OURS = {"asaql": "1", "asaql, 2 processes": "2"}


class Bench:
    """Runs workloads over one recording."""

    def __init__(self, folder: Path, events: int, rounds: int, service: str) -> None:
        self._folder = folder
        self._events = events
        self._rounds = rounds
        self._service = service
        self._recording = folder / f"rides-{events}.ndjson"
        self._variables = environment(folder)
        write_rides(self._recording, events)

    def measure(self, workload: Workload) -> dict[str, Cost]:
        """Return what each program takes for a workload; their outputs have the same number of rows."""
        commands = self._commands(workload)
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        rows = {}
        for _ in range(self._rounds):
            for name, command in commands.items():
                costs[name].append(run(command, self._variables))
                rows[name] = self._rows(name)
        different = {name: count for name, count in rows.items() if count != rows["asaql"]}
        if different:
            sys.exit(f"{workload.name}: asaql wrote {rows['asaql']} rows, and {different}")
        return {name: least(each) for name, each in costs.items()}

    def warm_up(self) -> None:
        """Let Python compile every module once."""
        few = self._folder / "few.ndjson"
        write_rides(few, 2000)
        for workload in WORKLOADS:
            for name, command in self._commands(workload).items():
                run([str(few) if part == str(self._recording) else part for part in command], self._variables)
                self._output(name).unlink()

    def _commands(self, workload: Workload) -> dict[str, list[str]]:
        query = self._folder / "query.sql"
        query.write_text(workload.query)
        options = ["--input", str(self._recording)]
        if workload.script is not None:
            script = self._folder / "createArray.js"
            script.write_text(workload.script)
            options += ["--function", f"createArray={script}"]
        if workload.scores:
            options += ["--score", f"score={self._service}"]
        commands = {}
        for name, processes in OURS.items():
            where = ["--output", str(self._output(name)), "--parallelism", processes]
            commands[name] = [sys.executable, "-m", "asaql", "run", str(query), *options, *where]
        for name, (program, *threads) in RIVALS.items():
            if program in workload.rivals:
                places = [workload.name, str(self._recording), str(self._output(name))]
                commands[name] = [sys.executable, str(HERE / "rivals.py"), program, *places, *threads]
        return commands

    def _output(self, name: str) -> Path:
        return self._folder / f"{name}.ndjson"

    def _rows(self, name: str) -> int:
        with self._output(name).open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def table_head() -> str:
    heads = ["bench", "events a CPU second", *(f"{name}: CPU s" for name in (*OURS, *RIVALS))]
    heads += [f"{name} / asaql" for name in RIVALS] + ["wall s, 1 and 2 processes", "peak MB of one process"]
    return f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"


def table_row(workload: Workload, costs: dict[str, Cost], events: int) -> str:
    ours = costs["asaql"]
    cells = [workload.name, f"{events / ours.cpu:,.0f}"]
    cells += [f"{costs[name].cpu:.2f}" if name in costs else "" for name in (*OURS, *RIVALS)]
    cells += [f"{costs[name].cpu / ours.cpu:.2f}" if name in costs else "" for name in RIVALS]
    cells += [f"{ours.wall:.2f}, {costs['asaql, 2 processes'].wall:.2f}", f"{ours.peak:.0f}"]
    return f"| {' | '.join(cells)} |"


def start_service(stack: ExitStack, variables: dict[str, str]) -> str:
    """Start a scoring service that answers 1,000 rows after 50 ms; return its URL."""
    command = [sys.executable, str(HERE / "scoring.py"), "--serve", "--latency", "0.05", "--rows", "1000"]
    service = stack.enter_context(
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables)
    )
    assert service.stdout is not None
    assert service.stdin is not None
    stack.callback(service.stdin.close)
    return service.stdout.readline().strip()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="size of the recording; thousands")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="20,000 events, one round")
    parser.add_argument("--only", action="append", help="name of a bench; may be repeated")
    parser.add_argument("--parts", action="store_true", help="the benches of single parts, in one process each")
    options = parser.parse_args()
    if options.parts:
        for part in PARTS:
            print(f"\n{part}\n", flush=True)
            subprocess.run([sys.executable, str(HERE / part)], check=True)
        return
    if options.small:
        options.events, options.rounds = 20_000, 1
    chosen = [each for each in WORKLOADS if not options.only or each.name in options.only]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asaql-bench-")))
        bench = Bench(folder, options.events, options.rounds, start_service(stack, environment(folder)))
        bench.warm_up()
        size = (folder / f"rides-{options.events}.ndjson").stat().st_size
        versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "orjson", "msgspec"))
        print(f"{options.events:,} events, {size / 1e6:.0f} MB; the least of {options.rounds} rounds; CPython ", end="")
        print(f"{platform.python_version()}, {versions}; {datetime.now(UTC):%Y-%m-%d}\n\n{table_head()}", flush=True)
        for workload in chosen:
            print(table_row(workload, bench.measure(workload), options.events), flush=True)


if __name__ == "__main__":
    main()
