"""What a job says about a scoring function: where its service is and how it may be called.

Plain data, without the HTTP client, so that a job can be read, checked and sent to another process at little cost.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from asaql.diagnostics import Diagnostic, JobError, QueryError

MAX_BATCH_ROWS: Final = 10_000
"""The most rows that a request may be allowed to carry."""

RETRIED_STATUSES: Final = frozenset({429, 503})
"""The statuses that mean "later": the request is sent again until it is answered otherwise."""

ENVELOPES: Final = ("azureml", "mlflow", "kserve", "tensorflow")
"""The protocols that services may speak; `asaql.udf.envelopes` has their forms."""

_HIDDEN: Final = "***"


class ScoringError(JobError):
    """A scoring function failed; its diagnostic has a code of AQ611 to AQ616 and no place in the query."""


class Secret:
    """A text that is never shown: neither by `repr` nor by `str`, and in no message.

    Equal to another secret of the same text. Pickling keeps the text, so a secret can reach a worker process.

    Args:
        text: The text.
        variable: The environment variable that it was read from, if it was.
        path: The file that it was read from, if it was.
    """

    __slots__ = ("_path", "_text", "_variable")

    def __init__(self, text: str, *, variable: str | None = None, path: Path | None = None) -> None:
        self._text = text
        self._variable = variable
        self._path = path

    @staticmethod
    def from_environment(variable: str) -> "Secret":
        """Return the value of an environment variable.

        Raises:
            QueryError: The variable is not set (AQ707).
        """
        text = os.environ.get(variable)
        if text is None:
            raise QueryError(
                Diagnostic(
                    "AQ707",
                    f'environment variable "{variable}" is not set',
                    help=f"export {variable}=<the key>",
                )
            )
        return Secret(text, variable=variable)

    @staticmethod
    def from_file(path: Path) -> "Secret":
        """Return a file's text without the blanks and line ends around it.

        Raises:
            QueryError: The file cannot be read (AQ702).
        """
        try:
            return Secret(path.read_text(encoding="utf-8-sig").strip(), path=path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise QueryError(Diagnostic("AQ702", f'key file "{path}" cannot be read: {reason}')) from error

    def read_again(self) -> "Secret":
        """Return what the secret's source holds now; the secret itself if it has none, or that cannot be read."""
        try:
            if self._variable is not None:
                return Secret.from_environment(self._variable)
            return self if self._path is None else Secret.from_file(self._path)
        except QueryError:
            return self

    def reveal(self) -> str:
        """Return the text, for the one place that sends it."""
        return self._text

    def hidden_in(self, text: str) -> str:
        """Return `text` with every occurrence of the secret hidden."""
        return text.replace(self._text, _HIDDEN) if self._text else text

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN})"

    def __str__(self) -> str:
        return _HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(("secret", self._text))

    def __reduce__(self) -> tuple[Callable[..., "Secret"], tuple[str, str | None, Path | None]]:
        return _secret, (self._text, self._variable, self._path)


def _secret(text: str, variable: str | None, path: Path | None) -> Secret:
    return Secret(text, variable=variable, path=path)


@dataclass(frozen=True, kw_only=True)
class ScoringFunction:
    """A function whose values a web service computes. Exactly one of `url`, `entry_script`, `replay` is given.

    Attributes:
        name: The name behind `udf.`.
        url: Where rows are sent; may hold user information or a query string, which no message shows.
        entry_script: A scoring script with `init()` and `run()`, served on this machine while the job runs.
        model_dir: What an entry script finds as `AZUREML_MODEL_DIR`.
        replay: A recording of scores that answers instead of a service.
        key: Sent as `Authorization: Bearer <key>`.
        headers: Further request headers; they win over what `key` would send.
        max_batch_rows: Most rows in one request, 1 to 10,000.
        parallel_requests: Most requests of one partition that are under way at a time.
        timeout_seconds: How long one request may take before the job fails.
        swagger: A file or URL that describes the service, instead of `swagger.json` beside the score URL.
        request_name: The name under which rows are sent, instead of what the description says; parts of a path are
            divided by "/": `Inputs/WebServiceInput0`.
        response_name: The name under which results are found, likewise.
        envelope: The protocol that the service speaks, one of `ENVELOPES`.
        input_type: The argument's type as a template declares it, such as `array` or `record`.
        output_type: The result's type as a template declares it, such as `float`.
        retried_statuses: Statuses after which a request is sent again, without end.
    """

    name: str
    url: str | None = field(default=None, repr=False)
    entry_script: Path | None = None
    model_dir: Path | None = None
    replay: Path | None = None
    key: Secret | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    max_batch_rows: int = 1000
    parallel_requests: int = 20
    timeout_seconds: float = 100.0
    swagger: str | None = field(default=None, repr=False)
    request_name: str | None = None
    response_name: str | None = None
    envelope: str = "azureml"
    input_type: str | None = None
    output_type: str | None = None
    retried_statuses: frozenset[int] = RETRIED_STATUSES

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem is not None:
            raise QueryError(Diagnostic("AQ701", f'scoring function "{self.name}" {problem[0]}', help=problem[1]))

    def _problem(self) -> tuple[str, str | None] | None:
        """Return what is wrong with the settings, and what to type instead."""
        if [self.url, self.entry_script, self.replay].count(None) != 2:
            return "needs either a URL or an entry script or a recording", "url: http://127.0.0.1:5001/score"
        if self.url is not None and not _is_http(self.url):
            return f'has the URL "{shown_url(self.url)}", which does not name an HTTP service', "http://host:port/score"
        if not 1 <= self.max_batch_rows <= MAX_BATCH_ROWS:
            return f"allows {self.max_batch_rows} rows a request; the limits are 1 and {MAX_BATCH_ROWS:,}", None
        if self.parallel_requests < 1:
            return f"allows {self.parallel_requests} parallel requests; the least is 1", None
        if self.envelope not in ENVELOPES:
            return f'has the envelope "{self.envelope}", which is not known', f"write one of {', '.join(ENVELOPES)}"
        if not self.timeout_seconds > 0:
            return f"has a time-out of {self.timeout_seconds} seconds; it must be more than 0", None
        return None

    def hidden_in(self, text: str) -> str:
        """Return `text` without the secrets of this function."""
        secrets = [self.key] if self.key else []
        secrets += [Secret(value.removeprefix("Bearer ")) for value in self.headers.values() if len(value) >= 8]
        secrets += [Secret(value) for value in _secrets_of(self.url)]
        for each in secrets:
            text = each.hidden_in(text)
        return text


def shown_url(url: str) -> str:
    """Return a URL as messages may show it: without user information, query string and fragment."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return "<a URL that cannot be read>"
    return f"{parts.scheme}://{host}{port}{parts.path}" if host else url.partition("?")[0]


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _secrets_of(url: str | None) -> list[str]:
    """Return what a URL holds that may be secret: user information and the values of its query string."""
    if url is None:
        return []
    parts = urlsplit(url)
    values = [parts.password or "", *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    return [each for each in values if len(each) >= 8]
