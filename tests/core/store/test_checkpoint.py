"""The -wal file: emptied into the database while it is in use, small again when nothing happens, and nobody waits."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from core.store import Store
from core.store.checkpoint import EMERGENCY, IDLE, SMALL, Checkpoints, passive, size, truncate
from tests.core.store.conftest import LANE, Place, incoming


def checkpoints(place: Place, store: Store) -> Checkpoints:
    from core.store.group import in_thread

    writer = store.db._writer  # type: ignore[attr-defined]
    return Checkpoints(
        place.path,
        lambda act: in_thread(writer._connection, lambda connection, _: act(connection), None),
        lambda: writer.commits,
    )


def wal(place: Place) -> Path:
    return place.path.with_name("chinwag.db-wal")


async def written(store: Store, count: int) -> None:
    await asyncio.gather(*(store.inbox.accept(incoming("x" * 3000), LANE) for _ in range(count)))


async def pending(store: Store) -> int:
    """Pages that wait in the -wal file."""
    connection = store.db._writer._connection  # type: ignore[attr-defined]
    ((_, pages, done),) = await connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
    return int(pages - done)


async def test_a_tick_after_writes_moves_them_and_the_file_is_used_again(place: Place, store: Store) -> None:
    timer, sizes = checkpoints(place, store), []
    for _ in range(12):
        await written(store, 100)
        await timer.tick(1)
        assert await pending(store) == 0
        sizes.append(size(wal(place)))
    assert max(sizes) <= 2 * sizes[0]


async def test_commits_do_it_themselves_only_in_an_emergency(store: Store) -> None:
    connection = store.db._writer._connection  # type: ignore[attr-defined]
    ((pages,),) = await connection.execute_fetchall("PRAGMA wal_autocheckpoint")
    assert pages == EMERGENCY


async def test_it_is_made_small_when_nothing_happens(place: Place, store: Store) -> None:
    timer = checkpoints(place, store)
    await written(store, 400)
    await timer.tick(1)
    assert size(wal(place)) > SMALL
    for _ in range(int(IDLE)):
        await timer.tick(1)
    assert size(wal(place)) == 0
    await written(store, 1)
    assert size(wal(place)) > 0


async def test_a_reader_delays_it_and_holds_up_nobody(place: Place, store: Store) -> None:
    timer = checkpoints(place, store)
    await written(store, 400)
    with closing(sqlite3.connect(place.path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT COUNT(*) FROM inbox").fetchall()
        await written(store, 10)
        began = time.monotonic()
        for _ in range(int(IDLE) + 1):
            await timer.tick(1)
        await written(store, 10)
        assert time.monotonic() - began < 5  # far below the ten seconds that a busy database is waited for
        assert size(wal(place)) > SMALL
    await timer.tick(1)
    for _ in range(int(IDLE)):
        await timer.tick(1)
    assert size(wal(place)) == 0


async def test_what_it_changes_on_the_connection_is_put_back(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None, timeout=7)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        truncate(db)
        passive(db)
        assert db.execute("PRAGMA busy_timeout").fetchone() == (7000,)


async def test_a_disk_that_fails_does_not_end_the_timer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    async def failing(_: object) -> None:
        nonlocal calls
        calls += 1
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("core.store.checkpoint.EVERY", 0.001)
    commits = iter(range(1, 1000))
    serving = asyncio.create_task(Checkpoints(place.path, failing, lambda: next(commits)).serve())
    await asyncio.sleep(0.1)
    assert not serving.done()
    assert calls > 1
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
