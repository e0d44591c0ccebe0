"""Killed at each named instant of one message's way, and started again: it is answered once, whole, in one place."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.platforms.discord import CALLBACK, interactions
from tests.soak.arena import Arena
from tests.soak.checks import judge
from tests.soak.crowd import BySlash, crowd, somebody
from tests.soak.ordeal import Ordeal
from tests.soak.questions import answer

# Each instant is tried where it matters: what only one platform does, there. Kills at random meet the rest of STEPS.
TELEGRAM = [
    ("update received", 1),
    ("inbox committed", 1),
    ("turn committed", 1),
    ("first text came", 1),
    ("before a post", 1),
    ("post applied, its id unknown", 1),
    ("before an edit", 1),
    ("after an edit", 3),
    ("before the final edit", 1),
    ("before the answer is committed", 1),
]
DISCORD = (
    "update received",
    "inbox committed",
    "post applied, its id unknown",
    "after an edit",
    "after the final edit",
)
SLASH = ("inbox committed", "before a post", "post applied, its id unknown")
INSTANTS = [("telegram", *instant) for instant in TELEGRAM] + [("discord", step, 1) for step in DISCORD]
INSTANTS += [("slash", step, 1) for step in SLASH]
# From here on the whole answer is known, and the model is not asked for it once more.
WHOLE = ("before the answer is committed",)
FIRST, SECOND = 12, 16  # questions whose answers have twelve sentences, and four


@pytest.mark.parametrize(("platform", "step", "nth"), INSTANTS)
async def test_a_message_survives(arena: Arena, platform: str, step: str, nth: int) -> None:
    dana = somebody(arena, platform)
    arena.model.pace = 0.03  # slow enough for some edits
    arena.start(step, nth)
    await arena.up()
    await arena.until(lambda: arena.discord.registry().named("ask"), "the commands")
    await dana.ask(FIRST)
    await dana.ask(SECOND)
    await arena.ended()
    arena.start()
    await arena.settled(2)
    verdict = judge(arena, [dana])
    assert verdict.flaws == [], "\n".join([*verdict.flaws, arena.said()])
    if step in WHOLE:
        assert len([request for request in arena.model.requests if f"Q{FIRST}?" in request.text]) == 1
    assert verdict.orphans == [], "\n".join([*verdict.orphans, arena.said()])


@pytest.mark.parametrize("step", ["before a post", "post applied, its id unknown", "after an edit"])
async def test_a_command_that_could_be_acknowledged_only_later(
    arena: Arena, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord took no acknowledgement, so it is answered in the channel; the next process has the command again, and
    can acknowledge it: the answer stays where it was begun, and "thinking…" empty until Discord gives it up."""
    monkeypatch.setattr(interactions, "ACK_SECONDS", 60.0)  # a busy machine restarts more slowly than 3 s
    dana = somebody(arena, "slash")
    assert isinstance(dana, BySlash)
    arena.start(step, 2 if step == "before a post" else 1)  # the first try is in the reply to the command
    await arena.up()
    await arena.until(lambda: arena.discord.registry().named("ask"), "the commands")
    arena.discord.fault(CALLBACK, times=2, cut="before")
    await dana.ask(FIRST)
    await arena.ended()
    (used,) = dana.used.values()
    assert not used.acked
    gate = arena.model.hold()
    arena.start()
    await arena.up()
    await used.deliver_again()
    await arena.until(lambda: used.acked, "the acknowledgement")
    gate.open()
    await arena.settled(1)
    verdict = judge(arena, [dana])
    assert verdict.flaws == [], "\n".join([*verdict.flaws, arena.said()])
    assert [seen.text for seen in dana.screen() if seen.text] == [answer(FIRST)]


async def test_a_few_kills_at_random(arena: Arena) -> None:
    verdict = await Ordeal(arena, crowd(arena)[::2], 1).run(3)
    assert verdict.flaws == [], str(verdict)


async def test_a_migration_survives(arena: Arena) -> None:
    dana = somebody(arena, "telegram")
    arena.start("during a migration")
    await dana.ask(FIRST)
    await arena.ended()
    arena.start()
    await arena.settled(1)
    assert judge(arena, [dana]).flaws == []


async def test_a_backup_and_the_process_beside_it_survive(arena: Arena) -> None:
    dana = somebody(arena, "telegram")
    arena.start()
    await arena.up()
    await dana.ask(FIRST)
    await arena.until(dana.screen, "an answer")
    await arena.back_up("during a backup")
    await arena.kill()
    backups = arena.folder / "backups"
    (part,) = backups.iterdir()
    assert part.suffix == ".part"
    arena.start()
    await arena.settled(1)
    assert judge(arena, [dana]).flaws == []
    await arena.back_up()
    (copy,) = backups.iterdir()  # the part of the one that was killed is gone
    assert copy.suffix == ".db"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT question, answer, state FROM turns").fetchall() == [
            (f"Q{FIRST}?", answer(FIRST), "done")
        ]
