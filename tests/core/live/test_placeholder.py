"""What stands in for an answer that has not begun: shown sparingly, replaced by the answer, never kept."""

from __future__ import annotations

import asyncio
from typing import Any

from core.live.budget import Budgets
from core.live.delivery import Delivery
from tests.core.live.fakes import FakeJournal, FakeSurface
from tests.virtual import run


def start(surface: FakeSurface, journal: FakeJournal, **options: Any) -> Delivery:
    budgets = Budgets(lambda: asyncio.get_running_loop().time())
    return Delivery(surface, budgets, journal, reopen=lambda address: surface, nonce="n", **options)


def test_the_answer_takes_the_place_of_it_in_the_same_message_and_at_once() -> None:
    async def main() -> None:
        surface, journal = FakeSurface(), FakeJournal()
        delivery = start(surface, journal)
        showing = asyncio.create_task(delivery.run())
        for place in (3, 2, 1):
            delivery.meanwhile(f"You are number {place}.")
            await asyncio.sleep(5.0)
        assert surface.text == "You are number 1."
        delivery.feed("Here is the answer that you have waited for.")
        await asyncio.sleep(1.5)
        assert surface.text == "Here is the answer that you have waited for."
        delivery.finish()
        await showing
        assert [call.call for call in surface.calls] == ["post", "edit", "edit", "edit"]
        assert not any("number" in text for text in journal.saved)

    run(main())


def test_many_changes_are_few_calls() -> None:
    async def main() -> None:
        surface = FakeSurface()
        delivery = start(surface, FakeJournal())
        showing = asyncio.create_task(delivery.run())
        for place in range(100, 0, -1):
            delivery.meanwhile(f"You are number {place}.")
            await asyncio.sleep(0.05)
        assert len(surface.calls) <= 6
        delivery.finish("Stopped before anything was said.")
        await showing
        assert surface.text == "Stopped before anything was said."

    run(main())


def test_it_is_not_shown_where_answers_appear_only_when_complete_nor_over_what_was_said_before() -> None:
    async def main() -> None:
        for options in ({"streaming": False}, {"posted": ("m1",), "before": "What was said."}):
            surface = FakeSurface()
            surface.screen["m1"] = "What was said."
            delivery = start(surface, FakeJournal(), **options)
            showing = asyncio.create_task(delivery.run())
            delivery.meanwhile("You are number 3.")
            await asyncio.sleep(5.0)
            assert not surface.calls
            delivery.finish("What was said. And more.")
            await showing

    run(main())
