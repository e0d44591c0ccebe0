"""What becomes of a press: whose answer it is, whether it can still be changed, and where the new one is shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.commands import actions
from core.commands.presses import COMPLETE, ENDED, GONE, ON_IT, OUTDATED, REPLACED, STOPPED
from core.types import Turn
from tests.core.commands.conftest import ADA, BOB, GROUP, Room


def turn(state: str, answer: str = "text", finish: str = "stop") -> Turn:
    return Turn("s", 1, "Ada", "why?", answer, state, False, 0.0, finish=finish, row=255)


def test_the_buttons_of_each_kind_of_answer() -> None:
    def names(turn: Turn) -> list[str]:
        return [action.name for action in actions.under(turn)]

    assert names(turn("open")) == ["stop"]
    assert names(turn("done")) == ["retry"]
    assert names(turn("done", finish="length")) == ["continue", "retry"]
    assert names(turn("done", finish="content_filter")) == ["retry"]
    assert names(turn("stopped")) == ["continue", "retry"]
    assert names(turn("failed")) == ["continue", "retry"]
    assert names(turn("failed", answer=" ")) == ["retry"]


def test_what_a_button_carries_is_short_and_comes_back() -> None:
    action = actions.action("continue", 2**60 - 1)
    assert len(action.data.encode()) <= 64
    assert actions.read(action.data) == ("continue", 2**60 - 1)
    for forged in (
        "",
        "retry",
        "retry:",
        "retry:-1",
        "retry:0x1",
        "RETRY:1",
        "retry:1\n",
        "drop:1",
        "retry:" + "f" * 16,  # more than SQLite can look for
    ):
        assert actions.read(forged) is None


async def test_a_retry_is_one_row_in_the_askers_lane_at_the_answers_place(room: Room) -> None:
    row = await room.answered("why?", "100")
    assert (await room.press(f"retry:{row:x}")).done
    (incoming,) = await room.waiting()
    assert (incoming.act, incoming.of, incoming.address) == ("retry", row, GROUP)


async def test_many_presses_at_once_are_one(room: Room) -> None:
    row = await room.answered("why?", "100")
    pressed = await asyncio.gather(*(room.press(f"retry:{row:x}") for _ in range(5)))
    assert [p.done for p in pressed].count(True) == 1
    assert ON_IT in pressed
    assert len(await room.waiting()) == 1


async def test_somebody_else_is_refused_and_a_group_admin_is_not(room: Room) -> None:
    row = await room.answered("why?", "100")
    refused = await room.press(f"retry:{row:x}", BOB)
    assert not refused.done
    assert refused.text == "Only Ada can do that here, or an admin of the group."
    assert await room.waiting() == []
    room.admins.add(BOB.id)
    assert (await room.press(f"retry:{row:x}", BOB)).done
    (incoming,) = await room.waiting(ADA)
    assert incoming.author == BOB  # who pressed it pays for it


async def test_another_chat_cannot_reach_it(room: Room) -> None:
    row = await room.answered("why?", "100")
    assert await room.press(f"retry:{row:x}", ADA, replace(GROUP, chat="51")) == GONE
    assert await room.press(f"retry:{row + 1:x}") == GONE


async def test_a_newer_question_of_the_same_person_makes_it_outdated_and_of_another_does_not(room: Room) -> None:
    first = await room.answered("why?", "100")
    await room.answered("how?", "101", BOB)
    assert (await room.press(f"retry:{first:x}")).done
    second = await room.answered("when?", "102", BOB)
    await room.waits(room.said("and then?", "103", BOB))
    assert await room.press(f"retry:{second:x}", BOB) == OUTDATED


async def test_what_was_replaced_stays_replaced(room: Room) -> None:
    row = await room.answered("why?", "100")
    await room.press(f"retry:{row:x}")
    lease = await room.store.leases.acquire(room.lane())
    again = await room.store.inbox.next(lease)
    assert again is not None
    turn = await room.store.turns.reopen(again.id, lease, again.incoming.session, of=row)
    assert turn is not None
    assert (turn.question, turn.asker, turn.message, turn.answer) == ("why?", ADA.id, "100", "")
    assert await room.press(f"retry:{row:x}") == ON_IT
    await room.store.turns.finish(again.id, lease, turn, answer="Another.", state="done")
    assert await room.press(f"retry:{row:x}") == REPLACED
    kept = await room.store.turns.all(turn.session)
    assert [t.answer for t in kept] == ["Another."]


async def test_a_complete_answer_is_not_continued(room: Room) -> None:
    row = await room.answered("why?", "100")
    assert await room.press(f"continue:{row:x}") == COMPLETE


async def test_a_button_that_is_on_screen_a_moment_before_the_commit_counts(room: Room) -> None:
    row, lease, turn = await room.begins(room.said("why?", "100"))
    assert (await room.press(f"retry:{row.id:x}")).done
    assert await room.store.turns.finish(row.id, lease, turn, answer="An answer.", state="done")
    following = await room.store.inbox.next(lease)
    assert following is not None
    assert following.incoming.of == row.id


async def test_stop_ends_this_answer_only(room: Room) -> None:
    row, _, _ = await room.begins(room.said("why?", "100"))
    room.live = {row.id}
    assert await room.press(f"stop:{row.id:x}") == STOPPED
    room.live = set()
    assert await room.press(f"stop:{row.id:x}") == ENDED
    assert set(room.stopped) == {row.id}


async def test_an_answer_from_before_this_version_knows_its_asker_by_the_lane(room: Room) -> None:
    row = await room.answered("why?", "100")
    await room.store.db.write(lambda tx: tx.execute("UPDATE turns SET asker = '', message = ''"))
    assert not (await room.press(f"retry:{row:x}", BOB)).done
    assert (await room.press(f"retry:{row:x}", ADA)).done


async def test_the_token_of_the_press_is_used_when_that_of_the_answer_has_run_out(room: Room) -> None:
    old = replace(GROUP, token="old", expires=room.time + 60)
    new = replace(GROUP, token="new", expires=room.time + 900)
    first = await room.answered("why?", "100", address=old)
    await room.press(f"retry:{first:x}", address=new)
    assert [i.address.token for i in await room.waiting()] == ["old"]
    lease = await room.store.leases.acquire(room.lane())
    row = await room.store.inbox.next(lease)
    assert row is not None
    await room.store.inbox.done(row.id, lease)
    second = await room.answered("how?", "101", address=old)
    room.time += 61
    await room.press(f"retry:{second:x}", address=new)
    assert [(i.address.token, i.address.expires) for i in await room.waiting()] == [("new", new.expires)]


async def test_the_token_of_the_press_reaches_an_answer_that_went_on_without_its_own(room: Room) -> None:
    old = replace(GROUP, token="old", expires=room.time + 60)
    new = replace(GROUP, token="new", expires=room.time + 900)
    row = await room.answered("why?", "100", address=old.without_token())
    room.time += 61
    await room.press(f"retry:{row:x}", address=new)
    assert [i.address.token for i in await room.waiting()] == ["new"]


async def test_an_answer_that_went_on_in_the_channel_at_once_stays_there(room: Room) -> None:
    old = replace(GROUP, token="old", expires=room.time + 60)
    row = await room.answered("why?", "100", address=old.without_token())
    await room.press(f"retry:{row:x}", address=replace(GROUP, token="new", expires=room.time + 900))
    assert [i.address.token for i in await room.waiting()] == [""]
