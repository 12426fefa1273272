"""The metrics of a running job as Prometheus scrapes them.

Metrics keep the service's names, written as Prometheus writes names: `Function Requests` of the function `score` is
`asaql_function_requests_total{logical_name="score"}`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asaql.diagnostics import Diagnostic, QueryError
from asaql.runtime.metrics import GAUGES, RunSummary

_INSTALL = 'pip install "asaql[metrics]"'


class Endpoint:
    """Answers scrapes with the counts of the job that runs; before one runs there are none.

    Attributes:
        port: Where it listens.
        sample: Returns the counts so far; called from the endpoint's threads.
    """

    def __init__(self) -> None:
        self.port = 0
        self.sample: Callable[[], RunSummary] = RunSummary

    def collect(self) -> Iterator[Any]:
        """Return the metrics, as the client library asks for them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, Any] = {}
        for each in self.sample().metrics():
            metric, name = each["metric"], each["logicalName"]
            if metric not in families:
                kind = GaugeMetricFamily if metric in GAUGES else CounterMetricFamily
                labels = [] if name is None else ["logical_name"]
                families[metric] = kind(metric_name(metric), metric, labels=labels)
            families[metric].add_metric([] if name is None else [name], each["value"])
        yield from families.values()


def metric_name(metric: str) -> str:
    """Return the service's name of a metric as Prometheus writes names, with the unit where it has one."""
    name = "asaql_" + re.sub(r"[^a-z]+", "_", metric.casefold())
    return f"{name}_seconds" if metric == "Watermark Delay" else name


@contextmanager
def serve_metrics(port: int, host: str = "127.0.0.1") -> Iterator[Endpoint]:
    """Serve metrics while the context is open.

    Args:
        port: Where to listen; 0 for any port that is free.
        host: The address to listen on; by default nobody else on the network can reach it.

    Raises:
        QueryError: The client library is not installed, or the port cannot be had (AQ715).
    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError as error:
        message = "a metrics port needs the Prometheus client, which is not installed"
        raise QueryError(Diagnostic("AQ715", message, help=_INSTALL)) from error
    endpoint = Endpoint()
    registry = CollectorRegistry()
    registry.register(endpoint)
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        message = f"metrics cannot be served at {host}, port {port}: {error.strerror}"
        raise QueryError(Diagnostic("AQ715", message, help="--metrics-port 0 takes any port that is free")) from error
    endpoint.port = server.server_port
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
