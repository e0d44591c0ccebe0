"""Somebody changes what they wrote: the last question is answered anew in place, everything else stays as it is."""

from __future__ import annotations

from tests.story.town import Person, Town

COUNT = "One two three four five six seven eight nine ten eleven twelve."


async def test_the_last_question_is_answered_anew_in_place(town: Town, dana: Person) -> None:
    await dana.asks("My name is Dnaa.", "Nice to meet you, Dnaa.")
    await town.settled()
    await dana.edits("My name is Dana.")
    await dana.hears("Nice to meet you, Dana.")
    assert len(dana.heard()) == 1
    await town.settled()
    await dana.asks("What is my name?", "Your name is Dana.")
    assert "Dnaa" not in str(town.asked[-1].messages)


async def test_an_answer_that_is_being_written_is_stopped_and_begun_again(town: Town, dana: Person) -> None:
    town.model.reply = COUNT
    gate = town.model.hold(after=8)
    await dana.says("Count to eleven.")
    await gate.reached()
    await dana.hears("One two")
    town.model.reply = "No, I would rather not count that far, if you do not mind."
    await dana.edits("Count to a million.")
    gate.open()
    await dana.hears("if you do not mind.")
    assert len(dana.heard()) == 1
    await dana.sees(lambda: list(dana.buttons()) == ["retry"], "only the retry button")
    assert [request.text for request in town.asked] == ["Count to eleven.", "Count to a million."]


async def test_before_anything_was_said_nothing_is_shown_of_the_first_try(town: Town, dana: Person) -> None:
    gate = town.model.hold(after=0)
    await dana.says("First thoughts.")
    await gate.reached()
    await dana.edits("Second thoughts.")
    gate.open()
    await dana.hears("You said: Second thoughts.")
    await town.settled()
    assert dana.heard() == ["You said: Second thoughts."]


async def test_a_question_that_waits_is_asked_as_edited(town: Town, dana: Person) -> None:
    gate = town.model.hold(after=1)
    await dana.says("First question.")
    await gate.reached()
    await dana.says("Second qestion.")
    await dana.edits("Second question.")
    gate.open()
    await dana.hears("You said: Second question.")
    await town.settled()
    assert [request.text for request in town.asked] == ["First question.", "Second question."]


async def test_an_edit_of_an_older_question_changes_nothing(town: Town, dana: Person) -> None:
    await dana.asks("First question.", "You said: First")
    await town.settled()
    first = dana.last
    await dana.asks("Second question.", "You said: Second")
    await town.settled()
    dana.last = first
    await dana.edits("Another first question.")
    await dana.asks("Third question.", "You said: Third")
    assert [request.text for request in town.asked] == ["First question.", "Second question.", "Third question."]
    assert [m["content"] for m in town.asked[-1].messages][1] == "First question."


async def test_an_edit_that_changes_nothing_is_ignored(town: Town, dana: Person) -> None:
    await dana.asks("A question.", "You said: A question.")
    await town.settled()
    await dana.edits("A question.")
    await dana.edits("/stop")
    await dana.asks("Another question.", "You said: Another")
    assert [request.text for request in town.asked] == ["A question.", "Another question."]


async def test_an_edit_while_chinwag_is_down_is_taken_up(town: Town) -> None:
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("My name is Dnaa.", "Nice to meet you, Dnaa.")
    await town.settled()
    await town.close()
    await dana.edits("My name is Dana.")
    await town.start()
    await dana.hears("Nice to meet you, Dana.")
    assert len(dana.heard()) == 1


async def test_the_same_edit_delivered_twice_is_taken_once(town: Town) -> None:
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("My name is Dnaa.", "Nice to meet you, Dnaa.")
    await town.settled()
    await dana.edits("My name is Dana.")
    await dana.hears("Nice to meet you, Dana.")
    await town.settled()
    town.telegram.repeat(dana.last.update_id)
    await dana.asks("What is my name?", "Your name is Dana.")
    assert len(town.asked) == 3


async def test_after_a_retry_the_question_can_still_be_edited(town: Town, dana: Person) -> None:
    town.model.reply = "First try."
    await dana.asks("A question.", "First try.")
    town.model.reply = "Second try."
    await dana.presses("retry")
    await dana.hears("Second try.")
    await town.settled()
    town.model.reply = "Third try."
    await dana.edits("A better question.")
    await dana.hears("Third try.")
    assert len(dana.heard()) == 1
    assert [m["content"] for m in town.asked[-1].messages[1:]] == ["A better question."]


async def test_in_a_group_an_edit_can_add_the_mention(town: Town) -> None:
    await town.open("telegram")
    ada = town.telegram.user(11, "Ada")
    group = town.telegram.group("Friends", [ada])
    said = await group.send(ada, "what is a house?")
    await group.edit(said, "@chinwag_bot what is a house?")
    shown = await group.until(lambda m: m.from_bot and "what is a house?" in m.text)
    assert shown.reply_to == said.id
    await town.settled()
    await group.edit(said, "@chinwag_bot what is a home?")
    await group.until(lambda m: m is shown and "what is a home?" in m.text)


async def test_in_a_server_an_edit_can_add_the_mention_and_take_it_away(town: Town) -> None:
    await town.open("discord")
    ada = town.discord.user("ada")
    channel = town.discord.guild("Friends", [ada]).channel("general")
    said = await channel.send(ada, "what is a house?")
    await said.edit(f"{town.discord.bot.mention} what is a house?")
    shown = await channel.until_shows("what is a house?")
    await town.settled()
    await said.edit("what is a home?")  # no longer said to the bot
    await channel.send(ada, "and a door?", mention_bot=True)  # comes after the edit, and is answered after it
    await channel.until_shows("and a door?")
    assert shown.content.endswith("what is a house?")
    assert len(town.asked) == 2


async def test_an_old_message_is_not_dug_up_by_an_edit(town: Town) -> None:
    await town.open("telegram")
    ada = town.telegram.user(11, "Ada")
    group = town.telegram.group("Friends", [ada])
    said = await group.send(ada, "what is a house?")
    said.date -= 3600
    await group.edit(said, "@chinwag_bot what is a house?")
    await group.send(ada, "@chinwag_bot hello there")
    await group.until(lambda m: m.from_bot and "hello there" in m.text)
    assert len(town.asked) == 1
