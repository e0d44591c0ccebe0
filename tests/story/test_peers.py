"""Failures seen in other bots that Chinwag does not have, through the whole house."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.platforms.telegram import Rates
from tests.story.town import TIMEOUT, Town

POEM = "\n\n".join(
    f"Verse {n}: 👩‍👩‍👧‍👦 roses are red, violets are blue, and this line is number {n}." for n in range(80)
)
CODE = (
    "Here it is:\n\n```python\n"
    + "\n".join(f"print({n})  # line {n} of the program" for n in range(200))
    + "\n```\nDone."
)


async def test_two_topics_of_one_group_stream_together(town: Town) -> None:
    await town.open("telegram")
    ada = town.telegram.user(1, "Ada")
    group = town.telegram.group("Class", [ada], forum=True)
    bot = town.telegram.bot.username
    maths, art = await group.topic("Maths"), await group.topic("Art")
    town.model.pace = 0.03
    town.model.reply = lambda messages: f"{messages[-1]['content']} " * 8 + "The end."
    for topic, word in ((maths, "numbers"), (art, "colours")):
        await group.send(ada, f"@{bot} {word}", thread=topic)
    for topic, word, other in ((maths, "numbers", "colours"), (art, "colours", "numbers")):
        answer = await group.until(
            lambda m, t=topic: m if m.from_bot and m.thread == t and m.text.endswith("The end.") else None,
            timeout=2 * TIMEOUT,
        )
        assert answer.text.count(word) == 8
        assert other not in answer.text
    assert town.telegram.limits.refused.total() == 0


@pytest.mark.parametrize("text", [POEM, CODE], ids=["poem", "code"])
@pytest.mark.parametrize("chunk", [40, 5000])
async def test_a_long_reply_in_a_group_arrives_whole(town: Town, text: str, chunk: int) -> None:
    await town.open("telegram")
    ada = town.telegram.user(1, "Ada")
    group = town.telegram.group("Class", [ada])
    town.model.reply, town.model.chunk = text, chunk
    await group.send(ada, f"@{town.telegram.bot.username} Go on.")
    last = text.split()[-1]
    await group.until(lambda m: m.from_bot and m.text.endswith(last), timeout=2 * TIMEOUT)
    pages = [m for m in group.messages if m.from_bot]
    assert len(pages) >= 2
    said = [word for page in pages for word in page.text.split()]
    assert said == [word for word in text.split() if not word.startswith("```")]
    if text is CODE:
        blocks = [entity for page in pages for entity in page.entities if entity["type"] == "pre"]
        assert [block.get("language") for block in blocks] == ["python"] * len(pages)


async def test_flood_control_in_one_chat_delays_nobody_else(town: Town) -> None:
    await town.open("telegram", "discord", "web")
    loud, quiet = await town.person("telegram", "Loud"), await town.person("telegram", "Quiet")
    others = [quiet, await town.person("discord"), await town.person("web")]
    held = town.telegram.fault("sendMessage", retry_after=600, contains="Loud says", times=99)
    await loud.says("Loud says this.")
    await town.telegram.until(lambda: held.hits >= 1)
    began = time.monotonic()
    await asyncio.gather(*(person.asks("My name is Dana.", "Nice to meet you") for person in others))
    assert time.monotonic() - began < 5
    assert held.hits == 1


async def test_a_group_at_its_limit_still_gets_the_whole_answer(town: Town) -> None:
    town.telegram.limits.rates = Rates(penalty=True)
    await town.open("telegram")
    ada = town.telegram.user(1, "Ada")
    group = town.telegram.group("Chess club", [ada])
    bot = town.telegram.bot.username
    for number in range(15):
        await group.send(ada, f"/help@{bot}")
        await group.until(lambda m, n=number: len([x for x in group.messages if x.from_bot]) > n, timeout=TIMEOUT)
    town.model.reply, town.model.pace = "Chess is played on a board of squares. " * 12 + "The end.", 0.06
    await group.send(ada, f"@{bot} Tell me more.")
    answer = await group.until(lambda m: m if m.from_bot and m.text.endswith("The end.") else None, timeout=30)
    ended = town.model.requests[-1]
    assert ended.finished
    assert answer.text.count("squares") == 12
    assert town.telegram.limits.refused.total() == 0
