"""Turns: what the model may see, what a person sees, and an answer that is written exactly once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import UserError
from core.store import Lease, Row, Store
from core.types import Lane, Turn, Usage
from tests.clock import Clock
from tests.core.store.conftest import ADDRESS, KEY, Place, answered, taken


async def opened(store: Store, question: str = "hello", lane: Lane | None = None) -> tuple[Row, Lease, Turn]:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store, question, lane) if lane else await taken(store, question)
    turn = await store.turns.open(row.id, lease, session.id, "Bo", question)
    assert turn is not None
    return row, lease, turn


async def test_a_turn_is_counted_from_one_and_starts_open(store: Store, clock: Clock) -> None:
    _, _, turn = await opened(store, "what is a house?")
    assert turn == Turn(turn.session, 1, "Bo", "what is a house?", "", "open", False, clock.now, row=1)
    assert await store.turns.all(turn.session) == [turn]
    assert await store.turns.recent(turn.session, 20) == []


async def test_after_a_crash_the_turn_that_was_opened_is_returned(store: Store, place: Place) -> None:
    row, _, turn = await opened(store, "once")
    reopened = await place.restart()
    lease = await reopened.leases.acquire(row.lane)
    assert await reopened.turns.open(row.id, lease, turn.session, "Bo", "once") == turn
    assert await reopened.turns.all(turn.session) == [turn]


async def test_finishing_ends_turn_delivery_row_and_session_together(store: Store, place: Place, clock: Clock) -> None:
    row, lease, turn = await opened(store)
    await store.deliveries.open(row.id, lease, ADDRESS)
    clock.now += 3
    usage = Usage(prompt=12, completion=34)
    assert await store.turns.finish(row.id, lease, turn, answer="42", state="stopped", model="qwen", usage=usage)
    reopened = await place.restart()
    assert await reopened.inbox.waiting() == []
    done = Turn(turn.session, 1, "Bo", "hello", "42", "stopped", False, turn.created, "qwen", row=row.id)
    assert await reopened.turns.recent(turn.session, 20) == [done]
    delivery = await reopened.deliveries.open(row.id, await reopened.leases.acquire(row.lane), ADDRESS)
    assert delivery is not None
    assert (delivery.text, delivery.state) == ("", "final")
    session = await reopened.sessions.get(turn.session)
    assert session is not None
    assert session.updated == clock.now
    counted = await reopened.db.read("SELECT prompt_tokens, completion_tokens FROM turns")
    assert counted == [{"prompt_tokens": 12, "completion_tokens": 34}]


async def test_an_answer_is_written_once(store: Store) -> None:
    row, lease, turn = await opened(store)
    assert await store.turns.finish(row.id, lease, turn, answer="first", state="done")
    assert not await store.turns.finish(row.id, lease, turn, answer="second", state="failed")
    assert [(t.answer, t.state) for t in await store.turns.all(turn.session)] == [("first", "done")]


async def test_a_state_that_does_not_exist_is_refused_and_undone(store: Store) -> None:
    row, lease, turn = await opened(store)
    with pytest.raises(Exception, match="CHECK"):
        await store.turns.finish(row.id, lease, turn, answer="x", state="finished")
    assert await store.inbox.waiting() == [row.lane]


async def test_the_newest_turns_come_oldest_first(store: Store) -> None:
    session = await store.sessions.current(KEY)
    for n in range(1, 8):
        assert await answered(store, session.id, f"question {n}") == n
    assert [t.seq for t in await store.turns.recent(session.id, 3)] == [5, 6, 7]
    assert [t.seq for t in await store.turns.all(session.id, 4)] == [4, 5, 6, 7]


async def test_every_finished_state_is_history(store: Store) -> None:
    for state in ("done", "stopped", "failed"):
        row, lease, turn = await opened(store, state)
        assert await store.turns.finish(row.id, lease, turn, answer="", state=state)
    _, _, waiting = await opened(store, "open")
    assert [t.state for t in await store.turns.recent(waiting.session, 9)] == ["done", "stopped", "failed"]
    assert [t.state for t in await store.turns.all(waiting.session)] == ["done", "stopped", "failed", "open"]


async def test_retry_replaces_the_newest_turn(store: Store) -> None:
    session = await store.sessions.current(KEY)
    await answered(store, session.id, "first")
    await answered(store, session.id, "second", "a bad answer")
    row, lease = await taken(store, "/retry")
    turn = await store.turns.reopen(row.id, lease, session.id)
    assert turn is not None
    assert (turn.seq, turn.question, turn.author, turn.state, turn.answer) == (3, "second", "Bo", "open", "")
    assert [t.question for t in await store.turns.recent(session.id, 9)] == ["first"]
    assert await store.turns.finish(row.id, lease, turn, answer="a good answer", state="done")
    assert [(t.seq, t.answer) for t in await store.turns.all(session.id)] == [(1, "an answer"), (3, "a good answer")]


async def test_retry_is_done_once_per_row(store: Store, place: Place) -> None:
    session = await store.sessions.current(KEY)
    await answered(store, session.id, "first")
    await answered(store, session.id, "second")
    row, lease = await taken(store, "/retry")
    turn = await store.turns.reopen(row.id, lease, session.id)
    reopened = await place.restart()
    lease = await reopened.leases.acquire(row.lane)
    assert await reopened.turns.reopen(row.id, lease, session.id) == turn
    assert [t.question for t in await reopened.turns.all(session.id)] == ["first", "second"]


async def test_retry_leaves_alone_what_others_asked_in_the_same_lane(store: Store) -> None:
    session = await store.sessions.current(KEY)
    for asker in ("1", "2"):
        row, lease = await taken(store, f"asked by {asker}")
        turn = await store.turns.open(row.id, lease, session.id, "", f"asked by {asker}", asker=asker)
        assert turn is not None
        assert await store.turns.finish(row.id, lease, turn, answer="an answer", state="done")
    row, lease = await taken(store, "/retry")
    with pytest.raises(UserError, match="nothing to answer anew"):
        await store.turns.reopen(row.id, lease, session.id, asker="3")
    again = await store.turns.reopen(row.id, lease, session.id, asker="1")
    assert again is not None
    assert (again.question, again.asker) == ("asked by 1", "1")
    assert [turn.question for turn in await store.turns.recent(session.id, 9)] == ["asked by 2"]


async def test_retry_leaves_the_running_answer_of_another_asker_alone(store: Store) -> None:
    session = await store.sessions.current(KEY)
    await answered(store, session.id, "mine")
    await opened(store, "theirs, being answered", Lane(KEY, "somebody else"))
    row, lease = await taken(store, "/retry")
    turn = await store.turns.reopen(row.id, lease, session.id)
    assert turn is not None
    assert turn.question == "mine"


async def test_retry_with_nothing_to_answer_anew(store: Store) -> None:
    session = await store.sessions.current(KEY)
    row, lease = await taken(store, "/retry")
    with pytest.raises(UserError, match=r"There is nothing to answer anew yet\."):
        await store.turns.reopen(row.id, lease, session.id)
    assert await store.turns.all(session.id) == []


async def test_a_turn_in_a_session_that_is_gone(store: Store) -> None:
    row, lease = await taken(store)
    with pytest.raises(UserError, match="no longer there"):
        await store.turns.open(row.id, lease, "nothing", "Bo", "hello")


TITLES = [
    ("How do I bake bread?", "How do I bake bread?"),
    ("\n  \n  First\tline  here \nsecond line", "First line here"),  # the first line that says something
    ("x" * 60, "x" * 60),
    ("x" * 61, "x" * 59 + "…"),
    ("一" * 100, "一" * 59 + "…"),  # characters, not bytes
    ("word " * 30, ("word " * 30)[:59].rstrip() + "…"),
    ("", ""),
]


@pytest.mark.parametrize(("question", "title"), TITLES)
async def test_the_first_question_is_the_title(store: Store, question: str, title: str) -> None:
    _, _, turn = await opened(store, question)
    session = await store.sessions.get(turn.session)
    assert session is not None
    assert session.title == title
    assert len(session.title) <= 60


async def test_a_title_is_set_once(store: Store) -> None:
    session = await store.sessions.current(KEY)
    await answered(store, session.id, "first")
    await answered(store, session.id, "second")
    assert (await store.sessions.current(KEY)).title == "first"
    await store.sessions.set(session.id, title="My own")
    await answered(store, session.id, "third")
    assert (await store.sessions.current(KEY)).title == "My own"


async def test_retry_leaves_alone_what_others_asked_in_the_same_group(store: Store) -> None:
    mine, others = Lane(KEY, "ada"), Lane(KEY, "bob")
    for lane, question in ((mine, "mine"), (others, "bob's")):
        row, lease = await taken(store, lane=lane)
        turn = await store.turns.open(row.id, lease, (await store.sessions.current(KEY)).id, "x", question)
        assert turn is not None
        await store.turns.finish(row.id, lease, turn, answer=question, state="done")
    row, lease = await taken(store, lane=mine)
    again = await store.turns.reopen(row.id, lease, turn.session)
    assert again is not None
    assert again.question == "mine"


async def test_the_turn_of_a_row_is_found(store: Store) -> None:
    row, _, turn = await opened(store)
    assert await store.turns.of_row(row.id) == turn
    assert await store.turns.of_row(row.id + 1) is None


async def test_a_complete_answer_is_kept_before_its_row_is_done(store: Store) -> None:
    row, lease = await taken(store)
    session = await store.sessions.current(KEY)
    turn = await store.turns.open(row.id, lease, session.id, "Bo", "hello")
    assert turn is not None
    assert await store.turns.told(lease, replace(turn, answer="All of it.", note="a note"), "stop")
    again = await store.turns.open(row.id, lease, session.id, "Bo", "hello")
    assert again is not None
    assert (again.state, again.answer, again.note, again.finish) == ("open", "All of it.", "a note", "stop")
    assert await store.turns.finish(row.id, lease, turn, answer="All of it.", state="done", finish="stop")
    assert not await store.turns.told(lease, replace(turn, answer="late"), "stop")  # it is no longer open
