"""One REST call from its first byte to the answer: record, token, limits, faults, handler, headers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.platforms.discord import api_commands, api_interactions, api_messages, api_places, errors
from tests.platforms.discord.limits import TooMany
from tests.platforms.discord.message import File
from tests.platforms.discord.record import Call, Fault, pause
from tests.platforms.discord.routes import HANDLERS, Request, Route, find

if TYPE_CHECKING:
    from tests.platforms.discord.server import DiscordServer

PREFIX = "/api/v10"
MODULES = (api_commands, api_interactions, api_messages, api_places)  # importing them fills HANDLERS


class Cut(Exception):
    """The connection shall end without an answer."""


class Rest:
    """Answers every call under /api/v10 and appends it to `calls`.

    spoil: asked with route, path and body for a fault of each call that has no other.
    """

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.spoil: Callable[[Route, str, Any], Fault | None] = lambda route, path, json: None

    async def handle(self, http: web.Request) -> web.StreamResponse:
        call = Call(self.server.clock(), http.method, http.raw_path.partition("?")[0].removeprefix(PREFIX))
        self.calls.append(call)
        try:
            status, body, headers = await self._answer(http, call)
        except errors.ApiError as error:
            status, body, headers = error.status, error.body(), {}
        except Cut:
            status, body, headers = -1, None, {}
            if http.transport is not None:
                http.transport.abort()
        call.status, call.done = status, self.server.clock()
        call.code = body.get("code", 0) if isinstance(body, dict) and isinstance(body.get("code"), int) else 0
        self.server.changes.notify()
        return _respond(status, body, headers)

    async def _answer(self, http: web.Request, call: Call) -> tuple[int, Any, dict[str, str]]:
        found = find(call.method, call.path)
        if isinstance(found, set):
            raise errors.wrong_method() if found else errors.not_found()
        call.route, params = found
        call.json, files = await self._read(http)
        call.files = [file.name for file in files]
        request = Request(self.server, call, params, http.query, call.json, files)
        fault = next((fault for fault in self.faults if fault.meets(found[0])), None)
        fault = fault or self.spoil(found[0], call.path, call.json)
        return await self._limited(http, request, found[0], fault or Fault(found[0]))

    async def _limited(
        self, http: web.Request, request: Request, route: Route, fault: Fault
    ) -> tuple[int, Any, dict[str, str]]:
        if route.auth and http.headers.get("Authorization") != f"Bot {self.server.token}":
            raise errors.unauthorized()
        headers, refusal = self._take(route, request)
        if (refusal := fault.too_many or refusal) is not None:
            if fault.too_many is not None:
                self.server.limiter.hits["injected"] += 1
            return 429, refusal.body() | ({"code": fault.code} if fault.code else {}), headers | refusal.headers()
        status, body = await self._apply(request, route, fault)
        return status, body, headers

    def _take(self, route: Route, request: Request) -> tuple[dict[str, str], TooMany | None]:
        if not route.bucket:
            return {}, None
        limits = self.server.limiter.limits
        apart = [route.method] if route.major == "token" and limits.by_method else []
        place = request.params.get(route.major, "")
        group = route.bucket if route.bucket != "other" else str(route)
        return self.server.limiter.take(route.bucket, (group, place, *apart), counts_globally=route.auth)

    async def _apply(self, request: Request, route: Route, fault: Fault) -> tuple[int, Any]:
        await pause(fault.before)
        if fault.cut == "before":
            raise Cut
        if fault.status:
            return fault.status, _fault_body(fault)
        try:
            status, body = await HANDLERS[route](request)
            request.call.applied = True
        except errors.ApiError as error:
            status, body = error.status, error.body()
        await pause(fault.after)
        if fault.cut == "after":
            raise Cut
        return (fault.after_status, _fault_body(fault)) if fault.after_status else (status, body)

    async def _read(self, http: web.Request) -> tuple[Any, list[File]]:
        """The JSON of a call and its files."""
        if http.content_type == "multipart/form-data":
            return await self._read_multipart(http)
        raw = await http.read()
        return (_json(raw) if raw else {}), []

    async def _read_multipart(self, http: web.Request) -> tuple[Any, list[File]]:
        body: Any = {}
        files = []
        for name, value in (await http.post()).items():
            if name == "payload_json":
                body = _json(value.file.read() if isinstance(value, web.FileField) else value)
            elif isinstance(value, web.FileField) and re.fullmatch(r"files\[\d+\]", name):
                files.append(self.server.store_file(None, value.filename, value.file.read()))
        return body, files


def _json(raw: str | bytes | bytearray) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise errors.not_json() from None


def _fault_body(fault: Fault) -> Any:
    if fault.body is not None:
        return fault.body
    return {"message": "An injected fault", "code": fault.code}


def _respond(status: int, body: Any, headers: dict[str, str]) -> web.Response:
    """Exactly application/json, and no such header on a 204: discord.py reads it by that."""
    if body is None:
        return web.Response(status=204 if status == -1 else status, headers=headers)
    if isinstance(body, str):
        return web.Response(status=status, text=body, headers=headers)
    raw = json.dumps(body).encode()
    return web.Response(status=status, body=raw, headers=headers | {"Content-Type": "application/json"})
