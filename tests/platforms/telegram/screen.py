"""One chat as its members see it: what is on screen, what it went through, and waiting for what shall appear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.patience import PATIENCE
from tests.platforms.telegram.messages import Edit, Message, User
from tests.platforms.telegram.record import Event
from tests.platforms.telegram.rejected import Rejected

if TYPE_CHECKING:
    from tests.platforms.telegram.server import TelegramServer

DRAFT_SECONDS = 30.0  # Bot API sendMessageDraft: "a temporary 30-second preview"
Predicate = Callable[[Message], Any]


@dataclass(frozen=True)
class Draft:
    """The text of an answer that is still being written, seen in a private chat only."""

    id: int
    text: str
    time: float
    thread: int | None


@dataclass(frozen=True)
class Action:
    """A chat action such as "typing"."""

    time: float
    action: str
    thread: int | None


class Screen:
    """State of one chat. kind is private, group or supergroup; members maps a user's id to a status."""

    def __init__(
        self, server: TelegramServer, id: int, kind: str, *, title: str = "", person: User | None = None
    ) -> None:
        self.server, self.id, self.kind, self.title, self.person = server, id, kind, title, person
        self.forum = False
        self.members: dict[int, str] = {}
        self.topics: dict[int, str] = {}
        self.closed: set[int] = set()
        self.history: list[Message] = []
        self.log: list[Event] = []
        self.actions: list[Action] = []
        self.drafts: list[Draft] = []
        self.migrated_to: int | None = None
        self._last_id = 1  # a supergroup's first message says that it was created; in a forum 1 is General

    @property
    def messages(self) -> list[Message]:
        """What is on screen now, oldest first."""
        return [message for message in self.history if message.deleted is None]

    @property
    def draft(self) -> Draft | None:
        """The draft that is still shown."""
        alive = [d for d in self.drafts[-1:] if self.server.clock() - d.time < DRAFT_SECONDS]
        return alive[0] if alive else None

    def find(self, id: int | None) -> Message | None:
        return next((message for message in self.messages if message.id == id), None)

    def thread_of(self, target: Message) -> int | None:
        """Where a reply goes: the same topic; in an ordinary supergroup a chain of replies is named after its root."""
        return target.thread or (target.id if self.kind == "supergroup" and not self.forum else None)

    def bot_status(self) -> str:
        return self.members.get(self.server.bot.id, "left")

    def as_json(self) -> dict[str, Any]:
        if self.person:
            names = {k: v for k, v in self.person.as_json().items() if k in ("first_name", "last_name", "username")}
            return {"id": self.id, "type": "private", **names}
        shown: dict[str, Any] = {"id": self.id, "type": self.kind, "title": self.title}
        return shown | ({"is_forum": True} if self.forum else {})

    def check_open(self) -> None:
        """Raises what Telegram says to a bot that may not write here."""
        if self.migrated_to:
            raise Rejected(
                "group chat was upgraded to a supergroup chat", parameters={"migrate_to_chat_id": self.migrated_to}
            )
        status = self.bot_status()
        if self.kind == "private":
            if status == "kicked":
                raise Rejected("bot was blocked by the user", 403)
        elif status == "kicked":
            raise Rejected(f"bot was kicked from the {self.kind} chat", 403)
        elif status == "left":
            raise Rejected(f"bot is not a member of the {self.kind} chat", 403)

    def check_thread(self, thread: int | None) -> None:
        known = self.topics if self.forum else {m.thread for m in self.messages if m.thread}
        if thread is not None and thread not in known:
            raise Rejected("message thread not found")
        if thread in self.closed and self.bot_status() != "administrator":
            raise Rejected("TOPIC_CLOSED")

    def add(self, sender: User, text: str = "", **fields: Any) -> Message:
        """Put a message on screen; a draft disappears with the bot's next message."""
        now = self.server.clock()
        message = Message(self._new_id(), self, sender, int(self.server.unix()), now, text, **fields)
        self.history.append(message)
        if message.from_bot:
            self.drafts.clear()
        self.note("post" if message.from_bot else sender.first_name, message)
        return message

    def change(self, message: Message, text: str, entities: list[dict[str, Any]]) -> None:
        message.text, message.entities = text, entities
        message.edits.append(Edit(self.server.clock(), text))
        message.edited = int(self.server.unix())
        self.note("edit" if message.from_bot else f"{message.sender.first_name} edits", message)

    def take_away(self, message: Message) -> None:
        message.deleted = self.server.clock()
        self.note("delete", message)

    def act(self, action: str, thread: int | None) -> None:
        self.actions.append(Action(self.server.clock(), action, thread))
        self.server.bell.ring()

    def show_draft(self, draft: Draft) -> None:
        self.drafts[:] = [draft]
        self.log.append(Event(draft.time, "draft", draft.id, draft.text, draft.thread))
        self.server.bell.ring()

    def note(self, kind: str, message: Message, text: str | None = None) -> None:
        shown = message.text or " ".join(message.media) or " ".join(message.service)
        buttons = tuple(label for label, _ in message.buttons) if kind != "delete" else ()
        line = Event(self.server.clock(), kind, message.id, shown if text is None else text, message.thread, buttons)
        self.log.append(line)
        self.server.bell.ring()

    def transcript(self) -> str:
        """Readable lines in order: seconds since the server started, what happened, the message's id and text."""
        return "\n".join(event.line(self.server.started) for event in self.log)

    async def until(self, predicate: Predicate, timeout: float = PATIENCE) -> Message:
        """Wait for a message on screen for which `predicate` holds; the oldest such one."""

        def found() -> Message | None:
            return next((message for message in self.messages if predicate(message)), None)

        message: Message = await self.server.bell.until(found, timeout, self.explain)
        return message

    async def answer(
        self, after: Message, when: Predicate = bool, still: float = 0.0, timeout: float = PATIENCE
    ) -> Message:
        """Wait for the bot's message that replies to `after`, or else follows it in its thread without a reply.

        when: what must hold of it; without it the first post counts, however unfinished.
        still: seconds (real ones) for which it must also have stood unchanged; say better what you wait for.
        """
        found: Message = await self.server.bell.until(lambda: self._answer(after, when), timeout, self.explain)
        while still:
            text = found.text
            await asyncio.sleep(still)
            if found.text == text and found.deleted is None:
                break
            found = await self.server.bell.until(lambda: self._answer(after, when), timeout, self.explain)
        return found

    async def gone(self, message: Message, timeout: float = PATIENCE) -> None:
        """Wait until this message was deleted."""
        await self.server.bell.until(lambda: message.deleted is not None, timeout, self.explain)

    def explain(self) -> str:
        return f"in chat {self.id}:\n{self.transcript()}\nrefused calls:\n{self.server.refusals()}"

    def _answer(self, after: Message, when: Predicate) -> Message | None:
        later = [m for m in self.messages if m.from_bot and m.id > after.id]
        replies = [m for m in later if m.reply_to == after.id]
        others = [m for m in later if m.reply_to is None and m.thread == after.thread]
        return next((m for m in [*replies, *others] if when(m)), None)

    def _new_id(self) -> int:
        """Supergroups count their own messages; private chats and basic groups share the bot's counter."""
        if self.kind != "supergroup":
            return self.server.next_message_id()
        self._last_id += 1
        return self._last_id
