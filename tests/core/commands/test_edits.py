"""What follows from an edit: the last question is asked anew, one that waits is asked as edited, the rest stays."""

from __future__ import annotations

from dataclasses import replace

from tests.core.commands.conftest import ADA, BOB, GROUP, Room


async def edit(room: Room, text: str, message: str, author=ADA) -> bool:  # type: ignore[no-untyped-def]
    """Whether there is new work."""
    return await room.edits.take(room.said(text, message, author), room.lane(author)) is not None


async def test_the_last_question_is_asked_anew_in_the_place_of_its_answer(room: Room) -> None:
    row = await room.answered("why?", "100")
    assert await edit(room, "why not?", "100")
    (incoming,) = await room.waiting()
    assert (incoming.act, incoming.of, incoming.text) == ("edit", row, "why not?")


async def test_what_others_asked_meanwhile_does_not_matter(room: Room) -> None:
    await room.answered("why?", "100")
    await room.answered("how?", "101", BOB)
    assert await edit(room, "why not?", "100")


async def test_an_older_one_an_unknown_one_and_somebody_elses_change_nothing(room: Room) -> None:
    await room.answered("why?", "100")
    await room.answered("how?", "101")
    assert not await edit(room, "why not?", "100")
    assert not await edit(room, "what?", "99")
    assert not await edit(room, "how not?", "101", BOB)
    assert await room.waiting() == []


async def test_an_edit_that_leaves_the_words_or_is_a_command_changes_nothing(room: Room) -> None:
    await room.answered("why?", "100")
    for text in ("why?", "/reset", " "):
        assert not await edit(room, text, "100")


async def test_the_same_event_is_taken_once(room: Room) -> None:
    await room.answered("why?", "100")
    changed = room.said("why not?", "100")
    assert await room.edits.take(changed, room.lane()) is not None
    await room.edits.take(changed, room.lane())
    assert len(await room.waiting()) == 1


async def test_what_waits_is_asked_as_edited_also_behind_a_newer_one(room: Room) -> None:
    await room.waits(room.said("why?", "100"))
    await room.waits(room.said("how?", "101"))
    assert not await edit(room, "why not?", "100")
    assert [incoming.text for incoming in await room.waiting()] == ["why not?", "how?"]
    assert room.stopped == []


async def test_what_is_being_answered_is_stopped_and_asked_anew(room: Room) -> None:
    row, _, _ = await room.begins(room.said("why?", "100"))
    assert await edit(room, "why not?", "100")
    assert [incoming.text for incoming in await room.waiting()] == ["why?", "why not?"]
    assert room.stopped == [row.id]
    assert not await edit(room, "why ever not?", "100")  # the second edit changes the row that the first one made
    assert [incoming.text for incoming in await room.waiting()] == ["why?", "why ever not?"]


async def test_what_is_being_answered_goes_on_when_a_newer_question_waits(room: Room) -> None:
    await room.begins(room.said("why?", "100"))
    await room.waits(room.said("how?", "101"))
    assert not await edit(room, "why not?", "100")
    assert [incoming.text for incoming in await room.waiting()] == ["why?", "how?"]


async def test_a_row_that_was_given_back_after_its_turn_began_is_not_rewritten(room: Room) -> None:
    row, lease, _ = await room.begins(room.said("why?", "100"))
    await room.store.inbox.give_back(row.id, lease)  # an orderly stop
    assert await edit(room, "why not?", "100")
    assert [incoming.text for incoming in await room.waiting()] == ["why?", "why not?"]


async def test_a_retry_that_waits_becomes_the_edited_question(room: Room) -> None:
    row = await room.answered("why?", "100")
    await room.press(f"retry:{row:x}")
    assert not await edit(room, "why not?", "100")
    (incoming,) = await room.waiting()
    assert (incoming.act, incoming.of, incoming.text) == ("edit", row, "why not?")


async def test_after_a_new_conversation_it_is_an_older_message(room: Room) -> None:
    await room.answered("why?", "100")
    await room.store.sessions.new(room.lane().key)
    assert not await edit(room, "why not?", "100")


async def test_a_message_that_only_its_edit_addresses_is_new_for_ten_minutes_in_groups(room: Room) -> None:
    said = room.said("@bot why?", "100")
    assert await room.edits.is_new(said, room.lane())
    assert not await room.edits.is_new(replace(said, sent=room.time - 601), room.lane())
    private = replace(said, address=replace(GROUP, private=True))
    assert not await room.edits.is_new(private, room.lane())
    await room.answered("why?", "100")
    assert not await room.edits.is_new(said, room.lane())
