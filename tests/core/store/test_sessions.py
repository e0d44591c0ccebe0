"""Sessions: one current per key, an old one is never lost, and a deleted one leaves no text behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.errors import UserError
from core.store import Store
from core.types import SessionKey
from tests.clock import Clock
from tests.core.store.conftest import ADDRESS, KEY, LANE, Place, answered, incoming, taken


async def test_the_first_look_makes_a_session(store: Store, clock: Clock) -> None:
    session = await store.sessions.current(KEY, role="poet")
    assert (session.key, session.title, session.role, session.role_prompt) == (KEY, "", "poet", "")
    assert (session.language, session.streaming) == ("", True)
    assert (session.created, session.updated) == (clock.now, clock.now)
    assert await store.sessions.current(KEY, role="assistant") == session
    assert await store.sessions.get(session.id) == session


async def test_many_first_looks_at_once_make_one_session(store: Store) -> None:
    found = await asyncio.gather(*(store.sessions.current(KEY) for _ in range(20)))
    assert len({session.id for session in found}) == 1


async def test_every_part_of_the_key_counts_and_comes_back(store: Store) -> None:
    keys = [
        KEY,
        replace(KEY, thread="9"),
        replace(KEY, user="5"),
        replace(KEY, bot="8"),
        SessionKey("web", "", "a:b%c", "ü/ö", "名"),
    ]
    made = [await store.sessions.current(key) for key in keys]
    assert [session.key for session in made] == keys
    assert len({session.id for session in made}) == len(keys)


async def test_a_new_session_inherits_how_to_talk_but_not_the_history(store: Store) -> None:
    old = await store.sessions.current(KEY)
    await store.sessions.set(
        old.id, title="Old", role="custom", role_prompt="Be a pirate.", language="de", streaming=False
    )
    await answered(store, old.id, "question")
    new = await store.sessions.new(KEY)
    assert (new.role, new.role_prompt, new.language, new.streaming) == ("custom", "Be a pirate.", "de", False)
    assert (new.title, new.id == old.id) == ("", False)
    assert await store.sessions.current(KEY) == new
    assert await store.turns.all(new.id) == []
    assert len(await store.turns.all(old.id)) == 1


async def test_new_without_a_previous_one_is_an_ordinary_session(store: Store) -> None:
    session = await store.sessions.new(KEY)
    assert (session.role, session.streaming) == ("assistant", True)


async def test_the_list_is_in_the_order_of_the_last_turn(store: Store, clock: Clock) -> None:
    first = await store.sessions.new(KEY)
    second = await store.sessions.new(KEY)
    third = await store.sessions.new(KEY)
    await store.sessions.current(replace(KEY, chat="other"))
    assert [s.id for s in await store.sessions.list(KEY)] == [third.id, second.id, first.id]
    clock.now += 5
    await answered(store, first.id, "again")
    listed = await store.sessions.list(KEY)
    assert [s.id for s in listed] == [first.id, third.id, second.id]
    assert listed[0].updated == clock.now
    assert len(await store.sessions.list(KEY, limit=2)) == 2


async def test_a_chat_has_the_sessions_of_all_its_threads(store: Store) -> None:
    made = [await store.sessions.current(replace(KEY, thread=thread)) for thread in ("a", "b", "")]
    await store.sessions.current(replace(KEY, chat="other"))
    await store.sessions.current(replace(KEY, bot="other"))
    found = await store.sessions.of_chat(KEY.platform, KEY.bot, KEY.chat)
    assert [s.id for s in found] == [s.id for s in reversed(made)]
    assert len(await store.sessions.of_chat(KEY.platform, KEY.bot, KEY.chat, limit=1)) == 1


async def test_switching_back_survives_a_restart(store: Store, place: Place) -> None:
    old = await store.sessions.current(KEY)
    await store.sessions.new(KEY)
    assert await store.sessions.switch(old.id) == old
    assert await (await place.restart()).sessions.current(KEY) == old


async def test_set_changes_only_what_is_given(store: Store) -> None:
    session = await store.sessions.current(KEY)
    assert await store.sessions.set(session.id, language="fr") == replace(session, language="fr")
    assert await store.sessions.set(session.id, streaming=False) == replace(session, language="fr", streaming=False)
    assert await store.sessions.set(session.id, language="") == replace(session, streaming=False)
    assert await store.sessions.get(session.id) == replace(session, streaming=False)


async def test_a_session_that_is_gone_is_said_so(store: Store) -> None:
    for act in (store.sessions.switch("nothing"), store.sessions.set("nothing", title="x")):
        with pytest.raises(UserError, match="no longer there"):
            await act
    assert await store.sessions.get("nothing") is None
    await store.sessions.delete("nothing")


async def test_deleting_takes_the_turns_and_the_text_of_the_answers(store: Store) -> None:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store, "a secret question")
    turn = await store.turns.open(row.id, lease, session.id, "Bo", "a secret question")
    assert turn is not None
    await store.deliveries.open(row.id, lease, ADDRESS)
    await store.turns.finish(row.id, lease, turn, answer="a secret answer", state="done")
    await store.sessions.delete(session.id)
    assert await store.sessions.list(KEY) == []
    assert await store.turns.all(session.id) == []
    for table in ("inbox", "sessions", "turns", "deliveries", "posts"):
        assert "secret" not in repr(await store.db.read(f"SELECT * FROM {table}"))
    assert (await store.sessions.current(KEY)).id != session.id


async def test_deleting_an_old_session_leaves_the_current_one(store: Store) -> None:
    old = await store.sessions.current(KEY)
    new = await store.sessions.new(KEY)
    await store.sessions.delete(old.id)
    assert await store.sessions.current(KEY) == new


async def test_deleting_drops_the_questions_that_wait_and_leaves_others(store: Store) -> None:
    session, other = await store.sessions.current(KEY), await store.sessions.new(KEY)
    about = f'what does "session":"{session.id}" mean?'
    live = await store.inbox.accept(replace(incoming(), session=session.id), LANE)
    lease = await store.leases.acquire(LANE)
    assert (await store.inbox.next(lease)) is not None
    await store.inbox.accept(replace(incoming("a secret question"), session=session.id), LANE)
    stays = await store.inbox.accept(replace(incoming(about), session=other.id), LANE)
    await store.sessions.delete(session.id)
    assert [row.id for row in await store.answers.waiting(LANE)] == [live, stays]
    assert "secret" not in repr(await store.db.read("SELECT * FROM inbox"))


async def test_an_answer_for_a_session_that_was_deleted_meanwhile_ends_quietly(store: Store) -> None:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store)
    turn = await store.turns.open(row.id, lease, session.id, "Bo", "hello")
    assert turn is not None
    await store.deliveries.open(row.id, lease, ADDRESS)
    await store.sessions.delete(session.id)
    assert await store.turns.finish(row.id, lease, turn, answer="a secret", state="done")
    assert await store.db.read("SELECT text, state FROM deliveries") == [{"text": "", "state": "final"}]
    assert await store.inbox.waiting() == []


async def test_looking_for_the_current_session_makes_none(store: Store) -> None:
    key = SessionKey("web", "page", "owner", "t")
    assert await store.sessions.find(key) is None
    made = await store.sessions.current(key)
    assert await store.sessions.find(key) == made
    await store.sessions.delete(made.id)
    assert await store.sessions.find(key) is None
    assert await store.sessions.list(key) == []
