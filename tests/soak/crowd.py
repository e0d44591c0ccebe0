"""The people who ask, and what they see. Twenty lanes over Telegram and Discord."""

from __future__ import annotations

from dataclasses import dataclass

from tests.platforms import discord, telegram
from tests.soak.arena import Arena


@dataclass(frozen=True)
class Seen:
    """One message of the bot on screen. posted, changed: unix seconds."""

    id: str
    text: str
    posted: float
    changed: float


@dataclass(frozen=True)
class Asked:
    """One question as it went out. event: the id under which the inbox has it."""

    number: int
    who: Person
    event: str


class Person:
    """Somebody who asks in one place; the messages of one person there are one lane. known: has asked there before."""

    platform = ""
    slash = False

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.known = False

    async def ask(self, number: int) -> Asked:
        asked = Asked(number, self, await self._send(f"Q{number}?"))
        self.asked.append(asked)
        self.known = True
        return asked

    @property
    def ready(self) -> bool:
        """Whether what is asked now will be heard, if not now, then by the next process."""
        return True

    def unheard(self, asked: Asked) -> bool:
        """Whether the platform itself has told them that nobody was there."""
        return False

    def another(self, number: int) -> Person:
        """Somebody in a new place of the same kind."""
        raise NotImplementedError

    async def _send(self, text: str) -> str:
        raise NotImplementedError

    def screen(self) -> list[Seen]:
        """The bot's messages in that place, oldest first."""
        raise NotImplementedError

    def transcript(self) -> str:
        raise NotImplementedError


class OnTelegram(Person):
    platform = "telegram"

    def __init__(self, server: telegram.TelegramServer, user: telegram.User, chat: telegram.Chat) -> None:
        super().__init__()
        self.user, self.chat, self._server = user, chat, server

    async def _send(self, text: str) -> str:
        name = "" if self.chat.kind == "private" else f"@{self._server.bot.username} "
        return str((await self.chat.send(self.user, name + text)).update_id)

    def screen(self) -> list[Seen]:
        zero = self._server.unix() - self._server.clock()
        found = [message for message in self.chat.messages if message.from_bot]
        return [Seen(str(m.id), m.text, zero + m.posted, zero + m.changed) for m in found]

    def another(self, number: int) -> Person:
        user = self._server.user(10_000 + number, f"New{number}")
        return OnTelegram(self._server, user, self._server.private(user))

    def transcript(self) -> str:
        return self.chat.transcript()


class OnDiscord(Person):
    platform = "discord"

    def __init__(self, user: discord.User, channel: discord.Channel) -> None:
        super().__init__()
        self.user, self.channel = user, channel

    @property
    def ready(self) -> bool:
        """What is said in a place that no process knows yet is heard only while one is connected."""
        return self.known or bool(self.channel.server.gateway.ready)

    def another(self, number: int) -> Person:
        friend = self.channel.server.user(f"new{number}")
        return OnDiscord(friend, self.channel.server.dm(friend))

    async def _send(self, text: str) -> str:
        return str((await self.channel.send(self.user, text, mention_bot=self.channel.guild is not None)).id)

    def screen(self) -> list[Seen]:
        return [self._seen(message) for message in self.channel.from_bot]

    def _seen(self, message: discord.Message) -> Seen:
        """The answer to a slash command begins where "thinking…" ends."""
        wall, edits = self.channel.server.times.wall, message.edits
        began = edits[0].time if message.interaction and edits else message.created
        changed = edits[-1].time if edits else message.created
        return Seen(str(message.id), message.content, wall(began), wall(changed))

    def transcript(self) -> str:
        return self.channel.transcript()


class BySlash(OnDiscord):
    """Uses /ask. Only while a process listens: else Discord tells the user at once that nobody is there."""

    slash = True

    def __init__(self, user: discord.User, channel: discord.Channel) -> None:
        super().__init__(user, channel)
        self.used: dict[str, discord.Interaction] = {}

    @property
    def ready(self) -> bool:
        server = self.channel.server
        return bool(server.gateway.ready) and server.registry().named("ask") is not None

    def unheard(self, asked: Asked) -> bool:
        return self.used[asked.event].failed

    async def _send(self, text: str) -> str:
        used = await self.channel.slash(self.user, "ask", question=text)
        self.used[str(used.id)] = used
        return str(used.id)


def somebody(arena: Arena, platform: str) -> Person:
    """One person in a chat of their own: "telegram", "discord", or "slash"."""
    if platform == "telegram":
        user = arena.telegram.user(7, "Dana")
        return OnTelegram(arena.telegram, user, arena.telegram.private(user))
    friend = arena.discord.user("dana")
    if platform == "slash":
        return BySlash(friend, arena.discord.guild("school", members=[friend]).channel("general"))
    return OnDiscord(friend, arena.discord.dm(friend))


def crowd(arena: Arena) -> list[Person]:
    """Twenty lanes: private chats of both platforms, two people in each of two groups, four in a third; two of these
    use slash commands."""
    people: list[Person] = []
    for number in range(7):
        user = arena.telegram.user(1000 + number, f"Tele{number}")
        people.append(OnTelegram(arena.telegram, user, arena.telegram.private(user)))
    for number in range(2):
        pair = [arena.telegram.user(2000 + 2 * number + at, f"Group{number}{at}") for at in range(2)]
        group = arena.telegram.group(f"group {number}", pair)
        people += [OnTelegram(arena.telegram, user, group) for user in pair]
    for number in range(5):
        friend = arena.discord.user(f"disco{number}")
        people.append(OnDiscord(friend, arena.discord.dm(friend)))
    four = [arena.discord.user(f"guild{at}") for at in range(4)]
    channel = arena.discord.guild("school", members=four).channel("general")
    return people + [OnDiscord(user, channel) for user in four[:2]] + [BySlash(user, channel) for user in four[2:]]
