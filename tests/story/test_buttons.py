"""Buttons under answers: stop, retry, continue; for whoever asked, once, also after a restart."""

from __future__ import annotations

from tests.platforms.model import Fault
from tests.story.town import Person, Town

GONE = "I no longer know that answer. To have it anew, please ask again."
COUNT = "One two three four five six seven eight nine ten eleven twelve."


async def test_a_live_answer_has_a_stop_button_and_a_finished_one_a_retry_button(town: Town, dana: Person) -> None:
    town.model.reply = COUNT
    gate = town.model.hold(after=8)
    await dana.says("Count, please.")
    await gate.reached()
    await dana.hears("One two")
    assert list(dana.buttons()) == ["stop"]
    gate.open()
    await dana.hears("twelve.")
    await dana.sees(lambda: list(dana.buttons()) == ["retry"], "only the retry button")


async def test_stop_ends_the_answer_and_continue_goes_on_in_the_same_message(town: Town, dana: Person) -> None:
    town.model.reply = COUNT
    gate = town.model.hold(after=8)
    await dana.says("Count, please.")
    await gate.reached()
    await dana.hears("One two three")
    await dana.presses("stop")
    await dana.sees(lambda: list(dana.buttons()) == ["continue", "retry"], "continue and retry")
    gate.open()
    town.model.reply = "eight nine ten, and that is all."
    await dana.presses("continue")
    whole = await dana.hears("that is all.")
    assert whole.startswith("One two three")
    assert "twelve" not in whole
    assert len(dana.heard()) == 1
    asked = town.asked[-1].messages
    assert asked[-2]["role"] == "assistant"
    assert whole.startswith(asked[-2]["content"])
    await dana.sees(lambda: list(dana.buttons()) == ["retry"], "only the retry button")


async def test_retry_answers_anew_in_the_same_message(town: Town, dana: Person) -> None:
    town.model.reply = "First try, which is rather a long one."
    await dana.asks("Tell me a joke.", "First try")
    town.model.reply = "Second try."
    await dana.presses("retry")
    assert await dana.hears("Second try.") == "Second try."
    assert len(dana.heard()) == 1
    assert [message["content"] for message in town.asked[-1].messages[1:]] == ["Tell me a joke."]
    town.model.reply = "You are welcome."
    await dana.asks("Thanks!", "You are welcome.")
    assert [message["content"] for message in town.asked[-1].messages[1:]] == [
        "Tell me a joke.",
        "Second try.",
        "Thanks!",
    ]


async def test_buttons_work_after_a_restart(town: Town, dana: Person) -> None:
    town.model.reply = "First try."
    await dana.asks("Tell me a joke.", "First try.")
    await dana.sees(lambda: "retry" in dana.buttons(), "a retry button")
    await town.restart()
    town.model.reply = "Second try."
    await dana.presses("retry")
    await dana.hears("Second try.")
    assert len(dana.heard()) == 1


async def test_a_retry_that_a_restart_cuts_off_is_finished_in_the_same_message(town: Town, dana: Person) -> None:
    town.model.reply = "First try."
    await dana.asks("Count, please.", "First try.")
    town.model.reply = COUNT
    gate = town.model.hold(after=8)
    await dana.presses("retry")
    await gate.reached()
    await dana.hears("One two")
    await town.close()
    gate.open()
    await town.start()
    await dana.hears("twelve.")
    assert len(dana.heard()) == 1


async def test_pressed_twice_it_happens_once(town: Town, dana: Person) -> None:
    town.model.reply = "First try."
    await dana.asks("Tell me a joke.", "First try.")
    await dana.sees(lambda: "retry" in dana.buttons(), "a retry button")
    retry = dana.buttons()["retry"]
    town.model.reply = COUNT
    gate = town.model.hold(after=8)
    await dana.sends(retry)
    assert "already" in await dana.sends(retry)
    await gate.reached()
    assert "already" in await dana.sends(retry)
    gate.open()
    await dana.hears("twelve.")
    await town.settled()
    assert "newer answer" in await dana.sends(retry)
    assert len(town.asked) == 2


async def test_an_older_answer_is_not_had_anew(town: Town, dana: Person) -> None:
    town.model.reply = "First answer."
    await dana.asks("First question.", "First answer.")
    await dana.sees(lambda: "retry" in dana.buttons(), "a retry button")
    old = dana.buttons()
    town.model.reply = "Second answer."
    await dana.asks("Second question.", "Second answer.")
    await dana.sees(lambda: "retry" in dana.buttons(), "a retry button")
    assert "please ask again" in await dana.sends(old["retry"])
    stop = old["retry"].replace("retry", "stop")
    assert "ended already" in await dana.sends(stop)
    assert len(town.asked) == 2


async def test_a_button_that_nobody_made_does_nothing(town: Town, dana: Person) -> None:
    town.model.reply = "First answer."
    await dana.asks("First question.", "First answer.")
    await dana.sees(lambda: "retry" in dana.buttons(), "a retry button")
    for data in ("retry:ffff", "retry:-1", "delete:1", "retry:1; DROP TABLE turns"):
        assert await dana.sends(data) == GONE
    await town.settled()
    row = dana.buttons()["retry"].partition(":")[2]
    assert "complete" in await dana.sends(f"continue:{row}")
    assert len(town.asked) == 1


async def test_an_answer_that_reached_its_length_is_continued(town: Town, dana: Person) -> None:
    town.model.finish, town.model.reply = "length", "It was a dark and stormy"
    await dana.asks("Tell me a story.", "longest length")
    town.model.finish, town.model.reply = "stop", "stormy night."
    await dana.presses("continue")
    assert await dana.hears("night.") == "It was a dark and stormy night."
    assert len(dana.heard()) == 1


async def test_an_answer_that_broke_off_is_continued(town: Town, dana: Person) -> None:
    town.model.reply = COUNT
    town.model.faults += [Fault(how="cut", after=6), *[Fault(status=400)] * 4]
    await dana.asks("Count, please.", "⚠️")
    town.model.faults.clear()
    await dana.sees(lambda: list(dana.buttons()) == ["continue", "retry"], "continue and retry")
    town.model.reply = "seven, and so on."
    await dana.presses("continue")
    assert (await dana.hears("and so on.")).startswith("One two three")


async def test_in_a_group_only_the_asker_and_admins_press(town: Town) -> None:
    await town.open("telegram")
    ada, bob, eve = (town.telegram.user(id, name) for id, name in ((11, "Ada"), (12, "Bob"), (13, "Eve")))
    group = town.telegram.group("Friends", [ada, bob], admins=[eve])
    town.model.reply = COUNT
    gate = town.model.hold(after=8)
    await group.send(ada, "@chinwag_bot count, please")
    shown = await group.until(lambda m: m.from_bot and "One two" in m.text)
    refused = await (await group.press(bob, shown, "⏹ Stop")).answered()
    assert refused["text"] == "Only Ada can do that here, or an admin of the group."
    gate.open()
    await group.until(lambda m: m.from_bot and m.text.endswith("twelve."))
    await group.until(lambda m: [label for label, _ in m.buttons] == ["🔄 Retry"])
    assert "Only Ada" in (await (await group.press(bob, shown, "🔄 Retry")).answered())["text"]
    town.model.reply = "Second try."
    await (await group.press(eve, shown, "🔄 Retry")).answered()
    await group.until(lambda m: m.from_bot and m.text == "Second try.")
    assert len([m for m in group.messages if m.from_bot]) == 1


async def test_in_a_server_only_the_asker_and_admins_press(town: Town) -> None:
    await town.open("discord")
    ada, bob, eve = (town.discord.user(name) for name in ("ada", "bob", "eve"))
    guild = town.discord.guild("Friends", [ada, bob, eve], admins=[eve])
    channel = guild.channel("general")
    town.model.reply = COUNT
    gate = town.model.hold(after=8)
    await channel.send(ada, "count, please", mention_bot=True)
    shown = await channel.until_shows("One two")
    refused = await shown.press(bob, "⏹ Stop")
    answer = await refused.answered()
    assert answer.ephemeral
    assert answer.content == "Only Ada can do that here, or an admin of the group."
    gate.open()
    await channel.until_shows("twelve.")
    await channel.until(lambda c: [b["label"] for b in shown.buttons] == ["🔄 Retry"])
    town.model.reply = "Second try."
    await shown.press(eve, "🔄 Retry")
    assert await channel.until_shows("Second try.") is shown


async def test_one_chat_does_not_reach_into_another(town: Town) -> None:
    await town.open("telegram")
    dana, bob = await town.person("telegram", "Dana"), await town.person("telegram", "Bob")
    town.model.reply = "A secret."
    await dana.asks("Tell me a secret.", "A secret.")
    await dana.sees(lambda: "retry" in dana.buttons(), "a retry button")
    await bob.asks("Hello.", "A secret.")
    assert await bob.sends(dana.buttons()["retry"]) == GONE
    assert len(town.asked) == 2


async def test_a_long_answer_has_its_buttons_under_the_last_message_only(town: Town) -> None:
    await town.open("telegram")
    dana = await town.person("telegram")
    town.model.reply, town.model.chunk = "word " * 1500, 400
    gate = town.model.hold(after=14)
    await dana.says("At length, please.")
    await gate.reached()
    await dana.sees(lambda: len(dana.heard()) == 2, "two pages")
    pages = [m for m in dana.chat.messages if m.from_bot]  # type: ignore[attr-defined]
    await dana.sees(lambda: not pages[0].buttons, "no button under the first page")
    assert [label for label, _ in pages[1].buttons] == ["⏹ Stop"]
    gate.open()
    await dana.sees(lambda: list(dana.buttons()) == ["retry"], "retry")
    assert not pages[0].buttons
    town.model.reply = "Short."
    await dana.presses("retry")
    await dana.hears("Short.")
    await dana.sees(lambda: len(dana.heard()) == 1, "one page")


async def test_stop_is_pressed_before_the_chat_can_be_edited_and_acts_at_once(town: Town, dana: Person) -> None:
    town.model.reply = COUNT
    gate = town.model.hold(after=8)
    await dana.says("Count, please.")
    await gate.reached()
    await dana.hears("One two")
    await dana.says("And another question.")
    await dana.presses("stop")
    gate.open()
    await dana.sees(lambda: len(town.asked) == 2, "the question that waited")
    assert town.asked[-1].text == "And another question."


async def test_a_retry_that_says_nothing_leaves_the_old_answer(town: Town, dana: Person) -> None:
    town.model.reply = "The only answer."
    await dana.asks("A question.", "The only answer.")
    await town.settled()
    town.model.faults += [Fault(status=400)] * 4
    await dana.presses("retry")
    failed = await dana.hears("⚠️")
    assert failed.startswith("The only answer.")
    town.model.faults.clear()
    await town.settled()
    gate = town.model.hold(after=0)
    await dana.presses("retry")
    await gate.reached()
    await dana.says("/stop")
    gate.open()
    await town.settled()
    town.model.reply = "Very well."
    await dana.asks("Thanks.", "Very well.")
    assert [m["content"] for m in town.asked[-1].messages[1:]] == ["A question.", "The only answer.", "Thanks."]


async def test_an_answer_without_streaming_has_buttons_too(town: Town, dana: Person) -> None:
    await dana.asks("/stream off", "complete")
    town.model.reply = "All at once."
    await dana.asks("A question.", "All at once.")
    await dana.sees(lambda: list(dana.buttons()) == ["retry"], "a retry button")
    await town.settled()
    town.model.reply = "Once more."
    await dana.presses("retry")
    await dana.hears("Once more.")
