"""How memory is managed while a job runs: chunks of a megabyte come and go, made of objects by the thousand."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLD = 200_000
_KEPT_BYTES = 31 << 20


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for cycles of garbage seldom.

    Events are dicts and lists that die with their batch, without cycles. At the usual threshold, some hundred objects,
    Python would search them again and again: half of the time of a job that reads whole events.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _THRESHOLD) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def keep_freed_memory() -> None:
    """Let the C library keep the memory of a chunk for the next one.

    The one of GNU returns freed blocks to the system from some size on, and has them cleared page by page when it gets
    them back: a tenth of the time of a filter. The size follows the largest block that was ever freed, up to 32 MB, so
    one that no one has touched is freed here. Elsewhere this does nothing.
    """
    bytes(_KEPT_BYTES)
