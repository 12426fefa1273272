"""What an operator is: one shard's share of one plan node, from batches to batches.

The host calls, in this order and from one thread:

1. `on_batch(batch, port)` any number of times, the rows of one port in the order of event time;
2. `on_watermark(watermark, port)` between batches, never decreasing on one port;
3. `on_idle()` whenever no more input is at hand for now;
4. `on_port_end(port)` once for every port, after its last batch;
5. `on_end()` once, after the last batch of every port;
6. `close()` once, also when the job failed.

Everything an operator returns is passed on in the order returned. An operator touches no file, no clock and no random
source: what it computes is a function of what it was given, however the rows are cut into batches.
"""

from collections.abc import Iterable
from typing import TypeAlias

from asaql.model import Batch, Watermark

Emission: TypeAlias = Batch | Watermark
"""What flows between operators."""


class Operator:
    """An operator without state that passes everything on. Base of all operators."""

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Take the rows of `batch` from input `port`; return what is ready."""
        return (batch,)

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterable[Emission]:
        """Take the promise that no earlier row will follow on `port`; return what is ready, the watermark last."""
        return (watermark,)

    def on_port_end(self, port: int) -> Iterable[Emission]:
        """Take the end of one input; return what no longer waits for it."""
        return ()

    def on_idle(self) -> Iterable[Emission]:
        """Take notice that no more input is at hand now; return what need not wait for it."""
        return ()

    def on_end(self) -> Iterable[Emission]:
        """Take the end of all inputs; return everything that is still held."""
        return ()

    def snapshot(self) -> dict[str, bytes]:
        """Return the state as chunks of at most 512 KiB, enough to continue in a new process."""
        return {}

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the state that `snapshot` returned; called before anything else."""

    def close(self) -> None:
        """Release what the operator holds outside of Python's memory."""
