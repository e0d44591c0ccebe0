"""The gateway under a real discord.py client: cut connections, resumes, invalid sessions, refused logins."""

from __future__ import annotations

import aiohttp
import discord
import pytest

from tests.platforms.discord import (
    GUILD_MEMBERS,
    MESSAGE_CONTENT,
    DiscordServer,
)
from tests.platforms.discord.client import Bot, running


def heard(bot: Bot) -> list[str]:
    return [message.clean_content.removeprefix("@chinwag ") for message in bot.heard]


async def test_a_cut_connection_is_resumed_and_the_missed_message_replayed(server, bot, channel, alice) -> None:
    await channel.send(alice, "one", mention_bot=True)
    await server.until(lambda: len(bot.heard) == 1)
    await server.drop()
    await channel.send(alice, "two", mention_bot=True)
    await server.until(lambda: len(bot.heard) == 2 and bot.resumed)
    assert heard(bot) == ["one", "two"]
    assert (server.gateway.identifies, server.gateway.resumes, server.gateway.connects) == (1, 1, 2)


@pytest.mark.parametrize("code", [4000, 4009, 1000])
async def test_a_close_code_that_is_no_verdict_is_resumed(server, bot, channel, alice, code) -> None:
    await server.drop(code)
    await server.until(lambda: bot.resumed)
    await channel.send(alice, "still there?", mention_bot=True)
    await server.until(lambda: bot.heard)


async def test_op_7_reconnects_and_resumes(server, bot, channel, alice) -> None:
    server.reconnect()
    await channel.send(alice, "meanwhile", mention_bot=True)
    await server.until(lambda: bot.heard and bot.resumed)
    assert heard(bot) == ["meanwhile"]


async def test_op_9_identifies_anew_and_loses_what_was_said_between(server, bot, channel, alice) -> None:
    server.invalidate()
    await server.until(lambda: not server.gateway.connections)
    await channel.send(alice, "lost", mention_bot=True)
    await server.until(lambda: bot.readies == 2)
    await channel.send(alice, "found", mention_bot=True)
    await server.until(lambda: bot.heard)
    assert heard(bot) == ["found"]
    assert (server.gateway.identifies, server.gateway.resumes) == (2, 0)


async def test_op_9_that_may_be_resumed(server, bot) -> None:
    server.invalidate(resumable=True)
    await server.until(lambda: bot.resumed)
    assert server.gateway.identifies == 1


async def test_an_expired_session_cannot_be_resumed(server, bot) -> None:
    server.expire_sessions()
    await server.drop()
    await server.until(lambda: bot.readies == 2)
    assert (server.gateway.identifies, server.gateway.resumes, bot.resumed) == (2, 0, 0)


async def test_a_refused_reconnect_is_tried_again(server, bot, monkeypatch) -> None:
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda self: 0.01)
    server.refuse_gateway(2)
    await server.drop()
    await server.until(lambda: bot.resumed)
    assert server.gateway.refused == 2


async def test_a_refused_first_connection_ends_discord_py(server, channel, monkeypatch) -> None:
    """Why the adapter starts a client anew: discord.py 2.7.1 reads `self.ws.sequence` of None."""
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda self: 0.01)
    server.refuse_gateway()
    bot = Bot()
    with server.redirect():
        await bot.login(server.token)
        with pytest.raises(AttributeError):
            await bot.connect()
        await bot.close()


async def test_intents_that_are_not_switched_on_are_refused(server, channel) -> None:
    intents = discord.Intents.default()
    intents.message_content = True
    bot = Bot(intents)
    with server.redirect():
        await bot.login(server.token)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.connect()
        await bot.close()


async def test_a_token_that_is_reset_after_the_login(server, channel) -> None:
    bot = Bot()
    with server.redirect():
        await bot.login(server.token)
        server.token = "another"
        with pytest.raises(discord.ConnectionClosed) as closed:
            await bot.connect()
        await bot.close()
    assert closed.value.code == 4004


async def test_members_are_chunked(alice) -> None:
    async with DiscordServer(privileged=GUILD_MEMBERS | MESSAGE_CONTENT) as server:
        people = [server.user(f"user{n}") for n in range(300)]
        server.guild("town", members=people)
        async with running(server, Bot(discord.Intents(guilds=True, members=True))) as bot:
            assert len(bot.guilds[0].members) == 301


async def test_new_places_are_told_at_once(server, bot, alice) -> None:
    fresh = server.guild("club", members=[alice]).channel("bar")
    await server.until(lambda: bot.get_channel(fresh.id))
    await fresh.send(alice, "cheers", mention_bot=True)
    await server.until(lambda: bot.heard)
    assert bot.heard[0].guild.name == "club"


async def test_the_same_event_twice(server, bot, channel, alice) -> None:
    asked = await channel.send(alice, "echo", mention_bot=True)
    await asked.deliver_again()
    await server.until(lambda: len(bot.heard) == 2)
    assert bot.heard[0].id == bot.heard[1].id == asked.id


async def test_two_shards_share_the_guilds(server, alice) -> None:
    guilds = [server.guild(f"g{n}", members=[alice]) for n in range(4)]
    async with running(server, Bot(shard_id=0, shard_count=2)) as bot:
        mine = {guild.id for guild in guilds if (guild.id >> 22) % 2 == 0}
        assert {guild.id for guild in bot.guilds} == mine


async def test_heartbeats_are_acknowledged() -> None:
    async with DiscordServer(heartbeat_interval=0.05) as server, running(server, Bot()) as bot:
        await server.until(lambda: server.gateway.heartbeats >= 3 and bot.latency < 5)


async def test_frames_out_of_turn_close_the_socket(server: DiscordServer) -> None:
    async def closed_by(*frames: str) -> int | None:
        async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway_url) as socket:
            for frame in frames:
                await socket.send_str(frame)
            while not socket.closed:
                await socket.receive()
            return socket.close_code

    identify = f'{{"op": 2, "d": {{"token": "{server.token}", "intents": 1}}}}'
    assert await closed_by('{"op": 3, "d": {}}') == 4003
    assert await closed_by("no json") == 4002
    assert await closed_by(identify, identify) == 4005
    assert await closed_by(identify, '{"op": 99, "d": {}}') == 4001
    assert await closed_by(*['{"op": 1, "d": null}'] * 121) == 4008
    assert await closed_by(identify.replace('"intents": 1', '"intents": 1073741824')) == 4013
