"""An input's task at work in one process."""

from collections.abc import Iterable

from asaql.connectors import LineRange
from asaql.diagnostics import AsaqlError
from asaql.formats import CHUNK_BYTES, Chunk
from asaql.operators.evaluate import EvaluationError, Scripts
from asaql.runtime.failures import job_error
from asaql.runtime.reading import InputReader, InputTask, Reading
from asaql.runtime.scripts import open_scripts
from asaql.udf.javascript_errors import ScriptError

Work = Chunk | LineRange
"""What is read at once: bytes at hand, or a part of a file."""

_CHUNKS_TOGETHER = 16
_RANGES_FOR_EACH = 4
"""Of what is left of a file, a process takes a part at a time, one of so many for each process."""
_WHOLE_EVENTS_CHUNK_BYTES = 1 << 17
"""Records take some ten times the memory of their text, and twice the time when a processor cannot cache them."""


def chunk_bytes_of(task: InputTask) -> int:
    """Return about how long the chunks of an input are, where nothing else decides."""
    return CHUNK_BYTES if task.projection.record_slot is None else _WHOLE_EVENTS_CHUNK_BYTES


def range_lengths_of(task: InputTask, size: int, processes: int) -> list[int]:
    """Return about how many bytes the ranges of a file have, each of which is read at once.

    The last ones are shorter than the others, so that the processes come to their ends at about the same time.

    Args:
        task: The input.
        size: The size of the file in bytes.
        processes: How many read it.
    """
    most = CHUNK_BYTES * (_CHUNKS_TOGETHER if _goes_together(task) else 1)
    lengths = []
    while size > 2 * CHUNK_BYTES:
        lengths.append(max(CHUNK_BYTES, min(most, size // (processes * _RANGES_FOR_EACH))))
        size -= lengths[-1]
    return [*lengths, size]


def _goes_together(task: InputTask) -> bool:
    """Return whether the chunks of a range are computed as one batch: columns are cheaper the longer they are.

    Records are dearer when a processor cannot cache them, and calls of functions have a time limit.
    """
    return task.projection.record_slot is None and not task.scripts


class TaskReader:
    """Reads what it is given of one input.

    Args:
        task: The input.
        scripts: Hosts the JavaScript functions; None to start a host of its own, which says what functions say to the
            console with the reading.

    Raises:
        QueryError: A script does not compile.
    """

    def __init__(self, task: InputTask, scripts: Scripts | None = None) -> None:
        self._task = task
        self._console: list[tuple[str, str, str]] = []
        self._host = None
        if scripts is None:
            self._host = open_scripts(task.scripts, task.level, lambda *said: self._console.append(said))
        self._reader = InputReader(task, self._host or scripts)

    def read(self, work: Work, arrivals: list[int] | None = None) -> list[Reading] | AsaqlError:
        """Return what becomes of each chunk, or the error of the job.

        Lines of problems in a range are counted from offsets of the file.
        """
        try:
            readings = [self._reader.read(each, arrivals) for each in self._chunks(work)]
        except AsaqlError as error:
            return error
        except (EvaluationError, ScriptError) as error:
            return job_error(error, self._task.query)
        if self._console and readings:
            readings[0].console = list(self._console)
            self._console.clear()
        return readings

    def close(self) -> None:
        """End the host of functions."""
        if self._host is not None:
            self._host.close()

    def _chunks(self, work: Work) -> Iterable[Iterable[Chunk]]:
        """Return the chunks of a piece of work, together what becomes one reading; a file is read as they are taken."""
        if isinstance(work, Chunk):
            return ((work,),)
        pieces = work.pieces(chunk_bytes_of(self._task))
        chunks = (Chunk(data, 1, work.name, offset=offset) for offset, data in pieces)
        return (chunks,) if _goes_together(self._task) else ((each,) for each in chunks)
