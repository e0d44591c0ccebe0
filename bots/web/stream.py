"""GET /api/events: one stream of news per open page. It keeps no past: whoever (re)connects loads the state anew."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from bots.web.bus import Bus, Event
from bots.web.login import Person
from bots.web.site import Site, status_json

PING = 15.0  # seconds of silence after which a comment goes out, so that a dead line is noticed
MOMENT = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

router = APIRouter()


@router.get("/api/events")
async def events(request: Request, person: Person) -> StreamingResponse:
    site: Site = request.app.state.site
    hello = {"type": "hello", "model": status_json(site.status())}
    return StreamingResponse(_news(site.bus, person, hello), media_type="text/event-stream", headers=MOMENT)


async def _news(bus: Bus, person: str, hello: Event) -> AsyncIterator[bytes]:
    subscriber = bus.subscribe(person)
    try:
        yield _line(hello)
        while not subscriber.closed:
            news = await subscriber.next(PING)
            yield b"".join(map(_line, news)) or b": still here\n\n"
    finally:
        bus.unsubscribe(subscriber)


def _line(event: Event) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"
