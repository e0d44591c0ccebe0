"""Rarer events, given to discord.py as Discord's JSON: voice messages, forwards, polls, roles, user installs."""

from __future__ import annotations

from typing import Any

import pytest

from core.types import Attachment
from tests.bots.discord.world import World
from tests.platforms.discord import Channel
from tests.platforms.discord.message import Message


def tell(world: World, message: Message, **changed: Any) -> None:
    """Send MESSAGE_CREATE for a message, with some fields as the loopback Discord does not make them."""
    world.server.gateway.dispatch(
        "MESSAGE_CREATE", message.event_json(content=True) | changed, guild=message.channel.guild
    )


def silently(channel: Channel, world: World, text: str = "") -> Message:
    """A message that the bot is not told about yet."""
    return Message(channel, world.server.times.snowflake(), world.alice, text, world.server.clock())


async def test_a_voice_message(world: World) -> None:
    voice = {"id": "1", "filename": "voice-message.ogg", "size": 9, "url": "u", "proxy_url": "u", "flags": 0}
    voice |= {"content_type": "audio/ogg", "duration_secs": 2.5, "waveform": "AAAA"}
    tell(world, silently(world.dm, world), attachments=[voice])
    assert (await world.taken()).attachments == (Attachment("voice message", "voice-message.ogg", 9),)


async def test_a_sticker_and_a_poll(world: World) -> None:
    poll = {"question": {"text": "Cats?"}, "answers": [], "allow_multiselect": False, "layout_type": 1}
    poll |= {"expiry": "2030-01-01T00:00:00+00:00"}
    sticker = {"id": "5", "name": "wave", "format_type": 1}
    tell(world, silently(world.dm, world), sticker_items=[sticker], poll=poll)
    assert (await world.taken()).attachments == (Attachment("sticker", "wave"), Attachment("poll", "Cats?"))


async def test_a_forwarded_message(world: World) -> None:
    said = silently(world.dm, world)
    shared = said.as_json() | {"content": "what somebody said", "attachments": [], "embeds": []}
    tell(world, said, message_snapshots=[{"message": shared}])
    assert (await world.taken()).text == "what somebody said"


async def test_the_bots_own_role_is_a_mention_too(world: World) -> None:
    """Discord's picker offers the role that it made for the bot, under the bot's name."""
    bot, role = world.server.bot, world.server.times.snowflake()
    mine = world.guild.role_json(role, "chinwag", 0, 2) | {"managed": True, "tags": {"bot_id": str(bot.id)}}
    world.server.gateway.dispatch(
        "GUILD_ROLE_CREATE", {"guild_id": str(world.guild.id), "role": mine}, guild=world.guild
    )
    said = silently(world.channel, world, f"<@&{role}> hello <@&{role}>")
    tell(world, said, mention_roles=[str(role)])
    assert (await world.taken()).text == "hello"


@pytest.mark.parametrize("kind", [7, 18, 21, 6])
async def test_what_discord_itself_says_is_no_question(world: World, kind: int) -> None:
    tell(world, silently(world.dm, world), type=kind)
    await world.dm.send(world.alice, "a question")
    assert (await world.taken()).text == "a question"


async def test_a_webhook_is_not_answered(world: World) -> None:
    tell(world, silently(world.channel, world, world.server.bot.mention), webhook_id="77")
    await world.dm.send(world.alice, "a question")
    assert (await world.taken()).text == "a question"


async def test_a_server_that_is_not_cached_is_not_taken_for_a_private_chat(world: World) -> None:
    said = silently(world.channel, world, f"{world.server.bot.mention} hello")
    mentions = [world.server.bot.as_json() | {"member": {"roles": [], "flags": 0, "joined_at": None}}]
    tell(world, said, guild_id="4242", channel_id="4343", mentions=mentions)
    address = (await world.taken()).address
    assert (address.private, address.space, address.chat) == (False, "4242", "4343")


def interaction(world: World, **changed: Any) -> dict[str, Any]:
    data = {"id": "9", "name": "help", "type": 1, "options": []}
    body = {
        "id": str(world.server.times.snowflake()),
        "application_id": world.bot.bot,
        "type": 2,
        "token": "a-token",
        "version": 1,
        "data": data,
        "channel_id": "55",
        "channel": {"id": "55", "type": 3, "recipients": [], "name": None, "icon": None, "owner_id": "1"},
        "app_permissions": "0",
        "attachment_size_limit": 1,
        "entitlements": [],
        "authorizing_integration_owners": {"1": str(world.alice.id)},
        "context": 2,
        "locale": "fr",
        "user": world.alice.as_json(),
    }
    return body | changed


async def test_a_command_in_a_group_chat_of_people_is_not_private(world: World) -> None:
    world.server.gateway.dispatch("INTERACTION_CREATE", interaction(world))
    incoming = await world.taken()
    assert (incoming.address.private, incoming.address.space, incoming.address.chat) == (False, "55", "55")
    assert incoming.author.language == "fr"


async def test_other_kinds_of_interaction_are_left_alone(world: World) -> None:
    button = {"custom_id": "x", "component_type": 2}
    world.server.gateway.dispatch("INTERACTION_CREATE", interaction(world, type=3, data=button))
    menu = {"id": "9", "name": "Translate", "type": 3, "target_id": "1", "resolved": {}}
    world.server.gateway.dispatch("INTERACTION_CREATE", interaction(world, data=menu))
    await world.dm.send(world.alice, "a question")
    assert (await world.taken()).text == "a question"
