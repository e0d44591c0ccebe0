"""When our own code fails: the user is told, the lane goes on, and nothing stays open for ever."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.dispatch import engine
from core.errors import Refused
from core.live.delivery import Delivery
from core.quota import Quota
from core.store.check import check
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


async def test_a_model_that_drops_what_was_waited_for_is_an_error_and_no_restart(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dropped(*args: Any, **more: Any) -> None:
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lost.cancel()
        await lost

    await town.open("telegram")
    dana = await town.person("telegram")
    with monkeypatch.context() as broken:
        broken.setattr(Quota, "admit", dropped)
        await dana.asks("Hello?", "Something went wrong")
    await dana.asks("And now?", "And now?")


async def test_a_notice_that_cannot_be_shown_leaves_nothing_half_done(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(self: Delivery, due: Any) -> None:
        raise Refused("the user has blocked the bot")

    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("Hello", "You said: Hello")
    with monkeypatch.context() as blocked:
        blocked.setattr(Delivery, "_show", refused)
        await dana.says("/help")
        database = town.folder / "chinwag.db"
        await dana.sees(lambda: "2 done" in waiting(database), "both rows done")
    await town.close()
    assert [finding.text for finding in check(database) if finding.cure] == []


def waiting(database: Path) -> str:
    with closing(sqlite3.connect(database)) as db:
        (done,) = db.execute("SELECT COUNT(*) FROM inbox WHERE state = 'done'").fetchone()
    return f"{done} done"
