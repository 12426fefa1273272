"""The scoring operator: rows into requests, results back into their batches."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest

from asaql.diagnostics import Diagnostic, JobError, Source, Span
from asaql.model import Batch, Column, Kind, Value, Watermark
from asaql.operators.contract import Emission
from asaql.operators.score import ScoreOperator


class ManualScorer:
    """A scorer whose requests are answered when the test says so."""

    def __init__(self, max_batch_rows: int = 3, parallel_requests: int = 2) -> None:
        self.max_batch_rows = max_batch_rows
        self.parallel_requests = parallel_requests
        self.requests: list[list[Value]] = []
        self.futures: list[Future[list[Value]]] = []
        self.is_closed = False

    def submit(self, rows: Sequence[Value], /) -> "Future[list[Value]]":
        self.requests.append(list(rows))
        self.futures.append(Future())
        return self.futures[-1]

    def close(self) -> None:
        self.is_closed = True

    def answer(self, *numbers: int) -> None:
        """Answer the requests of these numbers."""
        for each in numbers:
            self.futures[each].set_result([score(row) for row in self.requests[each]])

    def refuse(self, number: int) -> None:
        self.futures[number].set_exception(JobError(Diagnostic("AQ611", "refused")))


class PromptScorer(ManualScorer):
    """A scorer that answers every request at once."""

    def submit(self, rows: Sequence[Value], /) -> "Future[list[Value]]":
        future = super().submit(rows)
        self.answer(len(self.futures) - 1)
        return future


class ThreadScorer(ManualScorer):
    """A scorer that answers on threads, in whatever order they run."""

    def __init__(self, max_batch_rows: int, executor: ThreadPoolExecutor) -> None:
        super().__init__(max_batch_rows)
        self._executor = executor

    def submit(self, rows: Sequence[Value], /) -> "Future[list[Value]]":
        self.requests.append(list(rows))
        return self._executor.submit(lambda: [score(row) for row in rows])


def score(row: Any) -> Any:
    return None if row is None else row * 10


def batch_of(*values: Any) -> Batch:
    times = [value or 0 for value in values] if all(isinstance(v, int | None) for v in values) else [0] * len(values)
    return Batch({"x": Column.from_values(values)}, pl.Series(times, dtype=pl.Int64))


def operator_of(scorer: ManualScorer) -> ScoreOperator:
    return ScoreOperator(scorer, "x", "result")


def shown(emissions: Iterator[Emission]) -> list[Any]:
    """Return results of batches as lists, watermarks as they are."""
    return [
        each if isinstance(each, Watermark) else each.columns["result"].expand(each.height).to_values()
        for each in emissions
    ]


def test_a_batch_goes_on_with_its_results_once_all_rows_are_answered() -> None:
    scorer = ManualScorer()
    operator = operator_of(scorer)
    assert shown(operator.on_batch(batch_of(1, 2, 3))) == []
    assert scorer.requests == [[1, 2, 3]]
    scorer.answer(0)
    (batch,) = operator.on_idle()
    assert isinstance(batch, Batch)
    assert list(batch.columns) == ["x", "result"]
    assert batch.columns["result"].kind is Kind.BIGINT
    assert batch.columns["result"].to_values() == [10, 20, 30]
    assert batch.times.to_list() == [1, 2, 3]


def test_requests_are_cut_across_batches_and_the_rest_waits_for_more_input() -> None:
    scorer = ManualScorer()
    operator = operator_of(scorer)
    list(operator.on_batch(batch_of(1, 2)))
    assert scorer.requests == []
    list(operator.on_watermark(Watermark(2)))
    list(operator.on_batch(batch_of(3, 4, 5, 6, 7)))
    assert scorer.requests == [[1, 2, 3], [4, 5, 6]]
    list(operator.on_idle())
    assert scorer.requests == [[1, 2, 3], [4, 5, 6], [7]]
    list(operator.on_idle())
    assert len(scorer.requests) == 3


def test_the_end_sends_the_rest_and_returns_everything() -> None:
    scorer = PromptScorer(max_batch_rows=4)
    operator = operator_of(scorer)
    assert shown(operator.on_batch(batch_of(1, 2))) == []
    assert shown(operator.on_watermark(Watermark(2))) == []
    assert shown(operator.on_end()) == [[10, 20], Watermark(2)]
    assert operator.rows_held == 0


def test_watermarks_wait_behind_unanswered_rows_and_for_nothing_else() -> None:
    scorer = ManualScorer(max_batch_rows=1)
    operator = operator_of(scorer)
    assert shown(operator.on_watermark(Watermark(0))) == [Watermark(0)]
    assert shown(operator.on_batch(batch_of(1))) == []
    assert shown(operator.on_watermark(Watermark(1))) == []
    assert shown(operator.on_watermark(Watermark(2))) == []
    scorer.answer(0)
    assert shown(operator.on_watermark(Watermark(3))) == [[10], Watermark(1), Watermark(2), Watermark(3)]


def test_answers_out_of_order_rejoin_their_rows_in_order() -> None:
    scorer = ManualScorer(max_batch_rows=2)
    operator = operator_of(scorer)
    list(operator.on_batch(batch_of(1, 2, 3)))
    list(operator.on_batch(batch_of(4, 5, 6)))
    scorer.answer(2, 1)
    assert shown(operator.on_idle()) == []
    scorer.answer(0)
    assert shown(operator.on_idle()) == [[10, 20, 30], [40, 50, 60]]


def test_null_is_sent_as_null() -> None:
    scorer = PromptScorer()
    operator = operator_of(scorer)
    list(operator.on_batch(batch_of(1, None)))
    assert shown(operator.on_end()) == [[10, None]]
    assert scorer.requests == [[1, None]]


def test_a_constant_argument_is_sent_for_every_row() -> None:
    scorer = PromptScorer()
    operator = operator_of(scorer)
    batch = Batch({"x": Column.constant("a")}, pl.Series([1, 2], dtype=pl.Int64))
    list(operator.on_batch(batch))
    list(operator.on_end())
    assert scorer.requests == [["a", "a"]]


@pytest.mark.parametrize("values", [({"a": 1}, {"a": 2}), ([1, "x"], [2])])
def test_records_and_arrays_are_rows(values: tuple[Any, ...]) -> None:
    scorer = ManualScorer(max_batch_rows=2)
    operator = operator_of(scorer)
    list(operator.on_batch(batch_of(*values)))
    assert scorer.requests == [list(values)]
    scorer.futures[0].set_result([{"Scored Labels": 1}, [2]])
    assert shown(operator.on_end()) == [[{"Scored Labels": 1}, [2]]]


def test_a_batch_without_rows_gives_nothing() -> None:
    operator = operator_of(ManualScorer())
    assert shown(operator.on_batch(batch_of())) == []
    assert shown(operator.on_end()) == []


def test_no_more_than_twice_the_parallel_requests_are_submitted_before_an_answer_is_taken() -> None:
    scorer = ManualScorer(max_batch_rows=1, parallel_requests=2)
    unanswered: list[int] = []
    submit = scorer.submit

    def watched(rows: Sequence[Value], /) -> "Future[list[Value]]":
        future = submit(rows)
        unanswered.append(sum(not each.done() for each in scorer.futures))
        if len(scorer.futures) >= 4:
            scorer.answer(len(scorer.futures) - 4)
        return future

    scorer.submit = watched  # type: ignore[method-assign]
    operator = operator_of(scorer)
    list(operator.on_batch(batch_of(*range(20))))
    assert max(unanswered) == 4
    scorer.answer(17, 18, 19)
    assert shown(operator.on_end()) == [[n * 10 for n in range(20)]]


def test_a_refused_request_fails_after_the_rows_before_it_have_gone_on() -> None:
    scorer = ManualScorer(max_batch_rows=2)
    operator = operator_of(scorer)
    list(operator.on_batch(batch_of(1, 2, 3)))
    list(operator.on_watermark(Watermark(3)))
    list(operator.on_batch(batch_of(4, 5, 6, 7)))
    scorer.answer(0, 2)
    scorer.refuse(1)
    emissions = operator.on_end()
    first = next(emissions)
    assert isinstance(first, Batch)
    assert first.columns["result"].to_values() == [10, 20]
    assert first.columns["x"].to_values() == [1, 2]
    with pytest.raises(JobError, match="AQ611"):
        next(emissions)


def test_a_failure_names_the_place_of_the_call() -> None:
    scorer = ManualScorer(max_batch_rows=1)
    source = Source("query.sql", "SELECT udf.score(x) FROM input")
    operator = ScoreOperator(scorer, "x", "result", span=Span(7, 19), source=source)
    list(operator.on_batch(batch_of(1)))
    scorer.refuse(0)
    with pytest.raises(JobError, match=r"query\.sql:1:8"):
        list(operator.on_idle())


def test_a_snapshot_needs_a_drained_operator() -> None:
    scorer = PromptScorer()
    operator = operator_of(scorer)
    list(operator.on_batch(batch_of(1)))
    with pytest.raises(RuntimeError, match="drained"):
        operator.snapshot()
    assert shown(operator.drain()) == [[10]]
    assert operator.snapshot() == {}


def test_waiting_tells_whether_answers_are_outstanding() -> None:
    scorer = ManualScorer(max_batch_rows=1)
    operator = operator_of(scorer)
    assert not operator.is_waiting
    list(operator.on_batch(batch_of(1)))
    assert (operator.is_waiting, operator.rows_held) == (True, 1)
    scorer.answer(0)
    list(operator.on_idle())
    assert (operator.is_waiting, operator.rows_held) == (False, 0)


def test_closing_closes_the_scorer() -> None:
    scorer = ManualScorer()
    operator_of(scorer).close()
    assert scorer.is_closed


@pytest.mark.parametrize("size", [1, 2, 7, 100])
@pytest.mark.parametrize("max_batch_rows", [1, 3, 100])
@pytest.mark.parametrize("idles", [lambda n: False, lambda n: True, lambda n: n % 3 == 0])
def test_results_do_not_depend_on_how_rows_are_cut(
    size: int, max_batch_rows: int, idles: Callable[[int], bool]
) -> None:
    rows = list(range(50))
    starts = range(0, len(rows), size)
    seen: list[Emission] = []
    with ThreadPoolExecutor(2) as executor:
        scorer = ThreadScorer(max_batch_rows, executor)
        operator = operator_of(scorer)
        for number, start in enumerate(starts):
            seen += operator.on_batch(batch_of(*rows[start : start + size]))
            seen += operator.on_watermark(Watermark(rows[start]))
            if idles(number):
                seen += operator.on_idle()
        seen += operator.on_end()
    batches = [each for each in seen if isinstance(each, Batch)]
    assert [v for each in batches for v in each.columns["result"].to_values()] == [n * 10 for n in rows]
    assert [v for each in batches for v in each.columns["x"].to_values()] == rows
    assert [each.ticks for each in seen if isinstance(each, Watermark)] == [rows[start] for start in starts]
    assert [row for request in scorer.requests for row in request] == rows
    assert all(len(request) <= max_batch_rows for request in scorer.requests)
