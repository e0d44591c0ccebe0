"""A loopback Telegram, a core that writes down what it is given, and a bot between the two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bots.telegram import TelegramBot
from core.surface import Choice, Pressed
from core.types import Incoming, Press
from tests.patience import PATIENCE
from tests.platforms.telegram import Rates, TelegramServer


@dataclass
class RecordingCore:
    """failures: how many calls fail before one is taken; gate: while it is closed, nothing that it `holds` is taken."""

    taken: list[Incoming] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)
    failures: int = 0
    fails: Callable[[Incoming], bool] = lambda incoming: True
    holds: Callable[[Incoming], bool] = lambda incoming: True
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    edits: list[Incoming] = field(default_factory=list)
    pressed: list[Press] = field(default_factory=list)
    says: Pressed = field(default_factory=lambda: Pressed("Stopped.", done=True))

    def __post_init__(self) -> None:
        self.gate.set()

    async def receive(self, incoming: Incoming) -> None:
        self.tries.append(incoming.text)
        if self.holds(incoming):
            await self.gate.wait()
        if self.failures and self.fails(incoming):
            self.failures -= 1
            raise OSError("disk full")
        self.taken.append(incoming)

    async def edited(self, incoming: Incoming) -> None:
        self.edits.append(incoming)

    async def press(self, press: Press) -> Pressed:
        self.pressed.append(press)
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        return self.says

    async def suggest(self, incoming: Incoming, argument: str) -> Sequence[Choice]:
        return ()

    @property
    def texts(self) -> list[str]:
        return [incoming.text for incoming in self.taken]


@dataclass
class Naps:
    """Stands in for asyncio.sleep: remembers how long each pause would have been, and makes it a short one."""

    asked: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0.01)


async def eventually(predicate: Callable[[], Any], timeout: float = PATIENCE) -> None:
    """Wait until it is true; what it looks at need not ring the server's bell."""
    async with asyncio.timeout(timeout):
        while not predicate():
            await asyncio.sleep(0.005)


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(rates=Rates.unlimited()) as server:
        yield server


@pytest.fixture
def core() -> RecordingCore:
    return RecordingCore()


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
async def idle(server: TelegramServer, core: RecordingCore, naps: Naps) -> AsyncIterator[TelegramBot]:
    """A bot that was not started: its surfaces work all the same."""
    bot = TelegramBot(server.token, core, api_url=server.url, sleep=naps, random=lambda: 1.0)
    yield bot
    await bot.stop()


@pytest.fixture
async def bot(idle: TelegramBot) -> TelegramBot:
    await idle.start()
    return idle
