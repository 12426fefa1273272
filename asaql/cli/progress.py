"""A line on the terminal that tells how a job goes on."""

import sys
from threading import Lock
from typing import IO

from asaql.jobs import STANDARD_STREAM, Job
from asaql.runtime import RunSummary


class ProgressLine:
    """Shows the newest counts of a job in one line, which is written over and removed at the end.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._is_shown = False
        self._before = (0, 0.0)
        self._writing = Lock()

    def show(self, summary: RunSummary, *, is_last: bool) -> None:
        """Write the line anew, or remove it."""
        if is_last:
            self.clear()
            return
        events, seconds = sum(summary.events_in.values()), summary.seconds
        passed = seconds - self._before[1]
        rate = (events - self._before[0]) / passed if passed > 0 else 0.0
        self._before = (events, seconds)
        with self._writing:
            self._is_shown = True
            self._stream.write(f"\r\x1b[K{progress_text(summary, rate)}")
            self._stream.flush()

    def clear(self) -> None:
        """Remove the line, so that something else can be written."""
        with self._writing:
            if self._is_shown:
                self._is_shown = False
                self._stream.write("\r\x1b[K")
                self._stream.flush()


def progress_text(summary: RunSummary, rate: float) -> str:
    """Return what the line says."""
    parts = [f"{sum(summary.events_in.values()):,} events", f"{rate:,.0f} events/s"]
    if summary.functions:
        parts += [
            f"{summary.in_flight} requests in flight",
            f"{summary.retries:,} retries",
            f"{summary.backlog:,} events waiting",
            f"watermark delay {summary.watermark_delay:.1f} s",
        ]
    return ", ".join(parts)


def progress_line(job: Job) -> ProgressLine | None:
    """Return the line, if there is a terminal for it and no rows are written to the same one."""
    if not sys.stderr.isatty():
        return None
    has_files_only = bool(job.outputs) and all(each.path not in (None, STANDARD_STREAM) for each in job.outputs)
    return ProgressLine(sys.stderr) if has_files_only or not sys.stdout.isatty() else None
