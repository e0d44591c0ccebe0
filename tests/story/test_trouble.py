"""When our own code fails: the user is told, the lane goes on, and nothing stays open for ever."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.chat import TRIES
from core.commands.tuning import Tuning
from core.dispatch import engine
from core.errors import Refused
from core.live.delivery import Delivery
from core.quota import Quota
from core.store.check import check
from core.store.turns import Turns
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


@pytest.mark.parametrize("broken", [(Tuning, "parameters"), (Turns, "open")], ids=["before the model", "the turn"])
async def test_a_fault_outside_of_the_model_is_told_in_the_end(
    town: Town, monkeypatch: pytest.MonkeyPatch, broken: tuple[type, str]
) -> None:
    tried = []

    async def fails(*args: Any, **more: Any) -> None:
        tried.append(args)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(engine, "RETRY", 0.01)
    await town.open("telegram")
    dana = await town.person("telegram")
    with monkeypatch.context() as patched:
        patched.setattr(*broken, fails)
        await dana.asks("Hello?", "Something went wrong (id 1)")
    assert len(tried) == TRIES + 1
    await town.settled()
    await dana.asks("And now?", "And now?")
    await town.settled()
    await town.close()
    assert [finding.text for finding in check(town.folder / "chinwag.db") if finding.cure] == []


async def test_a_retry_that_fails_outside_of_the_model_leaves_the_old_answer(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*args: Any, **more: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(engine, "RETRY", 0.01)
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("Hello", "You said: Hello")
    await town.settled()
    with monkeypatch.context() as patched:
        patched.setattr(Tuning, "parameters", fails)
        await dana.presses("retry")
        shown = await dana.hears("Something went wrong (id 2)")
    assert shown.startswith("You said: Hello\n\n")
    await town.settled()
    assert "You said: Hello" in await dana.asks("/history", "Something went wrong")


@pytest.mark.parametrize("poisoned", [False, True], ids=["shown", "the text cannot be shown"])
async def test_what_was_said_stays_when_the_rest_fails_outside_of_the_model(
    town: Town, monkeypatch: pytest.MonkeyPatch, poisoned: bool
) -> None:
    async def fails(*args: Any, **more: Any) -> None:
        raise RuntimeError("a fault of ours")

    show = Delivery._show

    async def broken(self: Delivery, due: Any) -> None:
        await (fails() if "word" in due.rendered.text else show(self, due))

    monkeypatch.setattr(engine, "RETRY", 0.01)
    await town.open("telegram")
    dana = await town.person("telegram")
    town.model.reply = "word " * 1500
    gate = town.model.hold(after=1300)
    await dana.says("Tell me a long story")
    await gate.reached(1)
    said = "word " * 1000
    await dana.sees(lambda: len(dana.heard()) == 2 and len(saved(town)) > len(said), "two messages, and both kept")
    with monkeypatch.context() as patched:
        patched.setattr(Tuning, "parameters", fails)
        if poisoned:
            patched.setattr(Delivery, "_show", broken)
        await town.restart()
        await dana.hears("Something went wrong (id 1)")
        await town.settled()
    gate.open()
    first, *more = dana.heard()
    if poisoned:
        assert first.startswith("⚠️ Something went wrong")
    else:
        (last,) = more
        assert "".join((first, last)).count("word") > 1000
        assert re.search(r"word\n\n⚠️ Something went wrong [^\n]*$", last)
    assert answer_of(town).startswith(said)
    assert "word word" in await dana.asks("/history", "Tell me a long story")


def saved(town: Town) -> str:
    """The text that is kept of the answer that is being written."""
    with closing(sqlite3.connect(town.folder / "chinwag.db")) as db:
        return str(db.execute("SELECT text FROM deliveries ORDER BY inbox_row LIMIT 1").fetchone()[0])


def answer_of(town: Town) -> str:
    with closing(sqlite3.connect(town.folder / "chinwag.db")) as db:
        return str(db.execute("SELECT answer FROM turns ORDER BY seq LIMIT 1").fetchone()[0])


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
