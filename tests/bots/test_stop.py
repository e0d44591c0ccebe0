"""How the process begins and ends: one at a time, in order, and with nothing lost when somebody is impatient."""

from __future__ import annotations

import asyncio
import signal
import time

from core.chat import PAUSED
from tests.bots.cli import TIMEOUT, Process, said
from tests.bots.process import STORY, World
from tests.story.town import TelegramPerson


async def ended(process: Process) -> tuple[int | None, float]:
    began = time.monotonic()
    async with asyncio.timeout(TIMEOUT):
        code = await process.wait()
    return code, time.monotonic() - began


async def test_a_second_one_is_refused_and_other_commands_work_beside_it(world: World) -> None:
    """Also while it is frozen, and can say nothing for itself."""
    first = await world.start()
    world.cli.changed["core.store.lock.PREDECESSOR"] = 1.0
    first.send_signal(signal.SIGSTOP)
    second = await world.cli.start("run", **world.settings)
    waiting = await said(second, "waiting")
    assert f"in use by process {first.pid}; waiting up to 1 s" in waiting
    code, text = await world.cli.run("approve", "ABCD-EFGH", **world.settings)
    assert (code, "unknown or has run out" in text) == (1, True)
    assert (await world.cli.run("doctor", **world.settings))[0] == 0
    code, _ = await ended(second)
    assert code == 2
    assert second.stderr
    (line,) = (await second.stderr.read()).decode().splitlines()
    assert f"Another Chinwag (process {first.pid}) is running on 'data/chinwag.db': stop that one first" in line
    first.send_signal(signal.SIGCONT)
    await world.dana.asks("Are you there?", "You said: Are you there?")


async def test_killed_it_leaves_no_lock(world: World) -> None:
    first = await world.start()
    first.kill()
    await first.wait()
    began = time.monotonic()
    second = await world.cli.start("run", **world.settings)
    text = await said(second, "is running")
    assert "in use" not in text
    assert time.monotonic() - began < 10


async def test_an_answer_that_ends_within_the_grace_is_complete(world: World) -> None:
    world.settings["STOP_GRACE"] = "20"
    process = await world.start()
    gate = await world.half_an_answer()
    process.send_signal(signal.SIGTERM)
    await said(process, "Stopping")
    gate.open()
    code, took = await ended(process)
    assert code == 0
    assert took < 10
    assert world.dana.heard() == [STORY]


async def test_what_takes_longer_is_marked_and_goes_on_in_the_same_message(world: World) -> None:
    process = await world.start()
    gate = await world.half_an_answer()
    process.send_signal(signal.SIGTERM)
    code, took = await ended(process)
    assert code == 0
    assert took < 4
    (shown,) = world.dana.heard()
    assert shown.startswith("Once upon")
    assert shown.endswith(PAUSED)
    gate.open()
    await world.start()
    await world.dana.hears(STORY)
    assert world.dana.heard() == [STORY]


async def test_a_second_signal_ends_at_once_and_loses_nothing(world: World) -> None:
    world.settings["STOP_GRACE"] = "60"
    process = await world.start()
    gate = await world.half_an_answer()
    process.send_signal(signal.SIGINT)
    await said(process, "Stopping")
    process.send_signal(signal.SIGTERM)
    code, took = await ended(process)
    assert code == 130
    assert took < 2
    gate.open()
    await world.start()
    await world.dana.hears(STORY)
    assert world.dana.heard() == [STORY]


async def test_what_is_written_while_it_stops_is_answered_by_the_next_which_waits_its_turn(world: World) -> None:
    world.settings["STOP_GRACE"] = "60"
    first = await world.start()
    gate = await world.half_an_answer()
    first.send_signal(signal.SIGTERM)
    assert "gets up to 60 s. Once more ends at once." in await said(first, "Stopping")
    eve = TelegramPerson(world.telegram, 78, "Eve")
    await eve.says("And me?")
    second = await world.cli.start("run", **world.settings)
    assert f"in use by process {first.pid}" in await said(second, "in use")
    assert eve.heard() == []
    world.model.reply = "And you."
    gate.open()
    assert (await ended(first))[0] == 0
    assert world.dana.heard() == [STORY]
    await said(second, "is running")
    await eve.hears("And you.")
