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
    """Somebody who asks in one place; the messages of one person there are one lane."""

    platform = ""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def ask(self, number: int) -> Asked:
        asked = Asked(number, self, await self._send(f"Q{number}?"))
        self.asked.append(asked)
        return asked

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

    def transcript(self) -> str:
        return self.chat.transcript()


class OnDiscord(Person):
    platform = "discord"

    def __init__(self, user: discord.User, channel: discord.Channel) -> None:
        super().__init__()
        self.user, self.channel = user, channel

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

    async def _send(self, text: str) -> str:
        return str((await self.channel.slash(self.user, "ask", question=text)).id)


def crowd(arena: Arena) -> list[Person]:
    """Twenty lanes: private chats of both platforms, and two people in each of three groups."""
    people: list[Person] = []
    for number in range(7):
        user = arena.telegram.user(1000 + number, f"Tele{number}")
        people.append(OnTelegram(arena.telegram, user, arena.telegram.private(user)))
    for number in range(2):
        pair = [arena.telegram.user(2000 + 2 * number + at, f"Group{number}{at}") for at in range(2)]
        group = arena.telegram.group(f"group {number}", pair)
        people += [OnTelegram(arena.telegram, user, group) for user in pair]
    for number in range(7):
        friend = arena.discord.user(f"disco{number}")
        people.append(OnDiscord(friend, arena.discord.dm(friend)))
    two = [arena.discord.user(f"guild{at}") for at in range(2)]
    channel = arena.discord.guild("school", members=two).channel("general")
    return people + [OnDiscord(user, channel) for user in two]
