"""When our own code fails: the user is told, the lane goes on, and nothing stays open for ever."""

from __future__ import annotations

from typing import Any

import pytest

from core.dispatch import engine
from core.live.delivery import Delivery
from tests.story.town import Town


async def test_a_message_that_fails_again_and_again_does_not_block_its_lane(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "RETRY", 0.01)
    show, failed = Delivery._show, []

    async def broken(self: Delivery, due: Any) -> None:
        if "poison" in due.rendered.text:
            failed.append(due)
            raise RuntimeError("a fault of ours")
        await show(self, due)

    monkeypatch.setattr(Delivery, "_show", broken)
    await town.open("telegram")
    dana = await town.person("telegram")
    town.model.reply = "Here is your poison."
    await dana.says("Give me something.")
    await dana.sees(lambda: len(failed) >= 3, "three tries")
    town.model.reply = "Here I am."
    await dana.asks("And now?", "Here I am.")
    earlier, _, _ = (await dana.asks("/history", "And now?")).partition("And now?")
    assert "Give me something." in earlier
    assert "(being answered)" not in earlier
