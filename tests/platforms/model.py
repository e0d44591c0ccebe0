"""A model server on loopback that speaks OpenAI's chat completions: scripted answers, a pace, faults, a gate.

    async with ModelServer(reply="Hello!", pace=0.02) as server:
        ...                                  # OPENAI_BASE_URL = server.url
        assert server.requests[-1].messages[-1]["content"] == "Hi"

`server.faults.append(Fault(status=429))` spoils the next request; `gate = server.hold(after=2)` stops answers
after two pieces until `gate.open()`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.platforms.replies import Messages, remember, said

LATE = 0.1  # seconds: a busy machine makes up for no more than that, and for nothing that a gate has held

Reply = str | Callable[[Messages], str]


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
    with 200), "gone" (the socket, before any answer), "raw" (the bytes in the list `body`, piece by piece).
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

    async def reached(self, count: int = 1, timeout: float = 5.0) -> None:
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


class ModelServer:
    """OpenAI's /v1/models and /v1/chat/completions on 127.0.0.1, on a free port.

    reply: a text, or a function of the messages that were sent. pace: seconds before each piece. first: seconds
    before the first. chunk: characters in a piece. usage: whether stream_options is obeyed; obeys: whether
    max_completion_tokens is; refuse_options: whether
    it is answered with 400. key: the only key let in ("" lets everybody in). `finish`: the finish reason, settable.
    """

    def __init__(
        self,
        reply: Reply = remember,
        *,
        pace: float = 0.0,
        first: float = 0.0,
        chunk: int = 4,
        usage: bool = True,
        obeys: bool = True,
        refuse_options: bool = False,
        models: Sequence[str] = ("loopback-model",),
        key: str = "",
    ) -> None:
        self.reply = reply
        self.pace, self.first, self.chunk = pace, first, chunk
        self.usage, self.refuse_options, self.obeys = usage, refuse_options, obeys
        self.models = list(models)
        self.key = key
        self.finish = "stop"
        self.requests: list[Request] = []
        self.asked_for_models = 0
        self.faults: deque[Fault] = deque()
        self.model_faults: deque[Fault] = deque()
        self.gate: Gate | None = None
        self._came = asyncio.Condition()
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"http://127.0.0.1:{self._port}/v1"

    def hold(self, after: int = 1) -> Gate:
        """From now on answers stop after this many pieces, until the gate is opened."""
        self.gate = Gate(after)
        return self.gate

    async def asked(self, count: int = 1, timeout: float = 5.0) -> Request:
        """Wait until `count` requests have come; the last of them."""
        async with asyncio.timeout(timeout), self._came:
            await self._came.wait_for(lambda: len(self.requests) >= count)
        return self.requests[count - 1]

    async def start(self, port: int = 0) -> None:
        """Listen. A port may be given to come back where one was before."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self.gate is not None:
            self.gate.open()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> ModelServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _list(self, request: web.Request) -> web.Response:
        self.asked_for_models += 1
        if self.model_faults:
            return _failed(self.model_faults.popleft())
        if denied := self._denied(request):
            return denied
        rows = [{"id": id, "object": "model", "created": 0, "owned_by": "tests"} for id in self.models]
        return web.json_response({"object": "list", "data": rows})

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        peer = http.transport.get_extra_info("peername")[1] if http.transport is not None else 0
        request = Request(http.path, dict(http.headers), await http.json(), peer)
        async with self._came:
            self.requests.append(request)
            self._came.notify_all()
        if denied := self._denied(http) or self._invalid(request.body):
            return denied
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.status:
            return _failed(fault)
        if fault.how == "html":
            return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")
        if fault.how == "gone" and http.transport is not None:
            http.transport.abort()
        text = self.reply if isinstance(self.reply, str) else self.reply(request.messages)
        text = request.cut(text) if self.obeys else text
        if not request.body.get("stream"):
            request.finished = True
            return web.json_response(self._whole(request, text))
        try:
            return await _Answer(self, http, request, fault).send(text)
        except (asyncio.CancelledError, ConnectionResetError):
            request.dropped.set()
            raise

    def _denied(self, http: web.Request) -> web.Response | None:
        if self.key and http.headers.get("Authorization") != f"Bearer {self.key}":
            told = f"Incorrect API key provided: {http.headers.get('Authorization', '')[7:]}."
            return error(401, told, "invalid_api_key")
        return None

    def _invalid(self, body: Mapping[str, Any]) -> web.Response | None:
        if body.get("model") not in self.models:
            return error(404, f"The model `{body.get('model')}` does not exist", "model_not_found")
        if self.refuse_options and "stream_options" in body:
            return error(400, "Unrecognized request argument supplied", None)
        if "stream_options" in body and not body.get("stream"):
            return error(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", None)
        messages = body.get("messages")
        if not messages or any(m.get("role") not in {"system", "developer", "user", "assistant"} for m in messages):
            return error(400, "Invalid 'messages'", "invalid_value")
        return None

    def _whole(self, request: Request, text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        return head(request, "chat.completion") | {"choices": [choice], "usage": counted(request, text)}


class _Answer:
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


def _failed(fault: Fault) -> web.Response:
    if isinstance(fault.body, str):
        return web.Response(text=fault.body, status=fault.status, headers=fault.headers, content_type="text/html")
    body = fault.body or {"error": {"message": f"failed with {fault.status}", "type": "error", "code": None}}
    return web.json_response(body, status=fault.status, headers=fault.headers)
