"""One message of the loopback Discord: what it shows, what it showed before, whom it pinged."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.platforms.discord.errors import CannotDo
from tests.platforms.discord.people import MENTION_EVERYONE, User, member_json

if TYPE_CHECKING:
    from tests.platforms.discord.interactions import Interaction
    from tests.platforms.discord.places import Channel

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
SETTABLE = (1 << 2) | EPHEMERAL | (1 << 12) | COMPONENTS_V2  # suppress embeds, ephemeral, silent, components
BUTTON, TEXT_DISPLAY = 2, 10


@dataclass(eq=False)
class File:
    """An attachment. url answers on the loopback server."""

    id: int
    name: str
    content: bytes
    url: str = ""

    def as_json(self) -> dict[str, Any]:
        kind = mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        ends = {"url": self.url, "proxy_url": self.url, "content_type": kind}
        return {"id": str(self.id), "filename": self.name, "size": len(self.content)} | ends


@dataclass(frozen=True)
class Edit:
    """What a message showed from `time` on."""

    time: float
    content: str


@dataclass(eq=False)
class Message:
    """A message, kept also when it is deleted. created, edits and deleted are times of the server's clock.

    pings: who was notified by it, also by an edit: user names, "everyone", "role <id>".
    allowed_mentions: as the last call gave it, None when it gave none.
    """

    channel: Channel
    id: int
    author: User
    content: str
    created: float
    edits: list[Edit] = field(default_factory=list)
    reply_to: Message | None = None
    flags: int = 0
    kind: int = 0
    embeds: list[Any] = field(default_factory=list)
    components: list[Any] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    nonce: str | int | None = None
    mentions: list[User] = field(default_factory=list)
    everyone: bool = False
    pings: list[str] = field(default_factory=list)
    allowed_mentions: Any = None
    interaction: Interaction | None = None
    deleted: float | None = None
    thread: Channel | None = None

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        return bool(self.flags & LOADING)

    @property
    def by_bot(self) -> bool:
        return self.author is self.channel.server.bot

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [part for part in walk(self.components) if part.get("type") == BUTTON]

    async def edit(self, content: str) -> None:
        """The user who wrote it changes it."""
        if self.by_bot:
            raise CannotDo("only the bot edits its messages")
        self.channel.revise(self, content)

    async def delete(self) -> None:
        """A user deletes it (or a moderator, when it is the bot's)."""
        self.channel.remove(self)

    async def press(self, user: User, button: str, *, forged: bool = False) -> Interaction:
        """Press the button with this label or custom_id. forged: a custom_id that need not be there."""
        return self.channel.server.interactions.press(self, user, button, forged=forged)

    async def deliver_again(self) -> None:
        """Send the same MESSAGE_CREATE to the bot once more."""
        self.channel.tell_created(self)

    def readable(self) -> bool:
        """Whether the bot sees the content without the MESSAGE_CONTENT intent (Discord docs, Gateway)."""
        bot = self.channel.server.bot
        return self.author is bot or self.channel.guild is None or bot in self.mentions

    def as_json(self, *, content: bool = True, nested: bool = True) -> dict[str, Any]:
        """Discord's message object. content: whether the reader has the MESSAGE_CONTENT intent."""
        shown = content or self.readable()
        times = self.channel.server.times
        body: dict[str, Any] = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.as_json(),
            "content": self.content if shown else "",
            "timestamp": times.stamp(self.created),
            "edited_timestamp": times.stamp(self.edits[-1].time) if self.edits else None,
            "tts": False,
            "mention_everyone": self.everyone,
            "mentions": [self._mention_json(user) for user in self.mentions],
            "mention_roles": [],
            "attachments": [file.as_json() for file in self.files] if shown else [],
            "embeds": self.embeds if shown else [],
            "components": self.components if shown else [],
            "pinned": False,
            "type": self.kind,
            "flags": self.flags,
        }
        if self.nonce is not None:
            body["nonce"] = self.nonce
        if self.thread is not None:
            body["thread"] = self.thread.as_json()
        return body | self._reply_json(content, nested) | self._interaction_json()

    def _mention_json(self, user: User) -> dict[str, Any]:
        guild = self.channel.guild
        member = {"member": member_json(user, guild.roles_of(user))} if guild else {}
        return user.as_json() | member

    def _reply_json(self, content: bool, nested: bool) -> dict[str, Any]:
        if self.reply_to is None:
            return {}
        place = {"type": 0, "message_id": str(self.reply_to.id), "channel_id": str(self.channel.id)}
        guild = {"guild_id": str(self.channel.guild.id)} if self.channel.guild else {}
        body: dict[str, Any] = {"message_reference": place | guild}
        if nested:
            gone = self.reply_to.deleted is not None
            body["referenced_message"] = None if gone else self.reply_to.as_json(content=content, nested=False)
        return body

    def _interaction_json(self) -> dict[str, Any]:
        if self.interaction is None:
            return {}
        application = str(self.channel.server.bot.id)
        return {
            "webhook_id": application,
            "application_id": application,
            "interaction_metadata": {
                "id": str(self.interaction.id),
                "type": self.interaction.type,
                "user": self.interaction.user.as_json(),
                "authorizing_integration_owners": self.interaction.owners,
            },
        }

    def event_json(self, *, content: bool) -> dict[str, Any]:
        """As MESSAGE_CREATE and MESSAGE_UPDATE show it."""
        body = self.as_json(content=content)
        if self.channel.guild is None:
            return body | {"channel_type": 1}
        guild = self.channel.guild
        return body | {"guild_id": str(guild.id), "member": member_json(self.author, guild.roles_of(self.author))}


def walk(components: list[Any]) -> Iterator[dict[str, Any]]:
    """Every component, nested ones too."""
    for part in components:
        if isinstance(part, dict):
            yield part
            inner = [*(part.get("components") or []), *([part["accessory"]] if part.get("accessory") else [])]
            yield from walk(inner)
            if isinstance(part.get("component"), dict):
                yield from walk([part["component"]])


def mentioned(
    message: Message, allowed: Any, *, webhook: bool, again: bool = False
) -> tuple[list[User], bool, list[str]]:
    """The users in `mentions`, whether @everyone counts, and who is notified (Discord docs, Allowed Mentions).

    again: the message is being edited, which tells nobody once more that they were replied to.
    """
    parse, users, roles, replied = _allowance(allowed, webhook)
    guild = message.channel.guild
    known = guild.everybody if guild else message.channel.people
    ids = [int(id) for id in re.findall(r"<@!?(\d+)>", message.content)]
    found = [user for user in known if user.id in ids]
    pings = [user.name for user in found if "users" in parse or user.id in users]
    may = guild is not None and bool(message.channel.permissions(message.author) & MENTION_EVERYONE)
    everyone = may and "everyone" in parse and bool(re.search(r"@(everyone|here)\b", message.content))
    pings += ["everyone"] if everyone else []
    role_ids = re.findall(r"<@&(\d+)>", message.content)
    pings += [f"role {id}" for id in role_ids if may and ("roles" in parse or int(id) in roles)]
    asker = message.reply_to.author if message.reply_to else None
    if asker and asker not in found and (asker in message.mentions if again else replied):
        found.append(asker)
        pings += [] if again else [asker.name]
    return found, everyone, pings


def _allowance(allowed: Any, webhook: bool) -> tuple[list[str], list[int], list[int], bool]:
    """parse, users, roles, replied_user. Without allowed_mentions all is parsed, by a webhook only users."""
    if allowed is None:
        return (["users"] if webhook else ["users", "roles", "everyone"]), [], [], True
    users = [int(id) for id in allowed.get("users") or []]
    roles = [int(id) for id in allowed.get("roles") or []]
    return list(allowed.get("parse") or []), users, roles, bool(allowed.get("replied_user"))
