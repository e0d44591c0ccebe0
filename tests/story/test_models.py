"""What people choose of their answers: how wild, how long, and what they see of the thinking."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from core.errors import SetupError
from core.model import fit
from core.said import CUT_SHORT
from tests.platforms.model import Fault, ModelServer
from tests.story.people import TelegramPerson
from tests.story.town import Person, Town

LONG = "word" * 400
ENDLESS = CUT_SHORT["endless"]


def body(town: Town, name: str) -> object:
    return town.asked[-1].body.get(name)


async def test_temperature_and_length_reach_the_model_and_the_next_conversation(town: Town, dana: Person) -> None:
    await dana.asks("Hi", "Hi")
    assert "temperature" not in town.asked[-1].body
    assert "max_completion_tokens" not in town.asked[-1].body
    shown = await dana.asks("/set temperature 0.3 length 500", "your choice")
    assert "temperature: 0.3" in shown
    assert "500 tokens" in shown
    await dana.asks("Cooler, please", "Cooler")
    assert (body(town, "temperature"), body(town, "max_completion_tokens")) == (0.3, 500)
    await dana.asks("/new", "A new conversation")
    await dana.asks("Anew", "Anew")
    assert (body(town, "temperature"), body(town, "max_completion_tokens")) == (0.3, 500)
    await dana.asks("/set temperature default length default", "the model's own")
    await dana.asks("As ever", "As ever")
    assert (body(town, "temperature"), body(town, "max_completion_tokens")) == (None, None)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("temperature 2.1", "a number from 0 (sober) to 2 (wild)"),
        ("temperature nan", "a number from 0 (sober) to 2 (wild)"),
        ("length 15", "a whole number of tokens from 16 to 1000"),
        ("length 1001", "a whole number of tokens from 16 to 1000"),
        ("length", "a whole number of tokens from 16 to 1000"),
        ("top_p 1", "only temperature and length"),
    ],
)
async def test_a_bad_value_is_refused_with_the_range(town: Town, wrong: str, told: str) -> None:
    await town.open("telegram", max_answer=1000)
    dana = await town.person("telegram")
    await dana.asks(f"/set {wrong}", told)
    assert "the model's own" in await dana.asks("/set", "temperature")


async def test_a_role_brings_its_temperature_and_a_choice_beats_it(town: Town) -> None:
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("/role translator", "Translator")
    assert "0.2 (as Translator)" in await dana.asks("/set", "temperature")
    await dana.asks("Hallo", "Hallo")
    assert body(town, "temperature") == 0.2
    await dana.asks("/set temperature 1", "your choice")
    await dana.asks("Welt", "Welt")
    assert body(town, "temperature") == 1


async def test_a_model_that_refuses_a_parameter_is_asked_without_it_from_then_on(town: Town) -> None:
    town.model.refuses = {"temperature"}
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("/role writer", "Writer")
    await dana.asks("A poem", "A poem")
    await dana.asks("Another", "Another")
    assert [request.body.get("temperature") for request in town.asked] == [1.0, None, None]


async def test_an_endpoint_of_the_old_school_is_told_max_tokens(town: Town) -> None:
    town.model.refuses = {"max_completion_tokens"}
    await town.open("telegram", max_answer=300)
    dana = await town.person("telegram")
    await dana.asks("Hi", "Hi")
    assert [(r.body.get("max_completion_tokens"), r.body.get("max_tokens")) for r in town.asked] == [
        (300, None),
        (None, 300),
    ]


async def test_an_answer_that_is_too_long_ends_with_a_note(town: Town, platform: str) -> None:
    town.model.reply = LONG
    await town.open(platform, max_answer=100)
    dana = await town.person(platform)
    answer = await dana.asks("Write!", "reached its longest length")
    assert 300 <= answer.count("word") * 4 <= 400
    assert body(town, "max_completion_tokens") == 100


async def test_an_endpoint_that_knows_no_limit_is_ended_by_us(town: Town) -> None:
    town.model.reply, town.model.obeys, town.model.pace = LONG, False, 0.002
    await town.open("telegram", max_answer=100)
    dana = await town.person("telegram")
    answer = await dana.asks("Write!", "reached its longest length")
    assert 400 <= answer.count("word") * 4 < 1200
    await town.model.asked(1)
    assert not town.asked[0].finished


async def test_a_message_that_is_too_long_is_refused_with_both_numbers(town: Town, platform: str) -> None:
    await town.open(platform, max_input=50)
    dana = await town.person(platform)
    await dana.asks("x" * 51, "Your message has 51 characters, and I read at most 50.")
    assert town.asked == []
    await dana.asks("x" * 50, "x" * 50)


def quote_on(platform: str, thoughts: str) -> str:
    """The thoughts as a person's screen has them above the answer."""
    return {
        "telegram": f"💭 {thoughts}\n\n",
        "discord": f"-# 💭 {thoughts}\n\n",
        "web": f"~~~~~~~~thinking\n{thoughts}\n~~~~~~~~\n\n",
    }[platform]


async def test_thoughts_are_quoted_above_the_answer_and_never_sent_back(town: Town, platform: str) -> None:
    town.model.thoughts, town.model.reply = "She greets me.", "Hello, Dana!"
    await town.open(platform, reasoning="quote")
    dana = await town.person(platform)
    answer = await dana.asks("Hi", "Hello, Dana!")
    assert answer == quote_on(platform, "She greets me.") + "Hello, Dana!"
    await dana.asks("Hi again", "Hello, Dana!")
    assert "She greets me" not in str(town.asked[-1].messages)
    assert "She greets me" not in await dana.asks("/history", "Hello, Dana!")


async def test_thoughts_whose_beginning_is_in_the_prompt_are_thoughts_all_the_same(town: Town, platform: str) -> None:
    await town.open(platform, reasoning="quote")
    dana = await town.person(platform)
    for n in "12":  # by these it is known
        town.model.reply = f"Somebody is there.\n</think>\n\nHello {n}"
        await dana.asks(n, f"Hello {n}")
    town.model.reply = "She greets me.\n</think>\n\nHello, Dana!"
    for question in ("Hi", "Hi again"):
        assert await dana.asks(question, "Hello, Dana!") == quote_on(platform, "She greets me.") + "Hello, Dana!"
    assert "She greets me" not in str(town.asked[-1].messages)


@pytest.mark.parametrize(
    "reply",
    ["\n</think>\n\nHello, Dana!", "<think>\nShe greets me.\n</think>\n\nHello, Dana!", "Hello, Dana!"],
)
async def test_thoughts_are_hidden_unless_they_are_wanted(town: Town, dana: Person, reply: str) -> None:
    town.model.reply = reply
    assert await dana.asks("Hi", "Hello, Dana!") == "Hello, Dana!"
    await dana.asks("Hi again", "Hello, Dana!")
    assert "She greets me" not in str(town.asked[-1].messages)


async def test_an_answer_that_speaks_of_thoughts_is_kept_and_so_is_the_next_persons(town: Town) -> None:
    await town.open("telegram")
    dana, bob = await town.person("telegram"), await town.person("telegram", "Bob")
    town.model.reply = "First come its thoughts, which end with\n</think>\nand then the answer itself."
    answer = await dana.asks("How do templates mark thoughts?", "the answer itself")
    assert answer.startswith("First come its thoughts")
    assert "</think>" in answer
    town.model.reply, town.model.finish = "Bob's ordinary answer. " * 10 + "The end of it.", "length"
    assert (await bob.asks("Tell me a lot", "The end of it.")).startswith("Bob's ordinary answer.")


async def test_an_answer_that_is_all_thoughts_says_so(town: Town) -> None:
    town.model.thoughts, town.model.reply, town.model.finish = "Hm, hm.", "", "length"
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("Why?", "I was still thinking when the answer reached its longest length")


async def test_what_was_thought_before_a_restart_is_not_taken_for_the_answer(town: Town) -> None:
    town.model.thoughts, town.model.reply = "She greets me.", "Hello, Dana, how are you today?"
    gate = town.model.hold(after=2)
    await town.open("telegram", reasoning="quote")
    dana = await town.person("telegram")
    await dana.says("Hi")
    await dana.hears("She greets me.")
    await gate.reached()
    gate.open()
    town.model.gate = None
    await town.restart()
    answer = await dana.hears("how are you today?")
    assert answer == quote_on("telegram", "She greets me.") + "Hello, Dana, how are you today?"


async def test_what_was_thought_in_vain_is_not_shown_twice(town: Town) -> None:
    town.model.thoughts, town.model.reply = "She greets me.", "Hello, Dana!"
    town.model.faults.append(Fault(how="cut", after=0))
    await town.open("telegram", reasoning="quote")
    dana = await town.person("telegram")
    assert await dana.asks("Hi", "Hello, Dana!") == quote_on("telegram", "She greets me.") + "Hello, Dana!"
    assert len(town.asked) == 2


async def test_one_model_is_no_choice(town: Town, dana: Person) -> None:
    await dana.asks("/model", "there is no other to choose")
    await dana.asks("/model gpt-9", "There is no model called “gpt-9” here")


PRICES = '"small" = { input = 0.1, output = 0.4 }\n'


async def choice_of(town: Town, platform: str, **settings: object) -> Person:
    town.model.models = ["big", "small", "special"]
    (town.folder / "prices.toml").write_text(PRICES, "utf-8")
    await town.open(platform, openai_model="big", openai_fallback_models=("small",), **settings)
    return await town.person(platform)


async def test_a_conversation_chooses_its_model(town: Town, platform: str) -> None:
    dana = await choice_of(town, platform)
    listed = (await dana.asks("/model", "Models:")).replace("`", "")
    assert "big (default) ← now" in listed
    assert "small – $0.1 in, $0.4 out for a million tokens" in listed
    assert "special" not in listed
    await dana.asks("/model small", "answers from now on")
    await dana.asks("Hi", "Hi")
    await dana.asks("/new", "A new conversation")
    await dana.asks("Anew", "Anew")
    await dana.asks("/model default", "answers from now on")
    await dana.asks("Back", "Back")
    assert [request.body["model"] for request in town.asked] == ["small", "small", "big"]
    await dana.asks("/model special", "There is no model called “special” here")


async def test_the_operator_names_the_choice(town: Town) -> None:
    dana = await choice_of(town, "telegram", model_choices=("special",))
    listed = (await dana.asks("/model", "Models:")).replace("`", "")
    assert "special" in listed
    assert "small" not in listed
    await dana.asks("/model SPEC", "answers from now on")
    await dana.asks("Hi", "Hi")
    assert body(town, "model") == "special"


async def test_a_model_that_is_no_longer_offered_is_said_once(town: Town, platform: str) -> None:
    dana = await choice_of(town, platform)
    await dana.asks("/model small", "answers from now on")
    town.settings["openai_fallback_models"] = ()
    await town.restart()
    told = await dana.asks("Hi", "no longer offered")
    assert "small is no longer offered here; big answers from now on." in told
    assert "no longer" not in await dana.asks("Hi again", "Hi again")
    assert [request.body["model"] for request in town.asked] == ["big", "big"]


async def test_another_model_answers_when_the_chosen_one_does_not(town: Town) -> None:
    dana = await choice_of(town, "telegram")
    await dana.asks("/model small", "answers from now on")
    town.model.models.remove("small")
    await dana.asks("Hi", "big has answered this: small is not available right now.")


async def test_only_the_groups_admins_choose_for_everybody(town: Town) -> None:
    await choice_of(town, "telegram")
    boss, bob = town.telegram.user(1, "Boss"), town.telegram.user(2, "Bob")
    group = town.telegram.group("Friends", [bob], [boss])
    for wish in ("/model small", "/set temperature 1"):
        before = len(group.messages)
        await group.send(bob, wish.replace(" ", f"@{town.telegram.bot.username} ", 1))
        while not (told := [m.text for m in group.messages[before:] if m.from_bot]):
            await asyncio.sleep(0.01)
        assert "only the group's admins can" in told[0]


async def test_an_old_answer_of_another_model_or_temperature_is_not_given_again(town: Town) -> None:
    dana = await choice_of(town, "web", answer_cache_hours=1)  # where nothing makes many messages wait
    await dana.asks("Hi", "Hi")
    await dana.asks("/new", "A new conversation")
    await dana.asks("Hi", "Hi")
    assert len(town.asked) == 1
    for way, told in (
        ("/model small", "answers from"),
        ("/set temperature 1", "your choice"),
        ("/set length 50", "50"),
    ):
        await dana.asks(way, told)
        await dana.asks("/new", "A new conversation")
        await dana.asks("Hi", "Hi")
    assert len(town.asked) == 4


async def test_openais_moderation_refuses_before_the_model_is_asked(town: Town, platform: str) -> None:
    town.model.flags = {"bomb"}
    await town.open(platform, moderation="openai", admins=("telegram:1", f"{platform}:1"))
    dana = await town.person(platform)
    await dana.asks("Build a bomb!", "against the rules of this bot")
    assert town.asked == []
    await dana.asks("Build a house!", "Build a house!")
    assert town.model.moderated == ["Build a bomb!", "Build a house!"]
    assert "bomb" not in str(town.asked[-1].messages)


async def test_a_moderation_that_fails_lets_questions_through(town: Town) -> None:
    await town.open("telegram", moderation="openai", admins=("telegram:5",))
    admin = TelegramPerson(town.telegram, 5, "Ada")
    town.model.faults.append(Fault(status=500))
    await admin.asks("Hi", "Hi")
    told = await admin.asks("/usage", "Moderation since the start")
    assert "0 of 1 questions refused" in told
    assert "1 questions could not be checked" in told


async def test_moderation_without_an_endpoint_is_no_start(town: Town) -> None:
    with pytest.raises(SetupError, match="MODERATION=openai needs OPENAI_API_KEY"):
        await town.open("web", moderation="openai", openai_base_url="")


async def words(town: Town, text: str) -> Path:
    path = town.folder / "moderation.txt"
    path.write_text(text, "utf-8")
    os.utime(path, ns=(len(text), len(text)))  # not just now, when it might be half-written
    return path


async def test_a_question_with_a_listed_word_reaches_no_model(
    town: Town, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.watched.EVERY", 0.0)
    await words(town, "bomb\n# a comment\nhow to steal\n")
    await town.open(platform, moderation="words", admins=("telegram:1000",))
    dana = await town.person(platform)
    for wrong in ("Build a BOMB!", "Tell me how  to\nsteal"):
        await dana.asks(wrong, "against the rules of this bot")
    assert town.asked == []
    await dana.asks("Is this a bombastic question?", "bombastic")
    assert "BOMB!" not in str(town.asked[-1].messages)
    await words(town, "bombastic")
    await dana.asks("Is this still a bombastic question?", "against the rules of this bot")


async def test_an_answer_with_a_listed_word_is_taken_back(town: Town, platform: str) -> None:
    await words(town, "bomb")
    town.model.reply = "This is how you build a bomb."
    await town.open(platform, moderation="words", moderation_answers=True)
    dana = await town.person(platform)
    told = await dana.asks("How?", "I have taken it back")
    assert "build" not in told
    town.model.reply = "Fine."
    await dana.asks("And?", "Fine.")
    assert "build" not in str(town.asked[-1].messages)


async def test_the_model_server_refuses_as_openai_does() -> None:
    async with ModelServer() as server:
        assert server.refuses == set()


async def test_a_model_that_never_ends_is_ended(town: Town, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "LONGEST", 50)
    await town.open(platform)
    dana = await town.person(platform)
    town.model.reply = "and so on, " * 10_000
    shown = await dana.asks("Tell me everything.", ENDLESS)
    assert shown.startswith("and so on, and so on")
    assert len(shown) < 10_000  # of 110,000; what was read at once is shown whole
    await dana.sees(lambda: "retry" in dana.buttons(), "the buttons of an answer that has ended")
    assert "continue" not in dana.buttons()
    town.model.reply, town.model.thoughts = "", "Let me see. " * 10_000
    await dana.asks("And now?", ENDLESS)
