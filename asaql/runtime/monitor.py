"""Watching a job while it runs: its counts are sampled on a thread of their own and shown to whoever wants them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Protocol

import orjson

from asaql.diagnostics import Diagnostic, JobError, QueryError
from asaql.model import Instant
from asaql.runtime.clock import Clock
from asaql.runtime.metrics import RunSummary

SAMPLE_SECONDS: Final = 0.5
_FILE_SECONDS: Final = 5.0


class Watcher(Protocol):
    """What takes samples of a running job, all from one thread at a time."""

    def show(self, summary: RunSummary, *, is_last: bool) -> None:
        """Take the counts so far; with the last ones, let go of what is open."""
        ...


class Monitor:
    """Samples a job and shows the samples, as a context manager around its run.

    Args:
        sample: Returns the counts so far; called from the monitor's thread.
        watchers: What takes the samples; with none there is no thread.
        clock: Tells how long the run has taken.
        seconds: From one sample to the next.
    """

    def __init__(
        self,
        sample: Callable[[], RunSummary],
        watchers: Sequence[Watcher],
        clock: Clock,
        seconds: float = SAMPLE_SECONDS,
    ) -> None:
        self._sample = sample
        self._watchers = watchers
        self._clock = clock
        self._seconds = seconds
        self._started = clock.seconds()
        self._ended = Event()
        self._thread = Thread(target=self._run, name="asaql-monitor", daemon=True)

    def __enter__(self) -> "Monitor":
        if self._watchers:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show the last sample, also if the job has failed."""
        self._ended.set()
        if self._watchers:
            self._thread.join()
            self.tick(is_last=True, has_failed=error is not None)

    def tick(self, *, is_last: bool = False, has_failed: bool = False) -> None:
        """Take a sample and show it."""
        summary = self._sample()
        summary.seconds = self._clock.seconds() - self._started
        summary.runtime_errors = int(has_failed)
        for each in self._watchers:
            each.show(summary, is_last=is_last)

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self.tick()


class MetricsFile:
    """Writes metrics as JSON lines: one block of lines every five seconds, and one at the end.

    Counts are totals since the start, so the last block is the result of the run.

    Args:
        path: The file; what it holds is replaced.
        clock: Tells the time that lines carry.

    Raises:
        QueryError: The file cannot be written (AQ704).
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._next = clock.seconds() + _FILE_SECONDS
        try:
            path.write_bytes(b"")
        except OSError as error:
            raise QueryError(self._problem(error)) from error

    def show(self, summary: RunSummary, *, is_last: bool) -> None:
        """Write a block if it is time for one."""
        if not is_last and self._clock.seconds() < self._next:
            return
        self._next = self._clock.seconds() + _FILE_SECONDS
        time = str(Instant(self._clock.now()))
        rows = ({"time": time, **each} for each in summary.metrics())
        lines = b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in rows)
        try:
            with self._path.open("ab") as file:
                file.write(lines)
        except OSError as error:
            # While the job runs it matters more than its metrics; the last block will tell.
            if is_last:
                raise JobError(self._problem(error)) from error

    def _problem(self, error: OSError) -> Diagnostic:
        return Diagnostic("AQ704", f'metrics file "{self._path}" cannot be written: {error.strerror}')
