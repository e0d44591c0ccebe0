"""What can go wrong on the wire, at random, while several people ask: each is answered once, and whole."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from tests.platforms.discord import EDIT_MESSAGE, POST_MESSAGE
from tests.platforms.model import Fault
from tests.soak.arena import Arena
from tests.soak.checks import Verdict, judge
from tests.soak.crowd import Person, crowd

CALLS = {
    "cut before it is applied": {"cut": "before"},
    "cut after it is applied": {"cut": "after"},
    "500": {"status": 500},
    "502": {"status": 502},
    "slow": {"before": 0.3, "after": 0.3},
}
MODEL = {
    "cut": Fault(how="cut", after=5),
    "stalled": Fault(how="stall", after=5),
    "ended silently": Fault(how="end", after=5),
    "malformed": Fault(how="malformed", after=3),
    "gone": Fault(how="gone"),
    "500": Fault(status=500),
    "a page": Fault(how="html"),
}


async def asked(arena: Arena, people: list[Person]) -> None:
    """Everybody asks twice, the second time before the first is answered."""
    for number in (2, 1):  # twelve sentences, then four
        await asyncio.gather(*(person.ask(10 * at + number) for at, person in enumerate(people)))


async def judged(arena: Arena, people: list[Person]) -> Verdict:
    await arena.settled(2 * len(people))
    return judge(arena, people)


def plant(arena: Arena, what: dict[str, Any], random: Random) -> None:
    """The fault hits every other edit or so, and the first two posts of a chat."""
    for chat in arena.telegram.chats.values():
        for at in range(20):  # a call that one fault hits is not seen by the next: so they alternate
            arena.telegram.fault("editMessageText", chat=chat, skip=at + random.randint(0, 1), **what)
        arena.telegram.fault("sendMessage", chat=chat, times=2, **what)
    for at in range(1, 40, 2):
        for route in (POST_MESSAGE, EDIT_MESSAGE):
            arena.discord.fault(route, nth=at + random.randint(0, 1), **what)


@pytest.mark.parametrize("name", CALLS)
async def test_calls_to_the_platforms(arena: Arena, name: str) -> None:
    people = crowd(arena)[::4]
    plant(arena, CALLS[name], Random(3))
    arena.start()
    await arena.up()
    await asked(arena, people)
    verdict = await judged(arena, people)
    assert verdict.flaws == [], "\n".join([*verdict.flaws, arena.said()])


@pytest.mark.parametrize("resumed", [True, False])
async def test_the_event_stream_of_discord_drops(arena: Arena, resumed: bool) -> None:
    people = [person for person in crowd(arena) if person.platform == "discord" and not person.slash]
    arena.start()
    await arena.up()
    await asyncio.gather(*(person.ask(10 * at + 1) for at, person in enumerate(people)))
    await arena.settled(len(people))
    if not resumed:
        arena.discord.expire_sessions()
    arena.discord.refuse_gateway(2)
    await arena.discord.drop()
    await asyncio.gather(*(person.ask(10 * at + 2) for at, person in enumerate(people)))
    verdict = await judged(arena, people)
    assert verdict.flaws == [], "\n".join([*verdict.flaws, arena.said()])
    assert bool(arena.discord.gateway.resumes) is resumed


async def test_updates_that_come_twice(arena: Arena) -> None:
    people = crowd(arena)[::4]
    arena.start()
    await arena.up()
    await asked(arena, people)
    for id in list(arena.telegram.updates.sent):
        arena.telegram.repeat(id)
    for channel in arena.discord.channels.values():
        for message in [message for message in channel.log if not message.by_bot]:
            await message.deliver_again()
    verdict = await judged(arena, people)
    assert verdict.flaws == [], "\n".join([*verdict.flaws, arena.said()])


@pytest.mark.parametrize("name", MODEL)
async def test_the_model_fails_once_for_everybody(arena: Arena, name: str) -> None:
    """Whatever the user is told then, it is one whole message for each question, and the next one is answered."""
    people = crowd(arena)[::4]
    arena.model.faults.extend([MODEL[name]] * len(people))
    arena.start()
    await arena.up()
    await asked(arena, people)
    await arena.settled(2 * len(people))
    verdict = judge(arena, people)
    assert verdict.duplicated == [], "\n".join([*verdict.duplicated, arena.said()])
    assert verdict.disordered == []
    for person in people:
        first, second = person.screen()[-2:]
        assert "⚠️" in first.text or first.text.endswith("."), person.transcript()
        assert f"End of Q{person.asked[1].number}." in second.text, person.transcript()
