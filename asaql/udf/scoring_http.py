"""One connection to a scoring service, and what it means when it breaks."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import httpx

from asaql.udf.scoring_retry import TryAgain
from asaql.udf.scoring_spec import ScoringFunction, Secret, shown_url

CONNECT_TIMEOUT_SECONDS: Final = 10.0


class Connection:
    """A connection that is kept open between requests and opened again when the service has closed it.

    One thread sends requests and changes the key; any thread may abort. Each connection is an HTTP client of its own:
    one client with a pool goes through all connections at every request, which with 60 of them doubles the processor
    time a request.
    """

    def __init__(
        self, function: ScoringFunction, url: httpx.URL, trust: ssl.SSLContext, key: Secret | None = None
    ) -> None:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if key is not None:
            headers["authorization"] = f"Bearer {key.reveal()}"
        headers |= {name.lower(): value for name, value in function.headers.items()}
        needs_login = url.userinfo and "authorization" not in headers
        self.key = key
        self._url = url.copy_with(userinfo=b"")
        self._socket: socket.socket | None = None
        self._is_aborted = False
        self._extensions = {"trace": self._trace}
        self._client = httpx.Client(
            headers=headers,
            auth=httpx.BasicAuth(url.username, url.password) if needs_login else None,
            timeout=httpx.Timeout(
                function.timeout_seconds, connect=min(CONNECT_TIMEOUT_SECONDS, function.timeout_seconds)
            ),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=60.0),
            verify=trust,
            # A proxy of the environment cannot reach a service on this machine.
            trust_env=not is_local(url),
        )

    def post(self, body: bytes) -> httpx.Response:
        """Send rows to the service.

        Raises:
            httpx.RequestError: The connection broke, or the service was silent for the function's time-out.
        """
        response = self._client.post(self._url, content=body, extensions=self._extensions)
        # The stream, which has been read, and the response refer to each other: together with the request they would
        # stay until Python looks for cycles, which it seldom does while a job runs.
        response.stream = httpx.ByteStream(b"")
        return response

    def use_key(self, key: Secret) -> None:
        """Send another key from now on."""
        self.key = key
        self._client.headers["authorization"] = f"Bearer {key.reveal()}"

    def get(self, url: httpx.URL, timeout_seconds: float) -> httpx.Response:
        """Fetch something else that the service has.

        Raises:
            httpx.RequestError: The connection broke, or the service was silent for too long.
        """
        return self._client.get(url, timeout=timeout_seconds)

    def abort(self) -> None:
        """Break the connection, so that a thread that waits for an answer waits no more; by any thread."""
        self._is_aborted = True
        self._shut()

    def close(self) -> None:
        """Close the connection; by no thread while another one uses it."""
        self._client.close()

    def _trace(self, event: str, facts: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = facts["return_value"].get_extra_info("socket")
            if self._is_aborted:
                self._shut()

    def _shut(self) -> None:
        if self._socket is None:
            return
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It was closed already, by the other side or by the thread that used it.
            self._socket = None


def trusted_certificates(url: httpx.URL) -> ssl.SSLContext:
    """Return what certificates the connections to a service trust; loading them takes a while, so do it once."""
    if url.scheme == "http" and is_local(url):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context()


def is_local(url: httpx.URL) -> bool:
    """Return whether a URL leads to this machine."""
    return url.host in ("localhost", "::1") or url.host.startswith("127.")


def status_text(status: int) -> str:
    """Return a status as messages show it: `503 (Service Unavailable)`."""
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)


def lasting_reason(error: httpx.RequestError) -> str | None:
    """Return why a request can never be sent, or None if a later attempt may fare better."""
    for each in _causes(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({each.verify_message})"
        if isinstance(each, ssl.SSLError) and not isinstance(each, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return f"it does not answer in TLS ({each})"
        if isinstance(each, socket.gaierror) and each.errno != socket.EAI_AGAIN:
            return "its host name is unknown"
    if isinstance(error, httpx.ProxyError):
        return "the proxy refuses the connection"
    if isinstance(error, httpx.DecodingError):
        return "its answer is compressed in a way that cannot be read"
    lasting = isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError)
    return str(error) if lasting else None


def try_again(error: httpx.RequestError) -> TryAgain:
    """Return the wish to send a request again, with the way in which the connection broke in words."""
    if isinstance(error, httpx.TimeoutException):
        return TryAgain("no answer")
    for each in _causes(error):
        if isinstance(each, ConnectionRefusedError):
            return TryAgain("connection refused")
        if isinstance(each, ConnectionResetError | BrokenPipeError):
            return TryAgain("connection reset")
    is_cut = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
    return TryAgain("connection closed before the answer was complete" if is_cut else "no connection")


def _causes(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__ or each.__context__


def hide_query(url: httpx.URL) -> str:
    """Return a URL as messages may show it."""
    return shown_url(str(url))


_STATUS_ADVICE: Final[dict[int, str]] = {
    400: "WHERE <column> IS NOT NULL, where NULL or a value of another type reaches the service",
    401: "check the function's key",
    403: "check the function's key",
    413: "lower the function's maximum number of rows in a request",
}


_USUAL_ENDS: Final = {
    "azureml": "/score",
    "mlflow": "/invocations",
    "kserve": "/v2/models/<model>/infer",
    "tensorflow": "/v1/models/<model>:predict",
}


def status_advice(status: int, envelope: str) -> str | None:
    """Return what may mend a request that is answered with a status, or None."""
    if status == HTTPStatus.NOT_FOUND:
        return f"check the path of the URL; it usually ends in {_USUAL_ENDS[envelope]}"
    return _STATUS_ADVICE.get(status)
