"""The load for `tests.bench.reading`, in a process of its own so that its cost is not counted.

    python -m tests.bench.reading_server     # prints its port

A request's model says what comes: "size:tokens:pause", so many tokens in one network segment and so many seconds
between two segments of a stream. Every answer begins with one token more and then waits for GET /go, so that what a
request costs and what a token costs can be told apart. GET /waiting/200 is answered when so many answers wait.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench import prose

_GONE = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    """One chunk, as large as OpenAI's, in one HTTP chunk of its own."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = {
        "id": "chatcmpl-CabcdefGHIJKLmnopqrSTUVwxyz01",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "gpt-5-mini-2026-08-07",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [choice],
        "usage": None,
    }
    return _framed(b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n")


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def events(tokens: int, answer: int) -> Sequence[bytes]:
    """An answer of so many tokens, and the one before them. No two are alike."""
    first, *rest = prose.tokens(tokens + 1, answer)
    return [event({"role": "assistant", "content": first}), *(event({"content": token}) for token in rest)]


_LAST = event({}, "stop") + _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"


@dataclass
class Server:
    """Holds answers until it is told to go, then sends them all in step."""

    waiting: list[Connection] = field(default_factory=list)
    answers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    asking: dict[asyncio.WriteTransport, int] = field(default_factory=dict)  # who wants to know when so many wait

    def add(self, stream: Connection) -> None:
        self.waiting.append(stream)
        self.tell()

    def tell(self) -> None:
        for asking in [asking for asking, count in self.asking.items() if len(self.waiting) >= count]:
            asking.write(_GONE)
            del self.asking[asking]

    def go(self) -> None:
        """Send everything. Nothing else is done meanwhile: the clock is finer than the event loop's."""
        streams, self.waiting = self.waiting, []
        began = time.perf_counter()
        for number in range(max(stream.segments for stream in streams)):
            for place, stream in enumerate(streams):
                due = began + stream.pause * (number + place / len(streams))
                if (early := due - time.perf_counter()) > 0:
                    time.sleep(early)
                stream.send(number)


class Connection(asyncio.Protocol):
    """One client, one request after another."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._came = b""
        self._events: Sequence[bytes] = ()
        self._size = self.segments = 0
        self.pause = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(2**26)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, body = self._came.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            self._came = b""
            self._answer(head, body)

    def send(self, number: int) -> None:
        """One segment, or nothing when all have gone. The end of the answer is in the last."""
        if number < self.segments:
            first = 1 + number * self._size
            last = _LAST if number == self.segments - 1 else b""
            self._transport.write(b"".join(self._events[first : first + self._size]) + last)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            self._control(head.split()[1])
            return
        size, tokens, pause = json.loads(body)["model"].split(":")
        self._size, self.pause, self._events = int(size), float(pause), events(int(tokens), next(self._server.answers))
        self.segments = -(-int(tokens) // self._size)
        self._transport.write(_HEAD + self._events[0])
        self._server.add(self)

    def _control(self, path: bytes) -> None:
        if path == b"/go":
            asyncio.get_running_loop().call_soon(self._server.go)
            self._transport.write(_GONE)
        else:
            self._server.asking[self._transport] = int(path.rpartition(b"/")[2])
            self._server.tell()


def _length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


async def main() -> None:
    server = Server()
    listening = await asyncio.get_running_loop().create_server(lambda: Connection(server), "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
