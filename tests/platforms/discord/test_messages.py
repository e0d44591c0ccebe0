"""The loopback Discord, seen by a real discord.py client over real sockets: messages, and what is refused."""

from __future__ import annotations

import io

import aiohttp
import discord
import pytest

from tests.clock import Clock
from tests.platforms.discord import (
    CREATE_THREADS,
    MESSAGE_CONTENT,
    POST_MESSAGE,
    SEND,
    TYPING,
    VIEW,
    CannotDo,
    Channel,
    DiscordServer,
    Limits,
    Rules,
)
from tests.platforms.discord.client import Bot, running


async def refused(call: object) -> tuple[int, int]:
    """Status and error code of a call that is refused."""
    with pytest.raises(discord.HTTPException) as caught:
        await call  # type: ignore[misc]
    return caught.value.status, caught.value.code


async def test_a_bot_logs_in_is_ready_and_answers_in_a_guild(server, bot, channel, alice) -> None:
    assert bot.user.id == server.bot.id
    assert [guild.name for guild in bot.guilds] == ["school"]
    assert server.gateway.identifies == 1
    asked = await channel.send(alice, "hello", mention_bot=True)
    await server.until(lambda: bot.heard)
    heard = bot.heard[0]
    assert (heard.content, heard.author.name) == (f"<@{bot.user.id}> hello", "alice")
    answer = await heard.reply("hi there")
    shown = await channel.until_shows("hi there")
    assert (shown.id, shown.reply_to) == (answer.id, asked)
    await answer.edit(content="hi there, Alice")
    assert [edit.content for edit in shown.edits] == ["hi there, Alice"]
    assert server.calls[-1].text == "hi there, Alice"
    lines = channel.transcript().splitlines()
    assert [line.split()[1:3] for line in lines] == [["alice", "post"], ["chinwag", "post"], ["chinwag", "edit"]]


async def test_a_direct_message_needs_no_intent_and_no_cache(server, bot, alice) -> None:
    dm = server.dm(alice)
    await dm.send(alice, "psst")
    await server.until(lambda: bot.heard)
    assert bot.heard[0].guild is None
    assert bot.heard[0].content == "psst"
    await bot.heard[0].channel.send("yes?")
    assert [message.content for message in dm.messages] == ["psst", "yes?"]
    user = await bot.fetch_user(alice.id)
    await user.send("again")
    assert server.dm(alice) is dm
    assert dm.messages[-1].content == "again"


async def test_content_is_hidden_without_the_intent_unless_the_bot_is_meant(server, bot, channel, alice) -> None:
    await channel.send(alice, "not for you", files={"a.txt": b"x"})
    said = await bot.say(channel.id, "mine")
    await channel.send(alice, "no ping", reply_to=channel.find(said.id), ping=False)
    await channel.send(alice, "a ping", reply_to=channel.find(said.id))
    await server.until(lambda: len(bot.heard) == 3)
    assert [message.content for message in bot.heard] == ["", "", "a ping"]
    assert bot.heard[0].attachments == []
    history = [message.content async for message in bot.get_partial_messageable(channel.id).history()]
    assert history == ["a ping", "", "mine", ""]


async def test_content_is_there_with_the_intent() -> None:
    intents = discord.Intents.default()
    intents.message_content = True
    async with DiscordServer(privileged=MESSAGE_CONTENT) as server:
        alice = server.user("alice")
        channel = server.guild("school", members=[alice]).channel("general")
        async with running(server, Bot(intents)) as bot:
            await channel.send(alice, "for all", files={"a.txt": b"seen"})
            await server.until(lambda: bot.heard)
            assert bot.heard[0].content == "for all"
            assert await bot.heard[0].attachments[0].read() == b"seen"


async def test_2000_code_points_are_the_limit(server, bot, channel) -> None:
    assert await refused(bot.say(channel.id, "x" * 2001)) == (400, 50035)
    said = await bot.say(channel.id, "🙂" * 2000)
    assert await refused(said.edit(content="x" * 2001)) == (400, 50035)
    assert channel.messages[0].content == "🙂" * 2000
    server.rules = Rules(unit="utf-16")
    assert await refused(bot.say(channel.id, "🙂" * 1001)) == (400, 50035)
    assert (await bot.say(channel.id, "🙂" * 1000)).content == "🙂" * 1000


async def test_text_is_trimmed_and_blank_text_refused(bot, channel) -> None:
    said = await bot.say(channel.id, "  \n hello \n\n")
    assert said.content == "hello"
    assert await refused(bot.say(channel.id, " \n ")) == (400, 50006)
    assert await refused(said.edit(content=" ")) == (400, 50006)


async def test_what_is_not_there_or_not_allowed(bot, channel, alice) -> None:
    theirs = await channel.send(alice, "mine")
    place = bot.get_partial_messageable(channel.id)
    assert await refused(place.get_partial_message(theirs.id).edit(content="no")) == (403, 50005)
    assert await refused(place.get_partial_message(theirs.id).delete()) == (403, 50013)
    assert await refused(place.get_partial_message(1).edit(content="no")) == (404, 10008)
    assert await refused(bot.say(1, "no")) == (404, 10003)
    said = await place.send("gone soon")
    await channel.find(said.id).delete()
    assert await refused(said.edit(content="too late")) == (404, 10008)
    channel.deny(SEND)
    assert await refused(bot.say(channel.id, "no")) == (403, 50013)
    channel.deny(VIEW)
    assert await refused(bot.say(channel.id, "no")) == (403, 50001)
    channel.allow()
    assert (await bot.say(channel.id, "yes")).content == "yes"


async def test_a_user_may_shut_the_door(server, bot, alice) -> None:
    server.dm(alice).closed = True
    user = await bot.fetch_user(alice.id)
    assert await refused(user.send("hello?")) == (403, 50007)


async def test_a_reply_to_a_message_that_is_gone(bot, channel, alice) -> None:
    asked = await channel.send(alice, "wait")
    await asked.delete()
    strict = discord.MessageReference(message_id=asked.id, channel_id=channel.id)
    assert await refused(bot.say(channel.id, "?", reference=strict)) == (400, 50035)
    lenient = discord.MessageReference(message_id=asked.id, channel_id=channel.id, fail_if_not_exists=False)
    await bot.say(channel.id, "!", reference=lenient)
    assert channel.messages[-1].reply_to is None


async def test_the_same_nonce_posts_once_within_minutes() -> None:
    clock = Clock()
    async with DiscordServer(clock=clock, limits=Limits.off()) as server:
        channel = server.guild("school").channel("general")
        async with running(server, Bot()) as bot:
            first = await bot.say(channel.id, "once", nonce="turn-0")
            second = await bot.say(channel.id, "once more", nonce="turn-0")
            assert (second.id, second.content) == (first.id, "once")
            clock.advance(301)
            assert (await bot.say(channel.id, "later", nonce="turn-0")).id != first.id
            assert await refused(bot.say(channel.id, "x", nonce="n" * 26)) == (400, 50035)
    assert [message.content for message in channel.messages] == ["once", "later"]


async def test_pings_are_counted(server, bot, channel, alice) -> None:
    asked = await channel.send(alice, "ping me", mention_bot=True)
    await server.until(lambda: bot.heard)
    nobody = discord.AllowedMentions.none()
    text = f"@everyone <@{alice.id}>"
    quiet = await bot.heard[0].reply(text, allowed_mentions=nobody)
    assert server.pings == []
    assert channel.find(quiet.id).allowed_mentions == {"parse": []}
    await quiet.edit(content=text + "!")  # an edit without allowed_mentions is read with the defaults
    assert server.pings == ["alice", "everyone"]
    await bot.heard[0].reply("you")
    assert channel.messages[-1].pings == ["alice"]
    assert asked.pings == ["chinwag"]


async def test_files_go_both_ways(bot, channel) -> None:
    said = await bot.say(channel.id, "look", file=discord.File(io.BytesIO(b"data"), "a.txt"))
    shown = channel.messages[0]
    assert [(file.name, file.content) for file in shown.files] == [("a.txt", b"data")]
    assert await said.attachments[0].read() == b"data"
    await said.edit(attachments=[])
    assert shown.files == []


async def test_threads(server, bot, channel, alice) -> None:
    asked = await channel.send(alice, "long story", mention_bot=True)
    await server.until(lambda: bot.heard)
    thread = await bot.heard[0].create_thread(name="story")
    assert thread.id == asked.id
    await thread.send("once upon a time")
    assert asked.thread.messages[0].content == "once upon a time"
    theirs = channel.thread("free", alice)
    await theirs.send(alice, "here", mention_bot=True)
    await server.until(lambda: len(bot.heard) == 2)
    assert isinstance(bot.heard[1].channel, discord.Thread)
    channel.deny(CREATE_THREADS)
    await server.until(lambda: bot.get_channel(channel.id).overwrites)
    again = await channel.send(alice, "and?", mention_bot=True)
    assert await refused(bot.get_channel(channel.id).get_partial_message(again.id).create_thread(name="x")) == (
        403,
        50013,
    )


async def test_history_pages_by_id(bot, channel, alice) -> None:
    sent = [await channel.send(alice, str(n), mention_bot=True) for n in range(5)]
    place = bot.get_partial_messageable(channel.id)
    after = [m.id async for m in place.history(after=discord.Object(sent[1].id), limit=2, oldest_first=True)]
    assert after == [sent[2].id, sent[3].id]
    before = [m.id async for m in place.history(before=discord.Object(sent[2].id))]
    assert before == [sent[1].id, sent[0].id]


async def test_edits_and_deletions_by_users_reach_the_bot(server, bot, channel, alice) -> None:
    events: list[str] = []
    bot.on_raw_message_edit = lambda event: _note(events, f"edit {event.data['content']}")
    bot.on_raw_message_delete = lambda event: _note(events, "delete")
    asked = await channel.send(alice, "one", mention_bot=True)
    await asked.edit(f"{server.bot.mention} two")
    await asked.delete()
    await server.until(lambda: len(events) == 2)
    assert events == [f"edit {server.bot.mention} two", "delete"]
    assert channel.messages == []


async def _note(events: list[str], event: str) -> None:
    events.append(event)


async def test_typing_and_members(server, bot, channel, alice) -> None:
    async with bot.get_partial_messageable(channel.id).typing():
        pass
    assert len(channel.typings) == len(server.calls_to(TYPING)) == 1
    guild = bot.guilds[0]
    assert (await guild.fetch_member(alice.id)).name == "alice"
    stranger = server.user("mallory")
    assert await refused(guild.fetch_member(stranger.id)) == (404, 10007)
    with pytest.raises(CannotDo):
        await channel.send(stranger, "let me in")


async def test_a_wrong_token_fails_to_log_in(server: DiscordServer) -> None:
    bot = Bot()
    with server.redirect():
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")
        await bot.close()


async def test_raw_calls_that_are_no_calls(server: DiscordServer, channel: Channel) -> None:
    headers = {"Authorization": f"Bot {server.token}", "Content-Type": "application/json"}
    url = f"{server.api_url}/channels/{channel.id}"
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(url + "/messages", data=b"{") as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, 50109)
            assert answer.headers["Content-Type"] == "application/json"
        async with session.put(url + "/messages") as answer:
            assert answer.status == 405
        async with session.get(url + "/nothing") as answer:
            assert answer.status == 404
        async with session.post(url + "/messages", json={"content": "x"}, headers={"Authorization": "x"}) as answer:
            assert answer.status == 401
    assert [call.status for call in server.calls] == [400, 405, 404, 401]
    assert len(server.calls_to(POST_MESSAGE)) == 2
