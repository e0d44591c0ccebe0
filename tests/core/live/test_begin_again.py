"""An answer that begins again, since the model broke off and could not go on: in the same messages."""

from __future__ import annotations

import asyncio

from core.live.delivery import Delivery
from core.surface import Limits, Out, Rate
from tests.core.live.fakes import FakeSurface
from tests.core.live.test_delivery import PRIVATE, Stage, say, sentences
from tests.virtual import run

SMALL = Limits(page=200, budget="small", rates=(Rate(20, 20.0),), interval=1.0)
OTHER = " ".join(["Pack my box with five dozen liquor jugs."] * 30)


def play(stage: Stage, first: str, second: str) -> None:
    """An answer that is void after `first`, and is `second` in the end."""

    async def both() -> None:
        delivery = stage.delivery()
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            for piece in range(0, len(first), 4):
                delivery.feed(first[piece : piece + 4])
                await asyncio.sleep(0.02)
            delivery.anew()
            await say(delivery, second)

    run(both())


def test_what_is_on_screen_stays_until_the_new_text_is_longer() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, sentences(10), OTHER)
    assert stage.surface.screen == {"m1": OTHER}
    lengths = [len(call.text) for call in stage.surface.calls]
    assert lengths == sorted(lengths)
    assert {call.text[:4] for call in stage.surface.calls} == {"The ", "Pack"}


def test_pages_are_used_again_and_surplus_ones_go() -> None:
    stage = Stage(FakeSurface(SMALL))
    play(stage, sentences(12), "Short after all.")
    assert list(stage.surface.screen.values()) == ["Short after all."]


def test_full_pages_are_written_anew() -> None:
    stage = Stage(FakeSurface(SMALL))
    play(stage, sentences(12), OTHER)
    assert "".join(text.replace(" ", "") for text in stage.surface.screen.values()) == OTHER.replace(" ", "")


class Interrupted(FakeSurface):
    """The answer begins again while its first full page is on its way to the screen."""

    delivery: Delivery | None = None

    async def post(self, out: Out) -> str:
        id = await super().post(out)
        if self.delivery is not None and out.page == 0:
            self.delivery.anew()
            self.delivery = None
        return id


def test_a_full_page_that_was_under_way_is_written_anew_too() -> None:
    surface = Interrupted(SMALL)
    stage = Stage(surface)

    async def both() -> None:
        delivery = surface.delivery = stage.delivery()
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            delivery.feed(sentences(12))
            await asyncio.sleep(5)
            await say(delivery, "Short.")

    run(both())
    assert list(surface.screen.values()) == ["Short."]


def test_before_anything_was_shown_nothing_is_held_back() -> None:
    stage = Stage(FakeSurface(PRIVATE))
    play(stage, "Hm", sentences(1))
    assert stage.surface.screen == {"m1": sentences(1)}
