"""Figures as Markdown, and their place in a page."""

import platform
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench import Results
from programs import ALL_PEERS, ALONE, OURS, SHARED_OUT
from workloads import LEAST_GAIN, Workload

MOST_UNEVEN = 1.10
"""How far the cost of an event may differ between recordings."""
MOST_GROWTH = 1.10
"""How far memory may differ between the two largest recordings."""


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table."""
    head = list(head)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def write(page: Path, name: str, text: str) -> None:
    """Put a table between its two marks in a page."""
    marks = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    changed, count = marks.subn(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page.read_text(encoding="utf-8"))
    if count != 1:
        message = f"{page} has no place for {name}"
        raise ValueError(message)
    page.write_text(changed, encoding="utf-8")


def machine() -> str:
    """Return what this machine is, in a few words."""
    about = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*: (.*)", about)
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    cores = len(re.findall(r"^processor\s*:", about, re.MULTILINE))
    held = f"{int(memory[1]) / 1e6:.0f} GB, " if memory else ""
    return f"{cores} cores of {model[1] if model else platform.machine()}, {held}{platform.system()}"


def caption(starts: Iterable[str], skipped: Mapping[str, str], cache: Path, sizes: Iterable[int], rounds: int) -> str:
    """Return when, where and with what the figures were measured."""
    names = []
    for name in starts:
        setting = ALL_PEERS[name].setting
        names.append(f"{name} {ALL_PEERS[name].version(cache)}{f' ({setting})' if setting else ''}")
    ours = ", ".join(f"{name} {version(name)}" for name in ("polars", "msgspec", "orjson"))
    programs = "; ".join([f"asaql with {ours}", *names])
    missing = "".join(f" {name} was skipped: {why}." for name, why in skipped.items())
    when = f"{datetime.now(UTC):%Y-%m-%d}; {machine()}; CPython {platform.python_version()}"
    how = f"Medians of {rounds} round{'s' * (rounds > 1)}; columns without a number of events are over {max(sizes):,}"
    return f"{when}. {programs}.{missing} {how}; the floors are for 5,000,000."


def peers_table(results: Mapping[Workload, Results]) -> str:
    """Return what every program took, and asaql's wall-clock time by theirs beside the floor."""
    sizes = next(iter(results.values())).runs if results else []
    head = [
        "bench",
        "program",
        *(f"wall s, {events:,}" for events in sizes),
        "CPU s",
        "events/s",
        "peak MB",
        "start-up s",
    ]
    head += ["asaql 2 p. / it", "least to most", "floor", "met"]
    rows = []
    for workload, each in results.items():
        largest = max(each.runs)
        for name in (*OURS, *workload.floors):
            if name not in each.runs[largest]:
                if name in each.failed:
                    rows.append([workload.name, name, *["failed"] * len(each.runs), *[""] * 8])
                continue
            cost = each.cost(name, largest)
            row = [workload.name, name, *(f"{each.cost(name, events).wall:.2f}" for events in each.runs)]
            row += [f"{cost.cpu:.2f}", f"{largest * len(workload.inputs) / cost.wall:,.0f}", f"{cost.peak:,.0f}"]
            row += [f"{each.start(name).wall:.2f}", *_against(workload, each, name, largest)]
            rows.append(row)
    return markdown(head, rows)


def _against(workload: Workload, results: Results, name: str, events: int) -> list[str]:
    if name == SHARED_OUT:
        return ["", "", "", ""]
    ratios = results.ratios(SHARED_OUT, name, events)
    floor = workload.floors.get(name)
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    held = ["", ""] if floor is None else [f"{floor:g}", "yes" if median(ratios) <= floor else "**no**"]
    return [f"{median(ratios):.3f}", spread, *held]


def growth_table(results: Mapping[Workload, Results], aside: str) -> str:
    """Return how much a second process brings, and how time and memory grow with the recording, and a last remark."""
    head = [
        "bench",
        "events",
        "1 process / 2 processes",
        f"at least {LEAST_GAIN}",
        "CPU us of a further event",
        "by the last",
    ]
    head += ["within 10 %", "peak MB, 1 process", "peak MB, 2 processes", "flat"]
    rows = []
    one, two = OURS
    for workload, each in results.items():
        largest = max(each.runs)
        for events in each.runs:
            gains = each.ratios(one, two, events)
            wanted = workload.shared_out and events == largest
            row = [workload.name, f"{events:,}", f"{median(gains):.2f} ({min(gains):.2f} to {max(gains):.2f})"]
            row.append(_verdict(median(gains) >= LEAST_GAIN) if wanted else "")
            row += _growth(each, events)
            peaks = [each.cost(name, events).peak for name in OURS]
            row += [f"{peak:,.0f}" for peak in peaks]
            row.append(_flat(each, events) if events == largest and len(each.runs) > 1 else "")
            rows.append(row)
    return f"{markdown(head, rows)}\n\n{aside}"


def _growth(results: Results, events: int) -> list[str]:
    *_, before_last, last = [0, *sorted(results.runs)]
    before = max((size for size in results.runs if size < events), default=None)
    if before is None:
        return ["", "", ""]
    cost, dearest = results.cpu_of_further(ALONE, before, events), results.cpu_of_further(ALONE, before_last, last)
    uneven = cost / dearest if dearest > 0 else float("inf")
    verdict = _verdict(1 / MOST_UNEVEN <= uneven <= MOST_UNEVEN) if events < last else ""
    return [f"{cost:.3f}", f"{uneven:.2f}", verdict]


def _flat(results: Results, largest: int) -> str:
    before = sorted(results.runs)[-2]
    pairs = ((results.cost(name, largest).peak, results.cost(name, before).peak) for name in OURS)
    return _verdict(all(now <= then * MOST_GROWTH for now, then in pairs))


def _verdict(held: bool) -> str:
    return "yes" if held else "**no**"
