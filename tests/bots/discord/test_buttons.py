"""Message components, their interactions and edited messages on the loopback Discord."""

from __future__ import annotations

import asyncio

import pytest

from bots.discord import buttons
from core.surface import Action, Out, Pressed
from tests.bots.discord.world import World
from tests.platforms.discord.message import Message

STOP, RETRY = Action("stop", "⏹ Stop", "stop:1"), Action("retry", "🔄 Retry", "retry:1")


async def shown(world: World, *actions: Action) -> Message:
    surface = await world.surface()
    id = await surface.post(Out(surface.render("Hm."), actions=actions))
    message = world.dm.find(id)
    assert message is not None
    return message


async def test_buttons_come_and_go_with_the_text(world: World) -> None:
    surface = await world.surface()
    id = await surface.post(Out(surface.render("Hm."), actions=(STOP,)))
    message = world.dm.find(id)
    assert message is not None
    assert [button["label"] for button in message.buttons] == ["⏹ Stop"]
    await surface.edit(id, Out(surface.render("Hm."), actions=(RETRY,)))
    assert [button["custom_id"] for button in message.buttons] == ["retry:1"]
    await surface.edit(id, Out(surface.render("Hm.")))
    assert message.buttons == []


async def test_a_press_that_does_something_is_acknowledged_without_words(world: World) -> None:
    message = await shown(world, STOP)
    press = await message.press(world.alice, "⏹ Stop")
    assert await press.until(lambda press: press.acked) == 6
    (taken,) = world.core.pressed
    assert (taken.data, taken.author.id, taken.address.chat) == ("stop:1", str(world.alice.id), str(world.dm.id))
    assert taken.address.token == press.token


async def test_a_press_that_is_delivered_twice_is_taken_once(world: World) -> None:
    message = await shown(world, STOP)
    press = await message.press(world.alice, "⏹ Stop")
    await press.deliver_again()
    await world.dm.send(world.alice, "and then this")
    await world.taken(2)
    assert len(world.core.pressed) == 1


async def test_a_refusal_is_read_by_the_presser_alone(world: World) -> None:
    world.core.says = Pressed("Only Bob can do that here.")
    message = await shown(world, STOP)
    press = await message.press(world.alice, "⏹ Stop")
    answer = await press.answered()
    assert (answer.content, answer.ephemeral) == ("Only Bob can do that here.", True)


async def test_a_press_that_takes_long_is_acknowledged_in_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buttons, "ANSWER_WITHIN", 0.05)
    message = await shown(world, STOP)
    world.core.hold, world.core.says = asyncio.Event(), Pressed("That answer is old.")
    press = await message.press(world.alice, "⏹ Stop")
    assert await press.until(lambda press: press.acked) == 6
    world.core.hold.set()
    await press.until(lambda press: press.follow_ups)
    (told,) = press.follow_ups
    assert (told.content, told.ephemeral) == ("That answer is old.", True)


async def test_a_press_that_fails_says_so(world: World) -> None:
    message = await shown(world, STOP)
    world.core.error = OSError("disk full")
    press = await message.press(world.alice, "⏹ Stop")
    assert "once more" in (await press.answered()).content


async def test_an_edit_reaches_the_core_with_the_message_it_changes(world: World) -> None:
    said = await world.dm.send(world.alice, "wat?")
    await world.taken()
    await said.edit("what?")
    await world.server.until(lambda: world.core.edits)
    (edit,) = world.core.edits
    assert (edit.text, edit.address.reply_to) == ("what?", str(said.id))
    assert edit.event.startswith(f"{said.id}@")
    await said.edit("what, then?")
    await world.server.until(lambda: len(world.core.edits) == 2)
    assert world.core.edits[1].event != edit.event


async def test_a_link_that_discord_resolves_and_the_bots_own_edits_are_no_edits(world: World) -> None:
    said = await world.dm.send(world.alice, "look: https://example.org")
    await world.taken()
    world.dm._tell("MESSAGE_UPDATE", said)  # as Discord does when the preview is there: no edited_timestamp
    surface = await world.surface("and?")
    id = await surface.post(Out(surface.render("Hm.")))
    await surface.edit(id, Out(surface.render("Hm!")))
    await world.dm.send(world.alice, "the last")
    await world.taken(3)
    assert world.core.edits == []
