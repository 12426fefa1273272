"""Tuning against services whose times are a formula."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from asaql.diagnostics import Diagnostic
from asaql.model import TICKS_PER_SECOND
from asaql.runtime.clock import ManualClock
from asaql.runtime.tuning import Limits, Measurement, Round, Tuning, tune
from asaql.udf.scoring_spec import ScoringError


@dataclass
class Service:
    """Answers after `latency(rows)`; works on `workers` requests at a time and is busy above `most` of them."""

    latency: Callable[[int], float]
    workers: int = 1000
    most: int = 1000
    most_rows: int = 1_000_000
    clock: ManualClock = field(default_factory=ManualClock)
    sent: list[tuple[int, int, int]] = field(default_factory=list)

    def send(self, batch_rows: int, parallel_requests: int, requests: int, seconds: float) -> Round:
        self.sent.append((batch_rows, parallel_requests, requests))
        if batch_rows > self.most_rows:
            return Round((), 0.0, refusal=Diagnostic("AQ611", "answered status 413"))
        latency = self.latency(batch_rows) * max(1.0, parallel_requests / self.workers)
        passed = latency * -(-requests // parallel_requests)
        self.clock.advance(round(min(passed, seconds) * TICKS_PER_SECOND))
        if passed > seconds:
            return Round((), seconds, is_cut=True)
        return Round((latency,) * requests, passed, retries=3 if parallel_requests > self.most else 0)

    def tune(self, *, partitions: int = 1, seconds: float = 60.0, requests: int = 600, parallel: int = 64) -> Tuning:
        return tune(self, Limits(seconds, requests, parallel), partitions=partitions, clock=self.clock)


def sizes(found: Tuning) -> list[int]:
    return [each.batch_rows for each in found.by_batch]


def test_the_largest_batch_before_answers_take_longer_is_recommended() -> None:
    found = Service(lambda rows: 0.2 if rows <= 1000 else 0.2 * rows / 1000).tune()
    assert sizes(found) == [50, 100, 200, 500, 1000, 2000]
    assert (found.max_batch_rows, found.batch_reason) == (1000, "answers take longer with 2,000 rows")


def test_a_longer_answer_that_brings_many_more_rows_is_worth_it() -> None:
    latencies = {5000: 0.25, 10_000: 0.3}
    found = Service(lambda rows: latencies.get(rows, 0.2)).tune()
    assert found.max_batch_rows == 10_000
    assert found.batch_reason == "no request can carry more than 10,000 rows"


def test_a_single_disturbance_is_not_taken_for_a_rise() -> None:
    service = Service(lambda rows: 1.0 if rows == 500 and service.sent.count((500, 1, 5)) == 1 else 0.1)
    assert service.tune(seconds=600).max_batch_rows == 10_000


def test_parallel_requests_grow_until_they_bring_no_more() -> None:
    found = Service(lambda rows: 0.1, workers=8).tune()
    assert [each.parallel_requests for each in found.by_parallel] == [1, 2, 4, 8, 16]
    assert (found.parallel_requests, found.parallel_reason) == (8, "16 requests at a time bring no more rows a second")
    assert found.by_parallel[3] == Measurement(10_000, 8, 32, 0.1, pytest.approx(800_000))


def test_parallel_requests_grow_until_the_service_is_busy() -> None:
    found = Service(lambda rows: 0.1, most=10).tune()
    assert (found.parallel_requests, found.parallel_reason) == (8, "the service is busy with 16 requests at a time")


def test_partitions_share_what_the_service_can_do() -> None:
    found = Service(lambda rows: 0.1, workers=8).tune(partitions=3)
    assert (found.most_parallel, found.parallel_requests) == (8, 3)


def test_the_number_of_parallel_requests_is_bounded() -> None:
    found = Service(lambda rows: 0.1).tune(parallel=5)
    assert (found.parallel_requests, found.parallel_reason) == (4, "5 is the most that was asked for")


def test_a_batch_that_the_service_refuses_ends_the_search() -> None:
    found = Service(lambda rows: 0.1, most_rows=500).tune()
    assert found.max_batch_rows == 500
    assert found.batch_reason == "the service refuses 1,000 rows: answered status 413"


def test_requests_are_bounded() -> None:
    service = Service(lambda rows: 0.1)
    found = service.tune(requests=20)
    assert sum(requests for _, _, requests in service.sent) == found.requests == 16
    assert (found.max_batch_rows, found.parallel_requests) == (200, 1)
    assert found.batch_reason == "time or requests were used up before 500 rows"
    assert found.parallel_reason == "time or requests were used up before 1 at a time"


def test_time_is_bounded_and_half_of_it_is_kept_for_parallel_requests() -> None:
    service = Service(lambda rows: 1.0)
    found = service.tune(seconds=40)
    assert sizes(found) == [50, 100, 200]
    assert service.clock.seconds() - ManualClock().seconds() <= 40
    assert [each.parallel_requests for each in found.by_parallel] == [1, 2, 4]


def test_a_service_that_refuses_the_first_request_fails_the_tuning() -> None:
    with pytest.raises(ScoringError, match="answered status 413"):
        Service(lambda rows: 0.1, most_rows=0).tune()


@pytest.mark.parametrize(("latency", "reason"), [(50, "within the 40 seconds allowed"), (15, "not answer enough")])
def test_a_service_that_is_too_slow_to_measure_fails_the_tuning(latency: float, reason: str) -> None:
    with pytest.raises(ScoringError, match=f"AQ615.*{reason}"):
        Service(lambda rows: latency).tune(seconds=40)
