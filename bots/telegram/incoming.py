"""An update of Telegram as `Incoming`, or None for what the bot is not meant to answer. Pure; `bot` calls it.

In a group the bot answers when it is mentioned, replied to or commanded. Ignored: channel posts, service messages,
other bots, and admins who write anonymously (Telegram sends them under a bot's name).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Message, Update, User
from telegram.constants import ChatType, MessageEntityType

from bots.telegram import rich
from bots.telegram.attachments import attachments
from bots.telegram.surface import GENERAL
from core.commands import BY_NAME
from core.types import Address, Attachment, Author, Incoming, Press

GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@([A-Za-z0-9_]+))?(?!\S)")


@dataclass(frozen=True, slots=True)
class Me:
    """The bot's own account."""

    id: int
    username: str

    def named(self, username: str) -> bool:
        return username.lower() == self.username.lower()


def read(update: Update, me: Me) -> Incoming | None:
    """The message that this update brings to the bot, new or edited (`update.edited_message` tells)."""
    message = update.message or update.edited_message
    if message is None or message.from_user is None or message.from_user.is_bot or message.is_automatic_forward:
        return None
    text, attached = _content(message)
    if not text and not attached:
        return None
    said = _for_me(message, text, me)
    if said is None:
        return None
    return Incoming(
        event=str(update.update_id),
        address=_address(message, me),
        author=_author(message.from_user),
        # Somebody who writes only the bot's name is looking for what it can do.
        text=said or ("" if attached else "/start"),
        attachments=attached,
        sent=message.date.timestamp(),
    )


def pressed(query: CallbackQuery, me: Me) -> Press | None:
    """What was pressed; None for a button that is none of ours (a game's, or under a message of inline mode)."""
    if query.data is None or query.message is None:
        return None
    message = query.message
    if isinstance(message, Message):
        return Press(query.data, _address(message, me), _author(query.from_user))
    # A message that is too old for Telegram to show to bots: only its chat and id are told.
    private = message.chat.type == ChatType.PRIVATE
    chat = str(message.chat.id)
    address = Address("telegram", str(me.id), chat, private=private, space="" if private else chat)
    return Press(query.data, address, _author(query.from_user))


def _content(message: Message) -> tuple[str, tuple[Attachment, ...]]:
    """The words, and everything else that came with them."""
    body = message.api_kwargs.get("rich_message")
    if isinstance(body, dict):
        return rich.text_of(body), tuple(Attachment(kind) for kind in rich.media_of(body))
    return message.text or message.caption or "", attachments(message)


def _for_me(message: Message, text: str, me: Me) -> str | None:
    """What is said to the bot, without its name; None when it is said to somebody else."""
    command = _COMMAND.match(text)
    if command and command[2] and not me.named(command[2]):
        return None
    if command and command[2]:
        return f"/{command[1]}{text[command.end() :]}"
    if message.chat.type == ChatType.PRIVATE:
        return text.strip()
    if message.chat.type not in GROUPS:
        return None
    rest = _without_mention(message, text, me)
    if rest is not None:
        return rest
    known = command is not None and command[1].lower() in BY_NAME  # any other belongs to another bot of the group
    return text.strip() if known or _replies_to_me(message, me) else None


def _without_mention(message: Message, text: str, me: Me) -> str | None:
    """The text without the bot's name; None when it is not mentioned."""
    spans = _mentions(message, text, me)
    if not spans:
        return None
    pieces, at = [], 0
    for start, end in spans:
        pieces.append(text[at:start])
        at = end
    pieces.append(text[at:])
    joined = pieces[0].strip(" ")
    for piece in pieces[1:]:
        joined = _join(joined, piece)
    return joined.strip()


def _join(left: str, right: str) -> str:
    """Close the gap that a name leaves: "hey @bot, why" is "hey, why" and "@bot: why" is "why"."""
    if not left.strip():
        return right.lstrip(" ,:")
    return (
        left.rstrip(" ") + right
        if right[:1] in (",", ".", ":", "?", "!", "\n", "")
        else f"{left.rstrip(' ')} {right.lstrip(' ')}"
    )


def _mentions(message: Message, text: str, me: Me) -> list[tuple[int, int]]:
    """Where the bot is named. Telegram's offsets are UTF-16; a rich message has none and is searched."""
    if "rich_message" in message.api_kwargs:
        name = re.compile(rf"(?<!\w)@{re.escape(me.username)}(?!\w)", re.IGNORECASE)
        return [match.span() for match in name.finditer(text)]
    units = text.encode("utf-16-le")
    found = []
    for entity in (*message.entities, *message.caption_entities):
        start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
        word = units[start:end].decode("utf-16-le", "replace")
        by_name = entity.type == MessageEntityType.MENTION and me.named(word.removeprefix("@"))
        by_id = entity.type == MessageEntityType.TEXT_MENTION and entity.user is not None and entity.user.id == me.id
        if by_name or by_id:
            begin = len(units[:start].decode("utf-16-le", "replace"))
            found.append((begin, begin + len(word)))
    return found


def _replies_to_me(message: Message, me: Me) -> bool:
    """Every message of a topic "replies" to the one that opened it, which may be the bot's."""
    target = message.reply_to_message
    if target is None or target.from_user is None or target.forum_topic_created:
        return False
    return target.from_user.id == me.id


def _address(message: Message, me: Me) -> Address:
    chat = message.chat
    private = chat.type == ChatType.PRIVATE
    return Address(
        platform="telegram",
        bot=str(me.id),
        chat=str(chat.id),
        thread=_thread(message, chat),
        private=private,
        space="" if private else str(chat.id),
        reply_to=str(message.message_id),
    )


def _thread(message: Message, chat: Chat) -> str:
    """The topic. Outside forums a thread id is only a chain of replies, and not a place of its own."""
    if message.is_topic_message and message.message_thread_id is not None:
        return str(message.message_thread_id)
    return GENERAL if chat.is_forum and chat.type in GROUPS else ""


def _author(user: User) -> Author:
    return Author("telegram", str(user.id), user.full_name, user.language_code or "")
