"""The stream of news: what a page hears, what a slow one misses, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bots.web import WebBot, stream
from bots.web.board import Message
from bots.web.bus import PENDING, Bus
from core.model import Status
from core.store import Store
from core.surface import Out
from core.types import Address, SessionKey
from tests.bots.web.conftest import sign_in
from tests.bots.web.fakes import ScriptedCore, Weather
from tests.bots.web.test_api import begin, say
from tests.patience import PATIENCE

Next = Any


@asynccontextmanager
async def listening(client: httpx.AsyncClient) -> AsyncIterator[Next]:
    """Yields a function that returns the next event of these types."""
    async with client.stream("GET", "/api/events") as stream:
        lines = stream.aiter_lines()

        async def heard(*types: str) -> dict[str, Any]:
            async for line in lines:
                event: dict[str, Any] = json.loads(line[6:]) if line.startswith("data: ") else {"type": ""}
                if event["type"] in types:
                    return event
            raise AssertionError(f"the stream ended before {types}")

        assert (await heard("hello"))["model"]["name"] == "a test model"
        yield heard


async def test_an_answer_comes_whole_first_and_then_what_is_added(
    client: httpx.AsyncClient, core: ScriptedCore
) -> None:
    id = await begin(client)
    async with asyncio.timeout(PATIENCE), listening(client) as heard:
        await say(client, id, "Hello")
        assert (await heard("asked"))["text"] == "Hello"
        await heard("typing")
        core.pieces.put_nowait("Hi 👋")
        first = (await heard("message"))["message"]
        assert (first["text"], first["seq"], first["final"], first["session"]) == ("Hi 👋", 1, False, id)
        core.pieces.put_nowait(" there")
        more = await heard("edit")
        assert (more["id"], more["at"], more["add"], more["final"]) == (first["id"], 5, " there", False)
        core.pieces.put_nowait(None)
        last = await heard("edit")
        assert (last["at"], last["add"], last["final"]) == (11, "", True)


async def test_another_person_hears_nothing_of_it(
    client: httpx.AsyncClient, other: httpx.AsyncClient, core: ScriptedCore, bot: WebBot
) -> None:
    id = await begin(client)
    async with asyncio.timeout(PATIENCE), listening(client) as heard, listening(other) as others:
        await say(client, id, "A secret")
        core.pieces.put_nowait("Shh")
        await heard("message")
        await begin(other)
        assert (await others("sessions", "message", "asked", "typing"))["type"] == "sessions"


async def test_signing_out_ends_the_open_streams_of_this_browser_only(
    bot: WebBot, store: Store, client: httpx.AsyncClient
) -> None:
    async with httpx.AsyncClient(base_url=bot.url, trust_env=False) as elsewhere:
        await sign_in(elsewhere, await bot.link())
        async with (
            asyncio.timeout(PATIENCE),
            listening(elsewhere) as heard,
            client.stream("GET", "/api/events") as stream,
        ):
            lines = stream.aiter_lines()
            assert "hello" in await anext(lines)
            cookies = dict(client.cookies)
            assert (await client.post("/api/sign-out")).status_code == 204
            await begin(elsewhere)
            told = [json.loads(line[6:])["type"] async for line in lines if line.startswith("data: ")]
            assert set(told) <= {"status"}  # which may have come before
            await heard("sessions")
            client.cookies.update(cookies)
            assert (await client.get("/api/events")).status_code == 401


async def test_who_is_signed_out_from_elsewhere_hears_nothing_after_the_next_look(
    store: Store, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PING", 0.02)
    async with asyncio.timeout(PATIENCE), client.stream("GET", "/api/events") as heard:
        lines = heard.aiter_lines()
        assert "hello" in await anext(lines)
        await store.access.revoke("web:owner")
        async for _ in lines:
            pass  # it ends


async def test_a_change_of_the_model_is_told_to_every_page(client: httpx.AsyncClient, weather: Weather) -> None:
    async with asyncio.timeout(PATIENCE), listening(client) as heard:
        await heard("status")
        weather.now = Status("small offline model", False, "Downloading.", 1, 2)
        assert (await heard("status"))["model"]["done"] == 1


async def test_a_tab_that_does_not_read_slows_nobody(client: httpx.AsyncClient, bot: WebBot, store: Store) -> None:
    """Its connection is full after some kilobytes; the answer must go on, and the tab must see its end."""
    await store.sessions.current(SessionKey("web", "page", "owner", "thread"))
    surface = bot.open(Address("web", "page", "owner", "thread"))
    async with asyncio.timeout(PATIENCE), client.stream("GET", "/api/events") as stream:
        id, text = "", ""
        for number in range(300):
            text += f"{number} " + "x" * 20_000
            out = Out(surface.render(text), final=number == 299)
            async with asyncio.timeout(PATIENCE):
                id = await surface.post(out) if not id else (await surface.edit(id, out), id)[1]
            await asyncio.sleep(0)
        shown = ""
        async for line in stream.aiter_lines():
            if not line.startswith("data: "):
                continue
            event = json.loads(line[6:])
            if event["type"] == "message":
                shown = event["message"]["text"]
            elif event["type"] == "edit":
                shown = shown[: event["at"]] + event["add"]
            if event.get("final") or event.get("message", {}).get("final"):
                break
        assert shown == text


def _message(text: str, *, rev: int = 1, final: bool = False) -> Message:
    return Message("m", "t", "s", text, final, 0.0, seq=1, rev=rev)


async def test_of_one_message_only_the_latest_text_is_kept() -> None:
    bus = Bus()
    tab = bus.subscribe("owner")
    for rev in range(1, 100):
        bus.publish("owner", ("message", "m"), _message("x" * rev, rev=rev))
    assert [event["message"]["text"] for event in await tab.next(1)] == ["x" * 99]
    bus.publish("owner", ("message", "m"), _message("x" * 99 + "y", rev=100))
    bus.publish("owner", ("message", "m"), _message("x" * 99 + "yz", rev=101))
    assert [(event["at"], event["add"], event["rev"]) for event in await tab.next(1)] == [(99, "yz", 101)]


async def test_a_text_that_changed_comes_whole() -> None:
    bus = Bus()
    tab = bus.subscribe("owner")
    bus.publish("owner", ("message", "m"), _message("Thinking…"))
    await tab.next(1)
    bus.publish("owner", ("message", "m"), _message("The answer", rev=2))
    assert [event["type"] for event in await tab.next(1)] == ["message"]


async def test_a_tab_that_is_far_behind_is_told_to_load_anew() -> None:
    bus = Bus()
    tab = bus.subscribe("owner")
    for number in range(PENDING + 1):
        bus.publish("owner", ("asked", number), {"type": "asked"})
    assert (await tab.next(1))[0] == {"type": "reload"}


async def test_silence_ends_after_the_timeout() -> None:
    assert await Bus().subscribe("owner").next(0.01) == []
