"""What the Discord tests share: a core that records, values in memory, and a bot on the loopback Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bots.discord import DiscordBot
from core.surface import Choice, Out, Pressed, Surface
from core.types import Incoming, Press
from tests.platforms.discord import DiscordServer


class RecordingCore:
    """Keeps what it is given. hold: `receive` waits for it; choices: what it suggests; error: what it raises."""

    def __init__(self) -> None:
        self.got: list[Incoming] = []
        self.asked: list[tuple[Incoming, str]] = []
        self.hold: asyncio.Event | None = None
        self.choices: list[Choice] = []
        self.error: Exception | None = None
        self.places: list[tuple[str, str]] = []
        self.edits: list[Incoming] = []
        self.pressed: list[Press] = []
        self.says = Pressed("Stopped.", done=True)

    async def receive(self, incoming: Incoming) -> None:
        if self.hold:
            await self.hold.wait()
        if self.error:
            raise self.error
        self.got.append(incoming)

    async def edited(self, incoming: Incoming) -> None:
        if self.error:
            raise self.error
        self.edits.append(incoming)

    async def press(self, press: Press) -> Pressed:
        self.pressed.append(press)
        if self.hold:
            await self.hold.wait()
        if self.error:
            raise self.error
        return self.says

    async def seen(self, platform: str, bot: str) -> Sequence[tuple[str, str]]:
        return self.places

    async def suggest(self, incoming: Incoming, argument: str) -> Sequence[Choice]:
        if self.error:
            raise self.error
        self.asked.append((incoming, argument))
        return self.choices


class Values(dict[str, str]):
    """Small facts, in memory. written: which ones were set, in order."""

    def __init__(self, *facts: Mapping[str, str]) -> None:
        super().__init__(*facts)
        self.written: list[str] = []

    async def get(self, name: str) -> str | None:  # type: ignore[override]
        return dict.get(self, name)

    def get_now(self, name: str) -> str | None:
        return dict.get(self, name)

    async def set(self, name: str, value: str) -> None:
        self.written.append(name)
        self[name] = value


class World:
    """A bot that runs, the Discord that it runs on, and the core it talks to."""

    def __init__(self, server: DiscordServer, bot: DiscordBot, core: RecordingCore, values: Values) -> None:
        self.server, self.bot, self.core, self.values = server, bot, core, values
        self.alice = server.user("alice", locale="de")
        self.guild = server.guild("school", members=[self.alice])
        self.channel, self.dm = self.guild.channel("general"), server.dm(self.alice)

    async def taken(self, count: int = 1) -> Incoming:
        """The newest of `count` messages that the core was given."""
        await self.server.until(lambda: len(self.core.got) >= count)
        assert len(self.core.got) == count
        return self.core.got[-1]

    async def surface(self, text: str = "hi") -> Surface:
        """Where the answer to a DM of alice's goes."""
        before = len(self.core.got)
        await self.dm.send(self.alice, text)
        return self.bot.open((await self.taken(before + 1)).address)


async def no_pause(seconds: float) -> None:
    await asyncio.sleep(0)


def a_bot(server: DiscordServer, core: RecordingCore, values: Values, **options: Any) -> DiscordBot:
    """A bot for this server; `options` go to DiscordBot."""
    options = {"token": server.token, "sleep": no_pause, "random": lambda: 0.0} | options
    token = options.pop("token")
    return DiscordBot(token, core, values, api_url=server.api_url, gateway_url=server.gateway_url, **options)


@asynccontextmanager
async def running(server: DiscordServer, **options: Any) -> AsyncIterator[World]:
    """A bot that is connected and has registered its commands."""
    with server.redirect():
        core, values = RecordingCore(), Values()
        bot = a_bot(server, core, values, **options)
        world = World(server, bot, core, values)
        await bot.start()
        try:
            await server.ready()
            await server.until(lambda: any(name.startswith("discord:commands:") for name in values))
            yield world
        finally:
            await bot.stop()


def out(surface: Surface, text: str, *, page: int = 0, nonce: str = "") -> Out:
    return Out(surface.render(text), page=page, nonce=nonce)
