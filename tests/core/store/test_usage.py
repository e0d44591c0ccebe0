"""The ledger and what is set aside: limits hold side by side, sums add up, and a dead process blocks nobody."""

from __future__ import annotations

import asyncio

from core.store import Bill, Cap, Charge, Payer, Store, Wanted
from core.store.usage import LASTS
from core.types import Lane
from tests.clock import Clock
from tests.core.store.conftest import KEY, taken

DANA, ED = Payer("telegram:1", "Dana", "telegram:-5"), Payer("telegram:2", "Ed", "telegram:-5")
DAY = "2026-11-22"
PERIODS = (DAY, "2026-11")


def cap(limit: int, kind: str = "user", name: str = "telegram:1") -> Cap:
    return Cap(kind, name, DAY, limit)


def charge(cost: int, model: str = "m", estimated: bool = False) -> Charge:
    return Charge(model, prompt=10, completion=5, cached=2, cost=cost, estimated=estimated)


def wanted(cost: int, *caps: Cap, least: int = 10) -> Wanted:
    return Wanted(cost, least, "m", 10, caps)


async def test_what_is_set_aside_is_not_there_for_the_next_answer(store: Store) -> None:
    (one, lease), (two, other) = await taken(store), await taken(store, lane=Lane(KEY, "9"))
    first = await store.usage.reserve(one.id, lease, DANA, wanted(70, cap(100)))
    assert first is not None
    assert (first.cost, first.hit, first.refused) == (70, None, False)
    second = await store.usage.reserve(two.id, other, DANA, wanted(70, cap(100)))
    assert second is not None
    assert (second.cost, second.hit, second.refused) == (30, cap(100), False)
    again = await store.usage.reserve(one.id, lease, DANA, wanted(90, cap(100)))  # a row's own share is its own
    assert again is not None
    assert again.cost == 70


async def test_what_is_less_than_the_least_is_refused_and_sets_nothing_aside(store: Store) -> None:
    row, lease = await taken(store)
    granted = await store.usage.reserve(row.id, lease, DANA, wanted(70, cap(9)))
    assert granted is not None
    assert (granted.refused, granted.cost, granted.spent) == (True, 0, 0)
    assert await store.usage.reservation(row.id) is None


async def test_the_tightest_of_all_limits_counts(store: Store) -> None:
    row, lease = await taken(store)
    tight = cap(20, "chat", "telegram:-5")
    granted = await store.usage.reserve(row.id, lease, DANA, wanted(70, cap(50), tight, cap(90, "house", "")))
    assert granted is not None
    assert (granted.cost, granted.hit) == (20, tight)


async def test_each_kind_counts_what_it_should(store: Store) -> None:
    (one, lease), (two, other) = await taken(store), await taken(store, lane=Lane(KEY, "9"))
    await store.usage.reserve(one.id, lease, DANA, wanted(60))
    for limit, left in (
        (cap(100, "user", "telegram:2"), 100),
        (cap(100, "chat", "telegram:-5"), 40),
        (cap(90, "house", ""), 30),
    ):
        granted = await store.usage.reserve(two.id, other, ED, wanted(500, limit))
        assert granted is not None
        assert granted.cost == left
    alone = await store.usage.reserve(two.id, other, Payer("telegram:2"), wanted(500, cap(70, "chat", "telegram:-6")))
    assert alone is not None
    assert alone.cost == 70


async def test_the_bill_is_paid_with_the_turn_and_the_sums_add_up(store: Store) -> None:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store)
    turn = await store.turns.open(row.id, lease, session.id, "Dana", "hello")
    assert turn is not None
    await store.usage.reserve(row.id, lease, DANA, wanted(70, cap(100)))
    bill = Bill(DANA, [charge(30), charge(12, "other", estimated=True)], PERIODS)
    assert await store.turns.finish(row.id, lease, turn, answer="hi", state="done", bill=bill)
    assert not await store.turns.finish(row.id, lease, turn, answer="hi", state="done", bill=bill)  # once only
    assert await store.usage.reservation(row.id) is None
    for kind, name in (("house", ""), ("user", "telegram:1"), ("chat", "telegram:-5")):
        for period in PERIODS:
            total = await store.usage.total(kind, name, period)
            assert (total.cost, total.requests, total.prompt, total.completion) == (42, 2, 20, 10)
    assert [(t.name, t.cost) for t in await store.usage.top("model", DAY, 5)] == [("m", 30), ("other", 12)]
    (person,) = await store.usage.top("user", "2026-11", 5)
    assert (person.label, person.cost) == ("Dana", 42)
    rows = await store.db.read("SELECT model, cost, cached_tokens, estimated, inbox_row FROM usage ORDER BY number")
    assert [tuple(r.values()) for r in rows] == [("m", 30, 2, 0, row.id), ("other", 12, 2, 1, row.id)]


async def test_a_process_that_was_fenced_off_reserves_and_pays_nothing(store: Store) -> None:
    row, lease = await taken(store)
    await store.leases.acquire(lease.lane)
    assert await store.usage.reserve(row.id, lease, DANA, wanted(70)) is None
    assert not await store.usage.pay(row.id, lease, Bill(DANA, [charge(30)], PERIODS))
    assert (await store.usage.total("house", "", DAY)).cost == 0


async def test_a_turn_that_is_given_up_releases_what_was_set_aside(store: Store) -> None:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store)
    turn = await store.turns.open(row.id, lease, session.id, "Dana", "hello")
    assert turn is not None
    await store.usage.reserve(row.id, lease, DANA, wanted(70))
    assert await store.turns.finish(row.id, lease, turn, answer="", state="failed")
    assert await store.usage.reservation(row.id) is None


async def test_what_a_dead_process_has_set_aside_blocks_nobody_for_long(store: Store, clock: Clock) -> None:
    (one, lease), (two, other) = await taken(store), await taken(store, lane=Lane(KEY, "9"))
    await store.usage.reserve(one.id, lease, DANA, wanted(100))
    clock.now += LASTS + 1
    granted = await store.usage.reserve(two.id, other, DANA, wanted(100, cap(100)))
    assert granted is not None
    assert granted.cost == 100


async def test_side_by_side_no_more_is_set_aside_than_there_is(store: Store) -> None:
    rows = [await taken(store, lane=Lane(KEY, str(n))) for n in range(10)]
    asked = (store.usage.reserve(row.id, lease, DANA, wanted(30, cap(100))) for row, lease in rows)
    granted = [g for g in await asyncio.gather(*asked) if g is not None]
    assert sum(g.cost for g in granted) == 100
    assert [g.refused for g in granted].count(True) == 6


async def test_admins_are_told_of_each_threshold_once_also_after_a_restart(store: Store) -> None:
    assert await store.usage.untold(cap(1), [50, 80]) == [50, 80]
    assert await store.usage.untold(cap(1), [50, 80]) == [50, 80]  # asking is not telling
    await store.usage.tell(cap(1), [50, 80])
    assert await store.usage.untold(cap(1), [50, 80, 100]) == [100]
    await store.usage.tell(cap(1), [80, 100])
    assert await store.usage.untold(cap(1), [50, 80, 100]) == []
    assert await store.usage.untold(Cap("user", "telegram:1", "2026-11-23", 1), [50]) == [50]


async def test_what_a_group_spent_moves_with_it(store: Store) -> None:
    row, lease = await taken(store)
    await store.usage.pay(row.id, lease, Bill(DANA, [charge(30)], PERIODS))
    await store.usage.move("telegram:-5", "telegram:-1005")
    assert (await store.usage.total("chat", "telegram:-1005", DAY)).cost == 30
    assert (await store.usage.total("chat", "telegram:-5", DAY)).cost == 0


async def test_work_that_nobody_asked_for_is_in_the_ledger_too(store: Store) -> None:
    await store.usage.note(Bill(Payer("", "summaries"), [charge(7)], PERIODS))
    assert (await store.usage.total("house", "", DAY)).cost == 7
    assert [(t.name, t.label) for t in await store.usage.top("user", DAY, 5)] == [("", "summaries")]
