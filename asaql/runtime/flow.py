"""Running operators joined to each other: what one gives, the next takes, down to the outputs."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heapreplace
from typing import Protocol

from msgspec import Struct, field

from asaql.model import Batch, Watermark
from asaql.operators.contract import Emission, Operator
from asaql.operators.ingress import IngressOperator
from asaql.runtime.outputs import Encoded, JsonLines


class Sink(Protocol):
    """Where rows leave the flow."""

    @property
    def lines(self) -> JsonLines | None:
        """How rows may be encoded before they come; None if they may not."""
        ...

    def write(self, batch: Batch) -> None:
        """Take the rows of an output, in order."""
        ...

    def write_encoded(self, encoded: Encoded) -> None:
        """Take rows that are encoded already, in the same order."""
        ...


class Target(Protocol):
    """What takes the emissions of a stage."""

    def take(self, emission: Emission, port: int) -> None:
        """Take a batch or a watermark on a port."""
        ...

    def end(self, port: int) -> None:
        """Take the end of a port."""
        ...


class Share(Protocol):
    """What may take rows in place of the operator of a stage."""

    def take(self, stage: "Stage", batch: Batch) -> None:
        """Take the rows of a batch, or have the operator take them."""
        ...

    def reach(self, stage: "Stage", watermark: Watermark | None) -> None:
        """Take notice of what the operator gets next: a watermark, or None for the end of the stream."""
        ...


class Stage(Struct, eq=False):
    """An operator with the stages that take what it gives.

    Attributes:
        operator: What computes.
        ports: Number of inputs; the stage ends when all have ended.
        targets: Stage and port that take its emissions.
        share: What takes rows in place of the operator, if anything.
    """

    operator: Operator
    ports: int = 1
    targets: list[tuple["Target", int]] = field(default_factory=list)
    share: Share | None = None
    _ended: int = 0

    @property
    def sinks(self) -> list[Sink]:
        """The sinks that rows go to straight from here; none if anything computes with them."""
        if type(self.operator) is not Operator:
            return []
        found = [target.sink for target, _ in self.targets if isinstance(target, SinkStage)]
        return found if len(found) == len(self.targets) else []

    def feed(self, target: "Target", port: int = 0) -> None:
        """Let `target` take what this stage gives."""
        self.targets.append((target, port))

    def take(self, emission: Emission, port: int) -> None:
        """Take a batch or a watermark on a port."""
        if isinstance(emission, Watermark):
            if self.share is not None:
                self.share.reach(self, emission)
            self.give(self.operator.on_watermark(emission, port))
        elif emission.height and self.share is not None:
            self.share.take(self, emission)
        elif emission.height:
            self.give(self.operator.on_batch(emission, port))

    def end(self, port: int) -> None:
        """Take the end of one port; with the last one, give what is held and end the targets."""
        for _ in self.ending(port):
            pass

    def ending(self, port: int) -> Iterator[int]:
        """Take the end of one port as `end` does, an emission at a time; yield the ticks that each one reaches."""
        self._ended += 1
        self.give(self.operator.on_port_end(port))
        if self._ended == self.ports:
            if self.share is not None:
                self.share.reach(self, None)
            for emission in self.operator.on_end():
                self.give((emission,))
                yield emission.ticks if isinstance(emission, Watermark) else int(emission.times[-1])
            for target, target_port in self.targets:
                target.end(target_port)

    def idle(self) -> None:
        """Take notice that no more input is at hand now."""
        self.give(self.operator.on_idle())

    def give(self, emissions: Iterable[Emission]) -> None:
        """Pass on what the operator gives."""
        for emission in emissions:
            for target, port in self.targets:
                target.take(emission, port)


class SinkStage(Struct, eq=False):
    """The end of a flow: passes rows to a sink."""

    sink: Sink

    def take(self, emission: Emission, port: int) -> None:
        """Write rows; watermarks end here."""
        if isinstance(emission, Batch) and emission.height:
            self.sink.write(emission)

    def end(self, port: int) -> None:
        """Nothing is held: the host commits the sink when the whole job has ended."""


class Flow(Struct, eq=False):
    """All stages of a job on one worker.

    Attributes:
        entries: For each input, folded, the stages that take the rows of its leaves.
        stages: Every stage, those nearer to the inputs first.
    """

    entries: dict[str, list[Stage]] = field(default_factory=dict)
    stages: list[Stage] = field(default_factory=list)

    @property
    def meets_held(self) -> bool:
        """Whether rows of several inputs meet, and all inputs hold theirs to their ends anyway."""
        entries = [stage for stages in self.entries.values() for stage in stages]
        are_held = all(isinstance(each.operator, IngressOperator) and each.operator.holds_all for each in entries)
        return are_held and any(stage.ports > 1 for stage in self.stages)

    def idle(self) -> None:
        """Tell every stage that no more input is at hand now."""
        for stage in self.stages:
            stage.idle()

    def close(self) -> None:
        """Close every operator."""
        for stage in self.stages:
            stage.operator.close()


def end_together(stages: Sequence[Stage]) -> None:
    """End stages, entries of a flow, so that what they hold goes on in step: where rows meet, few have to wait.

    Recordings hold their rows to their ends. If one gave all of them before the next, a join of both would hold them.
    """
    endings = [(-1, place, stage.ending(0)) for place, stage in enumerate(stages)]
    heapify(endings)
    while endings:
        _, place, ending = endings[0]
        ticks = next(ending, None)
        if ticks is None:
            heappop(endings)
        else:
            heapreplace(endings, (ticks, place, ending))
