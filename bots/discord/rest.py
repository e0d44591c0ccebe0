"""Calls to Discord's REST API that fail at once instead of waiting. `surface` and `bot` make every call here.

discord.py sleeps inside a request: after the one that spent a bucket's last token (measured: 4.99 s on an edit),
on a 429, and between five tries on a 5xx. Meanwhile newer text is ready and the caller cannot know. Here an empty
bucket and a 429 are `TooFast` and a 5xx is `Unknown`, and what to do about it is the core's decision alone.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Sequence
from types import SimpleNamespace, TracebackType
from typing import Any

import aiohttp
import discord
from discord.http import HTTPClient, Ratelimit, Route

from bots.discord.errors import translated
from core.errors import Unreachable
from core.surface import File, Rate

TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)


class Bucket(Ratelimit):
    """A rate limit bucket that never sleeps: `RateLimited` when it is empty. It remembers how long its window is."""

    __slots__ = ("window",)

    def __init__(self) -> None:
        super().__init__(None)
        self.window = 0.0

    def update(self, response: aiohttp.ClientResponse, *, use_clock: bool = False) -> None:
        super().update(response, use_clock=use_clock)
        fresh = self.remaining >= self.limit - 1  # the window began with this request
        self.window = self.reset_after if fresh else max(self.window, self.reset_after)

    async def acquire(self) -> None:
        self._last_request = self._loop.time()
        while (left := self._left()) <= 0:
            if self.expires is not None:
                raise discord.RateLimited(max(0.0, self.expires - self._loop.time()))
            answered = self._loop.create_future()  # a new bucket: its limits are known after the first answer
            self._pending_requests.append(answered)
            await answered
        self.remaining = left - 1
        self.outgoing += 1

    async def __aexit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.outgoing -= 1
        if self.expires is None:  # no answer, or one that names no limit
            self.reset()  # type: ignore[no-untyped-call]
        self._wake(len(self._pending_requests))

    def _left(self) -> int:
        if self.is_expired():
            self.reset()  # type: ignore[no-untyped-call]
        return self.remaining

    @property
    def rate(self) -> Rate | None:
        return Rate(self.limit, self.window) if self.window > 0 else None


def impatient() -> aiohttp.TraceConfig:
    """A trace for `discord.Client(http_trace=...)` that ends a request on 429 and 5xx before discord.py waits on it."""
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_refuse_to_wait)
    return trace


async def _refuse_to_wait(
    session: aiohttp.ClientSession, context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
) -> None:
    answer = end.response
    if answer.status != 429 and answer.status < 500:
        return
    body = _json(await answer.text(errors="replace"))
    if answer.status == 429:
        raise discord.RateLimited(_pause(body, answer))
    raise discord.DiscordServerError(answer, body)


def _form_part(number: int, file: File) -> dict[str, Any]:
    return {
        "name": f"files[{number}]",
        "value": file.content,
        "filename": file.name,
        "content_type": "application/octet-stream",
    }


def _json(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        body = json.loads(text)
        return body if isinstance(body, dict) else {}
    return {}


def _pause(body: dict[str, Any], answer: aiohttp.ClientResponse) -> float:
    """Seconds: the body is exact; the header (whole seconds) is all that Cloudflare sends."""
    for value in (body.get("retry_after"), answer.headers.get("Retry-After")):
        with contextlib.suppress(TypeError, ValueError):
            return float(value)  # type: ignore[arg-type]
    return 5.0


def id_in(token: str) -> str:
    """The bot's id stands in the first part of its token, so it is known while Discord is out of reach."""
    first = token.partition(".")[0]
    try:
        id = base64.b64decode(first + "=" * (-len(first) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
    return id if id.isdigit() else ""


class Rest:
    """Discord's REST API through the HTTP client of whoever is logged in now (`http`; None before the first login)."""

    def __init__(self) -> None:
        self.http: HTTPClient | None = None
        self._rates: dict[str, Rate] = {}

    async def call(self, method: str, path: str, body: Any = None, *, files: Sequence[File] = (), **parts: Any) -> Any:
        """One request, at most one try. Raises a `PlatformError`; a token that Discord refuses is `Refused`."""
        http = self.http  # another log-in may put a new one in its place meanwhile
        if http is None:
            raise Unreachable
        route = Route(method, path, **parts)
        options: dict[str, Any] = {"timeout": TIMEOUT} | ({} if body is None else {"json": body})
        if files:  # https://discord.com/developers/docs/reference#uploading-files
            del options["json"]
            parts_of_form = [{"name": "payload_json", "value": json.dumps(body)}]
            parts_of_form += [_form_part(number, file) for number, file in enumerate(files)]
            options["form"] = parts_of_form
        try:
            return await http.request(route, **options)
        except Exception as error:
            known = translated(error)
            if known is None:
                raise
            raise known from error
        finally:
            self._learn(http, route)

    def rate(self, method: str, path: str) -> Rate | None:
        """What Discord's headers last said about a route; the same for every channel. None: nothing yet."""
        return self._rates.get(f"{method} {path}")

    def _learn(self, http: HTTPClient, route: Route) -> None:
        # discord.py has no public way from a route to its bucket.
        name = http._bucket_hashes.get(route.key, route.key)
        bucket = http._buckets.get(f"{name}:{route.major_parameters}")
        if isinstance(bucket, Bucket) and bucket.rate:
            self._rates[route.key] = bucket.rate
