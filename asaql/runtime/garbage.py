"""How often Python looks for cycles of garbage while a job runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLD = 200_000


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for cycles seldom.

    Events are dicts and lists by the thousand, and die with their batch, without cycles. At the usual threshold, some
    hundred objects, Python would search them again and again: half of the time of a job that reads whole events.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _THRESHOLD) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
