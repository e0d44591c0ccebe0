"""Group commit: many writers, one fsync; a closure fails alone; a cancelled caller leaves nothing half done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from core.store import Database, Store
from core.store.database import Transaction, Work
from tests.core.store.conftest import LANE, Place, incoming
from tests.patience import PATIENCE


def put(name: str, value: str = "") -> Work[str]:
    async def work(tx: Transaction) -> str:
        await tx.execute("INSERT INTO facts (name, value) VALUES (:name, :value)", name=name, value=value)
        return name

    return work


def put_then_fail(name: str, error: BaseException) -> Work[None]:
    async def work(tx: Transaction) -> None:
        await put(name)(tx)
        raise error

    return work


def blocked(gate: threading.Event, started: threading.Event, then: Work[str]) -> Work[str]:
    """Holds the writer's thread up, so that what comes meanwhile is one group."""

    async def work(tx: Transaction) -> str:
        started.set()
        assert gate.wait(5)
        return await then(tx)

    return work


async def names(db: Database) -> list[str]:
    return [row["name"] for row in await db.read("SELECT name FROM facts ORDER BY name")]


async def as_one_group(db: Database, works: list[Work[str]]) -> list[asyncio.Task[str]]:
    """Start the closures while the writer is held up, then let it take them all at once."""
    gate, started = threading.Event(), threading.Event()
    first = asyncio.create_task(db.write(blocked(gate, started, put("0 gate"))))
    await until(started.is_set)
    tasks = [asyncio.create_task(db.write(work)) for work in works]
    await asyncio.sleep(0)  # every one is queued now
    gate.set()
    await first
    return tasks


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not happen within five seconds")


async def test_a_closure_that_raises_is_undone_alone(store: Store) -> None:
    works = [put("a"), put_then_fail("b", ValueError("mine")), put("c"), put("c"), put("d")]
    results = await asyncio.gather(*await as_one_group(store.db, works), return_exceptions=True)
    assert [results[0], results[2], results[4]] == ["a", "c", "d"]
    assert repr(results[1]) == "ValueError('mine')"
    assert "UNIQUE" in repr(results[3])
    assert await names(store.db) == ["0 gate", "a", "c", "d"]


async def test_a_group_is_one_transaction(store: Store) -> None:
    """Seen by what the group's members see of each other before the commit, and a reader does not."""

    async def look(tx: Transaction) -> str:
        return str(len(await tx.fetch("SELECT * FROM facts")))

    tasks = await as_one_group(store.db, [put("a"), look, put("b"), look])
    assert await asyncio.gather(*tasks) == ["a", "2", "b", "3"]


async def test_nobody_reads_what_is_not_committed(store: Store) -> None:
    gate, started = threading.Event(), threading.Event()

    async def work(tx: Transaction) -> str:
        await put("a")(tx)
        return await blocked(gate, started, put("b"))(tx)

    task = asyncio.create_task(store.db.write(work))
    await until(started.is_set)
    assert await names(store.db) == []
    gate.set()
    await task
    assert await names(store.db) == ["a", "b"]


async def test_two_hundred_writers_never_meet_a_lock(store: Store) -> None:
    async def writer(n: int) -> None:
        for turn in range(5):
            assert await store.inbox.accept(incoming(event=f"{n}/{turn}"), LANE) is not None
            assert await store.inbox.waiting() == [LANE]

    await asyncio.gather(*(writer(n) for n in range(200)))
    assert await store.db.read("SELECT COUNT(*) AS n, COUNT(DISTINCT event) AS events FROM inbox") == [
        {"n": 1000, "events": 1000}
    ]


async def test_writes_are_committed_in_the_order_they_were_asked(store: Store) -> None:
    ids = await asyncio.gather(*(store.inbox.accept(incoming(f"{n}"), LANE) for n in range(600)))
    assert ids == sorted(i for i in ids if i is not None)


async def test_a_caller_cancelled_before_its_closure_began_writes_nothing(store: Store) -> None:
    tasks = await _cancelled(store, {1})
    assert await asyncio.gather(tasks[0], tasks[2]) == ["a", "c"]
    assert await names(store.db) == ["0 gate", "a", "c"]


async def test_a_group_whose_callers_are_all_cancelled_writes_nothing(store: Store) -> None:
    await _cancelled(store, {0, 1, 2})
    assert await store.db.write(put("next")) == "next"
    assert await names(store.db) == ["0 gate", "next"]


async def _cancelled(store: Store, cancel: set[int]) -> list[asyncio.Task[str]]:
    gate, started = threading.Event(), threading.Event()
    first = asyncio.create_task(store.db.write(blocked(gate, started, put("0 gate"))))
    await until(started.is_set)
    tasks = [asyncio.create_task(store.db.write(put(name))) for name in "abc"]
    await asyncio.sleep(0)
    for n in cancel:
        tasks[n].cancel()
    await asyncio.wait({tasks[n] for n in cancel})
    assert all(tasks[n].cancelled() for n in cancel)
    gate.set()
    await first
    return tasks


async def test_a_closure_that_began_runs_to_its_end_though_its_caller_is_cancelled(store: Store) -> None:
    gate, started = threading.Event(), threading.Event()
    task = asyncio.create_task(store.db.write(blocked(gate, started, put("a"))))
    await until(started.is_set)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    gate.set()
    assert await store.db.write(put("b")) == "b"
    assert await names(store.db) == ["a", "b"]


async def test_a_storm_of_cancels_leaves_the_writer_at_work(store: Store) -> None:
    for round in range(30):
        tasks = [asyncio.create_task(store.db.write(put(f"{round}/{n}"))) for n in range(10)]
        for _ in range(round % 4):
            await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [d for d in done[1::2] if isinstance(d, BaseException)] == []
    assert await store.db.write(put("last")) == "last"
    assert len(await names(store.db)) >= 151


async def test_work_may_await_nothing_but_its_transaction(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await put("a")(tx)
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but its transaction"):
        await store.db.write(work)
    assert await names(store.db) == []


async def test_any_kind_of_error_reaches_the_caller_and_nobody_else(store: Store) -> None:
    class Odd(BaseException):
        pass

    for error in (Odd(), KeyError("x"), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            await store.db.write(put_then_fail("a", error))
        assert await names(store.db) == []
    assert await store.db.write(put("a")) == "a"


async def test_a_group_that_sqlite_gives_up_fails_as_a_whole(store: Store) -> None:
    """What a full disk does: SQLite ends the transaction under the closures."""

    async def lost(tx: Transaction) -> str:
        await tx.execute("ROLLBACK")
        raise OSError("disk full")

    tasks = await as_one_group(store.db, [put("a"), lost, put("c")])
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [repr(result) for result in results] == ["OSError('disk full')"] * 3
    assert await names(store.db) == ["0 gate"]
    assert await store.db.write(put("d")) == "d"


async def test_a_commit_that_fails_is_told_to_everyone_in_the_group(store: Store) -> None:
    async def orphan(tx: Transaction) -> str:
        await tx.execute("PRAGMA defer_foreign_keys=ON")  # so that only the COMMIT notices
        await tx.execute("INSERT INTO current_sessions (key, session) VALUES ('k', 'nothing')")
        return "orphan"

    results = await asyncio.gather(*await as_one_group(store.db, [put("a"), orphan]), return_exceptions=True)
    assert ["FOREIGN KEY" in repr(result) for result in results] == [True, True]
    assert await names(store.db) == ["0 gate"]
    assert await store.db.write(put("b")) == "b"


async def test_a_disk_that_is_full(store: Store) -> None:
    pages = (await store.db.read("PRAGMA page_count"))[0]["page_count"]

    async def limit(tx: Transaction) -> None:
        await tx.fetch(f"PRAGMA max_page_count = {pages + 2}")

    await store.db.write(limit)
    with pytest.raises(Exception, match="full"):
        await store.db.write(put("large", "x" * 100_000))
    assert await store.db.write(put("small")) == "small"
    assert await names(store.db) == ["small"]


async def test_close_writes_what_is_queued_and_refuses_the_rest(store: Store, place: Place) -> None:
    tasks = [asyncio.create_task(store.db.write(put(f"{n:03}"))) for n in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*tasks)) == 300
    with pytest.raises(RuntimeError, match="closed"):
        await store.db.write(put("late"))
    assert len(await names((await place.restart()).db)) == 300


async def test_nobody_waits_for_ever_when_the_loop_is_torn_down(store: Store) -> None:
    gate, started = threading.Event(), threading.Event()
    running = asyncio.create_task(store.db.write(blocked(gate, started, put("a"))))
    await until(started.is_set)
    queued = asyncio.create_task(store.db.write(put("b")))
    await asyncio.sleep(0)
    writer = next(task for task in asyncio.all_tasks() if task.get_name() == "store writer")
    writer.cancel()
    await asyncio.wait({running, queued, writer}, timeout=PATIENCE)
    gate.set()
    assert running.cancelled()
    assert queued.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        await store.db.write(put("c"))
    await store.close()
