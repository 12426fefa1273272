"""Every bench in one command: whole processes, from file to file, beside other programs that do the same.

    python tests/bench                                    the tables of docs/benchmarks.md; takes hours
    python tests/bench --write                            and put them there
    python tests/bench --install-peers                    Bytewax and Flink first, in environments of their own
    python tests/bench --small                            20,000 events, one round: do all benches still run?
    python tests/bench --only filter --peers DuckDB,Polars --events 5000000 --rounds 5
    python tests/bench --table latency                    one table of several
    python tests/bench --parts                            functions, formats, JavaScript, scoring, each by itself

In each round every program runs once, one after the other, so that a disturbed minute disturbs all of them; a ratio is
that of two runs of one round. Figures are medians of the rounds. All outputs of a bench have the same number of rows
and the same sum over them, or the command fails.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import Bench, Results
from latency import latency_table
from limits import limits_table
from measure import environment
from programs import ALL_PEERS, Missing
from tables import caption, growth_table, peers_table, write
from workloads import FLOORS, OTHERS, Workload

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "benchmarks.md"
PARTS = ("expressions.py", "decode.py", "javascript.py", "scoring.py")
TABLES = ("floors", "growth", "latency", "limits", "others")
CACHE = Path.home() / ".cache" / "asaql-bench"


def say(message: str) -> None:
    """Tell how far it is, apart from the tables."""
    print(message, file=sys.stderr, flush=True)


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


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = "100000,1000000,5000000"
    parser.add_argument("--events", default=sizes, help=f"sizes of the recordings; the largest counts [{sizes}]")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program over each recording [3]")
    parser.add_argument("--small", action="store_true", help="20,000 events, one round")
    parser.add_argument("--only", action="append", help="key or name of a bench; may be repeated")
    parser.add_argument("--peers", help="names of other programs, separated by commas; none: asaql alone")
    parser.add_argument("--table", action="append", choices=TABLES, help="may be repeated [all]")
    parser.add_argument("--recordings", type=Path, help="a folder that keeps recordings from run to run")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"where peers are installed [{CACHE}]")
    parser.add_argument("--install-peers", action="store_true", help="install Bytewax and Flink first")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name} instead of printing")
    parser.add_argument("--parts", action="store_true", help="the benches of single parts, in one process each")
    options = parser.parse_args()
    options.sizes = [20_000] if options.small else sorted(int(each) for each in options.events.split(","))
    options.rounds = 1 if options.small else options.rounds
    options.tables = [name for name in TABLES if not options.table or name in options.table]
    names = list(ALL_PEERS) if options.peers is None else [each for each in options.peers.split(",") if each != "none"]
    lower = {name.lower(): name for name in ALL_PEERS}
    if unknown := [name for name in names if name.lower() not in lower]:
        parser.error(f"no peer {unknown[0]!r}; there are {', '.join(ALL_PEERS)}")
    options.names = [lower[name.lower()] for name in names]
    known = {word for each in FLOORS + OTHERS for word in (each.key, each.name)}
    if unknown := [each for each in options.only or () if each not in known]:
        parser.error(f"no bench {unknown[0]!r}; there are {', '.join(each.key for each in FLOORS + OTHERS)}")
    return options


def main() -> None:
    """Measure and print."""
    options = parse()
    if options.parts:
        for part in PARTS:
            print(f"\n{part}\n", flush=True)
            subprocess.run([sys.executable, str(HERE / part)], check=True)
        return
    starts, skipped = {}, {}
    for name in options.names:
        if options.install_peers:
            options.cache.mkdir(parents=True, exist_ok=True)
            ALL_PEERS[name].install(options.cache, say)
        try:
            starts[name] = ALL_PEERS[name].start(options.cache)
        except Missing as missing:
            skipped[name] = str(missing)
            say(f"{name}: skipped: {missing}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asaql-bench-")))
        recordings = options.recordings.resolve() if options.recordings else folder
        recordings.mkdir(parents=True, exist_ok=True)
        service = start_service(stack, environment(folder))
        bench = Bench(folder, recordings, starts, service, say)

        head = caption(starts, skipped, options.cache, options.sizes, options.rounds)
        aside = ""
        shown: dict[str, Callable[[dict[Workload, Results]], str]] = {
            "floors": lambda results: f"{head}\n\n{peers_table(results)}",
            "growth": lambda results: growth_table(results, aside),
            "others": peers_table,
        }

        def measure(workloads: tuple[Workload, ...], *tables: str) -> None:
            wanted = [name for name in tables if name in options.tables]
            results = {}
            for each in workloads if wanted else ():
                if not options.only or {each.key, each.name} & set(options.only):
                    results[each] = bench.measure(each, options.sizes, options.rounds)
                    # A run of hours that breaks off leaves what it has measured.
                    for name in wanted if options.write else ():
                        write(PAGE, name, shown[name](results))
            for name in () if options.write else wanted:
                print(f"\n{shown[name](results)}", flush=True)

        def put(name: str, make: Callable[[], str]) -> None:
            if name not in options.tables:
                return
            if options.write:
                write(PAGE, name, make())
            else:
                print(f"\n{make()}", flush=True)

        put("latency", lambda: latency_table(few=options.small))
        put("limits", lambda: limits_table(bench.recording("rides", min(options.sizes[-1], 1_000_000))))
        if "growth" in options.tables:
            fewer = min(options.sizes[-1], 1_000_000)
            gain = bench.side_by_side(FLOORS[0], fewer, options.rounds)
            aside = (
                f"Two runs of {FLOORS[0].name} over {fewer:,} events, one process each, at the same time: {gain:.2f} "
                "times the work of one alone. More than that no second process can bring on this machine."
            )
        measure(FLOORS, "floors", "growth")
        measure(OTHERS, "others")
    if bench.failures:
        sys.exit("\n".join(bench.failures))


if __name__ == "__main__":
    main()
