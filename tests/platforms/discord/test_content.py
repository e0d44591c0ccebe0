"""Bodies of messages that Discord refuses, sent as raw calls; and what it answers to places that are not there."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.platforms.discord import DiscordServer


def button(id: str = "stop", **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": "Stop", "custom_id": id, **more}


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


V2 = 1 << 15
MANY = [row(*(button(f"{r}{n}") for n in range(5))) for r in range(6)]


async def call(server: DiscordServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bot {server.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, server.api_url + path, json=body) as answer,
    ):
        return answer.status, (await answer.json() if answer.content_type == "application/json" else None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": 5}, "content"),
        ([], "_"),
        ({"content": "x", "nonce": 1.5}, "nonce"),
        ({"embeds": [{"title": "x"}] * 11}, "embeds"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds"),
        ({"embeds": [{"description": "x" * 4097}]}, "embeds"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
        ({"content": "x", "components": MANY}, "components"),
        ({"content": "x", "components": [button()]}, "components"),
        ({"content": "x", "components": [row(*(button(str(n)) for n in range(6)))]}, "components"),
        ({"content": "x", "components": [row(button(label="x" * 81))]}, "components"),
        ({"content": "x", "components": [row(button("x" * 101))]}, "components"),
        ({"content": "x", "components": [row(button(), button())]}, "components"),
        ({"content": "x", "flags": V2, "components": [text("y")]}, "content"),
        ({"flags": V2, "components": [text("x" * 2001), text("y" * 2000)]}, "components"),
        ({"flags": V2, "components": [text("x")] * 41}, "components"),
        ({"content": "x", "message_reference": {"channel_id": "1"}}, "message_reference"),
    ],
)
async def test_a_malformed_body_is_refused(server: DiscordServer, body: Any, field: str) -> None:
    channel = server.guild("school").channel("general")
    status, answer = await call(server, "POST", f"/channels/{channel.id}/messages", body)
    assert (status, answer["code"], list(answer["errors"])) == (400, 50035, [field])
    assert channel.messages == []


@pytest.mark.parametrize(
    "body",
    [
        {"embeds": [{"description": "x" * 4096}]},
        {"content": "x", "components": MANY[:5]},
        {"flags": V2, "components": [text("x" * 2000), text("y" * 2000)]},
        {"flags": V2, "components": [{"type": 17, "components": [text("x"), row(button())]}]},
    ],
)
async def test_a_body_at_the_limit_is_taken(server: DiscordServer, body: dict[str, Any]) -> None:
    channel = server.guild("school").channel("general")
    assert (await call(server, "POST", f"/channels/{channel.id}/messages", body))[0] == 200
    assert len(channel.messages) == 1


async def test_places(server: DiscordServer) -> None:
    alice = server.user("alice")
    guild = server.guild("school", members=[alice])
    channel = guild.channel("general")
    assert (await call(server, "GET", "/gateway/bot"))[1]["url"] == server.gateway_url
    assert (await call(server, "GET", f"/channels/{channel.id}"))[1]["name"] == "general"
    assert (await call(server, "GET", f"/guilds/{guild.id}"))[1]["name"] == "school"
    assert [c["name"] for c in (await call(server, "GET", f"/guilds/{guild.id}/channels"))[1]] == ["general"]
    assert (await call(server, "GET", "/guilds/1"))[1]["code"] == 10004
    assert (await call(server, "GET", "/users/1"))[1]["code"] == 10013
    assert (await call(server, "POST", "/users/@me/channels", {"recipient_id": alice.id}))[0] == 200
    assert (await call(server, "POST", "/users/@me/channels", {}))[1]["code"] == 50035


async def test_threads_are_refused_like_discord_does(server: DiscordServer) -> None:
    alice = server.user("alice")
    channel = server.guild("school", members=[alice]).channel("general")
    path = f"/channels/{channel.id}/messages/{(await channel.send(alice, 'x')).id}/threads"
    assert (await call(server, "POST", path, {"name": ""}))[1]["code"] == 50035
    assert (await call(server, "POST", path, {"name": "x", "auto_archive_duration": 5}))[1]["code"] == 50035
    assert (await call(server, "POST", path, {"name": "x"}))[0] == 201
    assert (await call(server, "POST", path, {"name": "x"}))[1]["code"] == 160004
    assert (await call(server, "POST", f"/channels/{channel.id}/threads", {"name": "free", "type": 11}))[0] == 201


async def test_an_interaction_before_and_without_its_answer(server: DiscordServer) -> None:
    alice = server.user("alice")
    channel = server.guild("school", members=[alice]).channel("general")
    server.registry().create({"name": "ask", "description": "Ask"})
    asked = await channel.slash(alice, "ask")
    hook, back = f"/webhooks/{server.bot.id}/{asked.token}", f"/interactions/{asked.id}/{asked.token}/callback"
    assert (await call(server, "POST", hook, {"content": "early"}))[1]["code"] == 10015
    assert (await call(server, "POST", f"/webhooks/{server.bot.id}/no", {"content": "x"}))[1]["code"] == 10015
    assert (await call(server, "POST", f"/interactions/{asked.id}/no/callback", {"type": 5}))[1]["code"] == 10062
    assert (await call(server, "POST", back, {"type": 6}))[1]["code"] == 50035
    assert (await call(server, "POST", back, {"type": 4, "data": {"content": " "}}))[1]["code"] == 50006
    assert asked.acked == 0
    answer = (await call(server, "POST", back + "?with_response=1", {"type": 5, "data": {"flags": 64}}))[1]
    told = answer["interaction"]
    assert (told["response_message_loading"], told["response_message_ephemeral"]) == (True, True)
    status, edited = await call(server, "PATCH", hook + "/messages/@original", {"content": "done"})
    assert (status, edited["content"], edited["flags"]) == (200, "done", 64)
    assert (await call(server, "GET", f"/channels/{channel.id}/messages/{edited['id']}"))[1]["code"] == 10008
    assert (await call(server, "PATCH", hook + "/messages/1", {"content": "x"}))[1]["code"] == 10008
