"""The scoring functions of a run: one service per function, whatever number of calls it has."""

import dataclasses
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from asaql.analysis.bound import MakeRecord, ScriptCall
from asaql.diagnostics import QueryError
from asaql.jobs import Job
from asaql.operators.score import Scorer
from asaql.plan import Plan
from asaql.plan.logical import Score, nodes_of
from asaql.runtime.metrics import FunctionCounts, RunSummary
from asaql.udf.scoring_recording import Recording, RecordingWriter
from asaql.udf.scoring_replay import CountingScorer, RecordingScorer, ReplayScorer
from asaql.udf.scoring_spec import ScoringFunction

if TYPE_CHECKING:
    from asaql.udf.scoring import HttpScorer

UNITS_PER_PARTITION = 6


def partitions_of(job: Job) -> int:
    """Return how many partitions of scoring requests a job's size makes."""
    return max(1, job.streaming_units // UNITS_PER_PARTITION)


class Scorers:
    """Opens scoring functions where a plan calls them.

    Args:
        job: Declares the functions and the size of the job.
        plan: Calls them.
        stack: Closes them.
        writer: Keeps what is answered; None to keep nothing.
    """

    def __init__(self, job: Job, plan: Plan, stack: ExitStack, writer: RecordingWriter | None = None) -> None:
        self._job = job
        self._calls = [node for tree in plan.trees for node in nodes_of(tree) if isinstance(node, Score)]
        self._stack = stack
        self._writer = writer
        self._recordings: dict[str, Recording] = {}
        self._services: dict[str, HttpScorer | ReplayScorer] = {}
        self._opened: list[CountingScorer] = []

    def open(self, name: str) -> Scorer:
        """Return the scorer of one call: with as many parallel requests as all partitions of the job have together.

        Raises:
            QueryError: The argument of a call does not fit the service's signature; a recording cannot be read.
            ScoringError: The service of an entry script does not start.
        """
        if name in self._services:
            scorer = self._services[name].partition()
        else:
            scorer = self._services[name] = self._start(name)
        self._opened.append(scorer)
        return scorer if self._writer is None else RecordingScorer(scorer, self._writer)

    def count(self, summary: RunSummary) -> None:
        """Add what was sent and answered to a summary; any thread may call it."""
        for scorer in tuple(self._opened):
            counts = summary.functions.setdefault(scorer.function.name, FunctionCounts())
            counts.requests += scorer.function_requests
            counts.events += scorer.function_events
            counts.failed += scorer.failed_requests
            counts.retries += scorer.retries
            counts.in_flight += scorer.in_flight

    def _start(self, name: str) -> "HttpScorer | ReplayScorer":
        function: ScoringFunction = next(each for each in self._job.scorers if each.name.casefold() == name.casefold())
        requests = function.parallel_requests * partitions_of(self._job)
        function = dataclasses.replace(function, parallel_requests=requests)
        if function.replay is not None:
            return self._replay(function)
        from asaql.udf.scoring import open_scorer  # loading an HTTP client takes a tenth of a second

        scorer = self._stack.enter_context(open_scorer(function, level=self._job.level))
        problems = [
            replace(problem, span=call.span, source=self._job.query)
            for call in self._calls
            if call.function == name and (problem := scorer.check_argument(self._shape(call))) is not None
        ]
        if problems:
            raise QueryError(problems)
        return scorer

    def _replay(self, function: ScoringFunction) -> ReplayScorer:
        path = str(function.replay)
        if path not in self._recordings:
            assert function.replay is not None
            self._recordings[path] = Recording(function.replay)
        return ReplayScorer(function, self._recordings[path])

    def _shape(self, call: Score) -> str:
        """Return what is known before the run of the shape of a call's argument."""
        match call.argument:
            case MakeRecord():
                return "record"
            case ScriptCall(name, _):
                script = next(each for each in self._job.scripts if each.name == name)
                return script.output_type if script.output_type in ("array", "record") else "any"
            case _:
                return "any"
