"""Conversations, messages and pairings over the JSON API, against the real server and a real store."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.errors import StoreError
from core.model import Status
from core.store import Store
from tests.bots.web.fakes import People, ScriptedCore, Weather


async def begin(client: httpx.AsyncClient) -> str:
    id: str = (await client.post("/api/sessions")).json()["session"]["id"]
    return id


async def say(client: httpx.AsyncClient, id: str, text: str, event: str = "") -> httpx.Response:
    return await client.post(f"/api/sessions/{id}/messages", json={"id": event or str(uuid4()), "text": text})


async def view(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/sessions/{id}")).json()
    return found


async def until(client: httpx.AsyncClient, id: str, key: str, count: int = 1) -> dict[str, Any]:
    """The conversation, once it has this many of something."""
    for _ in range(200):
        found = await view(client, id)
        if len(found[key]) >= count:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"never {count} {key}: {found}")


async def until_ended(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    for _ in range(200):
        found = await view(client, id)
        if found["turns"] and all(turn["state"] != "open" for turn in found["turns"]):
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"the answer did not end: {found}")


async def test_the_state_tells_a_page_what_it_needs(client: httpx.AsyncClient, weather: Weather) -> None:
    weather.now = Status("small offline model", False, "Downloading.", 3, 10)
    state = (await client.get("/api/state")).json()
    assert state["person"] == "owner"
    expected = {"name": "small offline model", "ready": False, "note": "Downloading.", "done": 3, "total": 10}
    assert state["model"] == expected
    assert [role["value"] for role in state["roles"]] == ["assistant", "teacher"]
    assert state["models"][1] == {"value": "small", "label": "small – $1 in"}
    assert [language["value"] for language in state["languages"]] == ["auto", "Deutsch"]
    assert {"help", "retry", "approve"} <= {command["name"] for command in state["commands"]}


async def test_admin_commands_are_for_admins(client: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    assert "approve" not in {c["name"] for c in (await other.get("/api/state")).json()["commands"]}


async def test_a_question_is_answered_and_ends_in_history(client: httpx.AsyncClient, core: ScriptedCore) -> None:
    id = await begin(client)
    assert (await say(client, id, "What is rain?")).status_code == 202
    core.pieces.put_nowait("Water ")
    going_on = await until(client, id, "messages")
    assert [(m["text"], m["final"], m["seq"]) for m in going_on["messages"]] == [("Water ", False, 1)]
    assert going_on["turns"][0]["state"] == "open"
    assert going_on["session"]["busy"] is True

    core.pieces.put_nowait("that falls.")
    core.pieces.put_nowait(None)
    ended = await until_ended(client, id)

    assert ended["turns"][0]["answer"] == "Water that falls."
    assert ended["turns"][0]["model"] == "a test"
    assert ended["messages"] == []
    assert ended["session"]["title"] == "What is rain?"
    assert ended["session"]["busy"] is False


async def test_the_same_message_twice_is_taken_once(client: httpx.AsyncClient, core: ScriptedCore) -> None:
    id, event = await begin(client), str(uuid4())
    answers = await asyncio.gather(*(say(client, id, "Hello", event) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert [incoming.event for incoming in core.received] == [event]
    core.pieces.put_nowait(None)
    assert len((await until_ended(client, id))["turns"]) == 1
    assert (await view(client, id))["waiting"] == []


async def test_a_second_question_waits_for_its_turn(client: httpx.AsyncClient, core: ScriptedCore) -> None:
    id = await begin(client)
    await say(client, id, "first")
    await until(client, id, "turns")
    await say(client, id, "second")
    found = await view(client, id)
    assert [turn["question"] for turn in found["turns"]] == ["first"]
    assert [question["text"] for question in found["waiting"]] == ["second"]

    for piece in ("1", None, "2", None):
        core.pieces.put_nowait(piece)
    await until(client, id, "turns", 2)
    found = await until_ended(client, id)

    assert [(turn["question"], turn["answer"]) for turn in found["turns"]] == [("first", "1"), ("second", "2")]
    assert found["waiting"] == []


async def test_stop_and_retry_are_messages(client: httpx.AsyncClient, core: ScriptedCore) -> None:
    id = await begin(client)
    await say(client, id, "Tell me everything")
    core.pieces.put_nowait("In the beginning")
    await until(client, id, "messages")
    await say(client, id, "/stop")
    stopped = await until_ended(client, id)
    assert (stopped["turns"][0]["state"], stopped["turns"][0]["answer"]) == ("stopped", "In the beginning")
    assert stopped["messages"] == []  # that it stopped is seen on the answer

    await say(client, id, "/retry")
    core.pieces.put_nowait("Once upon a time")
    await until(client, id, "messages")
    core.pieces.put_nowait(None)
    again = await until_ended(client, id)
    assert [(turn["question"], turn["answer"]) for turn in again["turns"]] == [
        ("Tell me everything", "Once upon a time")
    ]


async def test_what_a_command_says_is_a_notice_and_stays_over_a_reload(client: httpx.AsyncClient) -> None:
    id = await begin(client)
    await say(client, id, "/help")
    found = await until(client, id, "messages")
    assert [(m["asked"], m["seq"], m["text"]) for m in found["messages"]] == [("/help", 0, "Answer to **/help**")]
    assert (await view(client, id))["messages"] == found["messages"]
    assert found["turns"] == []


async def test_a_command_during_an_answer_is_still_a_notice(client: httpx.AsyncClient, core: ScriptedCore) -> None:
    id = await begin(client)
    await say(client, id, "Tell me everything")
    core.pieces.put_nowait("In the beginning")
    await until(client, id, "messages")
    await say(client, id, "/help")
    found = await until(client, id, "messages", 2)
    assert [(m["seq"], m["asked"]) for m in found["messages"]] == [(1, ""), (0, "/help")]


async def test_after_a_reset_the_old_session_can_be_written_to_again(
    client: httpx.AsyncClient, core: ScriptedCore
) -> None:
    old = await begin(client)
    await say(client, old, "/reset")
    for _ in range(100):
        if (current := (await view(client, old))["current"]) != old:
            break
        await asyncio.sleep(0.01)
    assert len((await client.get("/api/sessions")).json()) == 2
    assert (await until(client, current, "messages"))["messages"][0]["asked"] == "/reset"

    await say(client, old, "Do you remember?")
    core.pieces.put_nowait(None)

    assert (await until_ended(client, old))["current"] == old


async def test_a_conversation_is_renamed_and_set_up(client: httpx.AsyncClient) -> None:
    id = await begin(client)
    what = {"title": "Rain", "role": "teacher", "language": "Deutsch", "streaming": False}
    changed = (await client.patch(f"/api/sessions/{id}", json=what)).json()["session"]
    assert {name: changed[name] for name in what} == what
    own = (await client.patch(f"/api/sessions/{id}", json={"role": "custom", "role_prompt": "Be a pirate."})).json()
    assert (own["session"]["role"], own["session"]["role_prompt"]) == ("custom", "Be a pirate.")
    back = (await client.patch(f"/api/sessions/{id}", json={"role": "assistant", "language": "auto"})).json()
    assert (back["session"]["role_prompt"], back["session"]["language"]) == ("", "")


async def test_a_new_conversation_keeps_the_language(client: httpx.AsyncClient) -> None:
    await client.patch(f"/api/sessions/{await begin(client)}", json={"language": "Deutsch", "role": "teacher"})
    session = (await client.post("/api/sessions")).json()["session"]
    assert (session["language"], session["role"]) == ("Deutsch", "assistant")


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"role": "hacker"}, "There is no such role."),
        ({"role": "custom", "role_prompt": " "}, "Say in a few words who I shall be."),
        ({"language": "Klingon"}, "I do not know this language."),
        ({"title": "x" * 201}, "title: String should have at most 200 characters."),
    ],
)
async def test_a_change_that_cannot_be_is_explained(
    client: httpx.AsyncClient, what: dict[str, str], sentence: str
) -> None:
    answer = await client.patch(f"/api/sessions/{await begin(client)}", json=what)
    assert (answer.status_code, answer.json()) == (400, {"error": sentence})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"id": str(uuid4()), "text": "  \n"}, "Write something first."),
        ({"id": "7", "text": "hello"}, "id: Input should be a valid UUID"),
        ({"id": str(uuid4())}, "text: Field required."),
        ({"id": str(uuid4()), "text": "x" * 100_001}, "text: String should have at most 100000 characters."),
    ],
)
async def test_a_message_that_is_none_is_explained(
    client: httpx.AsyncClient, core: ScriptedCore, body: dict[str, str], sentence: str
) -> None:
    answer = await client.post(f"/api/sessions/{await begin(client)}/messages", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)
    assert core.received == []


async def test_deleting_stops_the_answer_and_takes_everything(
    client: httpx.AsyncClient, core: ScriptedCore, store: Store
) -> None:
    id = await begin(client)
    await say(client, id, "Tell me everything")
    core.pieces.put_nowait("In the beginning")
    await until(client, id, "messages")

    assert (await client.delete(f"/api/sessions/{id}")).status_code == 204

    assert core.received[-1].text == "/stop"
    assert (await client.get(f"/api/sessions/{id}")).status_code == 404
    assert (await client.get("/api/sessions")).json() == []
    assert await store.turns.all(id) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "Mine now"}),
        ("DELETE", "", None),
        ("POST", "/messages", {"id": str(uuid4()), "text": "Hello"}),
    ],
)
async def test_another_persons_conversation_does_not_exist(
    client: httpx.AsyncClient, other: httpx.AsyncClient, core: ScriptedCore, method: str, path: str, body: Any
) -> None:
    id = await begin(client)
    answer = await other.request(method, f"/api/sessions/{id}{path}", json=body)
    never = await other.request(method, f"/api/sessions/never{path}", json=body)
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no such conversation."})
    assert (never.status_code, never.json()) == (404, {"error": "There is no such conversation."})
    assert (await other.get("/api/sessions")).json() == []
    assert core.received == []
    assert (await view(client, id))["session"]["title"] == ""


async def test_a_session_of_another_platform_is_out_of_reach(client: httpx.AsyncClient, store: Store) -> None:
    from core.types import SessionKey

    session = await store.sessions.current(SessionKey("telegram", "1", "owner"))
    assert (await client.get(f"/api/sessions/{session.id}")).status_code == 404


async def test_an_admin_lets_somebody_in(client: httpx.AsyncClient, store: Store, people: People) -> None:
    pairing = await store.access.pairing("telegram:42", "Anna")
    found = (await client.get("/api/pairings")).json()
    assert [(p["code"], p["name"], p["subject"]) for p in found] == [(pairing.code, "Anna", "telegram:42")]

    answer = await client.post(f"/api/pairings/{pairing.code}/approve")

    assert answer.json() == {"name": "Anna"}
    assert people.approved == [("telegram:42", "web:owner")]
    again = await client.post(f"/api/pairings/{pairing.code}/approve")
    assert (again.status_code, again.json()) == (404, {"error": "This code is unknown or has expired."})


async def test_only_admins_see_who_asks(client: httpx.AsyncClient, other: httpx.AsyncClient, people: People) -> None:
    assert (await other.get("/api/pairings")).status_code == 403
    assert (await other.post("/api/pairings/ABCDEFGH/approve")).status_code == 403
    assert people.approved == []


@pytest.mark.parametrize("text", ["Hello", "/retry"])
async def test_what_could_not_be_kept_does_not_wait(
    client: httpx.AsyncClient, core: ScriptedCore, store: Store, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    id, event = await begin(client), str(uuid4())

    async def full(*_: object) -> None:
        raise StoreError

    monkeypatch.setattr(store.inbox, "accept", full)
    assert (await say(client, id, text, event)).status_code == 503
    shown = await view(client, id)
    assert (shown["waiting"], shown["session"]["busy"]) == ([], False)


async def test_a_question_that_is_sent_again_in_vain_waits_on(
    client: httpx.AsyncClient, core: ScriptedCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, event = await begin(client), str(uuid4())

    async def kept(_: object) -> None:
        """It is committed, and nobody takes it up yet."""

    async def full(_: object) -> None:
        raise StoreError

    monkeypatch.setattr(core, "receive", kept)
    await say(client, id, "Hello", event)
    monkeypatch.setattr(core, "receive", full)
    assert (await say(client, id, "Hello", event)).status_code == 503
    assert (await view(client, id))["session"]["busy"] is True


async def test_an_edit_that_could_not_be_kept_changes_nothing_on_the_board(
    client: httpx.AsyncClient, core: ScriptedCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, event = await begin(client), str(uuid4())
    await say(client, id, "first")
    await say(client, id, "second", event)

    async def full(_: object) -> None:
        raise StoreError

    monkeypatch.setattr(core, "edited", full)
    edit = {"id": str(uuid4()), "of": event, "text": "third"}
    assert (await client.post(f"/api/sessions/{id}/edits", json=edit)).status_code == 503
    assert [question["text"] for question in (await view(client, id))["waiting"]][-1] == "second"
