"""A name is whatever its owner types: in the bot's own words it stays a name, and never becomes a link."""

from __future__ import annotations

from tests.platforms.telegram import Message
from tests.story.town import TIMEOUT, Town

TRAP = "[Free gift](https://evil.example)"


def linked(message: Message) -> bool:
    return any(entity["type"] == "text_link" for entity in message.entities)


async def test_a_name_and_a_question_make_no_link_in_the_bots_own_words(town: Town) -> None:
    await town.open("telegram")
    eve, bob = town.telegram.user(5, TRAP), town.telegram.user(6, "Bob")
    town.model.reply = "Yes, please."
    group, bot = town.telegram.group("Chess club", [eve, bob]), town.telegram.bot.username
    for words, part in (
        (f"/start@{bot}", "Hello"),
        (f"/role@{bot} {TRAP}", "only the group's admins"),
        (f"@{bot} {TRAP} please", "please"),
        (f"/history@{bot}", "Me:"),
        (f"/sessions@{bot}", "Your conversations"),
    ):
        said = await group.send(eve, words)
        told = await group.until(
            lambda m, part=part, said=said: m.from_bot and m.id > said.id and part in m.text, timeout=TIMEOUT
        )
        await town.settled()
        shown = next(m for m in reversed(group.messages) if m.from_bot)
        assert told
        if part not in {"only the group's admins", "please"}:
            assert TRAP in shown.text
            assert not linked(shown)


async def test_what_was_typed_makes_no_link_where_it_is_repeated(town: Town) -> None:
    await town.open("telegram")
    eve = await town.person("telegram", "Eve")
    for words in (f"/role {TRAP}", f"/model {TRAP}", f"/sessions {TRAP}", f"/set {TRAP} 1"):
        await eve.says(words)
        told = await eve.sees(lambda: [m for m in eve.chat.messages if m.from_bot and "[Free" in m.text], words)
        assert not linked(told[-1])


async def test_a_press_names_who_asked_and_makes_no_link(town: Town) -> None:
    await town.open("discord")
    eve, bob = town.discord.user(TRAP), town.discord.user("bob")
    channel = town.discord.guild("Friends", [eve, bob]).channel("general")
    gate = town.model.hold(after=1)
    await channel.send(eve, "count, please", mention_bot=True)
    await gate.reached(1)
    shown = await channel.until(lambda c: next((m for m in c.from_bot if m.buttons), None))
    answer = await (await shown.press(bob, "⏹ Stop")).answered()
    assert "Only" in answer.content
    assert "](" not in answer.content.replace("\\]", "")
    gate.open()
