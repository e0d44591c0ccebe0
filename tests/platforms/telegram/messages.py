"""People and messages, and the JSON that Telegram shows of them, with every field that the client cannot do without."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.platforms.telegram.entities import Entity

if TYPE_CHECKING:
    from tests.platforms.telegram.screen import Screen


@dataclass(frozen=True)
class User:
    """Somebody in Telegram; language is a code such as "de"."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language: str = "en"
    is_bot: bool = False

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        optional = {"last_name": self.last_name, "username": self.username}
        if not self.is_bot:
            optional["language_code"] = self.language
        return shown | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True)
class Edit:
    """What a message said from `time` on."""

    time: float
    text: str


@dataclass(eq=False)
class Message:
    """One message as it is on screen now. Times are the server's clock; date and edited are unix seconds.

    thread: the topic's id, or in an ordinary supergroup the root of the chain of replies.
    media: {"photo": [...]} or the like, then `text` is the caption. service: what a service message tells.
    """

    id: int
    chat: Screen
    sender: User
    date: int
    posted: float
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    reply_to: int | None = None
    thread: int | None = None
    markup: dict[str, Any] | None = None
    media: dict[str, Any] = field(default_factory=dict)
    service: dict[str, Any] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    edited: int = 0
    deleted: float | None = None
    reactions: list[dict[str, Any]] = field(default_factory=list)
    update_id: int = 0
    first: str = ""

    def __post_init__(self) -> None:
        self.first = self.text

    @property
    def versions(self) -> list[Edit]:
        """What it said and since when, from its posting on."""
        return [Edit(self.posted, self.first), *self.edits]

    @property
    def from_bot(self) -> bool:
        return self.sender.id == self.chat.server.bot.id

    @property
    def changed(self) -> float:
        """When its text last changed."""
        return self.edits[-1].time if self.edits else self.posted

    @property
    def buttons(self) -> list[tuple[str, str]]:
        """(label, callback data) of the inline keyboard."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return [(button["text"], button.get("callback_data", "")) for row in rows for button in row]

    def as_json(self, *, quoted: bool = False) -> dict[str, Any]:
        """As the Bot API shows it; a quoted message shows no message that it replies to."""
        shown: dict[str, Any] = {
            "message_id": self.id,
            "from": self.sender.as_json(),
            "chat": self.chat.as_json(),
            "date": self.date,
            **self._content(),
            **self.service,
        }
        if self.edited:
            shown["edit_date"] = self.edited
        if self.markup and "inline_keyboard" in self.markup:
            shown["reply_markup"] = self.markup
        if self.thread:
            shown["message_thread_id"] = self.thread
            shown |= {"is_topic_message": True} if self.thread in self.chat.topics else {}
        target = self.chat.find(self.reply_to) if self.reply_to and not quoted else None
        return shown | ({"reply_to_message": target.as_json(quoted=True)} if target else {})

    def _content(self) -> dict[str, Any]:
        name, marks = ("caption", "caption_entities") if self.media else ("text", "entities")
        shown = dict(self.media)
        if self.text:
            shown[name] = self.text
        if self.entities:
            shown[marks] = self.entities
        return shown
