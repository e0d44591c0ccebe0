"""Rate limits and injected faults, alone on a fake clock and under a real discord.py client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest

from tests.clock import Clock
from tests.platforms.discord import (
    EDIT_MESSAGE,
    POST_MESSAGE,
    TYPING,
    Channel,
    DiscordServer,
    Limits,
    Rate,
)
from tests.platforms.discord.client import Bot, running


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(limits=Limits(edit=Rate(5, 0.3), post=Rate(20, 1.0))) as server:
        yield server


@pytest.fixture
def channel(server: DiscordServer) -> Channel:
    return server.guild("school").channel("general")


@pytest.fixture
async def bot(server: DiscordServer, channel: Channel) -> AsyncIterator[Bot]:
    async with running(server, Bot()) as bot:
        yield bot


async def test_discord_py_reads_the_headers_and_never_meets_a_429(server, bot, channel) -> None:
    said = await bot.say(channel.id, "0")
    began = time.monotonic()
    for n in range(1, 13):
        await said.edit(content=str(n))
    assert time.monotonic() - began > 0.5  # twelve edits at 5 per 0.3 s
    assert server.too_many == 0
    assert channel.messages[0].content == "12"


async def test_a_429_is_obeyed_and_counted(server, bot, channel) -> None:
    said = await bot.say(channel.id, "0")
    server.fault(EDIT_MESSAGE, retry_after=0.2)
    await said.edit(content="1")
    first, second = server.calls_to(EDIT_MESSAGE)
    assert (first.status, first.applied, second.status, second.text) == (429, False, 200, "1")
    assert second.time - first.time >= 0.2
    assert (server.too_many, server.limiter.hits["injected"]) == (1, 1)


async def test_a_global_429_holds_every_route(server, bot, channel) -> None:
    place = bot.get_partial_messageable(channel.id)
    server.fault(TYPING, retry_after=0.3, scope="global")

    async def later() -> None:
        await server.until(lambda: server.too_many)
        await place.send("after the wait")

    await asyncio.gather(place.typing(), later())
    assert server.calls_to(POST_MESSAGE)[0].time - server.calls_to(TYPING)[0].time >= 0.3


async def test_an_error_after_the_call_was_applied_posts_once_thanks_to_the_nonce(server, bot, channel) -> None:
    server.fault(POST_MESSAGE, after_status=500)
    await bot.say(channel.id, "once")
    assert [call.status for call in server.calls_to(POST_MESSAGE)] == [500, 200]
    assert [message.content for message in channel.messages] == ["once"]


@pytest.mark.parametrize(("cut", "posted"), [("before", 0), ("after", 1)])
async def test_a_cut_connection_is_no_http_error(server, bot, channel, cut, posted) -> None:
    server.fault(POST_MESSAGE, cut=cut)
    with pytest.raises((aiohttp.ClientError, OSError)):
        await bot.say(channel.id, "lost?")
    assert len(channel.messages) == posted
    assert [(call.status, call.applied) for call in server.calls_to(POST_MESSAGE)] == [(-1, bool(posted))]


async def test_only_the_nth_call_fails(server, bot, channel) -> None:
    server.fault(POST_MESSAGE, nth=2, status=403, code=50013)
    await bot.say(channel.id, "one")
    with pytest.raises(discord.Forbidden):
        await bot.say(channel.id, "two")
    await bot.say(channel.id, "three")
    assert [message.content for message in channel.messages] == ["one", "three"]


async def test_a_call_can_be_held_on_either_side_of_its_effect(server, bot, channel) -> None:
    before, after = asyncio.Event(), asyncio.Event()
    fault = server.fault(POST_MESSAGE, before=before, after=after)
    post = asyncio.create_task(bot.say(channel.id, "slowly"))
    await server.until(lambda: fault.hit)
    assert channel.messages == []
    before.set()
    await channel.until_shows("slowly")
    assert not post.done()
    after.set()
    assert (await post).content == "slowly"


async def raw(
    server: DiscordServer, session: aiohttp.ClientSession, path: str, body: object = None
) -> aiohttp.ClientResponse:
    headers = {"Authorization": f"Bot {server.token}"}
    async with session.post(server.api_url + path, json=body or {"content": "x"}, headers=headers) as answer:
        await answer.read()
        return answer


async def test_a_bucket_is_a_window_of_one_channel() -> None:
    clock = Clock()
    async with DiscordServer(clock=clock) as server, aiohttp.ClientSession() as session:
        guild = server.guild("school")
        first, second = (f"/channels/{guild.channel(name).id}/messages" for name in "ab")
        answers = [await raw(server, session, first) for _ in range(6)]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
        refused, body = answers[-1], await answers[-1].json()
        assert (refused.status, refused.headers["Via"], refused.headers["X-RateLimit-Scope"]) == (
            429,
            "1.1 google",
            "user",
        )
        assert body == {"message": "You are being rate limited.", "retry_after": 5.0, "global": False}
        assert (await raw(server, session, second)).status == 200
        clock.advance(5.0)
        assert (await raw(server, session, first)).status == 200
        assert server.limiter.hits["post"] == 1


async def test_interaction_answers_count_per_token_and_not_globally() -> None:
    clock = Clock()
    limits = Limits(everything=Rate(1, 60.0))
    async with DiscordServer(clock=clock, limits=limits) as server, aiohttp.ClientSession() as session:
        alice = server.user("alice")
        channel = server.guild("school", members=[alice]).channel("a")
        server.registry().create({"name": "ask", "description": "Ask"})
        one, two = [await channel.slash(alice, "ask") for _ in range(2)]
        for asked in (one, two):
            await raw(server, session, f"/interactions/{asked.id}/{asked.token}/callback", {"type": 5})
        hooks = [f"/webhooks/{server.bot.id}/{asked.token}" for asked in (one, two)]
        answers = [await raw(server, session, hooks[0]) for _ in range(6)]
        assert [answer.status for answer in answers] == [200] * 5 + [429]
        assert (await raw(server, session, hooks[1])).status == 200
        async with session.get(f"{server.api_url}{hooks[0]}/messages/@original") as answer:
            assert (await answer.json())["content"] == "x"  # GET has a count of its own
        async with session.delete(f"{server.api_url}{hooks[0]}/messages/@original") as answer:
            assert answer.status == 204
        assert one.response is not None
        assert one.response.deleted is not None


async def test_fifty_calls_a_second_over_all_routes() -> None:
    clock = Clock()
    limits = Limits(post=None)
    async with DiscordServer(clock=clock, limits=limits) as server, aiohttp.ClientSession() as session:
        path = f"/channels/{server.guild('school').channel('a').id}/messages"
        answers = [await raw(server, session, path) for _ in range(51)]
        assert [answer.status for answer in answers] == [200] * 50 + [429]
        assert answers[-1].headers["X-RateLimit-Global"] == "true"
        assert (await answers[-1].json())["global"] is True
        clock.advance(1.0)
        assert (await raw(server, session, path)).status == 200
