"""A process that is frozen in mid-answer, and wakes up when another has long taken over: it can do no harm."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.soak.arena import Arena, alive
from tests.soak.checks import judge
from tests.soak.crowd import Person, somebody

LONG, NEXT = 13, 16  # thirty sentences in one message, and four
TABLES = ("inbox", "leases", "turns", "deliveries", "posts", "calls", "sessions")


def shown(arena: Arena) -> list[str]:
    """Every call that can be seen, in words."""
    telegram = [f"{call.method} {call.params}" for call in arena.telegram.calls if call.method != "getUpdates"]
    return telegram + [f"{call.method} {call.path} {call.json}" for call in arena.discord.calls if call.method != "GET"]


def kept(arena: Arena) -> dict[str, list[dict[str, Any]]]:
    return {table: arena.rows(f"SELECT * FROM {table}") for table in TABLES}


async def half_an_answer(arena: Arena, dana: Person) -> None:
    """It is on screen and in the database, and its rest stops at a gate."""
    arena.model.pace = 0.05
    arena.model.hold(after=20)
    arena.start()
    await arena.up()
    await dana.ask(LONG)
    await arena.until(
        lambda: arena.rows("SELECT 1 FROM posts JOIN deliveries USING (inbox_row) WHERE text <> ''"), "it"
    )


async def quiet(arena: Arena) -> None:
    """Wait until nobody calls the platforms any more."""
    before, since = -1, 0.0

    def still() -> bool:
        nonlocal before, since
        now, calls = time.monotonic(), len(shown(arena))
        since = since if calls == before else now
        before = calls
        return now - since > 0.3

    await arena.until(still, "silence")


@pytest.mark.parametrize(("platform", "over"), [("telegram", False), ("discord", False), ("discord", True)])
async def test_who_wakes_up_late_neither_writes_nor_shows_anything(arena: Arena, platform: str, over: bool) -> None:
    """The lease alone keeps it from it, as on a file system without locks. over: the other one has answered by then."""
    arena.locks = False
    dana = somebody(arena, platform)
    await half_an_answer(arena, dana)
    frozen = await arena.freeze()
    try:
        gate = arena.model.gate
        assert gate is not None
        await gate.reached(1)  # what the model said meanwhile waits for the one that is frozen
        arena.start()
        await gate.reached(2)
        if over:
            gate.open()
            await arena.settled(1)
        await quiet(arena)
        calls, rows = shown(arena), kept(arena)
        os.kill(frozen, signal.SIGCONT)
        await arena.until(lambda: "a newer lease took over" in arena.said(), "it to notice")
        await arena.until(lambda: arena.model.requests[0].dropped.is_set() or over, "it to leave the model")
        await quiet(arena)
        assert shown(arena) == calls
        assert kept(arena) == rows
        gate.open()
        await arena.settled(1)
        await dana.ask(NEXT)
        await arena.settled(2)
        verdict = judge(arena, [dana])
        assert verdict.flaws == [], "\n".join([*verdict.flaws, arena.said()])
        assert verdict.orphans == []
    finally:
        arena.put_down(frozen)


async def test_its_lock_holds_while_it_is_frozen_and_when_that_is_deleted_it_ends(arena: Arena) -> None:
    arena.settings["STOP_GRACE"] = "1"
    dana = somebody(arena, "telegram")
    await half_an_answer(arena, dana)
    frozen = await arena.freeze()
    try:
        arena.start()
        await arena.ended()
        assert f"Another Chinwag (process {frozen}) is running on" in arena.said()
        lock = arena.folder / "chinwag.db.lock"
        lock.unlink()
        arena.start()
        await arena.until(lambda: lock.exists() and lock.read_text().startswith(f"{arena.pid} "), "it to take over")
        os.kill(frozen, signal.SIGCONT)
        await arena.until(lambda: not alive(frozen), "it to end")
        assert f"Another Chinwag (process {arena.pid}) has taken over" in arena.said()
        assert arena.model.gate is not None
        arena.model.gate.open()
        await arena.settled(1)
        verdict = judge(arena, [dana])
        assert verdict.flaws == [], "\n".join([*verdict.flaws, arena.said()])
        assert verdict.orphans == []
    finally:
        arena.put_down(frozen)
