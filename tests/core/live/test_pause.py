"""What a restart leaves on screen: the text so far with a note under it, for one call at most."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.errors import Unreachable
from core.surface import Limits, Rate
from tests.core.live.fakes import FakeSurface, now
from tests.core.live.test_delivery import PRIVATE, Stage, sentences
from tests.virtual import run

NOTE = "⏸ Back soon."


def paused(stage: Stage, text: str, **options: Any) -> float:
    """Show `text`, then end the process's part of it; how long that took (virtual seconds)."""

    async def scene() -> float:
        delivery = stage.delivery(**options)
        showing = asyncio.create_task(delivery.run())
        delivery.feed(text)
        await asyncio.sleep(2)
        delivery.feed(" And more")
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        began, calls = now(), len(stage.surface.calls)
        await delivery.pause(NOTE)
        assert len(stage.surface.calls) - calls <= 1
        return now() - began

    took: float = run(scene())
    return took


def test_the_last_message_shows_all_that_was_said_with_the_note_under_it() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    took = paused(stage, "Once upon a time")
    assert list(stage.surface.screen.values()) == [f"Once upon a time And more\n\n{NOTE}"]
    assert stage.journal.saved[-1] == "Once upon a time And more"
    assert took == pytest.approx(stage.surface.round_trip)
    assert len(stage.journal.calls) == len(stage.surface.calls)


def test_a_code_block_is_closed_above_the_note() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    paused(stage, "```python\nx = 1\n")
    (shown,) = stage.surface.screen.values()
    assert shown.endswith(f"```\n\n{NOTE}")


def test_of_several_messages_the_last_has_the_note() -> None:
    stage = Stage(FakeSurface(Limits(page=200, budget="here", rates=(Rate(20, 20.0),))))
    paused(stage, sentences(6))
    *earlier, last = stage.surface.screen.values()
    assert earlier
    assert not any(NOTE in text for text in earlier)
    assert last.endswith(NOTE)


def test_what_an_earlier_process_had_shown_stays_when_it_is_longer() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    stage.surface.screen["m0"] = "A long answer that was begun before"
    paused(stage, "A long", posted=("m0",), before="A long answer that was begun before")
    assert stage.surface.screen["m0"] == f"A long answer that was begun before\n\n{NOTE}"
    assert stage.journal.saved == []  # it is kept already


def test_nothing_is_posted_where_nothing_is_on_screen() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    paused(stage, "Once upon a time", streaming=False)
    assert not stage.surface.calls
    assert stage.journal.saved[-1] == "Once upon a time And more"


def test_a_place_whose_budget_is_spent_is_left_alone() -> None:
    stage = Stage(FakeSurface(Limits(page=4096, budget="here", rates=(Rate(1, 60.0),))))
    paused(stage, "Once upon a time")
    assert [call.call for call in stage.surface.calls] == ["post"]
    assert stage.journal.saved[-1] == "Once upon a time And more"


def test_a_note_that_does_not_fit_is_left_out() -> None:
    stage = Stage(FakeSurface(Limits(page=60, budget="here", rates=(Rate(20, 20.0),))))
    paused(stage, "x" * 48)
    assert NOTE not in stage.surface.text


def test_a_platform_that_fails_then_costs_nothing() -> None:
    stage = Stage(FakeSurface(PRIVATE))

    async def scene() -> None:
        delivery = stage.delivery()
        showing = asyncio.create_task(delivery.run())
        delivery.feed("Once upon a time")
        await asyncio.sleep(2)
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        stage.surface.faults.append(Unreachable())
        await delivery.pause(NOTE)

    run(scene())
    assert stage.journal.saved[-1] == "Once upon a time"
