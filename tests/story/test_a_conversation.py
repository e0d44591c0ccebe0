"""A person talks to Chinwag in private, on each platform."""

from __future__ import annotations

from datetime import datetime

from tests.story.town import Person, Town


async def test_it_remembers_what_was_said(town: Town, dana: Person) -> None:
    await dana.asks("Hello, my name is Dana.", "Nice to meet you, Dana.")
    await dana.asks("What is my name?", "Your name is Dana.")
    sent = [message["content"] for message in town.model.requests[-1].messages]
    assert sent[1:] == ["Hello, my name is Dana.", "Nice to meet you, Dana.", "What is my name?"]


async def test_two_people_never_see_each_others_history(town: Town, platform: str) -> None:
    await town.open(platform)
    dana = await town.person(platform, "Dana")
    await dana.asks("My name is Dana.", "Nice to meet you")
    if platform == "web":  # one person, two conversations
        dana.session = ""  # type: ignore[attr-defined]
        await dana.asks("What is my name?", "I do not know")
    else:
        bob = await town.person(platform, "Bob")
        await bob.asks("What is my name?", "I do not know")


async def test_the_prompt_has_the_role_the_language_and_the_day(town: Town, dana: Person) -> None:
    await dana.asks("Hello there.", "You said")
    assert "assistant" in town.systems[-1].lower()
    assert str(datetime.now().astimezone().year) in town.systems[-1]
    await dana.asks("/language Deutsch", "Deutsch")
    await dana.asks("Hello again.", "You said")
    assert "Deutsch" in town.systems[-1]


async def test_a_role_changes_the_prompt(town: Town, dana: Person) -> None:
    assert "translator" in await dana.asks("/role", "My roles")
    await dana.asks("/role teacher", "Teacher")
    await dana.asks("What is a prime?", "You said")
    assert "teacher" in town.systems[-1].lower()


async def test_a_role_of_ones_own_is_only_ever_a_value(town: Town, dana: Person) -> None:
    own = "You are {name}, a pirate. {0.__class__} {{braces}}"
    await dana.asks(f"/role custom {own}", "what you described")
    await dana.asks("Who are {you}?", "You said: Who are {you}?")
    assert own in town.systems[-1]


async def test_an_unknown_role_is_named_and_nothing_changes(town: Town, dana: Person) -> None:
    assert "astronaut" in await dana.asks("/role astronaut", "no role")
    await dana.asks("Hello there.", "You said")
    assert "assistant" in town.systems[-1].lower()


async def test_reset_forgets_and_sessions_goes_back(town: Town, dana: Person) -> None:
    await dana.asks("My name is Dana.", "Nice to meet you")
    await dana.asks("/reset", "Forgotten")
    await dana.asks("What is my name?", "I do not know")
    listed = await dana.asks("/sessions", "My name is Dana.")
    number = next(line for line in listed.splitlines() if "My name is Dana." in line).split(".")[0].strip()
    await dana.asks(f"/sessions {number}", "Back in")
    await dana.asks("What is my name?", "Your name is Dana.")


async def test_a_restart_forgets_nothing(town: Town, dana: Person) -> None:
    await dana.asks("My name is Dana.", "Nice to meet you")
    await dana.asks("/role teacher", "Teacher")
    await town.restart()
    await dana.asks("What is my name?", "Your name is Dana.")
    assert "teacher" in town.systems[-1].lower()


async def test_a_message_is_answered_after_a_restart_in_the_middle(town: Town, dana: Person) -> None:
    town.model.reply = "One two three four five six seven eight nine ten."
    gate = town.model.hold(after=6)
    await dana.says("Count to ten.")
    await gate.reached()
    await town.close()
    gate.open()
    await town.start()
    await dana.hears("nine ten.")
    assert len([text for text in dana.heard() if "One two" in text]) == 1


async def test_two_messages_in_a_row_are_answered_in_order(town: Town, dana: Person) -> None:
    gate = town.model.hold(after=1)
    await dana.says("First question.")
    await gate.reached()
    await dana.says("Second question.")
    gate.open()
    await dana.hears("You said: Second question.")
    asked = [request.text for request in town.model.requests if request.body.get("messages")]
    assert asked == ["First question.", "Second question."]
    assert [m["content"] for m in town.model.requests[-1].messages][1] == "First question."


async def test_stop_acts_at_once_and_keeps_what_was_said(town: Town, dana: Person) -> None:
    town.model.reply = "One two three four five six seven eight nine ten eleven twelve."
    gate = town.model.hold(after=8)
    await dana.says("Count, please.")
    await gate.reached()
    await dana.hears("One two")
    await dana.asks("/stop", "Stopped.")
    gate.open()
    assert "One two" in await dana.asks("/history", "Count, please.")
    town.model.reply = "Done."
    await dana.asks("And now?", "Done.")
    before = town.model.requests[-1].messages[-2]
    assert before["role"] == "assistant"
    assert before["content"].startswith("One two")
    assert "twelve" not in before["content"]


async def test_stop_with_nothing_to_stop_says_so(dana: Person) -> None:
    await dana.asks("/stop", "Nothing is being written")


async def test_retry_answers_the_last_message_anew(town: Town, dana: Person) -> None:
    town.model.reply = "First try."
    await dana.asks("Tell me a joke.", "First try.")
    town.model.reply = "Second try."
    await dana.asks("/retry", "Second try.")
    sent = [message["content"] for message in town.model.requests[-1].messages]
    assert sent[1:] == ["Tell me a joke."]


async def test_retry_with_nothing_to_retry_says_so(dana: Person) -> None:
    await dana.asks("/retry", "nothing to answer anew")


async def test_stream_off_shows_the_answer_when_it_is_complete(town: Town, dana: Person) -> None:
    await dana.asks("/stream off", "when they are complete")
    town.model.reply = "One two three four five six seven eight nine ten."
    gate = town.model.hold(after=8)
    await dana.says("Count.")
    await gate.reached()
    assert [text for text in dana.heard() if text] == []
    gate.open()
    await dana.hears("nine ten.")


async def test_help_lists_the_commands_without_those_of_admins(dana: Person, platform: str) -> None:
    listed = await dana.asks("/help", "/sessions")
    assert ("/approve" in listed) == (platform == "web")  # who opened the link is the admin


async def test_start_says_hello(dana: Person) -> None:
    await dana.asks("/start", "Hello")
