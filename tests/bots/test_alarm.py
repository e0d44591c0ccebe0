"""Admins are told that nothing can be saved: each once, where they can be reached, and not again and again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bots.alarm import OVER, QUIET, Alarm
from core.errors import Refused
from core.types import Address
from tests.core.live.fakes import FakeSurface
from tests.virtual import run


@dataclass
class Bot:
    name: str
    surfaces: dict[str, FakeSurface] = field(default_factory=dict)
    refuses: bool = False

    async def private(self, user: str) -> Address | None:
        if self.refuses:
            raise Refused
        return Address(self.name, "7", user)

    def open(self, address: Address) -> FakeSurface:
        return self.surfaces.setdefault(address.chat, FakeSurface())

    def told(self, user: str) -> list[str]:
        return list(self.surfaces[user].screen.values())


def play(bots: list[Bot], *news: tuple[float, str]) -> None:
    async def scene() -> None:
        alarm = Alarm(["telegram:5", "discord:6", "web:owner"], bots)
        for wait, trouble in news:
            await asyncio.sleep(wait)
            alarm(trouble)
        await asyncio.sleep(1)
        await alarm.close()

    run(scene())


def test_each_admin_is_told_on_their_platform_and_when_it_is_over() -> None:
    telegram, discord = Bot("telegram"), Bot("discord")
    play([telegram, discord], (0, "the disk is full"), (60, ""))
    expected = ["⚠️ Nothing can be saved: the disk is full.", OVER]
    assert telegram.told("5") == expected
    assert discord.told("6") == expected
    assert set(telegram.surfaces) == {"5"}


def test_a_disk_that_is_full_again_and_again_is_told_of_every_ten_minutes() -> None:
    telegram = Bot("telegram")
    play([telegram], *[(30, trouble) for _ in range(int(QUIET / 60)) for trouble in ("the disk is full", "")])
    assert len(telegram.told("5")) == 2
    play([telegram], (0, "full"), (1, ""), (QUIET, "full"))
    assert len(telegram.told("5")) == 5


def test_one_admin_who_cannot_be_reached_does_not_keep_it_from_the_others() -> None:
    telegram, discord = Bot("telegram", refuses=True), Bot("discord")
    play([telegram, discord], (0, "the disk is full"))
    assert telegram.surfaces == {}
    assert len(discord.told("6")) == 1
