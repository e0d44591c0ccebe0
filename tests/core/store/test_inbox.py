"""The inbox: nothing is taken twice, nothing is forgotten, and a lane's messages come in their order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.store import Store
from core.store.database import Transaction
from core.types import Attachment, Lane, SessionKey
from tests.clock import Clock
from tests.core.store.conftest import ADDRESS, AUTHOR, KEY, LANE, Place, incoming, taken


async def test_a_message_comes_back_as_it_was_accepted(store: Store, clock: Clock) -> None:
    sent = replace(
        incoming("what is this?"), attachments=(Attachment("photo", "cat.jpg", 12345), Attachment("file")), role="poet"
    )
    id = await store.inbox.accept(sent, LANE)
    row = await store.inbox.next(await store.leases.acquire(LANE))
    assert row is not None
    assert (row.id, row.lane, row.incoming, row.tries, row.received) == (id, LANE, sent, 1, clock.now)


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


@pytest.mark.parametrize("poison", ["{not json", "null", "[]", "{}", '{"address": 7}'])
async def test_a_row_that_cannot_be_read_does_not_block_its_lane(store: Store, poison: str) -> None:
    row, lease = await taken(store, "damaged")
    session = await store.sessions.current(KEY)
    assert await store.turns.open(row.id, lease, session.id, "Bo", "damaged")

    async def damage(tx: Transaction) -> None:
        await tx.execute("UPDATE inbox SET incoming = :poison WHERE id = :row", poison=poison, row=row.id)

    await store.db.write(damage)
    await store.inbox.accept(incoming("the next one"), LANE)
    after = await store.inbox.next(lease)
    assert after is not None
    assert after.incoming.text == "the next one"
    assert [turn.state for turn in await store.turns.all(session.id)] == ["failed"]
    kept = await store.db.read("SELECT incoming FROM inbox WHERE id = :row", row=row.id)
    assert kept == [{"incoming": poison}]


async def test_a_lane_that_cannot_be_read_does_not_keep_the_others_from_being_woken(store: Store) -> None:
    await store.inbox.accept(incoming(), LANE)
    await store.inbox.accept(incoming(), LANE.beside)

    async def damage(tx: Transaction) -> None:
        await tx.execute("UPDATE inbox SET lane = 'no lane' WHERE lane = :lane", lane=str(LANE))

    await store.db.write(damage)
    assert await store.inbox.waiting() == [LANE.beside]
    assert await store.inbox.seen("telegram", "7", 10) != []


async def test_the_places_seen_last_come_with_their_newest_event(store: Store) -> None:
    thread = replace(ADDRESS, thread="77")
    for event, address in (("100", ADDRESS), ("300", thread), ("90", ADDRESS), ("200", replace(ADDRESS, chat="6"))):
        lane = Lane(SessionKey.of(address, AUTHOR))
        await store.inbox.accept(incoming(event=event, address=address), lane)
    await store.inbox.accept(incoming(event="150"), Lane(KEY, "another asker"))
    assert await store.inbox.seen("telegram", "7", 2) == [("77", "300"), ("6", "200")]
    assert await store.inbox.seen("telegram", "7", 9) == [("77", "300"), ("6", "200"), ("5", "150")]
    assert await store.inbox.seen("discord", "7", 9) == []
