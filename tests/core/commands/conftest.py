"""A real store with finished answers in it, and what presses and edits would do outside of it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.access import Access
from core.commands.edits import Edits
from core.commands.presses import Presses
from core.store import Lease, Row, Store
from core.surface import Pressed
from core.types import Address, Author, Incoming, Lane, Press, SessionKey, Turn

ADA, BOB = Author("discord", "1", "Ada"), Author("discord", "2", "Bob")
GROUP = Address("discord", "7", "50", private=False, space="9", reply_to="100")
EVENTS = itertools.count(1)


@dataclass
class Room:
    """A group in which Ada and Bob ask. admins: of the group; stopped: rows whose answer was ended."""

    store: Store
    admins: set[str] = field(default_factory=set)
    stopped: list[int] = field(default_factory=list)
    live: set[int] = field(default_factory=set)
    time: float = 1000.0

    def __post_init__(self) -> None:
        access = Access(self.store.access, open=True, admins=())
        self.presses = Presses(
            self.store, access, is_group_admin=self._is_admin, stop=self._stop, now=lambda: self.time
        )
        self.edits = Edits(self.store, supersede=lambda row, lane: self.stopped.append(row), now=lambda: self.time)

    async def _is_admin(self, address: Address, user: str) -> bool:
        return user in self.admins

    def _stop(self, row: int, lane: Lane) -> bool:
        self.stopped.append(row)
        return row in self.live

    def lane(self, author: Author = ADA, address: Address = GROUP) -> Lane:
        return Lane.of(SessionKey.of(address, author), address, author)

    def said(self, text: str, message: str, author: Author = ADA, address: Address = GROUP) -> Incoming:
        place = Address(**{**address.as_json(), "reply_to": message})
        return Incoming(f"event {next(EVENTS)}", place, author, text, sent=self.time)

    async def waits(self, incoming: Incoming) -> int:
        lane = self.lane(incoming.author, incoming.address)
        session = await self.store.sessions.current(lane.key)
        row = await self.store.inbox.accept(Incoming(**{**_fields(incoming), "session": session.id}), lane)
        assert row is not None
        return row

    async def begins(self, incoming: Incoming) -> tuple[Row, Lease, Turn]:
        """A question that is being answered."""
        await self.waits(incoming)
        lease = await self.store.leases.acquire(self.lane(incoming.author, incoming.address))
        row = await self.store.inbox.next(lease)
        assert row is not None
        author, message = incoming.author, incoming.address.reply_to
        turn = await self.store.turns.open(
            row.id, lease, row.incoming.session, author.name, row.incoming.text, asker=author.id, message=message
        )
        await self.store.deliveries.open(row.id, lease, incoming.address)
        assert turn is not None
        return row, lease, turn

    async def answered(self, text: str, message: str, author: Author = ADA, address: Address = GROUP) -> int:
        """A question with its complete answer; returns the row."""
        row, lease, turn = await self.begins(self.said(text, message, author, address))
        assert await self.store.turns.finish(row.id, lease, turn, answer="An answer.", state="done")
        return row.id

    async def press(self, data: str, author: Author = ADA, address: Address = GROUP) -> Pressed:
        pressed, _ = await self.presses.take(Press(data, address, author))
        return pressed

    async def waiting(self, author: Author = ADA) -> list[Incoming]:
        return [row.incoming for row in await self.store.answers.waiting(self.lane(author))]


def _fields(incoming: Incoming) -> dict[str, object]:
    return {name: getattr(incoming, name) for name in incoming.__slots__}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/chinwag.db")
    yield Room(store)
    await store.close()
