"""The inbox: nothing is taken twice, nothing is forgotten, and a lane's messages come in their order."""

from __future__ import annotations

from dataclasses import replace

from core.store import Store
from core.types import Attachment, Lane, SessionKey
from tests.core.store.conftest import ADDRESS, KEY, LANE, Clock, Place, incoming, taken


async def test_a_message_comes_back_as_it_was_accepted(store: Store, clock: Clock) -> None:
    sent = replace(
        incoming("what is this?"), attachments=(Attachment("photo", "cat.jpg", 12345), Attachment("file")), role="poet"
    )
    id = await store.inbox.accept(sent, LANE)
    row = await store.inbox.next(await store.leases.acquire(LANE))
    assert row is not None
    assert (row.id, row.lane, row.incoming, row.tries, row.received) == (id, LANE, sent, 1, clock.time)


async def test_the_same_event_is_taken_once(store: Store) -> None:
    assert await store.inbox.accept(incoming("first", "42"), LANE) is not None
    assert await store.inbox.accept(incoming("second", "42"), LANE) is None


async def test_event_ids_are_unique_per_bot_and_platform_only(store: Store) -> None:
    for address in (ADDRESS, replace(ADDRESS, bot="8"), replace(ADDRESS, platform="discord")):
        assert await store.inbox.accept(incoming(event="42", address=address), LANE) is not None


async def test_an_event_is_known_after_it_was_answered_and_after_a_restart(store: Store, place: Place) -> None:
    await store.inbox.accept(incoming(event="42"), LANE)
    lease = await store.leases.acquire(LANE)
    row = await store.inbox.next(lease)
    assert row is not None
    assert await store.inbox.done(row.id, lease)
    assert await (await place.restart()).inbox.accept(incoming(event="42"), LANE) is None


async def test_a_lane_is_first_in_first_out_and_lanes_do_not_mix(store: Store) -> None:
    other = Lane(KEY, "somebody else")
    for n in range(5):
        await store.inbox.accept(incoming(f"mine {n}"), LANE)
        await store.inbox.accept(incoming(f"theirs {n}"), other)
        await store.inbox.accept(incoming(f"command {n}"), LANE.beside)
    for lane, word in ((LANE, "mine"), (other, "theirs"), (LANE.beside, "command")):
        lease = await store.leases.acquire(lane)
        texts = []
        while row := await store.inbox.next(lease):
            texts.append(row.incoming.text)
            assert await store.inbox.done(row.id, lease)
        assert texts == [f"{word} {n}" for n in range(5)]


async def test_a_row_that_is_not_done_is_served_again_and_counts_its_tries(store: Store, place: Place) -> None:
    row, lease = await taken(store)
    again = await store.inbox.next(lease)
    assert again == replace(row, tries=2)
    reopened = await place.restart()
    assert await reopened.inbox.waiting() == [LANE]
    assert await reopened.inbox.next(await reopened.leases.acquire(LANE)) == replace(row, tries=3)


async def test_done_is_said_once(store: Store) -> None:
    row, lease = await taken(store)
    assert await store.inbox.done(row.id, lease)
    assert not await store.inbox.done(row.id, lease)
    assert await store.inbox.next(lease) is None
    assert await store.inbox.waiting() == []


async def test_a_row_cannot_be_ended_through_another_lane(store: Store) -> None:
    row, lease = await taken(store)
    other = await store.leases.acquire(LANE.beside)
    assert not await store.inbox.done(row.id, other)
    assert await store.inbox.done(row.id, lease)


async def test_waiting_lanes_come_with_the_oldest_row_first(store: Store) -> None:
    lanes = [Lane(SessionKey("discord", "1", f"chat:{n} %", "t/1"), "asker", n == 1) for n in range(3)]
    for lane in [lanes[1], lanes[0], lanes[1], lanes[2]]:
        await store.inbox.accept(incoming(), lane)
    assert await store.inbox.waiting() == [lanes[1], lanes[0], lanes[2]]
    lease = await store.leases.acquire(lanes[1])
    row = await store.inbox.next(lease)
    assert row is not None
    assert await store.inbox.done(row.id, lease)
    assert await store.inbox.waiting() == [lanes[0], lanes[1], lanes[2]]


async def test_an_answered_message_leaves_no_text_in_the_inbox(store: Store) -> None:
    row, lease = await taken(store, "something private")
    assert await store.inbox.done(row.id, lease)
    assert await store.db.read("SELECT incoming FROM inbox") == [{"incoming": ""}]


async def test_an_id_is_never_used_again(store: Store) -> None:
    row, _ = await taken(store)
    await store.db.write(lambda tx: tx.execute("DELETE FROM inbox"))
    id = await store.inbox.accept(incoming(), LANE)
    assert id is not None
    assert id > row.id
