"""Lanes on a virtual clock: order, exclusion, stop, failures and the orderly end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from core.dispatch.drain import drain
from core.dispatch.engine import Engine
from core.store import Lease, Row
from core.types import Address, Author, Incoming, Lane, SessionKey
from tests.virtual import run

ADA, BOB = (Lane(SessionKey("telegram", "1", chat)) for chat in ("ada", "bob"))


@dataclass
class Rows:
    """An inbox in memory with what happened to it."""

    waiting: dict[Lane, list[int]] = field(default_factory=lambda: defaultdict(list))
    epochs: dict[Lane, int] = field(default_factory=lambda: defaultdict(int))
    log: list[tuple[str, int]] = field(default_factory=list)
    broken: int = 0

    async def acquire(self, lane: Lane) -> Lease:
        self.epochs[lane] += 1
        return Lease(lane, self.epochs[lane])

    async def next(self, lease: Lease) -> Row | None:
        if lease.epoch != self.epochs[lease.lane] or not self.waiting[lease.lane]:
            return None
        id = self.waiting[lease.lane][0]
        incoming = Incoming(str(id), Address("telegram", "1", "x"), Author("telegram", "1"))
        return Row(id, lease.lane, incoming, 1, 0.0)

    async def give_back(self, row: int, lease: Lease) -> None:
        self.log.append(("given back", row))

    async def handle(self, row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        if self.broken:
            self.broken -= 1
            raise OSError("disk full")
        self.log.append(("start", row.id))
        try:
            async with asyncio.timeout(10):
                await stop.wait()
        except TimeoutError:
            pass
        if lease.epoch != self.epochs[lease.lane]:
            self.log.append(("fenced", row.id))
            return False
        self.waiting[lease.lane].remove(row.id)
        self.log.append(("stop" if stop.is_set() else "end", row.id))
        return True

    def engine(self) -> Engine:
        async def work(lane: Lane, stop: asyncio.Event) -> None:
            await drain(lane, stop, rows=self, leases=self, handle=self.handle)

        return Engine(work)


def test_a_lane_is_worked_through_in_order_one_at_a_time() -> None:
    rows = Rows()

    async def scene() -> None:
        engine = rows.engine()
        rows.waiting[ADA] = [1, 2]
        engine.wake(ADA)
        await asyncio.sleep(5)
        rows.waiting[ADA].append(3)
        engine.wake(ADA)
        await asyncio.sleep(40)

    run(scene())
    assert rows.log == [(what, id) for id in (1, 2, 3) for what in ("start", "end")]


def test_a_wake_up_in_the_very_last_moment_is_not_lost() -> None:
    rows = Rows()

    async def scene() -> None:
        engine = rows.engine()
        for id in range(1, 4):
            rows.waiting[ADA].append(id)
            engine.wake(ADA)
            await asyncio.sleep(10)  # exactly when the one before ends
        await asyncio.sleep(20)

    run(scene())
    assert [id for what, id in rows.log if what == "end"] == [1, 2, 3]


def test_lanes_run_side_by_side() -> None:
    rows = Rows()

    async def scene() -> None:
        engine = rows.engine()
        rows.waiting[ADA], rows.waiting[BOB] = [1], [2]
        engine.wake(ADA)
        engine.wake(BOB)
        await asyncio.sleep(1)

    run(scene())
    assert rows.log[:2] == [("start", 1), ("start", 2)]


def test_stop_ends_what_runs_and_not_what_waits() -> None:
    rows = Rows()

    async def scene() -> tuple[bool, bool]:
        engine = rows.engine()
        rows.waiting[ADA] = [1, 2]
        engine.wake(ADA)
        await asyncio.sleep(1)
        stopped = engine.stop(ADA)
        await asyncio.sleep(30)
        return stopped, engine.stop(ADA)

    assert run(scene()) == (True, False)
    assert rows.log == [("start", 1), ("stop", 1), ("start", 2), ("end", 2)]


def test_a_newer_lease_ends_the_drain() -> None:
    rows = Rows()

    async def scene() -> None:
        engine = rows.engine()
        rows.waiting[ADA] = [1, 2]
        engine.wake(ADA)
        await asyncio.sleep(1)
        await rows.acquire(ADA)
        await asyncio.sleep(30)

    run(scene())
    assert rows.log == [("start", 1), ("fenced", 1)]


def test_a_failure_is_tried_again_and_loses_nothing() -> None:
    rows = Rows(broken=2)

    async def scene() -> None:
        engine = rows.engine()
        rows.waiting[ADA] = [1]
        engine.wake(ADA)
        await asyncio.sleep(60)

    run(scene())
    assert rows.log == [("start", 1), ("end", 1)]


def test_a_lane_does_not_end_because_something_it_waited_for_was_cancelled() -> None:
    rows, tries = Rows(), []

    async def handle(row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        tries.append(row.id)
        if len(tries) == 1:
            lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            lost.cancel()
            await lost
        rows.waiting[lease.lane].remove(row.id)
        return True

    async def work(lane: Lane, stop: asyncio.Event) -> None:
        await drain(lane, stop, rows=rows, leases=rows, handle=handle)

    async def scene() -> None:
        engine = Engine(work)
        rows.waiting[ADA] = [1]
        engine.wake(ADA)
        await asyncio.sleep(60)

    run(scene())
    assert tries == [1, 1]
    assert rows.log == []  # it was a failed try, and was not given back


def test_closing_waits_for_the_grace_and_keeps_the_rest() -> None:
    rows = Rows()

    async def scene() -> float:
        engine = rows.engine()
        rows.waiting[ADA] = [1]
        engine.wake(ADA)
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        await engine.close(3)
        engine.wake(BOB)
        return asyncio.get_running_loop().time() - began

    assert run(scene()) == 3
    assert rows.waiting[ADA] == [1]
    assert rows.log == [("start", 1), ("given back", 1)]


def test_everything_in_one_session_can_be_stopped_at_once() -> None:
    rows = Rows()
    group = SessionKey("telegram", "1", "-100")
    ada, bob = Lane(group, "ada"), Lane(group, "bob")

    async def scene() -> tuple[bool, bool]:
        engine = rows.engine()
        rows.waiting[ada], rows.waiting[bob], rows.waiting[ADA] = [1], [2], [3]
        for lane in (ada, bob, ADA):
            engine.wake(lane)
        await asyncio.sleep(1)
        stopped = engine.stop_session(group)
        await asyncio.sleep(1)
        return stopped, engine.stop_session(group)

    assert run(scene()) == (True, False)
    assert [entry for entry in rows.log if entry[0] == "stop"] == [("stop", 1), ("stop", 2)]
