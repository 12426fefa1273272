"""Runs something again whenever one of its files changes."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from asaql.testing.discover import files_below

WATCHED_SUFFIXES: Final = frozenset(
    {".asaql", ".sql", ".md", ".yaml", ".yml", ".json", ".ndjson", ".jsonl", ".csv", ".js", ".py", ".gz", ".avro"}
    | {".parquet"}
)
"""Suffixes of the files in watched folders that count; files that a test names count whatever they are called."""


def watch(
    run: Callable[[], Iterable[Path]],
    folders: Sequence[Path],
    *,
    wait: Callable[[], bool],
    on_change: Callable[[list[Path]], None] = lambda _: None,
    left_out: Sequence[Path] = (),
) -> None:
    """Run, and run again after every change, until `wait` says to stop.

    A change is a file that is new, gone, or has another time or size. A file that is written while a run is under way
    counts as changed after it.

    Args:
        run: Does the work and returns the files that it depended on.
        folders: Folders whose files count as well, so that new files are seen.
        wait: Waits a while; returns whether to go on.
        on_change: Takes the files that changed, before each further run.
        left_out: Files and folders that do not count, such as those that a run writes.
    """
    named: frozenset[Path] = frozenset()
    while True:
        before = _stamps(named, folders, left_out)
        found = frozenset(run())
        # files that only this run has named were not looked at before it
        before = _stamps(found, (), left_out) | before
        named |= found
        while not (changed := _changed(before, _stamps(named, folders, left_out))):
            if not wait():
                return
        on_change(changed)


def _stamps(
    named: Iterable[Path], folders: Iterable[Path], left_out: Sequence[Path]
) -> dict[Path, tuple[int, int] | None]:
    """Return the time and size of each file, None for one that is not there."""
    found = {each.resolve() for each in named}
    found |= {
        each.resolve() for folder in folders for each in files_below(folder) if each.suffix.lower() in WATCHED_SUFFIXES
    }
    out = [each.resolve() for each in left_out]
    return {each: _stamp(each) for each in found if not any(each == path or path in each.parents for path in out)}


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _changed(before: dict[Path, tuple[int, int] | None], after: dict[Path, tuple[int, int] | None]) -> list[Path]:
    return sorted(each for each in before.keys() | after.keys() if before.get(each) != after.get(each))
