"""What every request meets first: the Host and Origin checks, and what every answer carries: the security headers."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bots.web.reach import LOCAL, bracketed, is_loopback, name_of

TOO_LARGE = "This is too large: one message can be at most 1 MB."
READS = frozenset({"GET", "HEAD", "OPTIONS"})

# A model's answer is hostile input: no script, style or request that is not ours can come of it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """An ASGI layer around the whole app. host: the address that the server is bound to; most: bytes of a body.

    A body that does not tell its size beforehand is counted by FastAPI (`max_body_size`).
    """

    def __init__(self, app: ASGIApp, host: str, most: int) -> None:
        self._app = app
        self._most = most
        self._hosts = LOCAL | {bracketed(host).lower()} if is_loopback(host) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        app = self._app
        if wrong := self._wrong(scope["method"], headers):
            app = JSONResponse({"error": wrong}, 403)
        elif int(headers.get("content-length", "0")) > self._most:
            app = JSONResponse({"error": TOO_LARGE}, 413)
        await app(scope, receive, with_headers)

    def _wrong(self, method: str, headers: Headers) -> str:
        """Why this request is refused, "" when it is not."""
        host = headers.get("host", "").lower()
        if self._hosts is not None and name_of(host) not in self._hosts:
            return "This page only answers on this computer: open it as http://localhost, or set WEB_HOST=0.0.0.0."
        if method not in READS and not _is_same_origin(headers, host):
            return "This request came from another site."
        return ""


def _is_same_origin(headers: Headers, host: str) -> bool:
    """Browsers say where a write comes from; what says nothing is no browser and brings no cookie by itself."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == host
