"""Deliveries: an answer goes on in the messages that are on screen, and budgets know what was posted."""

from __future__ import annotations

from dataclasses import replace

from core.store import CALLS_KEPT, Delivery, Store
from core.surface import Out, Rendered
from core.types import Address, Lane
from tests.clock import Clock
from tests.core.store.conftest import ADDRESS, KEY, LANE, Place, taken


async def test_after_a_crash_the_posted_ids_and_the_text_are_there(store: Store, place: Place) -> None:
    address = Address("discord", "1", "2", "3", private=False, space="9", reply_to="8", token="t", expires=12.5)
    row, lease = await taken(store)
    assert await store.deliveries.open(row.id, lease, address) == Delivery(row.id, address, (), "", "open")
    for page, id in enumerate(["100", "101", "102"]):
        assert await store.deliveries.posted(row.id, lease, page, id)
    assert await store.deliveries.progress(row.id, lease, "half an ans")
    reopened = await place.restart()
    lease = await reopened.leases.acquire(LANE)
    found = await reopened.deliveries.open(row.id, lease, address.without_token())
    assert found == Delivery(row.id, address, ("100", "101", "102"), "half an ans", "open")


async def test_an_answer_that_moved_goes_on_where_it_went(store: Store, place: Place) -> None:
    """What it may have left in the old place is not looked for in the new one."""
    row, lease = await taken(store)
    here, there = replace(ADDRESS, token="t", expires=12.5), ADDRESS
    await store.deliveries.open(row.id, lease, here)
    await store.doubts.begin(row.id, lease, Out(Rendered("half", 4)), "8")
    assert await store.deliveries.moved(row.id, lease, there)
    reopened = await place.restart()
    later = await reopened.leases.acquire(LANE)
    found = await reopened.deliveries.open(row.id, later, here)
    assert found is not None
    assert found.address == there
    assert await reopened.doubts.unsettled(row.id, later) == ()
    assert not await reopened.deliveries.moved(row.id, lease, here)
    assert await reopened.deliveries.open(row.id, later, here) == found


async def test_a_page_that_was_posted_anew_has_its_new_id(store: Store) -> None:
    row, lease = await taken(store)
    await store.deliveries.open(row.id, lease, ADDRESS)
    for page, id in [(1, "b"), (0, "a"), (1, "c")]:
        assert await store.deliveries.posted(row.id, lease, page, id)
    found = await store.deliveries.open(row.id, lease, ADDRESS)
    assert found is not None
    assert found.pages == ("a", "c")


async def test_a_command_ends_its_delivery_and_its_row_together(store: Store) -> None:
    row, lease = await taken(store, "/help")
    await store.deliveries.open(row.id, lease, ADDRESS)
    assert await store.deliveries.finish(row.id, lease)
    assert await store.inbox.waiting() == []
    found = await store.deliveries.open(row.id, lease, ADDRESS)
    assert found == Delivery(row.id, ADDRESS, (), "", "final")
    assert not await store.deliveries.finish(row.id, lease)
    assert not await store.deliveries.progress(row.id, lease, "late")
    assert await store.deliveries.open(row.id, lease, ADDRESS) == found


async def test_a_row_without_a_delivery_can_be_finished(store: Store) -> None:
    row, lease = await taken(store)
    assert await store.deliveries.finish(row.id, lease)
    assert await store.inbox.waiting() == []


async def test_recent_calls_for_the_budgets(store: Store, clock: Clock, place: Place) -> None:
    start, here, there = clock.now, ADDRESS, replace(ADDRESS, chat="6")
    for lane, address in ((LANE, here), (Lane(KEY, "x"), there)):
        row, lease = await taken(store, lane=lane)
        await store.deliveries.open(row.id, lease, address)
        clock.now += 20
        assert await store.deliveries.progress(row.id, lease, "half", [clock.now - 10, clock.now])
    reopened = await place.restart()
    assert await reopened.deliveries.recent_calls(start + 20) == [
        (here, start + 20),
        (there, start + 30),
        (there, start + 40),
    ]
    assert await reopened.deliveries.recent_calls(clock.now + 1) == []


async def test_calls_are_kept_without_writing_the_text_again(store: Store, clock: Clock) -> None:
    row, lease = await taken(store)
    await store.deliveries.open(row.id, lease, ADDRESS)
    assert await store.deliveries.progress(row.id, lease, "half")
    assert await store.deliveries.progress(row.id, lease, None, [clock.now])
    found = await store.deliveries.open(row.id, lease, ADDRESS)
    assert found is not None
    assert found.text == "half"
    assert await store.deliveries.recent_calls(0) == [(ADDRESS, clock.now)]
    assert await store.deliveries.finish(row.id, lease)
    assert not await store.deliveries.progress(row.id, lease, None, [clock.now])


async def test_old_calls_are_pruned(store: Store, clock: Clock) -> None:
    row, lease = await taken(store)
    await store.deliveries.open(row.id, lease, ADDRESS)
    await store.deliveries.progress(row.id, lease, "one", [clock.now])
    clock.now += CALLS_KEPT + 1
    await store.deliveries.progress(row.id, lease, "two", [clock.now])
    assert await store.deliveries.recent_calls(0) == [(ADDRESS, clock.now)]


async def test_an_answer_that_gets_further_each_time_is_no_poison(store: Store) -> None:
    """Killed again and again in mid-answer, by something else, it is not given up."""
    row, lease = await taken(store)
    await store.deliveries.open(row.id, lease, ADDRESS)
    for said in ("one", "one two", "one two three", "one two three", "one"):
        await store.deliveries.progress(row.id, lease, said)
        again = await store.inbox.next(lease)
        assert again is not None
    assert again.tries == 4  # three tries in a row that got no further
