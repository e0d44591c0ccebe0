"""A model server on loopback that speaks OpenAI's chat completions: scripted answers, a pace, faults, a gate.

    async with ModelServer(reply="Hello!", pace=0.02) as server:
        ...                                  # OPENAI_BASE_URL = server.url
        assert server.requests[-1].messages[-1]["content"] == "Hi"

`server.faults.append(Fault(status=429))` spoils the next request; `gate = server.hold(after=2)` stops answers
after two pieces until `gate.open()`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from tests.patience import PATIENCE
from tests.platforms.answers import Answer, Fault, Gate, Request, counted, error, failed, head
from tests.platforms.closing import close
from tests.platforms.replies import Messages, remember

__all__ = ["Fault", "Gate", "ModelServer", "Request"]

Reply = str | Callable[[Messages], str]


class ModelServer:
    """OpenAI's /v1/models and /v1/chat/completions on 127.0.0.1, on a free port.

    reply: a text, or a function of the messages that were sent. pace: seconds before each piece. first: seconds
    before the first. chunk: characters in a piece. usage: whether stream_options is obeyed; obeys: whether
    max_completion_tokens is; refuse_options: whether it is answered with 400. key: the only key let in ("" lets
    everybody in). owner: who owns the models: servers name themselves there.

    Settable: `finish`, the finish reason; `thoughts`, sent as reasoning_content before the text; `refuses`, parameters
    that are answered with 400; `flags`, words that the moderation endpoint flags (`moderated`: what it was asked);
    `window`, the tokens that a prompt may have (0: any number), and `tells`, whether a refusal says so;
    `spoil`, asked for a fault of each request that has no other.
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
        owner: str = "tests",
    ) -> None:
        self.reply = reply
        self.pace, self.first, self.chunk = pace, first, chunk
        self.usage, self.refuse_options, self.obeys = usage, refuse_options, obeys
        self.models = list(models)
        self.key, self.owner = key, owner
        self.window, self.tells = 0, True
        self.finish = "stop"
        self.thoughts = ""
        self.refuses: set[str] = set()
        self.flags: set[str] = set()
        self.moderated: list[str] = []
        self.requests: list[Request] = []
        self.asked_for_models = 0
        self.faults: deque[Fault] = deque()
        self.model_faults: deque[Fault] = deque()
        self.spoil: Callable[[Request], Fault | None] = lambda request: None
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

    async def asked(self, count: int = 1, timeout: float = PATIENCE) -> Request:
        """Wait until `count` requests have come; the last of them."""
        async with asyncio.timeout(timeout), self._came:
            await self._came.wait_for(lambda: len(self.requests) >= count)
        return self.requests[count - 1]

    async def start(self, port: int = 0) -> None:
        """Listen. A port may be given to come back where one was before."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/moderations", self._moderate)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self.gate is not None:
            self.gate.open()
        if self._runner is not None:
            await close(self._runner)

    async def __aenter__(self) -> ModelServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _list(self, request: web.Request) -> web.Response:
        self.asked_for_models += 1
        if self.model_faults:
            return failed(self.model_faults.popleft())
        if denied := self._denied(request):
            return denied
        rows = [{"id": id, "object": "model", "created": 0, "owned_by": self.owner} for id in self.models]
        return web.json_response({"object": "list", "data": rows})

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        peer = http.transport.get_extra_info("peername")[1] if http.transport is not None else 0
        request = Request(http.path, dict(http.headers), await http.json(), peer)
        async with self._came:
            self.requests.append(request)
            self._came.notify_all()
        if denied := self._denied(http) or self._invalid(request.body):
            return denied
        fault = self.faults.popleft() if self.faults else self.spoil(request) or Fault()
        if fault.status:
            return failed(fault)
        if fault.how == "html":
            return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")
        if fault.how == "plain":
            return web.Response(text=fault.body)
        if fault.how == "gone" and http.transport is not None:
            http.transport.abort()
            return web.Response()
        text = self.reply if isinstance(self.reply, str) else self.reply(request.messages)
        text = request.cut(text) if self.obeys else text
        if not request.body.get("stream"):
            request.finished = True
            return web.json_response(self._whole(request, text))
        try:
            return await Answer(self, http, request, fault).send(text)
        except (asyncio.CancelledError, ConnectionResetError):
            request.dropped.set()
            raise

    async def _moderate(self, http: web.Request) -> web.Response:
        """As OpenAI answers (openapi.yaml, createModeration): one result with a flag and categories."""
        if denied := self._denied(http):
            return denied
        if self.faults:
            return failed(self.faults.popleft())
        text = (await http.json())["input"]
        self.moderated.append(text)
        flagged = any(word in text for word in self.flags)
        result = {"flagged": flagged, "categories": {"violence": flagged, "hate": False}, "category_scores": {}}
        return web.json_response({"id": "modr-1", "model": "omni-moderation-latest", "results": [result]})

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
        for name in sorted(self.refuses & body.keys()):  # OpenAI's words for its reasoning models
            return error(
                400, f"Unsupported parameter: '{name}' is not supported with this model.", "unsupported_parameter"
            )
        if not 0 <= (body.get("temperature") or 0) <= 2:
            return error(400, "Invalid 'temperature': decimal above maximum value.", "decimal_above_max_value")
        messages = body.get("messages")
        if self.window and (sent := counted(Request("", {}, dict(body)), "")["prompt_tokens"]) > self.window:
            most = f"This model's maximum context length is {self.window} tokens. However, you sent {sent} tokens."
            return error(400, most if self.tells else "Your input is too long.", "context_length_exceeded")
        if not messages or any(m.get("role") not in {"system", "developer", "user", "assistant"} for m in messages):
            return error(400, "Invalid 'messages'", "invalid_value")
        return None

    def _whole(self, request: Request, text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        return head(request, "chat.completion") | {"choices": [choice], "usage": counted(request, text)}
