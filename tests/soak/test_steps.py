"""Killed at each named instant of one message's way, and started again: it is answered once, whole, in one place."""

from __future__ import annotations

import pytest

from tests.soak.arena import Arena
from tests.soak.checks import judge
from tests.soak.crowd import OnDiscord, OnTelegram, Person
from tests.soak.steps import STEPS

# An answer has one first post and, at the loopback model's pace, some edits.
INSTANTS = [(step, 1) for step in STEPS if step != "during a migration"] + [("before an edit", 3), ("after an edit", 3)]
FIRST, SECOND = 12, 16  # questions whose answers have twelve sentences, and four


def somebody(arena: Arena, platform: str) -> Person:
    if platform == "telegram":
        user = arena.telegram.user(7, "Dana")
        return OnTelegram(arena.telegram, user, arena.telegram.private(user))
    friend = arena.discord.user("dana")
    return OnDiscord(friend, arena.discord.dm(friend))


@pytest.mark.parametrize("platform", ["telegram", "discord"])
@pytest.mark.parametrize(("step", "nth"), INSTANTS)
async def test_a_message_survives(arena: Arena, platform: str, step: str, nth: int) -> None:
    dana = somebody(arena, platform)
    arena.start(step, nth)
    await arena.up()
    await dana.ask(FIRST)
    await dana.ask(SECOND)
    await arena.ended()
    arena.start()
    await arena.up()
    await arena.settled(2)
    await arena.stop()
    verdict = judge(arena, [dana])
    assert verdict.flaws == [], "\n".join([*verdict.flaws, arena.said()])
    assert len(verdict.orphans) <= (step == "post applied, its id unknown")


async def test_a_migration_survives(arena: Arena) -> None:
    dana = somebody(arena, "telegram")
    arena.start("during a migration")
    await dana.ask(FIRST)
    await arena.ended()
    arena.start()
    await arena.settled(1)
    assert judge(arena, [dana]).flaws == []
