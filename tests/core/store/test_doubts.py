"""Posts that were never answered outlive the process; what is settled, or belongs to nobody, is not looked for."""

from __future__ import annotations

from dataclasses import replace

from core.commands.actions import live
from core.store import Store
from core.surface import Doubt, Out, Rendered
from core.types import Lane
from tests.core.store.conftest import ADDRESS, KEY, LANE, Place, taken

OUT = Out(Rendered("Hello", 5, ("bold",)), page=1, nonce="n-1", actions=live(3))
KEPT = Out(Rendered("Hello", 5), page=1, actions=live(3))


async def test_a_post_that_was_begun_is_known_to_the_next_process(store: Store, place: Place) -> None:
    row, lease = await taken(store)
    await store.deliveries.open(row.id, lease, ADDRESS)
    doubt = await store.doubts.begin(row.id, lease, OUT, "41")
    assert doubt == Doubt(OUT, "41", 1)
    reopened = await place.restart()
    lease = await reopened.leases.acquire(LANE)
    assert await reopened.doubts.unsettled(row.id, lease) == (Doubt(KEPT, "41", 1),)


async def test_the_id_of_the_message_ends_the_doubt_of_its_post_and_of_no_other(store: Store) -> None:
    row, lease = await taken(store)
    await store.deliveries.open(row.id, lease, ADDRESS)
    first, second = [await store.doubts.begin(row.id, lease, OUT, "41") for _ in range(2)]
    assert first
    assert second
    assert await store.deliveries.posted(row.id, lease, 1, "43", second.number)
    assert [doubt.number for doubt in await store.doubts.unsettled(row.id, lease)] == [first.number]
    assert await store.doubts.settled(first.number, lease)
    assert await store.doubts.unsettled(row.id, lease) == ()


async def test_of_other_answers_only_copies_are_looked_for(store: Store) -> None:
    """What may be all that is shown of an answer is left alone."""
    shown, lease = await taken(store)
    await store.deliveries.open(shown.id, lease, ADDRESS)
    await store.doubts.begin(shown.id, lease, OUT, "41")
    await store.deliveries.posted(shown.id, lease, 1, "43")
    await store.deliveries.finish(shown.id, lease)
    unshown, lease = await taken(store, "Again?")
    await store.deliveries.open(unshown.id, lease, ADDRESS)
    await store.doubts.begin(unshown.id, lease, OUT, "51")
    assert [doubt.after for doubt in await store.doubts.unsettled(unshown.id, lease)] == ["41", "51"]
    await store.deliveries.finish(unshown.id, lease)
    last, lease = await taken(store, "And now?")
    await store.deliveries.open(last.id, lease, ADDRESS)
    assert [doubt.after for doubt in await store.doubts.unsettled(last.id, lease)] == ["41"]
    row, other = await taken(store, lane=Lane(KEY, "x"))
    assert await store.doubts.unsettled(row.id, other) == ()


async def test_who_is_fenced_neither_begins_nor_settles(store: Store) -> None:
    row, old = await taken(store)
    await store.deliveries.open(row.id, old, ADDRESS)
    doubt = await store.doubts.begin(row.id, old, OUT, "41")
    assert doubt
    new = await store.leases.acquire(LANE)
    assert await store.doubts.begin(row.id, old, OUT, "41") is None
    assert not await store.doubts.settled(doubt.number, old)
    assert len(await store.doubts.unsettled(row.id, new)) == 1


async def test_an_answer_that_takes_over_messages_takes_over_their_doubts(store: Store) -> None:
    old, lease = await taken(store)
    await store.deliveries.open(old.id, lease, ADDRESS)
    await store.doubts.begin(old.id, lease, OUT, "41")
    await store.deliveries.finish(old.id, lease)
    new, lease = await taken(store, "Changed?")
    await store.deliveries.open(new.id, lease, ADDRESS, of=old.id)
    assert len(await store.doubts.unsettled(new.id, lease)) == 1


async def test_ids_are_known_in_their_own_chat(store: Store) -> None:
    group = replace(ADDRESS, chat="6", private=False)
    for lane, address, id in ((LANE, ADDRESS, "5"), (Lane(KEY, "x"), group, "7")):
        row, lease = await taken(store, lane=lane)
        await store.deliveries.open(row.id, lease, address)
        await store.deliveries.posted(row.id, lease, 0, id)
    assert await store.doubts.known(ADDRESS, ["4", "5", "7"]) == {"5"}
    assert await store.doubts.known(replace(ADDRESS, chat="9"), ["4", "5", "7"]) == {"5"}
    assert await store.doubts.known(group, ["4", "5", "7"]) == {"7"}
    assert await store.doubts.known(replace(group, chat="8"), ["7"]) == set()
    assert await store.doubts.known(replace(ADDRESS, bot="other"), ["5"]) == set()


async def test_a_conversation_that_is_deleted_leaves_nothing_of_its_posts(store: Store) -> None:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store)
    await store.turns.open(row.id, lease, session.id, "Bo", "What?")
    await store.deliveries.open(row.id, lease, ADDRESS)
    await store.doubts.begin(row.id, lease, OUT, "41")
    await store.sessions.delete(session.id)
    assert await store.db.read("SELECT * FROM doubts") == []
