"""Several streams as one, in the order of event time."""

from collections.abc import Iterable
from typing import Final

from asaql.model import Batch, Watermark
from asaql.operators.batch_queue import BatchQueue, sorted_by_time
from asaql.operators.chunks import ChunkReader, ChunkWriter
from asaql.operators.contract import Emission, Operator

_FORMAT: Final = ("merge", 1)


class PortWatermarks:
    """The watermarks of several ports, and what they promise together.

    Args:
        ports: Number of ports.
    """

    def __init__(self, ports: int) -> None:
        self._ticks: list[int | None] = [None] * ports
        self._has_ended = [False] * ports

    def advance(self, port: int, watermark: Watermark) -> int | None:
        """Take a watermark of a port; return the ticks that all ports have reached, None if one has none yet."""
        before = self._ticks[port]
        self._ticks[port] = watermark.ticks if before is None else max(before, watermark.ticks)
        return self.combined()

    def end(self, port: int) -> int | None:
        """Take the end of a port; return the ticks that all others have reached."""
        self._has_ended[port] = True
        return self.combined()

    def combined(self) -> int | None:
        """Return the least watermark of the ports that have not ended; None if there is none."""
        open_ports = [ticks for ticks, ended in zip(self._ticks, self._has_ended, strict=True) if not ended]
        known = [ticks for ticks in open_ports if ticks is not None]
        return min(known) if known and len(known) == len(open_ports) else None

    def snapshot(self, writer: ChunkWriter, name: str) -> None:
        """Write the watermarks under `name`."""
        writer.add_json(name, [self._ticks, self._has_ended])

    def restore(self, reader: ChunkReader, name: str) -> None:
        """Read what `snapshot` wrote."""
        self._ticks, self._has_ended = reader.get_json(name)


class MergeOperator(Operator):
    """UNION: the rows of all ports in the order of event time.

    Of rows with equal times those of a lower port come first, and rows of one port stay in their order. Rows wait
    until all ports have passed them, so a silent port holds up the others.

    Args:
        ports: Number of ports.
    """

    def __init__(self, ports: int) -> None:
        self._queues = [BatchQueue() for _ in range(ports)]
        self._watermarks = PortWatermarks(ports)
        self._given: int | None = None

    @property
    def rows_held(self) -> int:
        """Rows that wait."""
        return sum(each.height for each in self._queues)

    def on_batch(self, batch: Batch, port: int = 0) -> Iterable[Emission]:
        """Let rows wait for the other ports."""
        self._queues[port].push(batch)
        return ()

    def on_watermark(self, watermark: Watermark, port: int = 0) -> Iterable[Emission]:
        """Return the rows that all ports have passed, and their common watermark."""
        return self._advance(self._watermarks.advance(port, watermark))

    def on_port_end(self, port: int) -> Iterable[Emission]:
        """Return the rows that waited for this port only."""
        return self._advance(self._watermarks.end(port))

    def on_end(self) -> Iterable[Emission]:
        """Return the rows that still wait."""
        return self._merged(None)

    def snapshot(self) -> dict[str, bytes]:
        """Return the rows that wait."""
        writer = ChunkWriter(*_FORMAT)
        writer.add_json("given", self._given)
        self._watermarks.snapshot(writer, "watermarks")
        for port, queue in enumerate(self._queues):
            queue.snapshot(writer, f"port{port}")
        return writer.chunks

    def restore(self, chunks: dict[str, bytes]) -> None:
        """Take the rows of a snapshot."""
        reader = ChunkReader(chunks, *_FORMAT)
        self._given = reader.get_json("given")
        self._watermarks.restore(reader, "watermarks")
        for port, queue in enumerate(self._queues):
            queue.restore(reader, f"port{port}")

    def _advance(self, ticks: int | None) -> Iterable[Emission]:
        if ticks is None or (self._given is not None and ticks <= self._given):
            return ()
        self._given = ticks
        return (*self._merged(ticks), Watermark(ticks))

    def _merged(self, until: int | None) -> Iterable[Emission]:
        ports = [taken for queue in self._queues if (taken := queue.take(until))]
        if len(ports) == 1:
            return ports[0]
        batches = [batch for taken in ports for batch in taken]
        return (sorted_by_time(batches),) if batches else ()
