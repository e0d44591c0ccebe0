"""What other servers post to on the page's port: past its checks of Host and Origin, with a proof of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

Hook = Callable[[Mapping[str, str], bytes], Awaitable[int]]
"""Takes the headers, their names in lower case, and the body; returns the HTTP status."""


class Hooks:
    """An ASGI layer around the app. hooks: by their paths, which may come and go; most: bytes of a body."""

    def __init__(self, app: ASGIApp, hooks: Mapping[str, Hook], most: int) -> None:
        self._app, self._hooks, self._most = app, hooks, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hook = self._hooks.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if hook is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await self._body(request)
        status = 413 if body is None else await hook(dict(request.headers), body)
        await Response(status_code=status)(scope, receive, send)

    async def _body(self, request: Request) -> bytes | None:
        """None when it is too large."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > self._most:
                return None
        return body
