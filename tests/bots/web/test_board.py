"""The board and the surface over it: what stays, what leaves, and what a restart or a deletion means."""

from __future__ import annotations

import pytest

from bots.web.board import CONVERSATIONS, NOTICES, Board, Message, Place
from bots.web.bus import Bus
from bots.web.surface import WebSurface
from core.errors import Gone
from core.store import Store
from core.surface import Out
from core.types import Address, Author, Incoming, Lane, SessionKey, Turn

HERE = Place("owner", "t")
ADDRESS = Address("web", "page", "owner", "t", reply_to="event")
KEY = SessionKey("web", "page", "owner", "t")


def message(id: str, *, seq: int = 0, final: bool = True, session: str = "s") -> Message:
    return Message(id, "t", session, "text", final, 0.0, seq=seq)


def turn(seq: int, state: str, question: str = "?", created: float = 10.0) -> Turn:
    return Turn("s", seq, "owner", question, "", state, False, created)


def test_an_answer_leaves_once_it_is_in_history() -> None:
    board = Board()
    board.put(HERE, message("a", seq=1))
    assert [m.id for m in board.shown(HERE, "s", [turn(1, "open")])] == ["a"]
    assert board.shown(HERE, "s", [turn(1, "done")]) == []
    assert board.get(HERE, "a") is None


def test_a_failed_answer_leaves_the_board_like_any_other() -> None:
    board = Board()
    board.put(HERE, message("a", seq=1))
    assert board.shown(HERE, "s", [turn(1, "failed")]) == []  # history says why it failed


def test_the_newest_notices_stay() -> None:
    board = Board()
    for number in range(NOTICES + 5):
        board.put(HERE, message(str(number)))
    assert [m.id for m in board.shown(HERE, "s", [])] == [str(n) for n in range(5, NOTICES + 5)]


def test_a_question_waits_until_a_turn_has_taken_it_up() -> None:
    board = Board()
    board.ask(HERE, "1", "same", 10.0)
    board.ask(HERE, "2", "same", 10.0)
    board.ask(HERE, "2", "same", 10.0)
    assert board.waiting(HERE, [turn(1, "done", "same", created=5.0)]) == [("1", "same"), ("2", "same")]
    assert board.waiting(HERE, [turn(2, "open", "same", created=11.0)]) == [("2", "same")]
    assert board.is_busy(HERE, "s")
    board.put(HERE, message("a", seq=3), "2")
    assert board.waiting(HERE, []) == []
    assert not board.is_busy(HERE, "s")


def test_only_so_many_conversations_are_remembered() -> None:
    board = Board()
    for number in range(CONVERSATIONS + 1):
        board.put(Place("owner", str(number)), message("a"))
    assert board.get(Place("owner", "0"), "a") is None
    assert board.get(Place("owner", "1"), "a") is not None


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def surface(store: Store, board: Board) -> WebSurface:
    return WebSurface(ADDRESS, board, Bus(), store, lambda: 1.0)


def out(surface: WebSurface, text: str, nonce: str = "", *, final: bool = False) -> Out:
    return Out(surface.render(text), nonce=nonce, final=final)


async def open_turn(store: Store, question: str = "?") -> Turn:
    author = Author("web", "owner")
    lane = Lane.of(KEY, ADDRESS, author)
    row = await store.inbox.accept(Incoming("event", ADDRESS, author, question), lane)
    assert row is not None
    session = await store.sessions.current(KEY)
    turn = await store.turns.open(row, await store.leases.acquire(lane), session.id, "owner", question)
    assert turn is not None
    return turn


async def test_a_post_tried_twice_is_there_once(store: Store, board: Board, surface: WebSurface) -> None:
    turn = await open_turn(store)
    first = await surface.post(out(surface, "Hello", "7-0"))
    again = await surface.post(out(surface, "Hello you", "7-0"))
    assert first == again
    assert [(m.text, m.rev) for m in board.shown(HERE, turn.session, [turn])] == [("Hello you", 2)]


async def test_after_a_restart_an_answer_goes_on_under_its_old_id(
    store: Store, board: Board, surface: WebSurface
) -> None:
    turn = await open_turn(store)
    await surface.edit("7-0", out(surface, "Going on"))
    assert [(m.id, m.seq) for m in board.shown(HERE, turn.session, [turn])] == [("7-0", turn.seq)]


async def test_what_is_said_without_a_turn_is_a_notice(store: Store, board: Board, surface: WebSurface) -> None:
    session = await store.sessions.current(KEY)
    id = await surface.post(out(surface, "There is nothing to answer anew yet.", final=True))
    said = board.get(HERE, id)
    assert said is not None
    assert (said.seq, said.session) == (0, session.id)


async def test_what_is_said_in_a_deleted_conversation_does_not_begin_it_anew(store: Store, surface: WebSurface) -> None:
    await store.sessions.delete((await store.sessions.current(KEY)).id)
    with pytest.raises(Gone):
        await surface.post(out(surface, "Stopped.", final=True))
    assert await store.sessions.list(KEY) == []


async def test_a_deleted_conversation_ends_its_answer(store: Store, board: Board, surface: WebSurface) -> None:
    turn = await open_turn(store)
    id = await surface.post(out(surface, "Hello"))
    board.forget(HERE, turn.session)
    with pytest.raises(Gone):
        await surface.edit(id, out(surface, "Hello you"))


async def test_a_message_taken_away_is_gone_from_the_board(store: Store, board: Board, surface: WebSurface) -> None:
    await store.sessions.current(KEY)
    id = await surface.post(out(surface, "Hello"))
    await surface.delete(id)
    await surface.delete(id)
    assert board.get(HERE, id) is None


async def test_rendering_leaves_any_text_as_it_is(surface: WebSurface) -> None:
    rendered = surface.render("**half")
    assert (rendered.text, rendered.size) == ("**half", 6)
    assert surface.limits.page >= 1_000_000
    assert surface.limits.marks_end
