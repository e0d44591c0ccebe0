"""Limits of the platforms, through the whole house: what a group may take is kept, also over a restart."""

from __future__ import annotations

import pytest

from tests.story.town import TIMEOUT, Town


async def test_a_restart_does_not_forget_what_a_group_was_sent(town: Town) -> None:
    await town.open("telegram")
    ada = town.telegram.user(1, "Ada")
    group = town.telegram.group("Chess club", [ada])
    bot = town.telegram.bot.username
    for number in range(18):
        await group.send(ada, f"/help@{bot}")
        await group.until(lambda m, n=number: len([x for x in group.messages if x.from_bot]) > n, timeout=TIMEOUT)
    await town.restart()
    town.model.reply, town.model.pace = "Chess is played on a board of squares. " * 8 + "The end.", 0.05
    await group.send(ada, f"@{bot} Tell me more.")
    await group.until(lambda m: m.from_bot and m.text.endswith("The end."), timeout=TIMEOUT)
    assert town.telegram.limits.refused.total() == 0


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_an_answer_of_a_hundred_thousand_characters_arrives_whole(town: Town, platform: str) -> None:
    await town.open(platform, answer_messages=3)
    dana = await town.person(platform)
    whole = " ".join(f"word{number}" for number in range(12_000))
    town.model.reply, town.model.chunk = whole, 2000
    assert len(whole) > 100_000
    await dana.asks("Tell me everything.", "goes on in the file")
    assert dana.file() == whole
    pages = " ".join(dana.heard()[:3])
    assert len(pages) > 3 * 1900
    assert whole.startswith(pages)
