"""The whole path as a stack of `tests.bench.reading`: inbox, model, pages, a platform's real renderer, store on disk.

Only the platform's own client is left out: a call takes a round trip and is always taken. The budgets are the real
ones, of one bot: many answers at once share what it may send.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from bots.discord.surface import ChannelSurface
from bots.telegram.surface import TelegramSurface
from core.hub import Hub
from core.model.endpoint import Endpoint
from core.model.seam import Status
from core.settings import Settings
from core.store import Database, Lease, Store
from core.store.turns import Turns
from core.surface import Out, Rate, Surface
from core.types import Address, Author, Delta, Incoming, SessionKey, Turn
from tests.bench.stacks import QUESTION, Stack

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

ROUND_TRIP = 0.08
BOT = "1"


@dataclass
class Calls:
    """How often the platform was called."""

    made: int = 0

    async def take(self) -> str:
        self.made += 1
        await asyncio.sleep(ROUND_TRIP)
        return str(self.made)


class OnTelegram(TelegramSurface):
    """A private chat, with the limits and the renderer of the real one."""

    def __init__(self, calls: Calls, address: Address) -> None:
        super().__init__(cast(Any, None), address)
        self._calls = calls

    async def post(self, out: Out) -> str:
        return await self._calls.take()

    async def edit(self, id: str, out: Out) -> None:
        await self._calls.take()

    async def typing(self) -> None:
        """Costs no message."""


class OnDiscord(ChannelSurface):
    """A channel, likewise."""

    def __init__(self, calls: Calls, address: Address) -> None:
        super().__init__(cast(Any, _Rest()), address)
        self._calls = calls

    async def post(self, out: Out) -> str:
        return await self._calls.take()

    async def edit(self, id: str, out: Out) -> None:
        await self._calls.take()

    async def typing(self) -> None:
        """Costs no message."""


class _Rest:
    """Discord's REST API after its first answer."""

    def rate(self, method: str, path: str) -> Rate:
        return Rate(5, 1.0)


SURFACES = {"telegram": OnTelegram, "discord": OnDiscord}


@dataclass
class Platform:
    """One bot that is there for everybody."""

    name: str
    bot: str = BOT
    typing_every: float = 60.0
    calls: Calls = field(default_factory=Calls)

    def open(self, address: Address) -> Surface:
        return SURFACES[self.name](self.calls, address)

    async def is_admin(self, address: Address, user: str) -> bool:
        return False


class Models:
    """The endpoint's models, one of which is chosen for the next answers. pieces: how many texts they have said."""

    context_tokens: int | None = None

    def __init__(self, url: str) -> None:
        self._url = url
        self._endpoints: dict[str, Endpoint] = {}
        self.chosen = ""
        self.pieces = 0

    def status(self) -> Status:
        return Status(self.chosen, ready=True)

    async def start(self) -> None:
        """The first answer does it."""

    async def stream(self, messages: Sequence[BaseMessage], said: str = "") -> AsyncGenerator[Delta]:
        if self.chosen not in self._endpoints:
            self._endpoints[self.chosen] = Endpoint(model=self.chosen, base_url=self._url, keys=["k"])
        async with aclosing(self._endpoints[self.chosen].stream(messages, said)) as deltas:
            async for delta in deltas:
                self.pieces += 1
                yield delta

    async def close(self) -> None:
        for endpoint in self._endpoints.values():
            await endpoint.close()


class Noted(Turns):
    """The history, which tells when an answer is in it, by its session."""

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        super().__init__(db, now)
        self.finished: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def finish(self, row: int, lease: Lease, turn: Turn, **said: Any) -> bool:
        done = await super().finish(row, lease, turn, **said)
        self.finished[turn.session].set()
        return done


@asynccontextmanager
async def whole(url: str, name: str) -> AsyncIterator[Stack]:
    """Chinwag as its users have it, on a platform of this name: people ask, and the answers are shown and kept."""
    chats = itertools.count()
    model, platform = Models(url), Platform(name)
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite+aiosqlite:///{folder}/a.db")
        turns = store.turns = Noted(store.db, time.time)
        hub = Hub(store, model, Settings(_env_file=None, access="open"))  # type: ignore[call-arg]
        hub.add(platform)

        async def read(chosen: str) -> list[str]:
            model.chosen = chosen
            chat = str(next(chats))
            address, author = Address(name, BOT, chat, private=True), Author(name, chat, "Ada")
            await hub.receive(Incoming(f"e{chat}", address, author, QUESTION))
            session = await store.sessions.current(SessionKey.of(address, author))
            await turns.finished[session.id].wait()
            return [(await turns.recent(session.id, 1))[0].answer]

        yield Stack(
            f"Chinwag whole: {name.title()}, SQLite", read, 200, 4, 10, lambda: (platform.calls.made, model.pieces)
        )
        await hub.close(grace=1.0)
        await model.close()
        await store.close()
