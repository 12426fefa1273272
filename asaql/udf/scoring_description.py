"""Fetching the description of a scoring service: `swagger.json` beside the score URL, or what the job names instead.

Services that speak the open inference protocol describe a model at its address without `/infer`.
"""

import logging
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from asaql.diagnostics import Diagnostic, QueryError
from asaql.udf.scoring_http import Connection, hide_query, lasting_reason, status_text, try_again
from asaql.udf.scoring_retry import Backoff, Sleep, TryAgain, retry_after_seconds, retrying
from asaql.udf.scoring_spec import ScoringFunction

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS: Final = 10.0
_MOST_ATTEMPTS: Final = 5


def fetch_description(
    function: ScoringFunction, url: httpx.URL, connection: Connection, backoff: Backoff, sleep: Sleep
) -> Any:
    """Return the service's parsed description, or None where the service has none.

    A service that is busy or not there is asked a few times. A description that the job names must be there.

    Raises:
        QueryError: The description that the job names cannot be read (AQ613).
    """
    if function.swagger is not None and urlsplit(function.swagger).scheme not in ("http", "https"):
        return _read_file(function, Path(function.swagger))
    place = httpx.URL(function.swagger) if function.swagger else _usual_place(function, url)
    if place is None:
        return None
    is_same_service = (place.scheme, place.netloc) == (url.scheme, url.netloc)

    def attempt() -> Any:
        seconds = min(_TIMEOUT_SECONDS, function.timeout_seconds)
        try:
            # Another host has no business with the key.
            get = connection.get if is_same_service else _get_elsewhere
            response = get(place, seconds)
        except httpx.TimeoutException as error:
            message = "no answer"
            raise LookupError(message) from error
        except httpx.RequestError as error:
            raise try_again(error) if (reason := lasting_reason(error)) is None else LookupError(reason) from error
        status = f"status {status_text(response.status_code)}"
        if response.status_code in function.retried_statuses:
            raise TryAgain(status, retry_after_seconds(response.headers))
        if response.status_code != httpx.codes.OK:
            raise LookupError(status)
        return orjson.loads(response.content)

    attempts = retrying(backoff, sleep, lambda state: None, _MOST_ATTEMPTS)
    try:
        return attempts(attempt)
    except (TryAgain, LookupError, orjson.JSONDecodeError) as error:
        if function.swagger is not None:
            raise _unreadable(function, hide_query(place), str(error)) from error
        _LOG.info('scoring function "%s" has no description; values are sent as they are', function.name)
        return None


def _usual_place(function: ScoringFunction, url: httpx.URL) -> httpx.URL | None:
    """Return where a service that speaks the function's protocol describes itself; None if it does not."""
    root = url.path.rstrip("/").rpartition("/")[0]
    if function.envelope == "azureml":
        return url.copy_with(path=f"{root}/swagger.json")
    is_kserve = function.envelope == "kserve" and url.path.rstrip("/").endswith("/infer")
    return url.copy_with(path=root) if is_kserve else None


def _get_elsewhere(place: httpx.URL, timeout_seconds: float) -> httpx.Response:
    return httpx.get(place, timeout=timeout_seconds)


def _read_file(function: ScoringFunction, path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise _unreadable(function, str(path), reason or "no such file") from error


def _unreadable(function: ScoringFunction, place: str, reason: str) -> QueryError:
    message = f'the description of scoring function "{function.name}" cannot be read from {place}: {reason}'
    return QueryError(Diagnostic("AQ613", message))
