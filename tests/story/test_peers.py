"""Failures seen in other bots that Chinwag does not have, through the whole house.

SHOWN names the test of each; the first of the list were seen in n3d1117, AstrBot, nanobot, vercel and LangBot.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from tests.platforms.discord import EDIT_MESSAGE, POST_MESSAGE
from tests.platforms.telegram import Rates
from tests.story.town import TIMEOUT, TelegramPerson, Town

POEM = "\n\n".join(
    f"Verse {n}: 👩‍👩‍👧‍👦 roses are red, violets are blue, and this line is number {n}." for n in range(80)
)
CODE = (
    "Here it is:\n\n```python\n"
    + "\n".join(f"print({n})  # line {n} of the program" for n in range(200))
    + "\n```\nDone."
)

SENTENCES = "A word is said, and another one is said. " * 4 + "The end."

CUTS: tuple[Literal["before", "after"], ...] = ("before", "after")

SHOWN = {
    "a 429 of 1 s on the first call, a middle one, the last": "story/test_peers.py::test_refused_calls_lose_nothing",
    "a 429 of 1 to 1600 s": "core/live/test_delivery.py::test_flood_control_delays_but_never_loses_or_doubles",
    "an edit that breaks off": "story/test_peers.py::test_edits_that_break_off_lose_and_double_nothing",
    "two topics of one chat": "story/test_peers.py::test_two_topics_of_one_group_stream_together",
    "two quick messages": "story/test_a_conversation.py::test_two_messages_in_a_row_are_answered_in_order",
    "a long answer, in one piece too": "story/test_peers.py::test_a_long_reply_in_a_group_arrives_whole",
    "emoji at a border": "core/live/test_pages.py::test_no_border_inside_a_grapheme",
    "a 429 next door": "story/test_peers.py::test_flood_control_in_one_chat_delays_nobody_else",
    "kill -9": "core/store/test_kill.py::test_what_was_reported_is_there",
    "kill -9 at each step": "soak/test_steps.py::test_a_message_survives",
    "stopped": "story/test_a_conversation.py::test_stop_acts_at_once_and_keeps_what_was_said",
    "a final text that is the same but for blanks": "story/test_peers.py::test_blanks_at_the_end_are_no_edit",
    "a private chat seen from a group": "story/test_groups.py::test_a_private_chat_is_never_visible_from_a_group",
    "a group at its limit": "story/test_peers.py::test_a_group_at_its_limit_still_gets_the_whole_answer",
    "that ends at once": "core/live/test_delivery.py::test_fifteen_of_twenty_calls_used_already_does_not_hold_up_the_final_text",  # noqa: E501
}


@pytest.mark.parametrize("named", SHOWN.values(), ids=SHOWN)
def test_every_failure_has_its_test(named: str) -> None:
    file, _, name = named.partition("::")
    assert f"def {name}(" in (Path(__file__).parents[1] / file).read_text("utf-8")


async def test_refused_calls_lose_nothing(town: Town) -> None:
    await town.open("telegram", "discord")
    town.model.reply, town.model.pace = SENTENCES, 0.1
    on_telegram = [
        town.telegram.fault("sendMessage", retry_after=1),
        town.telegram.fault("editMessageText", retry_after=1),
        town.telegram.fault("editMessageText", retry_after=1, contains="The end."),
    ]
    on_discord = [town.discord.fault(POST_MESSAGE, retry_after=0.3), town.discord.fault(EDIT_MESSAGE, retry_after=0.3)]
    people = [await town.person("telegram"), await town.person("discord")]
    heard = await asyncio.gather(*(person.asks("Go on.", "The end.") for person in people))
    assert heard == [SENTENCES, SENTENCES]
    assert [len(person.heard()) for person in people] == [1, 1]
    assert [fault.hits for fault in on_telegram] == [1, 1, 1]
    assert [fault.hit for fault in on_discord] == [1, 1]


async def test_edits_that_break_off_lose_and_double_nothing(town: Town) -> None:
    """The connection ends before an edit was applied, or after it: the bot cannot tell which."""
    await town.open("telegram", "discord")
    town.model.reply, town.model.pace = SENTENCES, 0.06
    people = [await town.person("telegram", "Ada"), await town.person("telegram", "Bob"), await town.person("discord")]
    for person, cut in zip(people[:2], CUTS, strict=True):
        assert isinstance(person, TelegramPerson)
        town.telegram.fault("editMessageText", chat=person.chat, cut=cut)
        town.telegram.fault("editMessageText", chat=person.chat, cut=cut, contains="The end.")
    lasting = town.discord.fault(EDIT_MESSAGE, cut="after", times=2)
    await asyncio.gather(*(person.says("Go on.") for person in people))
    for person in people:
        await person.sees(lambda p=person: p.heard() == [SENTENCES], SENTENCES)
    await town.telegram.until(lambda: all(fault.hits == 1 for fault in town.telegram.faults.planted))
    assert lasting.hit == 2
    await people[0].asks("And now?", "The end.")  # what was to be tried again has been
    assert [person.heard() for person in people[1:]] == [[SENTENCES], [SENTENCES]]


async def test_blanks_at_the_end_are_no_edit(town: Town) -> None:
    """Telegram trims what it shows: a final text that differs by blanks alone would be "not modified"."""
    await town.open("telegram")
    town.model.reply, town.model.pace, town.model.chunk = "The end of it all.\n" + " \n" * 20, 0.05, 6
    person = await town.person("telegram")
    await person.asks("Go on.", "all.")
    await town.telegram.until(lambda: town.model.requests[-1].finished)
    await person.asks("And now?", "all.")
    assert person.heard() == ["The end of it all."]
    assert [call.status for call in town.telegram.calls if call.method.endswith("Text") and call.status != 200] == []


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
    await asyncio.gather(*(person.asks("My name is Dana.", "Nice to meet you") for person in others))
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
