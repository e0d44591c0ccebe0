"""Which messages are taken, and what the core is told about them."""

from __future__ import annotations

import pytest

from core.types import Attachment
from tests.bots.discord.world import RecordingCore, Values, World, a_bot, out, running
from tests.platforms.discord import POST_MESSAGE, DiscordServer


async def test_a_direct_message(world: World) -> None:
    said = await world.dm.send(world.alice, "/role teacher")
    incoming = await world.taken()
    assert (incoming.event, incoming.text) == (str(said.id), "/role teacher")
    assert (incoming.author.id, incoming.author.name) == (str(world.alice.id), "Alice")
    address = incoming.address
    assert (address.platform, address.bot, address.chat) == ("discord", str(world.server.bot.id), str(world.dm.id))
    assert (address.private, address.space, address.thread, address.token) == (True, "", "", "")
    assert address.reply_to == str(said.id)
    assert incoming.sent == pytest.approx(world.server.times.wall(said.created), abs=0.01)


async def test_a_mention_in_a_channel(world: World) -> None:
    await world.channel.send(world.alice, "what is\nan atom?", mention_bot=True)
    incoming = await world.taken()
    assert incoming.text == "what is\nan atom?"
    assert incoming.address.space == str(world.guild.id)
    assert incoming.address.chat == str(world.channel.id)
    assert not incoming.address.private


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("{bot}, hello", "hello"),
        ("{bot} {bot}  hello {bot}", "hello"),
        ("hello {bot}", "hello"),
        ("is {bot} a bot?", "is @chinwag a bot?"),
        ("{bot}", ""),
        ("{bot} /role teacher", "/role teacher"),
        ("{bot} greet {alice}", "greet @Alice"),
        ("{bot} <:blob:123456> <a:wave:99>", ":blob: :wave:"),
    ],
)
async def test_mentions_become_names(world: World, written: str, text: str) -> None:
    bot = world.server.bot.mention
    await world.channel.send(world.alice, written.format(bot=bot, alice=world.alice.mention))
    assert (await world.taken()).text == text


async def test_a_reply_to_the_bot_needs_no_mention(world: World) -> None:
    mine = world.channel.add(world.server.bot, "I am here")
    await world.channel.send(world.alice, "and then?", reply_to=mine, ping=False)
    assert (await world.taken()).text == "and then?"


async def test_what_is_not_for_the_bot_is_not_taken(world: World) -> None:
    other = world.server.user("bob")
    world.guild.join(other)
    robot = world.server.user("robot", bot=True)
    world.guild.join(robot)
    theirs = await world.channel.send(other, "to nobody")
    await world.channel.send(world.alice, "to bob", reply_to=theirs)
    await world.channel.send(world.alice, "@everyone @here look")
    await world.channel.send(robot, "from a bot", mention_bot=True)
    world.channel.add(world.server.bot, "from the bot itself")
    await world.dm.send(world.alice, "the only one")
    assert (await world.taken()).text == "the only one"


async def test_a_thread_is_a_conversation_of_its_own(world: World) -> None:
    thread = world.channel.thread("about cats", world.alice)
    await thread.send(world.alice, "why?", mention_bot=True)
    address = (await world.taken()).address
    assert (address.chat, address.thread) == (str(world.channel.id), str(thread.id))
    surface = world.bot.open(address)
    await surface.post(out(surface, "because"))
    assert [message.content for message in thread.from_bot] == ["because"]
    assert surface.limits.budget == f"discord:{world.bot.bot}:{thread.id}"


async def test_attachments_are_named_in_words(world: World) -> None:
    files = {"cat.png": b"1", "a.mp4": b"22", "b.mp3": b"333", "notes.pdf": b"4444"}
    await world.dm.send(world.alice, "", files=files)
    assert (await world.taken()).attachments == (
        Attachment("photo", "cat.png", 1),
        Attachment("video", "a.mp4", 2),
        Attachment("audio file", "b.mp3", 3),
        Attachment("file", "notes.pdf", 4),
    )


async def test_the_same_event_twice_has_the_same_id(world: World) -> None:
    said = await world.dm.send(world.alice, "once")
    await said.deliver_again()
    await world.taken(2)
    first, second = world.core.got
    assert first == second


async def test_messages_keep_their_order(world: World) -> None:
    for number in range(20):
        await world.dm.send(world.alice, str(number))
    await world.taken(20)
    assert [incoming.text for incoming in world.core.got] == [str(number) for number in range(20)]


async def test_whoever_cannot_be_heard_is_told(world: World) -> None:
    world.core.error = OSError("disk full")
    said = await world.dm.send(world.alice, "hello")
    told = await world.dm.until_shows(str(said.id))
    assert "Something went wrong" in told.content
    assert "disk" not in told.content


async def test_and_when_even_that_fails_the_bot_goes_on(world: World) -> None:
    world.core.error = OSError("disk full")
    fault = world.server.fault(POST_MESSAGE, status=500)
    await world.dm.send(world.alice, "hello")
    await world.server.until(lambda: fault.hit)
    world.core.error = None
    await world.dm.send(world.alice, "again")
    assert (await world.taken()).text == "again"


async def test_without_the_content_intent_mentions_and_direct_messages_still_work() -> None:
    async with DiscordServer() as server, running(server) as world:
        await world.channel.send(world.alice, "not for the bot")
        await world.channel.send(world.alice, "hello", mention_bot=True)
        assert (await world.taken()).text == "hello"
        await world.dm.send(world.alice, "in private")
        assert (await world.taken(2)).text == "in private"


async def test_the_bots_id_is_known_before_discord_is_reached(world: World) -> None:
    bot = a_bot(world.server, RecordingCore(), Values())
    assert bot.bot == str(world.server.bot.id)
    assert a_bot(world.server, RecordingCore(), Values(), token="no.token").bot == ""
