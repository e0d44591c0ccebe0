"""Buttons and changed questions over the JSON API, and what waits since before a restart."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from bots.web import WebBot
from bots.web.site import key_of
from core.store import Store
from core.types import Address, Author, Incoming, Lane
from tests.bots.web.conftest import sign_in
from tests.bots.web.fakes import People, ScriptedCore, Weather
from tests.bots.web.test_api import begin, say, until, until_ended, view


async def until_text(client: httpx.AsyncClient, id: str, text: str) -> dict[str, Any]:
    """The conversation, once its last answer is this one."""
    for _ in range(200):
        found = await view(client, id)
        if found["turns"] and found["turns"][-1]["answer"] == text:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"never {text!r}: {found}")


async def test_buttons_are_pressed_by_what_they_carry(client: httpx.AsyncClient, core: ScriptedCore) -> None:
    id = await begin(client)
    await say(client, id, "Tell me everything")
    core.pieces.put_nowait("In the beginning")
    (message,) = (await until(client, id, "messages"))["messages"]
    (stop,) = message["actions"]
    assert stop["name"] == "stop"
    assert (await client.post("/api/press", json={"data": stop["data"]})).json()["done"]
    stopped = (await until_ended(client, id))["turns"][0]
    assert [action["name"] for action in stopped["actions"]] == ["continue", "retry"]

    pressed = (await client.post("/api/press", json={"data": stopped["actions"][1]["data"]})).json()
    assert pressed == {"text": "Done.", "done": True}
    core.pieces.put_nowait("Once upon a time")
    core.pieces.put_nowait(None)
    await until_text(client, id, "Once upon a time")
    press = core.pressed[-1]
    assert (press.author.id, press.address.chat, press.address.platform) == ("owner", "owner", "web")


async def test_a_press_is_the_persons_own_and_of_a_known_size(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, core: ScriptedCore
) -> None:
    assert (await stranger.post("/api/press", json={"data": "retry:1"})).status_code == 401
    assert (await client.post("/api/press", json={"data": "x" * 65})).status_code == 400
    assert core.pressed == []
    refused = (await client.post("/api/press", json={"data": "retry:1"})).json()
    assert refused == {"text": "That answer is no longer there.", "done": False}


async def test_the_last_question_can_be_changed(client: httpx.AsyncClient, core: ScriptedCore) -> None:
    id = await begin(client)
    await say(client, id, "What is a tdie?")
    core.pieces.put_nowait("A what?")
    core.pieces.put_nowait(None)
    turn = (await until_ended(client, id))["turns"][0]
    body = {"id": str(uuid4()), "of": turn["asked"], "text": "What is a tide?"}
    assert (await client.post(f"/api/sessions/{id}/edits", json=body)).status_code == 202
    core.pieces.put_nowait("The sea, rising.")
    core.pieces.put_nowait(None)
    found = await until_text(client, id, "The sea, rising.")
    assert [turn["question"] for turn in found["turns"]] == ["What is a tide?"]
    assert core.edits[0].address.reply_to == turn["asked"]


async def test_an_edit_of_nothing_or_in_somebody_elses_conversation_is_refused(
    client: httpx.AsyncClient, other: httpx.AsyncClient, core: ScriptedCore
) -> None:
    id = await begin(client)
    body = {"id": str(uuid4()), "of": str(uuid4()), "text": "What?"}
    assert (await other.post(f"/api/sessions/{id}/edits", json=body)).status_code == 404
    assert (await client.post(f"/api/sessions/{id}/edits", json=body | {"text": " "})).status_code == 400
    assert (await client.post(f"/api/sessions/{id}/edits", json=body | {"of": "x"})).status_code == 400
    assert core.edits == []


async def test_a_question_that_waits_since_before_a_restart_is_shown_and_marks_its_conversation(
    core: ScriptedCore, store: Store, people: People, weather: Weather
) -> None:
    key = key_of("owner", "t1")
    session = await store.sessions.current(key)
    address = Address("web", "page", "owner", "t1", reply_to="e1")
    asked = Incoming("e1", address, Author("web", "owner"), "Are you there?", session=session.id)
    await store.inbox.accept(asked, Lane(key))
    bot = WebBot(core, store, weather, people, host="127.0.0.1", port=0)
    await bot.start()
    try:
        async with httpx.AsyncClient(base_url=bot.url, trust_env=False) as client:
            await sign_in(client, await bot.link())
            assert [listed["busy"] for listed in (await client.get("/api/sessions")).json()] == [True]
            assert (await view(client, session.id))["waiting"] == [{"id": "e1", "text": "Are you there?"}]
    finally:
        await bot.stop()
