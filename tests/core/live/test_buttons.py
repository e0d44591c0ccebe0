"""Buttons under an answer on a virtual clock: where they are, when they change, and what that costs in calls."""

from __future__ import annotations

import asyncio

from core.live.delivery import Delivery
from core.surface import Action, Limits, Rate
from tests.core.live.fakes import FakeSurface
from tests.core.live.test_delivery import PRIVATE, SENTENCE, Stage, say, sentences
from tests.virtual import run

STOP = (Action("stop", "Stop", "stop:1"),)
RETRY = (Action("retry", "Retry", "retry:1"),)
SMALL = Limits(page=200, budget="small", rates=(Rate(20, 20.0),), interval=1.0)


def play(stage: Stage, text: str, *, pause: float = 0.0, **options: object) -> Delivery:
    """An answer with a stop button, and a retry button from its end on. pause: seconds before that."""

    async def both() -> Delivery:
        delivery = stage.delivery(actions=STOP, **options)

        async def speak() -> None:
            for start in range(0, len(text), 4):
                delivery.feed(text[start : start + 4])
                await asyncio.sleep(0.02)
            await asyncio.sleep(pause)
            delivery.finish(text, RETRY)

        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            group.create_task(speak())
        return delivery

    played: Delivery = run(both())
    return played


def test_a_short_answer_is_posted_with_its_last_buttons() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, "Yes.")
    assert [call.call for call in stage.surface.calls] == ["post"]
    assert stage.surface.buttons == {"m1": ["retry"]}


def test_an_answer_that_was_on_screen_already_gets_one_edit_for_its_buttons() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, SENTENCE, pause=5.0)
    texts = [call.text for call in stage.surface.calls]
    assert texts[-2:] == [SENTENCE, SENTENCE]
    assert stage.surface.buttons == {"m1": ["retry"]}


def test_an_answer_without_buttons_needs_no_such_edit() -> None:
    stage = Stage(FakeSurface(PRIVATE))

    async def both() -> None:
        delivery = stage.delivery()
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            delivery.feed(SENTENCE)
            await asyncio.sleep(5)
            delivery.finish()

    run(both())
    assert [call.call for call in stage.surface.calls] == ["post"]


def test_buttons_cost_no_call_where_the_last_edit_is_made_anyway() -> None:
    with_buttons, without = Stage(FakeSurface(PRIVATE)), Stage(FakeSurface(PRIVATE))
    play(with_buttons, sentences(40))

    async def plain() -> None:
        delivery = without.delivery()
        await asyncio.gather(say(delivery, sentences(40)), delivery.run())

    run(plain())
    assert len(with_buttons.surface.calls) == len(without.surface.calls)


def test_only_the_last_page_has_buttons() -> None:
    stage = Stage(FakeSurface(SMALL))
    play(stage, sentences(12))
    *full, last = stage.surface.buttons.values()
    assert full
    assert not any(full)
    assert last == ["retry"]


def test_an_answer_that_ends_in_a_file_keeps_its_stop_button_until_then() -> None:
    stage = Stage(FakeSurface(SMALL))
    seen: list[dict[str, list[str]]] = []

    async def both() -> None:
        delivery = stage.delivery(actions=STOP, most=2)
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            delivery.feed(sentences(30))
            await asyncio.sleep(20)
            seen.append(dict(stage.surface.buttons))
            delivery.finish(None, RETRY)

    run(both())
    assert seen == [{"m1": [], "m2": ["stop"]}]
    assert stage.surface.buttons == {"m1": [], "m2": [], "m3": ["retry"]}
    assert stage.surface.files["m3"]


def test_an_answer_that_is_left_stays_as_it_is() -> None:
    stage = Stage(FakeSurface(SMALL, screen={"old": "An answer of before.", "more": "And its second page."}))

    async def both() -> None:
        delivery = stage.delivery(posted=("old", "more"), actions=STOP)
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            await asyncio.sleep(3)
            delivery.leave()

    run(both())
    assert stage.surface.calls == []


def test_messages_that_are_taken_over_are_edited_and_what_is_too_much_goes() -> None:
    stage = Stage(FakeSurface(SMALL, screen={"a": "One.", "b": "Two.", "c": "Three."}))
    stage.journal.ids = [(0, "a"), (1, "b"), (2, "c")]
    play(stage, "A new and shorter answer, in one message.", posted=("a", "b", "c"))
    assert stage.surface.screen == {"a": "A new and shorter answer, in one message."}
    assert stage.journal.ids == [(0, "a")]
    assert stage.surface.buttons == {"a": ["retry"]}


def test_a_file_that_is_taken_over_is_handed_over_anew() -> None:
    stage = Stage(FakeSurface(SMALL, screen={"a": "One.", "b": "Two.", "file": "The rest."}))
    play(stage, sentences(30), posted=("a", "b", "file"), most=2)
    assert "file" not in stage.surface.screen
    assert len(stage.surface.screen) == 3
    assert [id for id, files in stage.surface.files.items() if files] == [list(stage.surface.screen)[-1]]


def test_while_an_answer_is_had_anew_the_platform_shows_that_it_is_worked_on() -> None:
    stage = Stage(FakeSurface(PRIVATE, screen={"a": "The old answer."}))

    async def both() -> None:
        delivery = stage.delivery(posted=("a",), actions=STOP)
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            await asyncio.sleep(9)
            delivery.finish("The new answer.", RETRY)

    run(both())
    assert len(stage.surface.typed) == 3
    assert stage.surface.screen == {"a": "The new answer."}
