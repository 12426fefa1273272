"""A scoring service on the loopback interface that fails in every way a test asks for.

It speaks HTTP/1.1 over asyncio streams on a thread of its own, keeps connections open, and counts what it sees.

    with FaultServer(score=lambda row: len(row)) as server:
        server.then(Reply(503), Reply(429, headers={"Retry-After": "7"}))
        ...                      # two requests are refused, all others are scored

As a program it serves with a fixed latency: `python tests/servers/fault_server.py --latency 0.2`.
"""

import argparse
import asyncio
import json
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from socket import SO_LINGER, SOL_SOCKET
from typing import Any


class End(Enum):
    """What becomes of the connection behind a reply."""

    KEEP = "kept open"
    CLOSE = "closed"
    RESET = "reset"
    HANG = "left open without an end of the reply"


@dataclass(frozen=True)
class Reply:
    """What the server answers once.

    Attributes:
        status: The status; 0 to send nothing at all.
        body: The body; None for the scores of the request's rows.
        headers: Further headers.
        sent: How many bytes of the body are sent; None for all.
        end: What becomes of the connection.
        latency: Seconds before the answer.
    """

    status: int = 200
    body: bytes | None = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    end: End = End.KEEP
    latency: float = 0.0


@dataclass(frozen=True)
class Request:
    """What the server was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def rows_of(body: Any) -> list[Any]:
    """Return the first array in a request."""
    while isinstance(body, dict):
        body = next(iter(body.values()))
    return body


class FaultServer:
    """The server, running while its context lasts.

    Args:
        score: The score of one row.
        swagger: What `/swagger.json` gives; None for status 404.
        latency: Seconds before each answer that scores rows.

    Attributes:
        requests: The requests for scores, in the order in which they came.
        other_requests: All other requests.
        connections: How many connections were made.
        most_in_flight: The most requests for scores that were under way at a time.
    """

    def __init__(
        self, score: Callable[[Any], Any] = lambda row: 0.5, swagger: Any = None, latency: float = 0.0, port: int = 0
    ) -> None:
        self.score = score
        self.swagger = swagger
        self.latency = latency
        self.requests: list[Request] = []
        self.other_requests: list[Request] = []
        self.connections = self.most_in_flight = self._in_flight = 0
        self._arrival = threading.Condition()
        self._replies: deque[Reply] = deque()
        self._port = port
        self._gate = asyncio.Event()
        self._gate.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def then(self, *replies: Reply) -> "FaultServer":
        """Give these replies to the next requests for scores."""
        self._replies.extend(replies)
        return self

    def wait_for(self, count: int) -> None:
        """Wait until so many requests for scores have come."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: len(self.requests) >= count, timeout=30), len(self.requests)

    def hold(self) -> None:
        """Answer no request for scores until `release`."""
        self._loop.call_soon_threadsafe(self._gate.clear)

    def release(self) -> None:
        """Answer all requests that were held."""
        self._loop.call_soon_threadsafe(self._gate.set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/score"

    @property
    def bodies(self) -> list[Any]:
        """The bodies of the requests for scores."""
        return [each.json for each in self.requests]

    def __enter__(self) -> "FaultServer":
        serving = asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=1024)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while (request := await _read(reader)) is not None and await self._answer(request, writer):
                pass
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open for another one."""
        if request.method != "POST":
            self.other_requests.append(request)
            return await _send(writer, self._other(request))
        with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            reply = self._replies.popleft() if self._replies else Reply(body=None, latency=self.latency)
            await self._gate.wait()
            if reply.latency:
                await asyncio.sleep(reply.latency)
            body = reply.body
            if body is None:
                body = json.dumps([self.score(row) for row in rows_of(request.json)]).encode()
        finally:
            self._in_flight -= 1
        return await _send(writer, reply, body)

    def _other(self, request: Request) -> Reply:
        if request.path.partition("?")[0].endswith("/swagger.json") and self.swagger is not None:
            return Reply(body=json.dumps(self.swagger).encode())
        return Reply(404, b'{"message": "not found"}')


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request of a connection, or None at its end."""
    try:
        line = await reader.readline()
        method, path, _ = line.decode("latin-1").split(" ")
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ValueError):
        # The end of the connection, or no HTTP.
        return None
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


async def _send(writer: asyncio.StreamWriter, reply: Reply, body: bytes | None = None) -> bool:
    body = reply.body or b"" if body is None else body
    if reply.status:
        lines = [f"HTTP/1.1 {reply.status} status", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body[: reply.sent])
        await writer.drain()
    if reply.end is End.HANG:
        await asyncio.Event().wait()
    if reply.end is End.RESET:
        # Closing with a linger time of zero sends a reset instead of an orderly end.
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    return reply.end is End.KEEP


def main() -> None:
    """Serve with a fixed latency until standard input ends; print the URL first."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds before each answer")
    options = parser.parse_args()
    with FaultServer(latency=options.latency) as server:
        print(server.url, flush=True)
        input()


if __name__ == "__main__":
    main()
