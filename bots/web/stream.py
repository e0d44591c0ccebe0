"""GET /api/events: one stream of news per open page. It keeps no past: whoever (re)connects loads the state anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic

import orjson
from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from bots.web.bus import Event
from bots.web.login import Person, cookie_of
from bots.web.site import Site, status_json
from core.store.logins import hashed

PING = 15.0  # seconds of silence after which a comment goes out, so that a dead line is noticed
MOMENT = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

router = APIRouter()


@router.get("/api/events")
async def events(request: Request, person: Person) -> StreamingResponse:
    site: Site = request.app.state.site
    hello = {"type": "hello", "model": status_json(site.status())}
    news = _news(site, person, request.cookies[cookie_of(request)], hello)
    return StreamingResponse(news, media_type="text/event-stream", headers=MOMENT)


async def _news(site: Site, person: str, cookie: str, hello: Event) -> AsyncIterator[bytes]:
    subscriber = site.bus.subscribe(person, hashed(cookie))
    try:
        if await site.store.logins.person(cookie) is None:  # signed out between the first look and now
            return
        yield _line(hello)
        looked = monotonic()
        while not subscriber.closed:
            news = await subscriber.next(PING)
            if monotonic() - looked >= PING:  # signed out from elsewhere: /revoke, the command line
                looked = monotonic()
                if await site.store.logins.person(cookie) is None:
                    return
            yield b"".join(map(_line, news)) or b": still here\n\n"
    finally:
        site.bus.unsubscribe(subscriber)


def _line(event: Event) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"
