"""A database that takes no writes: who is told what and how often, and what waits until it takes them again."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest
import structlog

from core.errors import StoreError, shown
from core.store import Store
from core.store.health import STEADY, Health
from tests.core.store.conftest import KEY, LANE, Place, incoming, taken
from tests.virtual import run


class Disk:
    """Takes room away from an open store, and gives it back. Only the size of the file is limited: the code is real."""

    def __init__(self, store: Store) -> None:
        self._connection: Any = store.db._writer._connection  # type: ignore[attr-defined]

    async def full(self) -> None:
        ((pages,),) = await self._connection.execute_fetchall("PRAGMA page_count")
        await self._connection.execute(f"PRAGMA max_page_count={pages}")

    async def free(self) -> None:
        await self._connection.execute("PRAGMA max_page_count=1000000")

    async def read_only(self, on: bool) -> None:
        await self._connection.execute(f"PRAGMA query_only={int(on)}")


@pytest.fixture
async def disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr("core.store.patient.AGAIN", 0.01)
    monkeypatch.setattr("core.store.health.STEADY", 0.05)
    return Disk(store)


BIG = "x" * 20_000


async def test_a_full_disk_refuses_what_comes_in_and_keeps_all_that_was_taken(store: Store, disk: Disk) -> None:
    assert await store.inbox.accept(incoming(event="before"), LANE) is not None
    await disk.full()
    with pytest.raises(StoreError, match=r"cannot grow, the disk is full: make room"):
        await store.inbox.accept(incoming(BIG, "during"), LANE)
    assert [len(await store.db.read("SELECT 1 FROM inbox"))] == [1]
    await disk.free()
    assert await store.inbox.accept(incoming(BIG, "during"), LANE) is not None
    assert await store.inbox.accept(incoming(event="before"), LANE) is None


async def test_read_only_is_said_with_its_cure(store: Store, disk: Disk) -> None:
    await disk.read_only(True)
    with pytest.raises(StoreError, match=r"cannot be written: make the file and its folder writable"):
        await store.inbox.accept(incoming(), LANE)
    await disk.read_only(False)
    assert await store.inbox.accept(incoming(), LANE)


async def test_an_answer_waits_with_its_end_and_is_written_once(store: Store, disk: Disk) -> None:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store)
    turn = await store.turns.open(row.id, lease, session.id, "Bo", "hello")
    assert turn
    await disk.full()
    finishing = asyncio.create_task(store.turns.finish(row.id, lease, turn, answer=BIG, state="done"))
    await asyncio.sleep(0.1)
    assert not finishing.done()
    await disk.free()
    assert await finishing
    assert [len(t.answer) for t in await store.turns.all(session.id)] == [len(BIG)]


async def test_closing_ends_what_waits_for_room(place: Place, store: Store, disk: Disk) -> None:
    row, lease = await taken(store)
    await disk.read_only(True)
    waiting = asyncio.create_task(store.deliveries.open(row.id, lease, row.incoming.address))
    await asyncio.sleep(0.05)
    await place.close()
    with pytest.raises(RuntimeError, match="closed"):
        await waiting


async def test_a_fault_of_ours_is_not_blamed_on_the_disk(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await store.db.write(lambda tx: tx.execute("INSERT INTO nowhere VALUES (1)"))
    assert store.health.trouble == ""


async def test_it_is_said_once_and_once_more_when_it_is_over(store: Store, disk: Disk) -> None:
    told: list[str] = []
    store.health.told.append(told.append)
    await disk.full()
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            with pytest.raises(StoreError):
                await store.inbox.accept(incoming(BIG), LANE)
        await disk.free()
        for _ in range(5):
            await store.inbox.accept(incoming(BIG), LANE)
        await asyncio.sleep(0.1)
    assert len(told) == 2
    assert "the disk is full" in told[0]
    assert told[1] == ""
    assert [log["log_level"] for log in logs] == ["error", "info"]
    assert store.health.trouble == ""


def test_a_disk_that_takes_every_other_write_is_one_trouble() -> None:
    health, told = Health(), []

    async def scene() -> None:
        health.told.append(told.append)
        for _ in range(20):
            health.fails("full")
            await asyncio.sleep(STEADY / 2)
            health.works()
            await asyncio.sleep(STEADY / 2)
        await asyncio.sleep(STEADY)

    run(scene())
    assert told == ["full", ""]


def test_a_user_reads_no_file_names() -> None:
    text = shown(StoreError("the database '/srv/bo/data/chinwag.db' cannot grow"), "1")
    assert "/srv" not in text
    assert "send that again" in text
