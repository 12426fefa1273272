"""When requests are sent again."""

import pytest

from asaql.udf.scoring_retry import Backoff, TryAgain, retry_after_seconds, retrying


def test_waits_double_up_to_the_cap() -> None:
    backoff = Backoff(base_seconds=1, cap_seconds=10, jitter=lambda: 1.0)
    assert [backoff.wait_seconds(n) for n in (1, 2, 3, 4, 5, 6, 10_000)] == [1, 2, 4, 8, 10, 10, 10]


def test_half_of_a_wait_is_random() -> None:
    assert Backoff(base_seconds=1, jitter=lambda: 0.0).wait_seconds(1) == 0.5
    assert Backoff(base_seconds=1, jitter=lambda: 0.5).wait_seconds(1) == 0.75
    assert all(0.5 <= Backoff(base_seconds=1).wait_seconds(1) <= 1 for _ in range(100))


def test_a_service_can_ask_for_a_longer_wait_but_not_for_a_shorter_one_nor_for_hours() -> None:
    backoff = Backoff(base_seconds=1, retry_after_cap_seconds=600, jitter=lambda: 1.0)
    assert backoff.wait_seconds(1, 7) == 7
    assert backoff.wait_seconds(4, 2) == 8
    assert backoff.wait_seconds(1, 1e9) == 600


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "9" * 50}, 999_999_999),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2015 09:28:30 +0200", "date": "Wed, 21 Oct 2015 07:28:00 -0000"}, 30),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT", "date": "Wed, 21 Oct 2015 07:29:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1.5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_a_call_is_repeated_while_it_asks_for_it_with_the_waits_asked_for() -> None:
    answers = [TryAgain("503"), TryAgain("429", 5.0), None]
    waits: list[float] = []
    retries: list[int] = []

    def attempt() -> str:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return "done"

    repeated = retrying(
        Backoff(base_seconds=1, jitter=lambda: 1.0), waits.append, lambda state: retries.append(state.attempt_number)
    )
    assert repeated(attempt) == "done"
    assert waits == [1, 5]
    assert retries == [1, 2]


def test_any_other_error_ends_the_call() -> None:
    def attempt() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        retrying(Backoff(), lambda seconds: None, lambda state: None)(attempt)


def test_a_number_of_attempts_can_be_set() -> None:
    attempts: list[int] = []

    def attempt() -> None:
        attempts.append(1)
        raise TryAgain("503")

    with pytest.raises(TryAgain):
        retrying(Backoff(), lambda seconds: None, lambda state: None, 3)(attempt)
    assert len(attempts) == 3
