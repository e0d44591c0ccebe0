"""A store on a file of its own, a clock that the test moves, and short ways to make what a platform sends."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.store import Lease, Row, Store
from core.types import Address, Author, Incoming, Lane, SessionKey
from tests.clock import Clock

ADDRESS = Address("telegram", "7", "5", reply_to="11")
AUTHOR = Author("telegram", "5", "Bo")
KEY = SessionKey.of(ADDRESS, AUTHOR)
LANE = Lane.of(KEY, ADDRESS, AUTHOR)
_events = itertools.count(1)


def incoming(text: str = "hello", event: str = "", address: Address = ADDRESS) -> Incoming:
    return Incoming(event or f"event {next(_events)}", address, AUTHOR, text, sent=999.5)


async def taken(store: Store, text: str = "hello", lane: Lane = LANE) -> tuple[Row, Lease]:
    """A message that was accepted and then taken up by a drain."""
    await store.inbox.accept(incoming(text), lane)
    lease = await store.leases.acquire(lane)
    row = await store.inbox.next(lease)
    assert row is not None
    return row, lease


async def answered(store: Store, session: str, question: str, answer: str = "an answer") -> int:
    """A finished turn; returns its seq."""
    row, lease = await taken(store, question)
    turn = await store.turns.open(row.id, lease, session, "Bo", question)
    assert turn is not None
    assert await store.turns.finish(row.id, lease, turn, answer=answer, state="done")
    return turn.seq


@dataclass
class Place:
    """Opens the same file again and again, as restarts do; closes whatever is still open."""

    path: Path
    clock: Clock
    opened: list[Store] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.path}"

    async def open(self) -> Store:
        store = await Store.open(self.url, now=self.clock)
        self.opened.append(store)
        return store

    async def restart(self) -> Store:
        """What a new process sees. Only committed rows matter, so closing first hides nothing."""
        await self.close()
        return await self.open()

    async def close(self) -> None:
        for store in self.opened:
            await store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000.0)


@pytest.fixture
async def place(tmp_path: Path, clock: Clock) -> AsyncIterator[Place]:
    place = Place(tmp_path / "data" / "chinwag.db", clock)
    yield place
    await place.close()


@pytest.fixture
async def store(place: Place) -> Store:
    return await place.open()
