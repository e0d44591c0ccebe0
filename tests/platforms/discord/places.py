"""A channel, a DM or a thread: what stands in it, what users do in it, and waiting for what the bot does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tests.patience import PATIENCE
from tests.platforms.discord.errors import CannotDo
from tests.platforms.discord.message import LOADING, Edit, Message, mentioned
from tests.platforms.discord.people import EVERYTHING, MEMBER, VIEW, Guild, User

if TYPE_CHECKING:
    from tests.platforms.discord.interactions import Interaction
    from tests.platforms.discord.server import DiscordServer

T = TypeVar("T")
TEXT, DM, THREAD = 0, 1, 11


@dataclass(frozen=True)
class Event:
    """One thing that happened in a channel: who did what ("post", "edit", "delete", "typing"...) to which message."""

    time: float
    who: str
    what: str
    message: Message | None = None
    text: str = ""
    buttons: tuple[str, ...] = ()

    def __str__(self) -> str:
        id = f" {self.message.id}" if self.message else ""
        flags = "".join(f" {name}" for name in ("ephemeral", "loading") if getattr(self.message, name, False))
        buttons = "".join(f" [{label}]" for label in self.buttons)
        return f"{self.time:9.3f} {self.who} {self.what}{id}{flags} {self.text!r}{buttons}"


@dataclass(eq=False)
class Channel:
    """A text channel of a guild, a DM (kind 1) or a thread (kind 11).

    log: every message ever, deleted ones too. denied: permissions that the bot lacks here.
    closed: the user of a DM takes no message from the bot (50007).
    """

    server: DiscordServer
    id: int
    name: str
    kind: int = TEXT
    guild: Guild | None = None
    parent: Channel | None = None
    owner: User | None = None
    people: list[User] = field(default_factory=list)
    log: list[Message] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    denied: int = 0
    closed: bool = False

    @property
    def is_thread(self) -> bool:
        return self.kind == THREAD

    @property
    def messages(self) -> list[Message]:
        """What is on screen now, oldest first; ephemeral messages too."""
        return [message for message in self.log if message.deleted is None]

    @property
    def from_bot(self) -> list[Message]:
        return [message for message in self.messages if message.by_bot]

    @property
    def typings(self) -> list[float]:
        """The times at which the bot showed that it is typing."""
        return [event.time for event in self.events if event.what == "typing"]

    def permissions(self, user: User) -> int:
        if self.guild is None:
            return MEMBER
        base = self.guild.permissions(user)
        denied = self.denied | (self.parent.denied if self.parent else 0)
        return base & ~denied if user is self.server.bot else base

    def deny(self, permissions: int) -> None:
        """Take permissions from the bot in this channel (VIEW, SEND, READ_HISTORY...)."""
        self.denied |= permissions
        self.server.gateway.dispatch("CHANNEL_UPDATE", self.as_json(), guild=self.guild, intent=1)

    def allow(self) -> None:
        """Give the bot back all that `deny` took."""
        self.denied = 0
        self.deny(0)

    # what users do

    async def send(
        self,
        user: User,
        text: str,
        *,
        mention_bot: bool = False,
        reply_to: Message | None = None,
        ping: bool = True,
        files: Mapping[str, bytes] | None = None,
    ) -> Message:
        """A user writes. mention_bot puts the bot's mention in front; ping: whether a reply mentions its author."""
        if user not in (self.guild.members if self.guild else self.people):
            raise CannotDo(f"{user.name} is not in {self.name}")
        text = f"{self.server.bot.mention} {text}".strip() if mention_bot else text
        attached = [self.server.store_file(self, name, content) for name, content in (files or {}).items()]
        allowed = None if ping else {"parse": ["users", "roles", "everyone"], "replied_user": False}
        return self.add(user, text, reply_to=reply_to, files=attached, kind=19 if reply_to else 0, allowed=allowed)

    async def slash(self, user: User, command: str, /, **options: Any) -> Interaction:
        """Run a synced slash command ("role", or "group sub"). Raises CannotDo when Discord would not let the user."""
        return self.server.interactions.slash(self, user, command, options)

    async def autocomplete(
        self, user: User, command: str, /, *, timeout: float = PATIENCE, **options: Any
    ) -> list[dict[str, Any]]:
        """Type into a command's last given option and return the choices that the bot offers."""
        return await self.server.interactions.autocomplete(self, user, command, options, timeout)

    async def press(self, user: User, button: str) -> Interaction:
        """Press a button by label or custom_id on the newest message that has it."""
        for message in reversed(self.messages):
            if any(button in (part.get("label"), part.get("custom_id")) for part in message.buttons):
                return await message.press(user, button)
        raise CannotDo(f"no message in {self.name} has a button {button!r}")

    def thread(self, name: str, owner: User, *, on: Message | None = None) -> Channel:
        """A user opens a thread, on a message or free."""
        return self.server.add_thread(self, name, owner, on)

    # what happens to messages, whoever does it

    def add(self, author: User, content: str, *, allowed: Any = None, webhook: bool = False, **more: Any) -> Message:
        """Put a message here and tell the bot."""
        message = Message(self, self.server.times.snowflake(), author, content, self.server.clock(), **more)
        message.allowed_mentions = allowed
        message.mentions, message.everyone, message.pings = mentioned(message, allowed, webhook=webhook)
        self.log.append(message)
        self.note(author.name, "post", message, content)
        self.tell_created(message)
        return message

    def tell_created(self, message: Message) -> None:
        self._tell("MESSAGE_CREATE", message)

    def revise(self, message: Message, content: str | None, *, allowed: Any = None, webhook: bool = False) -> None:
        """Show something else in a message and tell the bot; None leaves the text."""
        if content is not None:
            message.content = content
        message.flags &= ~LOADING
        message.allowed_mentions = allowed
        message.mentions, message.everyone, pings = mentioned(message, allowed, webhook=webhook, again=True)
        message.pings += [name for name in pings if name not in message.pings]
        message.edits.append(Edit(self.server.clock(), message.content))
        self.note(message.author.name, "edit", message, message.content)
        self._tell("MESSAGE_UPDATE", message)

    def remove(self, message: Message) -> None:
        message.deleted = self.server.clock()
        self.note("", "delete", message)
        body = {"id": str(message.id), "channel_id": str(self.id)}
        if not message.ephemeral:
            self._dispatch("MESSAGE_DELETE", body | ({"guild_id": str(self.guild.id)} if self.guild else {}))

    def note(self, who: str, what: str, message: Message | None = None, text: str = "") -> None:
        shown = message.buttons if message and what in {"post", "edit"} else []
        labels = tuple(str(button.get("label")) for button in shown)
        self.events.append(Event(self.server.clock(), who, what, message, text, labels))
        self.server.changes.notify()

    def find(self, id: int | str) -> Message | None:
        """A message that is still there."""
        return next((message for message in self.messages if message.id == int(id)), None)

    def _tell(self, event: str, message: Message) -> None:
        if not message.ephemeral:  # ephemeral messages reach only the client of the user who asked
            self._dispatch(event, lambda content: message.event_json(content=content))

    def _dispatch(self, event: str, data: dict[str, Any] | Callable[[bool], dict[str, Any]]) -> None:
        if self.permissions(self.server.bot) & VIEW:
            self.server.gateway.dispatch(event, data, guild=self.guild, intent=1 << 9 if self.guild else 1 << 12)

    # waiting and reading

    async def until(self, predicate: Callable[[Channel], T], timeout: float = PATIENCE) -> T:
        """The first true value of `predicate(channel)`; AssertionError with the transcript after `timeout` seconds."""
        return await self.server.changes.until(lambda: predicate(self), timeout, self.transcript)

    async def until_shows(self, text: str, timeout: float = PATIENCE) -> Message:
        """The bot's newest message that contains `text`, once there is one."""

        def found(channel: Channel) -> Message | None:
            return next((message for message in reversed(channel.from_bot) if text in message.content), None)

        message = await self.until(found, timeout)
        assert message is not None
        return message

    def transcript(self) -> str:
        """All that happened here, a line each with its time."""
        return "\n".join(str(event) for event in self.events) or "(nothing happened)"

    def as_json(self) -> dict[str, Any]:
        last = str(self.log[-1].id) if self.log else None
        body: dict[str, Any] = {"id": str(self.id), "type": self.kind, "last_message_id": last, "flags": 0}
        if self.guild is None:
            return body | {"recipients": [user.as_json() for user in self.people]}
        body |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        body["parent_id"] = str(self.parent.id) if self.parent else None
        return body | (self._thread_json() if self.is_thread else self._text_json())

    def _text_json(self) -> dict[str, Any]:
        bot = str(self.server.bot.id)
        overwrites = (
            [{"id": bot, "type": 1, "allow": "0", "deny": str(self.denied & EVERYTHING)}] if self.denied else []
        )
        return {"position": 0, "nsfw": False, "topic": None, "permission_overwrites": overwrites}

    def _thread_json(self) -> dict[str, Any]:
        archive = self.server.times.stamp(self.server.clock())
        data = {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": archive, "locked": False}
        counts = {"message_count": len(self.messages), "member_count": 1, "total_message_sent": len(self.log)}
        owner = self.owner or self.server.bot
        return counts | {"owner_id": str(owner.id), "thread_metadata": data | {"create_timestamp": archive}}
