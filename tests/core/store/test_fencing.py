"""A worker that was cut off and comes back writes nothing over the one that took its lane."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from core.store import Lease, Store
from core.types import Turn
from tests.clock import Clock
from tests.core.store.conftest import ADDRESS, KEY, LANE, incoming, taken

Write = Callable[[Store, int, Lease, Turn], Awaitable[object]]

WRITES: dict[str, Write] = {
    "inbox.next": lambda s, row, lease, turn: s.inbox.next(lease),
    "inbox.done": lambda s, row, lease, turn: s.inbox.done(row, lease),
    "turns.open": lambda s, row, lease, turn: s.turns.open(row, lease, turn.session, "Bo", "hello"),
    "turns.open, new": lambda s, row, lease, turn: s.turns.open(row + 1, lease, turn.session, "Bo", "hello"),
    "turns.reopen": lambda s, row, lease, turn: s.turns.reopen(row + 1, lease, turn.session),
    "turns.told": lambda s, row, lease, turn: s.turns.told(lease, replace(turn, answer="late"), "stop"),
    "turns.finish": lambda s, row, lease, turn: s.turns.finish(row, lease, turn, answer="late", state="done"),
    "deliveries.open": lambda s, row, lease, turn: s.deliveries.open(row, lease, ADDRESS),
    "deliveries.held": lambda s, row, lease, turn: s.deliveries.held(lease),
    "deliveries.posted": lambda s, row, lease, turn: s.deliveries.posted(row, lease, 0, "late"),
    "deliveries.progress": lambda s, row, lease, turn: s.deliveries.progress(row, lease, "late"),
    "deliveries.finish": lambda s, row, lease, turn: s.deliveries.finish(row, lease),
}
TABLES = ("inbox", "turns", "deliveries", "posts", "sessions")


async def everything(store: Store) -> list[object]:
    return [await store.db.read(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]


@pytest.mark.parametrize("name", WRITES)
async def test_a_fenced_worker_writes_nothing(store: Store, name: str) -> None:
    row, zombie = await taken(store)
    session = await store.sessions.current(KEY)
    turn = await store.turns.open(row.id, zombie, session.id, "Bo", "hello")
    assert turn is not None
    await store.deliveries.open(row.id, zombie, ADDRESS)
    await store.deliveries.posted(row.id, zombie, 0, "100")
    assert await store.deliveries.held(zombie)
    owner = await store.leases.acquire(LANE)
    assert await store.deliveries.held(owner)
    before = await everything(store)
    assert not await WRITES[name](store, row.id, zombie, turn)
    assert await everything(store) == before
    assert await store.turns.finish(row.id, owner, turn, answer="mine", state="done")


async def test_the_epoch_rises_per_lease_and_per_lane(store: Store) -> None:
    assert [(await store.leases.acquire(LANE)).epoch for _ in range(3)] == [1_000_000, 1_000_001, 1_000_002]
    assert (await store.leases.acquire(LANE.beside)).epoch == 1_000_000


async def test_the_epoch_rises_whatever_the_clock_does(store: Store, clock: Clock) -> None:
    epochs = []
    for time in (1_000_000.0, 1_000_500.9, 999_000.0, 1_000_501.0):
        clock.now = time
        epochs.append((await store.leases.acquire(LANE)).epoch)
    assert epochs == [1_000_000, 1_000_500, 1_000_501, 1_000_502]


async def test_a_lease_outlives_many_messages(store: Store) -> None:
    lease = await store.leases.acquire(LANE)
    for n in range(3):
        await store.inbox.accept(incoming(f"{n}"), LANE)
    for n in range(3):
        row = await store.inbox.next(lease)
        assert row is not None
        assert row.incoming.text == f"{n}"
        assert await store.inbox.done(row.id, lease)


async def test_two_workers_on_one_lane_answer_each_message_once(store: Store) -> None:
    for n in range(6):
        await store.inbox.accept(incoming(f"{n}"), LANE)
    done: list[int] = []

    async def drain(most: int) -> None:
        lease = await store.leases.acquire(LANE)
        for _ in range(most):
            row = await store.inbox.next(lease)
            if row is None or not await store.inbox.done(row.id, lease):
                return
            done.append(row.id)

    await drain(2)
    await store.leases.acquire(LANE)
    await drain(10)
    assert done == sorted(set(done))
    assert len(done) == 6
