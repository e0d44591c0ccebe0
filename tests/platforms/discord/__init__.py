"""A loopback Discord: REST v10 and gateway on 127.0.0.1, for a real discord.py client, as strict as the platform.

    async with DiscordServer() as server:               # clock=, limits=, rules=, privileged=MESSAGE_CONTENT
        # limits=Limits.off() where a test is not about them: the default is Discord's, e.g. 5 posts per 5 s and channel
        alice = server.user("alice", locale="de")
        guild = server.guild("school", members=[alice], admins=[])
        channel, dm = guild.channel("general"), server.dm(alice)
        with server.redirect():                         # or give server.api_url and server.gateway_url to the bot
            ...start the bot with server.token...; await server.ready()

Users act (CannotDo when Discord's client would not let them)
    message = await channel.send(alice, "hi", mention_bot=True, reply_to=other, ping=False, files={"a.txt": b"x"})
    await message.edit("hello"); await message.delete(); await message.press(alice, "Stop"); await channel.press(...)
    asked = await channel.slash(alice, "role", name="teacher")          # only commands that were synced
    choices = await channel.autocomplete(alice, "role", name="te")      # the last option is the one being typed
    await asked.submit(field="text")                                    # the form that the bot opened
    thread = channel.thread("about cats", alice, on=message)
    await message.deliver_again(); await asked.deliver_again()          # the same event twice
    channel.deny(SEND); channel.allow(); dm.closed = True; guild.join(bob)

The bot's work is read and awaited (AssertionError with the transcript when time is up)
    channel.messages, channel.from_bot, channel.log (deleted ones too), channel.typings, channel.transcript()
    message.content, .edits [(time, content)], .reply_to, .ephemeral, .loading, .pings, .buttons, .files, .deleted
    await channel.until(lambda channel: ..., timeout); await channel.until_shows("text")
    asked.acked, .response, .text, .follow_ups, .choices, .form, .failed; await asked.answered(); await asked.until(...)
    server.calls, server.calls_to(EDIT_MESSAGE), server.too_many, server.pings, server.limiter.hits
    server.gateway.identifies / resumes / connects / heartbeats; await server.until(lambda: ...)

Things go wrong
    server.fault(POST_MESSAGE, nth=2, times=3, status=500)      # or retry_after=0.2, cut="after", after_status=500,
                                                                # before=0.1 or an asyncio.Event, after=...
    await server.drop(); server.refuse_gateway(2); server.reconnect(); server.invalidate(); server.expire_sessions()
    clock = tests.clock.Clock(); DiscordServer(clock=clock); clock.advance(901)

Left out: zlib and zstd transport (text frames are sent), voice, webhooks that are no interaction's, reactions.
Inside this package `import discord` is discord.py: imports are absolute.
"""

from tests.platforms.discord.content import Rules
from tests.platforms.discord.errors import CannotDo
from tests.platforms.discord.gateway import GUILD_MEMBERS, MESSAGE_CONTENT, PRESENCES
from tests.platforms.discord.interactions import Interaction
from tests.platforms.discord.limits import Limits, Rate
from tests.platforms.discord.message import Message
from tests.platforms.discord.people import (
    ADMINISTRATOR,
    ATTACH_FILES,
    CREATE_THREADS,
    EMBED_LINKS,
    MANAGE_MESSAGES,
    MENTION_EVERYONE,
    READ_HISTORY,
    SEND,
    SEND_IN_THREADS,
    VIEW,
    Guild,
    User,
)
from tests.platforms.discord.places import Channel
from tests.platforms.discord.record import Call, Fault
from tests.platforms.discord.routes import (
    CALLBACK,
    DELETE_MESSAGE,
    DELETE_RESPONSE,
    EDIT_MESSAGE,
    EDIT_RESPONSE,
    FOLLOW_UP,
    GET_APPLICATION,
    GET_ME,
    GET_MEMBER,
    GET_MESSAGE,
    GET_MESSAGES,
    GET_RESPONSE,
    LIST_COMMANDS,
    OPEN_DM,
    POST_MESSAGE,
    SYNC,
    SYNC_GUILD,
    THREAD_FROM_MESSAGE,
    TYPING,
    Route,
)
from tests.platforms.discord.server import DiscordServer

__all__ = [
    "ADMINISTRATOR",
    "ATTACH_FILES",
    "CALLBACK",
    "CREATE_THREADS",
    "DELETE_MESSAGE",
    "DELETE_RESPONSE",
    "EDIT_MESSAGE",
    "EDIT_RESPONSE",
    "EMBED_LINKS",
    "FOLLOW_UP",
    "GET_APPLICATION",
    "GET_ME",
    "GET_MEMBER",
    "GET_MESSAGE",
    "GET_MESSAGES",
    "GET_RESPONSE",
    "GUILD_MEMBERS",
    "LIST_COMMANDS",
    "MANAGE_MESSAGES",
    "MENTION_EVERYONE",
    "MESSAGE_CONTENT",
    "OPEN_DM",
    "POST_MESSAGE",
    "PRESENCES",
    "READ_HISTORY",
    "SEND",
    "SEND_IN_THREADS",
    "SYNC",
    "SYNC_GUILD",
    "THREAD_FROM_MESSAGE",
    "TYPING",
    "VIEW",
    "Call",
    "CannotDo",
    "Channel",
    "DiscordServer",
    "Fault",
    "Guild",
    "Interaction",
    "Limits",
    "Message",
    "Rate",
    "Route",
    "Rules",
    "User",
]
