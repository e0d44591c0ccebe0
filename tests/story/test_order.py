"""Order: what was sent first counts first, whatever the platforms' displays and a restart do in between."""

from __future__ import annotations

import asyncio

from tests.platforms.telegram import Rates
from tests.story.town import TIMEOUT, Person, Town


async def test_a_command_counts_at_once_although_its_answer_cannot_be_shown_yet(town: Town) -> None:
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("My name is Dana.", "Nice to meet you")
    town.telegram.fault("sendMessage", retry_after=2, contains="/sessions")  # /help is held up
    await dana.says("/help")
    await dana.says("/reset")
    await dana.asks("What is my name?", "I do not know")


async def test_a_question_belongs_to_the_conversation_in_which_it_was_asked(town: Town, dana: Person) -> None:
    await dana.asks("My name is Dana.", "Nice to meet you")
    gate = town.model.hold(after=1)
    await dana.says("Tell me something.")
    await gate.reached()
    await dana.says("What is my name?")  # waits behind it
    await dana.says("/reset")
    gate.open()
    await dana.sees(lambda: len(town.asked) >= 3, "three questions")
    contents = [message["content"] for message in town.asked[-1].messages]
    assert contents[1] == "My name is Dana."


async def test_what_is_left_over_at_a_restart_keeps_its_order(town: Town) -> None:
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("My name is Dana.", "Nice to meet you")
    await town.close()
    for text in ("/help", "/reset", "What is my name?"):
        await dana.says(text)
    await town.start()
    await dana.hears("I do not know")


async def test_messages_that_discord_delivers_at_the_same_moment_keep_their_order(town: Town) -> None:
    await town.open("discord", access="invite", admins=("discord:1",))
    ada = town.discord.user("ada")
    await town.house_grants(f"discord:{ada.id}")
    dm = town.discord.dm(ada)
    for number in range(10):
        await dm.send(ada, f"Question {number}.")
    await dm.until_shows("Question 9.", timeout=2 * TIMEOUT)
    assert [request.text for request in town.asked] == [f"Question {number}." for number in range(10)]


async def test_stop_also_ends_an_answer_that_is_only_still_being_shown(town: Town) -> None:
    town.telegram.limits.rates = Rates(private_per_second=1, private_burst=2)
    await town.open("telegram", answer_messages=50)
    dana = await town.person("telegram")
    town.model.reply, town.model.chunk = "word " * 20_000, 4000
    await dana.says("Everything, please.")
    await dana.sees(lambda: len(dana.heard()) >= 2, "two pages")
    await asyncio.sleep(0.2)
    before = len(dana.chat.messages)  # type: ignore[attr-defined]
    await dana.says("/stop")
    await dana.hears("Stopped.")
    await asyncio.sleep(1.5)
    assert len(dana.chat.messages) <= before + 4  # type: ignore[attr-defined]


async def test_the_newest_turn_is_never_forgotten_however_long(town: Town) -> None:
    await town.open("web", max_input=0)
    dana = await town.person("web")
    town.model.reply = "I have read it."
    await dana.asks("My paste: " + "blah " * 8_000 + "the end of it", "I have read it.")
    await dana.asks("Make it shorter.", "I have read it.")
    asked = next(request for request in town.asked if request.text == "Make it shorter.")
    paste = asked.messages[1]["content"]
    assert paste.startswith("My paste: ")
    assert paste.endswith("the end of it")
    assert len(paste) < 30_000


async def test_an_answer_that_reached_its_length_says_so(town: Town, dana: Person) -> None:
    town.model.finish = "length"
    town.model.reply = "It was a dark and stormy"
    assert "go on" in await dana.asks("Tell me a story.", "longest length")


async def test_a_restart_while_the_model_is_down_keeps_what_was_said(town: Town) -> None:
    await town.open("telegram")
    dana = await town.person("telegram")
    town.model.reply = "One two three four five six seven eight nine ten eleven twelve."
    gate = town.model.hold(after=10)
    await dana.says("Count, please.")
    await gate.reached()
    await dana.hears("One two three four")
    await asyncio.sleep(1.2)  # the partial text is saved once a second
    await town.close()
    await town.model.stop()
    gate.open()
    await town.start()
    told = await dana.hears("could not reach the model", timeout=30)
    assert told.startswith("One two three four")
