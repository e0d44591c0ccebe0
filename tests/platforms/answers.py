"""One request of the loopback model server and its answer, with the faults and gates that it meets on its way out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.patience import PATIENCE
from tests.platforms.replies import said

if TYPE_CHECKING:
    from tests.platforms.model import ModelServer

LATE = 0.1  # seconds: a busy machine makes up for no more than that, and for nothing that a gate has held


@dataclass
class Request:
    """One request as it came. finished: the answer was sent whole; dropped: set when the client hung up before.

    peer: the client's port, the same for requests on one connection. times: when each piece was sent (monotonic).
    answer: what was sent of it.
    """

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    peer: int = 0
    sent: int = 0
    answer: str = ""
    finished: bool = False
    dropped: asyncio.Event = field(default_factory=asyncio.Event)
    times: list[float] = field(default_factory=list)
    reached: bool = False  # the tokens that it might have

    def cut(self, text: str) -> str:
        """The answer as far as the request allows it."""
        most = self.body.get("max_completion_tokens")
        if most is None or counted(self, text)["completion_tokens"] <= most:
            return text
        self.reached = True
        return text[: most * 4 - 1]

    @property
    def billed(self) -> dict[str, int]:
        """What this server would charge for: everything that was sent, also when the client hung up."""
        return counted(self, self.answer)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body["messages"]

    @property
    def text(self) -> str:
        """What the user said last."""
        return said(self.messages[-1])


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request. With status: that answer, and no stream. The others count pieces of text.

    after: pieces sent before the fault. how: "cut" (the socket), "end" (no finish reason), "malformed" (a line that
    is no JSON), "error" (an error event with `body`), "stall" (silence until the client goes),
    "late" (everything but [DONE], then silence), "open" (everything, but the body does not end), "html" (a web page
    with 200), "plain" (`body` as text, with 200), "gone" (the socket, before any answer), "raw" (the bytes in the list
    `body`, piece by piece).
    """

    status: int = 0
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    how: str = ""
    after: int = 0


class Gate:
    """Answers stop here, each after the same number of pieces, until `open`."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.waiting = 0
        self._open = asyncio.Event()
        self._changed = asyncio.Condition()

    async def reached(self, count: int = 1, timeout: float = PATIENCE) -> None:
        """Wait until `count` answers stand at the gate."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: self.waiting >= count)

    def open(self) -> None:
        self._open.set()

    async def __call__(self) -> None:
        async with self._changed:
            self.waiting += 1
            self._changed.notify_all()
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1


class Answer:
    """One streamed answer on its way out."""

    def __init__(self, server: ModelServer, http: web.Request, request: Request, fault: Fault) -> None:
        self.server, self.http, self.request, self.fault = server, http, request, fault
        self.response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})

    async def send(self, text: str) -> web.StreamResponse:
        await asyncio.sleep(self.server.first)
        await self.response.prepare(self.http)
        if self.fault.how == "raw":
            return await self._pieces(self.fault.body)
        await self._choice({"role": "assistant", "content": ""})
        if self.server.thoughts:
            await self._choice({"reasoning_content": self.server.thoughts})
        size = self.server.chunk
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        due = time.monotonic()
        for number, piece in enumerate(pieces):
            if await self._spoiled(number):
                return self.response
            due = max(due + self.server.pace, time.monotonic() - LATE)
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            await self._choice({"content": piece})
            self.request.sent += 1
            self.request.times.append(time.monotonic())
            self.request.answer += piece
        if await self._spoiled(max(len(pieces), self.fault.after)):
            return self.response
        await self._end(text)
        return self.response

    async def _pieces(self, pieces: Sequence[bytes]) -> web.StreamResponse:
        for piece in pieces:
            await self.response.write(piece)
            await asyncio.sleep(0)
        return self.response

    async def _spoiled(self, number: int) -> bool:
        """Stand at the gate, then do what the fault wants; True when the answer ends here."""
        if self.server.gate is not None and number == self.server.gate.after:
            await self.server.gate()
        if self.fault.how in {"", "late", "open"} or number != self.fault.after:
            return False
        if self.fault.how == "malformed":
            await self.response.write(b'data: {"choices": [{"del\n\n')
            return False
        if self.fault.how == "error":
            await self._line(self.fault.body)
        if self.fault.how == "stall":
            await asyncio.Event().wait()
        if self.fault.how == "cut" and self.http.transport is not None:
            self.http.transport.abort()
        return True

    async def _end(self, text: str) -> None:
        await self._choice({}, finish="length" if self.request.reached else self.server.finish)
        if self.fault.how == "late":
            await asyncio.Event().wait()
        wanted = (self.request.body.get("stream_options") or {}).get("include_usage")
        if wanted and self.server.usage:
            rest = {"choices": [], "usage": counted(self.request, text)}
            await self._line(head(self.request, "chat.completion.chunk") | rest)
        await self.response.write(b"data: [DONE]\n\n")
        self.request.finished = True
        if self.fault.how == "open":
            await asyncio.Event().wait()

    async def _choice(self, delta: Mapping[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        await self._line(head(self.request, "chat.completion.chunk") | {"choices": [choice]})

    async def _line(self, data: Any) -> None:
        await self.response.write(b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n")


def head(request: Request, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": int(time.time()), "model": request.body["model"]}


def counted(request: Request, text: str) -> dict[str, int]:
    """Usage, with four characters to a token."""
    prompt = sum(len(said(message)) for message in request.messages) // 4 + 1
    completion = len(text) // 4 + 1
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def error(status: int, message: str, code: str | None, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error in OpenAI's shape."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return web.json_response(body, status=status, headers=headers)


def failed(fault: Fault) -> web.Response:
    if isinstance(fault.body, str):
        return web.Response(text=fault.body, status=fault.status, headers=fault.headers, content_type="text/html")
    body = fault.body or {"error": {"message": f"failed with {fault.status}", "type": "error", "code": None}}
    return web.json_response(body, status=fault.status, headers=fault.headers)
