"""What people do in a chat: write, edit, press buttons, add and block the bot. Each becomes the update of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.platforms.telegram.entities import Entity, find_entities, part
from tests.platforms.telegram.messages import Message, User
from tests.platforms.telegram.record import Event
from tests.platforms.telegram.screen import Screen

CALLBACK_SECONDS = 150  # telegram-bot-api keeps a callback query that long


@dataclass(eq=False)
class Press:
    """A pressed button. answer: what answerCallbackQuery was called with, None until then."""

    id: str
    data: str
    chat: Chat
    time: float
    answer: dict[str, Any] | None = None

    async def answered(self, timeout: float = 5.0) -> dict[str, Any]:
        """Wait until the bot answered the query; the spinner on the button turns until then."""
        await self.chat.server.bell.until(lambda: self.answer is not None, timeout, self.chat.explain)
        return self.answer or {}


class Chat(Screen):
    """A chat and the people in it."""

    async def send(
        self,
        user: User,
        text: str,
        *,
        reply_to: Message | None = None,
        thread: int | None = None,
        entities: list[Entity] | None = None,
    ) -> Message:
        """A user writes. Telegram marks commands, mentions and links; `entities` adds others."""
        found = find_entities(text) + (entities or [])
        return self._tell(user, text, entities=found, **self._place(reply_to, thread))

    async def photo(self, user: User, caption: str = "", *, data: bytes = b"\xff\xd8\xff", **place: Any) -> Message:
        file = self.server.files.add("photos", "photo.jpg", data)
        return self._media(user, caption, {"photo": [{**file.as_json(), "width": 90, "height": 67}]}, place)

    async def voice(
        self, user: User, caption: str = "", *, data: bytes = b"OggS", seconds: int = 3, **place: Any
    ) -> Message:
        file = self.server.files.add("voice", "voice.oga", data)
        return self._media(
            user, caption, {"voice": {**file.as_json(), "duration": seconds, "mime_type": "audio/ogg"}}, place
        )

    async def document(self, user: User, name: str, data: bytes, caption: str = "", **place: Any) -> Message:
        file = self.server.files.add("documents", name, data)
        return self._media(user, caption, {"document": {**file.as_json(), "file_name": name}}, place)

    async def sticker(self, user: User, emoji: str = "👍", **place: Any) -> Message:
        file = self.server.files.add("stickers", "sticker.webp", b"RIFF")
        shape = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
        return self._media(user, "", {"sticker": {**file.as_json(), **shape, "emoji": emoji}}, place)

    async def edit(self, message: Message, text: str) -> None:
        """The author changes a message."""
        self.change(message, text, find_entities(text))
        if self._reaches_bot(message):
            message.update_id = self.server.updates.put("edited_message", message.as_json())

    async def remove(self, message: Message) -> None:
        """Somebody deletes a message. Telegram tells bots nothing."""
        self.take_away(message)

    async def press(self, user: User, message: Message, button: str, *, forged: bool = False) -> Press:
        """Press the button with this label or callback data under a message on screen.

        forged: `button` is callback data that need not be there; a client that somebody changed can send any (Bot API).
        """
        if self.find(message.id) is None:
            raise AssertionError(f"message {message.id} is not on screen\n{self.transcript()}")
        found = (data for label, data in message.buttons if button in (label, data))
        data = button if forged else next(found, None)
        if data is None:
            raise AssertionError(f"no button {button!r} under message {message.id}, only {message.buttons}")
        press = Press(str(self.server.next_query_id()), data, self, self.server.clock())
        self.server.presses[press.id] = press
        self.log.append(Event(press.time, f"{user.first_name} presses", message.id, button, message.thread))
        query = {"id": press.id, "from": user.as_json(), "message": message.as_json(), "data": data}
        self.server.updates.put("callback_query", {**query, "chat_instance": str(-self.id)})
        return press

    async def add_bot(self, by: User) -> None:
        """Somebody adds the bot to this group."""
        self._bot_becomes("member", by)
        self._tell(by, service={"new_chat_members": [self.server.bot.as_json()]})

    async def kick_bot(self, by: User) -> None:
        self._bot_becomes("kicked", by)

    async def promote_bot(self, by: User) -> None:
        """The bot becomes an admin: privacy mode no longer hides messages from it."""
        self._bot_becomes("administrator", by)

    async def block(self) -> None:
        """The person of a private chat blocks the bot."""
        self._bot_becomes("kicked", self._someone())

    async def unblock(self) -> None:
        self._bot_becomes("member", self._someone())

    async def topic(self, name: str, by: User | None = None) -> int:
        """Open a forum topic; its id is the id of the message that says so."""
        creator = by or self._someone()
        message = self.add(creator, service={"forum_topic_created": {"name": name, "icon_color": 7322096}})
        message.thread = message.id
        self.topics[message.id] = name
        if self._reaches_bot(message):
            message.update_id = self.server.updates.put("message", message.as_json())
        return message.id

    async def delete_topic(self, id: int) -> None:
        """Somebody deletes a topic with everything in it; the bot learns it from its next call."""
        del self.topics[id]
        for message in [m for m in self.messages if m.thread == id]:
            self.take_away(message)

    async def close_topic(self, id: int) -> None:
        """Only admins may write in a closed topic."""
        self.closed.add(id)

    async def migrate(self) -> Chat:
        """The group becomes a supergroup with a new id; calls to the old one are refused with it."""
        new = self.server.upgrade(self)
        someone = self._someone()
        self._tell(someone, service={"migrate_to_chat_id": new.id})
        self.migrated_to = new.id
        new._tell(someone, service={"migrate_from_chat_id": self.id})
        return new

    def _someone(self) -> User:
        """The person of a private chat, the owner of a group."""
        return self.person or self.server.users[next(id for id, s in self.members.items() if s == "creator")]

    def _place(self, reply_to: Message | None = None, thread: int | None = None) -> dict[str, Any]:
        """Where a new message stands: what it replies to, and its thread."""
        if reply_to and thread is None:
            return {"reply_to": reply_to.id, "thread": self.thread_of(reply_to)}
        # in a topic Telegram shows the topic's first message as the one replied to
        return {"reply_to": reply_to.id if reply_to else thread, "thread": thread}

    def _media(self, user: User, caption: str, media: dict[str, Any], place: dict[str, Any]) -> Message:
        return self._tell(user, caption, entities=find_entities(caption), media=media, **self._place(**place))

    def _tell(self, user: User, text: str = "", **fields: Any) -> Message:
        self.members.setdefault(user.id, "member")
        message = self.add(user, text, **fields)
        if self._reaches_bot(message):
            message.update_id = self.server.updates.put("message", message.as_json())
        return message

    def _reaches_bot(self, message: Message) -> bool:
        """Privacy mode (Bot FAQ): in groups only commands, replies to the bot, what names it, and service messages."""
        status = self.bot_status()
        if self.kind == "private" or status in ("kicked", "left"):
            return status == "member"
        if not self.server.privacy or status == "administrator" or message.service:
            return True
        target = self.find(message.reply_to)
        return (target is not None and target.from_bot) or any(self._names_bot(message, e) for e in message.entities)

    def _names_bot(self, message: Message, entity: Entity) -> bool:
        bot = self.server.bot
        if entity["type"] == "bot_command":
            addressee = part(message.text, entity).partition("@")[2]
            return addressee.lower() in ("", bot.username.lower())
        if not self.server.mentions:
            return False
        mentioned = entity["type"] == "text_mention" and entity["user"]["id"] == bot.id
        named = entity["type"] == "mention" and part(message.text, entity).lower() == f"@{bot.username.lower()}"
        return mentioned or named

    def _bot_becomes(self, status: str, by: User) -> None:
        member = self.server.member_json
        old = member(self.bot_status(), self.server.bot)
        self.members[self.server.bot.id] = status
        self.log.append(Event(self.server.clock(), f"{by.first_name}: bot is", 0, status))
        change = {"old_chat_member": old, "new_chat_member": member(status, self.server.bot)}
        who = {"chat": self.as_json(), "from": by.as_json(), "date": int(self.server.unix())}
        self.server.updates.put("my_chat_member", {**who, **change})
        self.server.bell.ring()
