"""Pruning forgets what has served and nothing else: dedup, /retry, waiting rows and fencing go on as before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.store import Store
from core.store.prune import DAY, EVERY, KEEP, STEP, TURNS, Pruner
from core.types import Lane, SessionKey
from tests.clock import Clock
from tests.core.store.conftest import ADDRESS, KEY, LANE, answered, incoming, taken


class Sleeps:
    """Pauses that take no time. The pause between two rounds ends the test's patience."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds == EVERY:
            raise KeyboardInterrupt


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
def pruner(store: Store, clock: Clock, sleeps: Sleeps) -> Pruner:
    return Pruner(store.db, clock, sleeps)


async def count(store: Store, table: str) -> int:
    return (await store.db.read(f"SELECT COUNT(*) AS n FROM {table}"))[0]["n"]


async def shown(store: Store, question: str, session: str) -> int:
    """A turn that was answered on screen; returns its inbox row."""
    row, lease = await taken(store, question)
    turn = await store.turns.open(row.id, lease, session, "Bo", question)
    assert turn
    await store.deliveries.open(row.id, lease, ADDRESS)
    await store.deliveries.posted(row.id, lease, 0, f"message {row.id}")
    await store.deliveries.progress(row.id, lease, "half", [store.turns._now()])
    assert await store.turns.finish(row.id, lease, turn, answer="whole", state="done")
    return row.id


async def test_old_rows_go_with_their_deliveries_and_history_stays(store: Store, clock: Clock, pruner: Pruner) -> None:
    session = await store.sessions.current(KEY)
    rows = [await shown(store, f"question {n}", session.id) for n in range(TURNS + 5)]
    clock.now += KEEP + 1
    assert await pruner.once() > 0
    kept = {row["id"] for row in await store.db.read("SELECT id FROM inbox")}
    assert kept == set(rows[5:])
    for table in ("deliveries", "posts"):
        assert {row["inbox_row"] for row in await store.db.read(f"SELECT inbox_row FROM {table}")} == kept
    assert await count(store, "calls") == 0
    assert len(await store.turns.all(session.id)) == TURNS + 5
    assert await store.db.read("PRAGMA foreign_key_check") == []
    assert await pruner.once() == 0


async def test_what_came_within_the_week_is_still_recognised(store: Store, clock: Clock, pruner: Pruner) -> None:
    lease = await store.leases.acquire(LANE)
    for day in range(10):
        await store.inbox.accept(incoming(event=f"day {day}"), LANE)
        row = await store.inbox.next(lease)
        assert row
        assert await store.inbox.done(row.id, lease)
        clock.now += DAY
    await pruner.once()
    again = [await store.inbox.accept(incoming(event=f"day {day}"), LANE) for day in range(10)]
    assert [id is None for id in again] == [False] * 3 + [True] * 7


async def test_what_waits_is_kept_however_old(store: Store, clock: Clock, pruner: Pruner) -> None:
    row, lease = await taken(store, "please")
    await store.deliveries.open(row.id, lease, ADDRESS)
    clock.now += 100 * DAY
    await pruner.once()
    assert await store.inbox.waiting() == [LANE]
    assert await store.turns.open(row.id, lease, (await store.sessions.current(KEY)).id, "Bo", "please")


async def test_retry_works_in_a_chat_that_was_quiet_for_a_year(store: Store, clock: Clock, pruner: Pruner) -> None:
    session = await store.sessions.current(KEY)
    await answered(store, session.id, "What was that?")
    clock.now += 365 * DAY
    await pruner.once()
    row, lease = await taken(store, "/retry")
    turn = await store.turns.reopen(row.id, lease, session.id)
    assert turn
    assert turn.question == "What was that?"


async def test_a_deleted_sessions_rows_go(store: Store, clock: Clock, pruner: Pruner) -> None:
    session = await store.sessions.current(KEY)
    await shown(store, "hello", session.id)
    await store.sessions.delete(session.id)
    clock.now += KEEP + 1
    await pruner.once()
    assert [await count(store, table) for table in ("inbox", "deliveries", "posts", "leases")] == [0, 0, 0, 0]


async def test_a_lane_that_was_forgotten_is_fenced_as_before(store: Store, clock: Clock, pruner: Pruner) -> None:
    revived = await store.leases.acquire(LANE)
    clock.now += KEEP + 2
    await pruner.once()
    assert await count(store, "leases") == 0
    row, lease = await taken(store, "hello")
    assert lease.epoch > revived.epoch
    assert not await store.inbox.done(row.id, revived)
    assert await store.inbox.done(row.id, lease)


async def test_it_goes_in_small_steps_with_pauses(store: Store, clock: Clock, pruner: Pruner, sleeps: Sleeps) -> None:
    async def fill(tx) -> None:  # type: ignore[no-untyped-def]
        for n in range(3 * STEP + 1):
            lane = str(Lane(SessionKey("telegram", "7", str(100 + n))))
            await tx.execute(
                "INSERT INTO inbox (lane, platform, bot, event, incoming, state, received) "
                "VALUES (:lane, 'telegram', '7', :event, '', 'done', 1.0)",
                lane=lane,
                event=f"old {n}",
            )
            await tx.execute("INSERT INTO leases VALUES (:lane, 5)", lane=lane)

    await store.db.write(fill)
    await store.inbox.accept(incoming(), LANE)
    assert await pruner.once() == 2 * (3 * STEP + 1)
    assert len(sleeps.slept) == 6
    assert await count(store, "inbox") == 1


async def test_it_goes_on_after_a_failure(clock: Clock, sleeps: Sleeps) -> None:
    class Broken:
        async def write(self, work: object) -> int:
            raise RuntimeError("no")

    with pytest.raises(KeyboardInterrupt):
        await Pruner(Broken(), clock, sleeps).serve()  # type: ignore[arg-type]
    assert sleeps.slept == [EVERY]


async def test_another_chats_rows_are_its_own(store: Store, clock: Clock, pruner: Pruner) -> None:
    """The newest turns count per session, so one that talks much pushes nothing out of one that talks little."""
    quiet = await store.sessions.current(KEY)
    kept = await shown(store, "seldom", quiet.id)
    other = await store.sessions.current(SessionKey.of(replace(ADDRESS, chat="6"), incoming().author))
    for n in range(TURNS + 3):
        await shown(store, f"{n}", other.id)
    clock.now += KEEP + 1
    await pruner.once()
    assert kept in {row["id"] for row in await store.db.read("SELECT id FROM inbox")}
    assert await count(store, "inbox") == 1 + TURNS
    assert (await store.db.read("SELECT pages.id FROM posts AS pages WHERE inbox_row = :row", row=kept)) != []
