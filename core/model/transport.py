"""HTTP for the OpenAI SDK over aiohttp, which reads a stream at a tenth of the cost. The endpoint gives it to the SDK.

The SDK goes on building requests, retrying them and naming their errors; whoever reads a stream takes the `Body`
out of the response's extensions and has the bytes as the socket gave them, many events at a time when many are there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

import aiohttp
import httpx2
from yarl import URL

from core.model.lulls import FAST, Lulls

BODY = "chinwag.body"  # where a response has its Body
GRACE = 1.0  # seconds that a server has to end a complete answer; then its connection is closed instead of kept
LONGEST_HEADER = 64 * 1024  # some gateways send more than aiohttp's 8 KiB in one
_UNPACKED = {b"content-encoding", b"content-length"}  # no longer true of what aiohttp hands on

# The first that fits; the later are the parents of the earlier.
_ERRORS: tuple[tuple[type[Exception], type[httpx2.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout),
    (TimeoutError, httpx2.ReadTimeout),
    (aiohttp.ClientProxyConnectionError, httpx2.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx2.ProxyError),
    (aiohttp.ClientConnectorError, httpx2.ConnectError),
    (aiohttp.ClientSSLError, httpx2.ConnectError),
    (aiohttp.InvalidURL, httpx2.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx2.UnsupportedProtocol),
    (OSError, httpx2.ReadError),
    (ValueError, httpx2.UnsupportedProtocol),  # a proxy that is none
    (Exception, httpx2.RemoteProtocolError),
)


class Transport(httpx2.AsyncBaseTransport):
    """Connections that are kept for `keep_alive` seconds, as many as are asked for.

    proxies: whether HTTPS_PROXY and its kin count. Building one reads certificates from disk.
    """

    def __init__(self, *, keep_alive: float, proxies: bool) -> None:
        self._keep_alive, self._proxies = keep_alive, proxies
        self._tls = httpx2.create_ssl_context()
        self._session: aiohttp.ClientSession | None = None
        self._ending: dict[aiohttp.ClientResponse, asyncio.TimerHandle] = {}
        self._answers: WeakSet[aiohttp.ClientResponse] = WeakSet()
        self._lulls = Lulls()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        timeout = request.extensions.get("timeout", {})
        await request.aread()
        try:
            async with asyncio.timeout(timeout.get("read")):
                answer = await self._ask(request, timeout.get("connect"))
        except Exception as error:
            raise translated(error) from error
        self._answers.add(answer)
        body = Body(answer, self._let_end, timeout.get("read"), self._lulls)
        return httpx2.Response(
            answer.status,
            headers=[(name, value) for name, value in answer.raw_headers if name.lower() not in _UNPACKED],
            stream=body,
            request=request,
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": (answer.reason or "").encode(), BODY: body},
        )

    async def aclose(self) -> None:
        for answer in [*self._ending]:
            self._ended(answer)
        for answer in self._answers:  # aiohttp closes the connections, but wakes nobody who waits for more from one
            if not answer.content.is_eof():
                answer.content.set_exception(aiohttp.ClientConnectionError("closed on this side"))
        if self._session is not None:
            await self._session.close()

    async def _ask(self, request: httpx2.Request, connect: float | None) -> aiohttp.ClientResponse:
        """The answer to one request. It is sent anew when the kept connection that it went out on was just closed.

        Servers close what is idle when they like (uvicorn: after 5 s), and now and then that crosses with a request.
        """
        url = URL(str(request.url), encoded=True).with_user(None)  # httpx2 has made a header of user and password
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        # A packed stream comes later and costs more.
        headers = [(name, value if name.lower() != "accept-encoding" else "identity") for name, value in headers]
        while True:
            way = Way()
            try:
                return await self._open().request(
                    request.method,
                    url,
                    headers=headers,
                    data=request.content or None,
                    allow_redirects=False,
                    proxy=proxy_for(url) if self._proxies else None,
                    timeout=aiohttp.ClientTimeout(connect=connect, sock_connect=connect),
                    trace_request_ctx=way,
                )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not way.kept:
                    raise

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            watching = aiohttp.TraceConfig()
            watching.on_connection_reuseconn.append(_note)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._tls, keepalive_timeout=self._keep_alive),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
                max_line_size=LONGEST_HEADER,
                max_field_size=LONGEST_HEADER,
                trace_configs=[watching],
            )
        return self._session

    def _let_end(self, answer: aiohttp.ClientResponse) -> None:
        self._ending[answer] = asyncio.get_running_loop().call_later(GRACE, self._ended, answer)
        answer.content.on_eof(lambda: self._ended(answer))

    def _ended(self, answer: aiohttp.ClientResponse) -> None:
        if timer := self._ending.pop(answer, None):
            timer.cancel()
        answer.close()  # does nothing to a connection that was given back at the end of its answer


@dataclass
class Way:
    """How a request went out. kept: on a connection that had been used before."""

    kept: bool = False


async def _note(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.kept = True


class Body(httpx2.AsyncByteStream):
    """The bytes of one answer."""

    def __init__(
        self,
        answer: aiohttp.ClientResponse,
        let_end: Callable[[aiohttp.ClientResponse], None],
        silence: float | None,
        lulls: Lulls,
    ) -> None:
        self._answer, self._let_end, self._silence, self._lulls = answer, let_end, silence, lulls
        self._whole = self._streaming = False
        self._asked = 0.0  # the loop's time of the last call of `readany`
        self._time = asyncio.get_running_loop().time

    def streaming(self) -> None:
        """It is read by `readany` from now on, until `aclose`."""
        self._streaming = True
        self._lulls.begin()

    def readany(self) -> Coroutine[Any, Any, bytes]:
        """All that has come since it was last called, b"" at the end.

        It waits however long it takes: whoever reads a stream watches it, for aiohttp's own timer would cost as much
        as a token. What it raises is given to `broken`.
        """
        if self._lulls.busy:
            asked, self._asked = self._asked, self._time()
            if self._asked - asked < FAST and (connection := self._answer.connection) and connection.transport:
                self._lulls.rest(connection.transport)
        return _all(self._answer.content)

    def broken(self, error: Exception) -> bytes:
        """What had come before the connection broke, which aiohttp holds back; then raises httpx2.TransportError."""
        if held := self._answer.content._read_nowait(-1):
            return held
        raise translated(error) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._in_time():
            yield piece

    async def _in_time(self) -> bytes:
        try:
            async with asyncio.timeout(self._silence):
                return await self._answer.content.readany()
        except Exception as error:
            return self.broken(error)

    def whole(self) -> None:
        """Nothing more is wanted, because nothing more will come: the connection may be kept."""
        self._whole = True

    async def aclose(self) -> None:
        if self._streaming:
            self._streaming = False
            self._lulls.end()
        if self._whole and not self._answer.content.is_eof():
            self._let_end(self._answer)
        else:
            self._answer.close()


async def _all(content: aiohttp.StreamReader) -> bytes:
    """As its readany, which takes every HTTP chunk by itself and so as long again as the rest of aiohttp."""
    if not content.at_eof() and content._exception is None:
        while not content._buffer and not content._eof:
            await content._wait("readany")
        if len(content._buffer) > 1:
            whole = b"".join(content._buffer)
            content._buffer.clear()
            content._buffer.append(whole)
    return await content.readany()


def proxy_for(url: URL) -> str | None:
    """The proxy that the environment (or the system) names for this URL."""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(url.host or ""):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def translated(error: Exception) -> httpx2.TransportError:
    """The error in httpx2's words, without a URL: one may hold a secret."""
    told = str(error)
    if isinstance(error, TimeoutError):
        told = "timed out"
    elif isinstance(error, aiohttp.ClientResponseError):
        told = f"HTTP {error.status} {error.message}"
    elif isinstance(error, aiohttp.InvalidURL):
        told = "not a URL"
    return next(ours for theirs, ours in _ERRORS if isinstance(error, theirs))(told)
