"""When a request to a scoring service is sent again, and how long is waited before."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_never

Sleep: TypeAlias = Callable[[float], None]
"""Waits for some seconds."""


class TryAgain(Exception):
    """The service cannot answer now.

    Attributes:
        reason: What happened, for messages: `503`, `connection refused`.
        retry_after_seconds: How long the service asks to wait; None if it does not say.
    """

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Backoff:
    """Exponential back-off with jitter: half of each wait is fixed, half is random.

    A wait that the service asks for by `Retry-After` is kept, up to a limit, if it is longer.

    Attributes:
        base_seconds: The first wait; each further one is twice as long.
        cap_seconds: The longest wait that back-off leads to.
        retry_after_cap_seconds: The longest wait that a service can ask for.
        jitter: Gives numbers from 0 to 1.
    """

    base_seconds: float = 0.1
    cap_seconds: float = 30.0
    retry_after_cap_seconds: float = 600.0
    jitter: Callable[[], float] = field(default=random.random, repr=False)

    def wait_seconds(self, attempt: int, retry_after_seconds: float | None = None) -> float:
        """Return how long to wait after the `attempt`-th attempt, counted from 1."""
        full = min(self.cap_seconds, self.base_seconds * 2.0 ** min(attempt - 1, 60))
        asked = min(retry_after_seconds or 0.0, self.retry_after_cap_seconds)
        return max(asked, full * (1 + self.jitter()) / 2)

    def __call__(self, state: RetryCallState) -> float:
        """Return how long to wait in the state of a retried call."""
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.retry_after_seconds if isinstance(error, TryAgain) else None
        return self.wait_seconds(state.attempt_number, asked)


def retrying(
    backoff: Backoff, sleep: Sleep, before_sleep: Callable[[RetryCallState], None], most_attempts: int | None = None
) -> Retrying:
    """Return what calls a function again for as long as it raises `TryAgain`."""
    return Retrying(
        retry=retry_if_exception_type(TryAgain),
        wait=backoff,
        stop=stop_never if most_attempts is None else stop_after_attempt(most_attempts),
        sleep=sleep,
        before_sleep=before_sleep,
        reraise=True,
    )


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long an answer's `Retry-After` asks to wait, or None.

    A date is measured from the answer's own `Date`, so that it does not matter what this machine's clock says.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until, now = _date(text), _date(headers.get("date", ""))
    if until is None or now is None:
        return None
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is Greenwich time here, and cannot be compared with one that has a zone.
    return date.replace(tzinfo=None) if date.utcoffset() is None else (date - date.utcoffset()).replace(tzinfo=None)  # type: ignore[operator]
