"""The real process when its disk takes no more: nobody is lied to, and when there is room all goes on by itself."""

from __future__ import annotations

import asyncio
import resource
import sys

import pytest

from bots.alarm import OVER
from core.errors import StoreError
from tests.bots.cli import Process
from tests.bots.process import STORY, World
from tests.story.town import TelegramPerson

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit, which takes the disk away, is Linux's")


def disk(process: Process, most: int) -> None:
    """From now on the process can write no file beyond so many bytes (its pipes are not files)."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


async def test_a_disk_that_fills_up_while_it_runs(world: World) -> None:
    owner, eve = TelegramPerson(world.telegram, 99, "Olga"), TelegramPerson(world.telegram, 78, "Eve")
    world.settings["ADMINS"] = "telegram:99"
    world.cli.changed |= {"core.store.health.STEADY": 1.0, "core.store.patient.AGAIN": 0.2}
    process = await world.start()
    gate = await world.half_an_answer()
    disk(process, 1000)
    gate.open()
    await eve.says("And me?")
    await eve.hears(str(StoreError()))
    await owner.hears("Nothing can be saved: the database 'data/chinwag.db' cannot")
    await world.dana.hears(STORY)  # it is on screen, and in memory
    await asyncio.sleep(2)  # time for a flood to begin
    assert eve.heard() == [str(StoreError())]
    world.model.reply = "And you too."
    disk(process, resource.RLIM_INFINITY)
    await eve.hears("And you too.")
    await owner.hears(OVER)
    assert len(owner.heard()) == 2
    assert world.dana.heard() == [STORY]
    assert len([request for request in world.model.requests if "messages" in request.body]) == 2
    await world.dana.asks("/history", STORY)
    process.terminate()
    assert process.stderr
    log = (await process.stderr.read()).decode()
    assert log.count("nothing can be saved") == 1
    assert "Traceback" not in log
    assert len(log.splitlines()) < 20, log
