"""Discord's messages and interactions as the core's `Incoming`. Pure; only `client` calls it."""

from __future__ import annotations

import re
from dataclasses import replace

import discord

from bots.discord.slash import given, quiet, spoken
from core.types import Address, Attachment, Author, Incoming, Press

NAME = "discord"
# Discord, Receiving and Responding to Interactions: a token is good for 15 minutes; half a minute is for slow calls
TOKEN_LIFE = 15 * 60 - 30

_EMOJI = re.compile(r"<a?(:\w+:)\d+>")


def wanted(message: discord.Message, me: discord.ClientUser) -> bool:
    """Whether a message is for the bot: in a DM always, elsewhere when it names the bot or replies to it."""
    if message.author.bot or message.webhook_id or message.type not in _SAID:
        return False
    return _private(message) or me in message.mentions or _my_role(message) is not None or _replies(message, me)


def from_message(message: discord.Message, me: discord.ClientUser) -> Incoming:
    """A message that is `wanted`."""
    chat, thread = _place(message.channel)
    return Incoming(
        event=str(message.id),
        address=Address(
            platform=NAME,
            bot=str(me.id),
            chat=chat,
            thread=thread,
            private=_private(message),
            space=_server(message),
            reply_to=str(message.id),
        ),
        author=_author(message.author),
        text=_text(message, me),
        attachments=_attachments(message),
        sent=message.created_at.timestamp(),
    )


def is_command(interaction: discord.Interaction[discord.Client]) -> bool:
    """Whether it is one of our slash commands, or one that is being typed; menus and buttons are not."""
    known = (discord.InteractionType.application_command, discord.InteractionType.autocomplete)
    chat_input = discord.AppCommandType.chat_input.value
    return interaction.type in known and dict(interaction.data or {}).get("type", chat_input) == chat_input


def from_interaction(interaction: discord.Interaction[discord.Client], me: discord.ClientUser, now: float) -> Incoming:
    """A slash command, or the one that is being typed. now: unix seconds by this machine's clock, which also judges
    whether the token has run out, so that two clocks that differ do no harm."""
    data = dict(interaction.data or {})
    text, role = spoken(str(data["name"]), given(data))
    address = _asked_at(interaction, me, now)
    return Incoming(
        event=str(interaction.id),
        address=replace(address, ephemeral=quiet(str(data["name"])) and not address.private),
        author=_author(interaction.user, str(interaction.locale.value)),
        text=text,
        sent=interaction.created_at.timestamp(),
        role=role,
    )


def from_press(interaction: discord.Interaction[discord.Client], me: discord.ClientUser, now: float) -> Press:
    """A button that somebody pressed. now: as above."""
    data = str(dict(interaction.data or {}).get("custom_id", ""))
    return Press(data, _asked_at(interaction, me, now), _author(interaction.user, str(interaction.locale.value)))


def from_edit(message: discord.Message, me: discord.ClientUser) -> Incoming:
    """A message that is `wanted` as it is now, after its author changed it."""
    edited = message.edited_at.timestamp() if message.edited_at else 0.0
    return replace(from_message(message, me), event=f"{message.id}@{edited:.6f}")


def _asked_at(interaction: discord.Interaction[discord.Client], me: discord.ClientUser, now: float) -> Address:
    """Where an interaction happened, with the token that answers it."""
    guild = str(interaction.guild_id or "")
    private = not guild and not interaction.context.private_channel
    chat, thread = _place(interaction.channel) if interaction.channel else (str(interaction.channel_id or ""), "")
    return Address(
        platform=NAME,
        bot=str(me.id),
        chat=chat,
        thread=thread,
        private=private,
        space=guild or ("" if private else chat),
        token=interaction.token,
        expires=now + TOKEN_LIFE,
    )


_SAID = frozenset({discord.MessageType.default, discord.MessageType.reply})


def _place(channel: object) -> tuple[str, str]:
    """Chat and thread: a thread is a conversation of its own, in the channel that it belongs to."""
    if isinstance(channel, discord.Thread):
        return str(channel.parent_id), str(channel.id)
    return str(getattr(channel, "id", "")), ""


def _private(message: discord.Message) -> bool:
    return isinstance(message.channel, discord.DMChannel)


def _server(message: discord.Message) -> str:
    """The server's id, also of one that discord.py has not been told about: `message.guild` is None there too."""
    known = message.guild.id if message.guild else getattr(message.channel, "guild_id", None)
    return str(known or "")


def _author(user: discord.User | discord.Member, language: str = "") -> Author:
    return Author(platform=NAME, id=str(user.id), name=user.display_name, language=language)


def _my_role(message: discord.Message) -> discord.Role | None:
    """The role that Discord made for the bot, if the message names it: it looks just like the bot in the picker."""
    mine = message.guild.self_role if message.guild else None
    return mine if mine and mine.id in message.raw_role_mentions else None


def _replies(message: discord.Message, me: discord.ClientUser) -> bool:
    answered = message.reference.resolved if message.reference else None
    return isinstance(answered, discord.Message) and answered.author.id == me.id


def _text(message: discord.Message, me: discord.ClientUser) -> str:
    """What was said: without the bot's mention at either end, and with names where Discord writes ids."""
    text = message.content or _forwarded(message)
    own = [rf"<@!?{me.id}>"]
    if role := _my_role(message):
        own.append(rf"<@&{role.id}>")
    mention = f"(?:{'|'.join(own)})"
    text = re.sub(rf"^(?:\s*{mention}[\s,:]*)+|(?:\s*{mention})+\s*$", "", text)
    text = re.sub(mention, lambda _: f"@{me.display_name}", text)
    for user in message.mentions:
        name = f"@{user.display_name}"
        text = re.sub(rf"<@!?{user.id}>", lambda _, name=name: name, text)  # type: ignore[misc]
    return _EMOJI.sub(r"\1", text).strip()


def _forwarded(message: discord.Message) -> str:
    return "\n".join(snapshot.content for snapshot in message.message_snapshots)


def _attachments(message: discord.Message) -> tuple[Attachment, ...]:
    given = [*message.attachments, *(file for shared in message.message_snapshots for file in shared.attachments)]
    files = [Attachment(_kind(file), file.filename, file.size) for file in given]
    stickers = [Attachment("sticker", sticker.name) for sticker in message.stickers]
    polls = [Attachment("poll", message.poll.question)] if message.poll else []
    return (*files, *stickers, *polls)


def _kind(file: discord.Attachment) -> str:
    if file.is_voice_message():
        return "voice message"
    major = (file.content_type or "").partition("/")[0]
    return {"image": "photo", "video": "video", "audio": "audio file"}.get(major, "file")
