"""Groups: one history, two people side by side, and nothing of a private chat."""

from __future__ import annotations

import pytest

from tests.story.town import TIMEOUT, Town


async def test_two_people_in_a_telegram_group_are_answered_side_by_side(town: Town) -> None:
    await town.open("telegram")
    ada, bob = town.telegram.user(1, "Ada"), town.telegram.user(2, "Bob")
    group = town.telegram.group("Chess club", [ada, bob])
    bot = town.telegram.bot.username
    gate = town.model.hold(after=1)
    await group.send(ada, f"@{bot} Ada asks something long.")
    await gate.reached(1)
    await group.send(bob, f"@{bot} Bob asks too.")
    await gate.reached(2)  # both are being answered at the same time
    gate.open()
    for asked in ("Ada: Ada asks something long.", "Bob: Bob asks too."):
        await group.until(lambda m, asked=asked: m.from_bot and m.text == f"You said: {asked}", timeout=TIMEOUT)


async def test_two_people_in_a_discord_channel_are_answered_side_by_side(town: Town) -> None:
    await town.open("discord")
    ada, bob = town.discord.user("ada"), town.discord.user("bob")
    channel = town.discord.guild("school", members=[ada, bob]).channel("general")
    gate = town.model.hold(after=1)
    await channel.send(ada, "Ada asks something long.", mention_bot=True)
    await gate.reached(1)
    await channel.send(bob, "Bob asks too.", mention_bot=True)
    await gate.reached(2)
    gate.open()
    await channel.until_shows("Ada asks something long.", timeout=TIMEOUT)
    await channel.until_shows("Bob asks too.", timeout=TIMEOUT)
    assert town.discord.pings == []


async def test_a_group_shares_one_history(town: Town) -> None:
    await town.open("telegram")
    ada, bob = town.telegram.user(1, "Ada"), town.telegram.user(2, "Bob")
    group = town.telegram.group("Chess club", [ada, bob])
    bot = town.telegram.bot.username
    await group.send(ada, f"@{bot} my name is Ada.")
    await group.until(lambda m: m.from_bot and "Nice to meet you, Ada." in m.text, timeout=TIMEOUT)
    await group.send(bob, f"@{bot} What is my name?")
    await group.until(lambda m: m.from_bot and "Your name is Ada." in m.text, timeout=TIMEOUT)


async def test_a_private_chat_is_never_visible_from_a_group(town: Town) -> None:
    await town.open("telegram")
    ada = town.telegram.user(1, "Ada")
    private, group = town.telegram.private(ada), town.telegram.group("Chess club", [ada])
    bot = town.telegram.bot.username
    await private.send(ada, "My name is Ada.")
    await private.until(lambda m: m.from_bot and "Nice to meet you" in m.text, timeout=TIMEOUT)
    await group.send(ada, f"@{bot} What is my name?")
    await group.until(lambda m: m.from_bot and "I do not know" in m.text, timeout=TIMEOUT)
    await group.send(ada, f"/sessions@{bot}")
    listed = await group.until(lambda m: m if m.from_bot and "Your conversations" in m.text else None, timeout=TIMEOUT)
    assert "My name is Ada." not in listed.text


async def test_topics_have_their_own_history(town: Town) -> None:
    await town.open("telegram")
    ada = town.telegram.user(1, "Ada")
    group = town.telegram.group("Class", [ada], forum=True)
    bot = town.telegram.bot.username
    maths, art = await group.topic("Maths"), await group.topic("Art")
    await group.send(ada, f"@{bot} my name is Ada.", thread=maths)
    answer = await group.until(lambda m: m if m.from_bot and "Nice to meet you" in m.text else None, timeout=TIMEOUT)
    assert answer.thread == maths
    await group.send(ada, f"@{bot} What is my name?", thread=art)
    answer = await group.until(lambda m: m if m.from_bot and "I do not know" in m.text else None, timeout=TIMEOUT)
    assert answer.thread == art


async def test_what_is_not_said_to_the_bot_is_not_answered(town: Town) -> None:
    await town.open("telegram")
    town.telegram.privacy = False
    ada = town.telegram.user(1, "Ada")
    group = town.telegram.group("Chess club", [ada])
    await group.send(ada, "Nobody in particular is meant.")
    await group.send(ada, "/start@another_bot")
    await group.send(ada, f"@{town.telegram.bot.username} But you are.")
    await group.until(lambda m: m.from_bot and "But you are." in m.text, timeout=TIMEOUT)
    assert len([m for m in group.messages if m.from_bot]) == 1


@pytest.mark.parametrize("command", ["/role teacher", "/language Deutsch", "/reset", "/new", "/stream off"])
async def test_only_the_groups_admins_change_what_everybody_shares(town: Town, command: str) -> None:
    await town.open("telegram")
    ada, bob = town.telegram.user(1, "Ada"), town.telegram.user(2, "Bob")
    group = town.telegram.group("Chess club", [ada, bob], admins=[ada])
    name, _, argument = command.partition(" ")
    there = f"{name}@{town.telegram.bot.username} {argument}"
    refused = await group.send(bob, there)
    answer = await group.answer(after=refused, timeout=TIMEOUT)
    assert "only the group's admins" in answer.text
    taken = await group.send(ada, there)
    answer = await group.answer(after=taken, timeout=TIMEOUT)
    assert "only the group's admins" not in answer.text


async def test_with_sessions_per_user_everybody_changes_their_own(town: Town) -> None:
    await town.open("telegram", group_sessions="per_user")
    ada, bob = town.telegram.user(1, "Ada"), town.telegram.user(2, "Bob")
    group = town.telegram.group("Chess club", [ada, bob])
    bot = town.telegram.bot.username
    await group.send(bob, f"/role@{bot} teacher")
    await group.until(lambda m: m.from_bot and "Teacher" in m.text, timeout=TIMEOUT)
    await group.send(ada, f"@{bot} What is a prime?")
    await group.until(lambda m: m.from_bot and "What is a prime?" in m.text, timeout=TIMEOUT)
    assert "teacher" not in town.systems[-1].lower()


async def test_the_groups_admins_stop_everybodys_answers_and_others_only_their_own(town: Town) -> None:
    await town.open("telegram")
    ada, bob, cleo = (town.telegram.user(n, name) for n, name in enumerate(("Ada", "Bob", "Cleo"), 1))
    group = town.telegram.group("Chess club", [ada, bob, cleo], admins=[ada])
    bot = town.telegram.bot.username
    town.model.reply = "One two three four five six seven eight nine ten."
    gate = town.model.hold(after=8)
    await group.send(bob, f"@{bot} Count.")
    await gate.reached()
    await group.send(cleo, f"/stop@{bot}")
    await group.until(lambda m: m.from_bot and "Nothing of yours" in m.text, timeout=TIMEOUT)
    await group.send(ada, f"/stop@{bot}")
    await group.until(lambda m: m.from_bot and m.text == "Stopped.", timeout=TIMEOUT)
    gate.open()


async def test_in_one_queue_for_all_nobody_stops_the_answer_of_another(town: Town) -> None:
    await town.open("telegram", group_order="session")
    ada, bob = town.telegram.user(1, "Ada"), town.telegram.user(2, "Bob")
    group = town.telegram.group("Chess club", [ada, bob])
    bot = town.telegram.bot.username
    town.model.reply = "One two three four five six seven eight nine ten."
    gate = town.model.hold(after=8)
    await group.send(ada, f"@{bot} Count.")
    await gate.reached()
    await group.send(bob, f"/stop@{bot}")
    await group.until(lambda m: m.from_bot and "Nothing of yours" in m.text, timeout=TIMEOUT)
    await group.send(ada, f"/stop@{bot}")
    await group.until(lambda m: m.from_bot and m.text == "Stopped.", timeout=TIMEOUT)
    await town.settled()
    gate.open()


async def test_in_one_queue_for_all_everybody_retries_their_own_question(town: Town) -> None:
    await town.open("telegram", group_order="session")
    ada, bob = town.telegram.user(1, "Ada"), town.telegram.user(2, "Bob")
    group = town.telegram.group("Chess club", [ada, bob])
    bot = town.telegram.bot.username
    await group.send(bob, f"@{bot} A question of Bob's.")
    await group.until(lambda m: m.from_bot and "A question of Bob's." in m.text, timeout=TIMEOUT)
    await group.send(ada, f"@{bot} A question of Ada's.")
    await group.until(lambda m: m.from_bot and "A question of Ada's." in m.text, timeout=TIMEOUT)
    retry = await group.send(bob, f"/retry@{bot}")
    await group.until(lambda m: m.from_bot and m.id > retry.id and "A question of Bob's." in m.text, timeout=TIMEOUT)


async def test_ask_takes_a_role_for_once(town: Town) -> None:
    await town.open("discord")
    ada = town.discord.user("ada")
    channel = town.discord.guild("school", members=[ada]).channel("general")
    choices = await channel.autocomplete(ada, "ask", question="x", role="tea")
    assert [choice["value"] for choice in choices] == ["teacher"]
    asked = await channel.slash(ada, "ask", question="What is a prime?", role="teacher")
    await asked.until(lambda asked: "What is a prime?" in asked.text, timeout=TIMEOUT)
    assert "teacher" in town.systems[-1].lower()
    await channel.send(ada, "And who are you?", mention_bot=True)
    await channel.until_shows("And who are you?", timeout=TIMEOUT)
    assert "teacher" not in town.systems[-1].lower()


async def test_a_group_that_becomes_a_supergroup_keeps_its_approval_and_its_history(town: Town) -> None:
    await town.open("telegram", access="invite", admins=("telegram:1",))
    ada = town.telegram.user(1, "Ada")
    group = town.telegram.group("Chess club", [ada], supergroup=False)
    bot = town.telegram.bot.username
    await group.send(ada, f"/approve@{bot}")
    await group.until(lambda m: m.from_bot and "approved" in m.text, timeout=TIMEOUT)
    await group.send(ada, f"@{bot} my name is Ada.")
    await group.until(lambda m: m.from_bot and "Nice to meet you, Ada." in m.text, timeout=TIMEOUT)
    larger = await group.migrate()
    await larger.send(ada, f"@{bot} What is my name?")
    await larger.until(lambda m: m.from_bot and "Your name is Ada." in m.text, timeout=TIMEOUT)
