"""By invitation: strangers are told how to get in, admins let them in, and groups are approved as a whole."""

from __future__ import annotations

import asyncio
import re
import uuid

import pytest

from bots.approve import approve, revoke
from core.errors import UserError
from core.settings import Settings
from tests.platforms.model import Gate
from tests.story.people import TelegramPerson, WebPerson
from tests.story.town import TIMEOUT, Person, Town

CODE = re.compile(r"/approve ([A-Z0-9-]+)")


async def refused(person: Person) -> str:
    """The pairing code that a stranger is told."""
    told = await person.asks("Hello?", "/approve")
    found = CODE.search(told)
    assert found, told
    return found[1]


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_a_stranger_is_told_a_code_and_an_admin_on_the_page_lets_them_in(town: Town, platform: str) -> None:
    await town.open(platform, "web", access="invite")
    owner, stranger = await town.person("web"), await town.person(platform)
    code = await refused(stranger)
    assert town.model.requests == [] or all("messages" not in r.body for r in town.model.requests)
    await owner.asks(f"/approve {code}", "can talk to me now")
    await stranger.asks("My name is Dana.", "Nice to meet you, Dana.")


async def test_an_admin_named_in_the_settings_approves_in_a_chat(town: Town) -> None:
    await town.open("telegram", access="invite", admins=("telegram:1000001",))
    boss = town.telegram.user(1000001, "Boss")
    office = town.telegram.private(boss)
    stranger = await town.person("telegram")
    code = await refused(stranger)
    await office.send(boss, f"/approve {code.lower()}")
    await office.until(lambda m: m.from_bot and "can talk to me now" in m.text, timeout=TIMEOUT)
    await stranger.asks("My name is Dana.", "Nice to meet you")
    await office.send(boss, f"/approve {code}")
    await office.until(lambda m: m.from_bot and "unknown or has run out" in m.text, timeout=TIMEOUT)


async def test_the_command_line_approves_while_the_bot_runs(town: Town) -> None:
    await town.open("telegram", access="invite")
    stranger = await town.person("telegram")
    code = await refused(stranger)
    settings = Settings(_env_file=None, data_dir=town.folder)  # type: ignore[call-arg]
    with pytest.raises(UserError):
        await approve(settings, "NOTACODE")
    assert await approve(settings, code) == "Dana"
    await stranger.asks("My name is Dana.", "Nice to meet you")


async def test_a_member_cannot_approve(town: Town) -> None:
    await town.open("telegram")
    dana = await town.person("telegram")
    await dana.asks("/approve ABCD", "Only an admin")


async def test_a_group_is_silent_until_an_admin_approves_it(town: Town) -> None:
    await town.open("telegram", access="invite", admins=("telegram:1",))
    boss, ada = town.telegram.user(1, "Boss"), town.telegram.user(2, "Ada")
    group = town.telegram.group("Chess club", [boss, ada])
    bot = town.telegram.bot.username
    await group.send(ada, f"@{bot} Hello?")
    await group.send(boss, f"@{bot} Are you there?")
    await group.until(lambda m: m.from_bot and "not approved yet" in m.text, timeout=TIMEOUT)
    assert len([m for m in group.messages if m.from_bot]) == 1
    await group.send(boss, f"/approve@{bot}")
    await group.until(lambda m: m.from_bot and "This group is approved" in m.text, timeout=TIMEOUT)
    await group.send(ada, f"@{bot} Hello again")
    await group.until(lambda m: m.from_bot and "Hello again" in m.text, timeout=TIMEOUT)


async def test_a_discord_server_is_approved_as_a_whole(town: Town) -> None:
    boss, ada = town.discord.user("boss"), town.discord.user("ada")
    await town.open("discord", access="invite", admins=(f"discord:{boss.id}",))
    guild = town.discord.guild("school", members=[boss, ada], admins=[boss])
    general, art = guild.channel("general"), guild.channel("art")
    asked = await general.slash(ada, "ask", question="Hello?")
    await asked.until(lambda asked: "not been approved" in asked.text, timeout=TIMEOUT)
    await general.slash(boss, "approve")
    await general.until_shows("This group is approved", timeout=TIMEOUT)
    await art.send(ada, "Hello again", mention_bot=True)
    await art.until_shows("Hello again", timeout=TIMEOUT)


async def let_in(town: Town, name: str = "Dana") -> TelegramPerson:
    """Somebody with a chat on Telegram who was approved, by the owner of the page."""
    person = await town.person("telegram", name)
    assert isinstance(person, TelegramPerson)
    await town.house_grants(f"telegram:{person.user.id}", name)
    return person


async def test_whoever_is_let_out_is_answered_no_further(town: Town) -> None:
    await town.open("telegram", "web", access="invite")
    owner, dana = await town.person("web"), await let_in(town)
    who = f"telegram:{dana.user.id}"
    gate = town.model.hold(after=2)
    town.model.reply = "One two three four five six."
    await dana.says("count, please")
    await dana.hears("One")
    await dana.chat.send(dana.user, "a question that waits")
    await dana.sees(lambda: town.waiting() == 2, "a question that waits")
    assert f"Dana (`{who}`)" in await owner.asks("/revoke", who)
    await owner.asks(f"/revoke {who}", "is let out")
    await town.settled()
    gate.open()
    assert not any("six" in text for text in dana.heard())
    assert not any("a question that waits" in str(request.messages) for request in town.asked)
    await dana.asks("Hello?", "your code is")
    assert who not in (await owner.asks("/revoke", "These are let in")).partition("/revoke")[0]


async def test_whoever_is_let_out_while_the_bot_is_off_is_not_answered_when_it_is_back(town: Town) -> None:
    await town.open("telegram", access="invite")
    dana = await let_in(town)
    gate = town.model.hold(after=2)
    await dana.says("count, please")
    await dana.sees(lambda: town.asked, "a request")
    await town.close()
    gate.open()
    settings = Settings(_env_file=None, data_dir=town.folder)  # type: ignore[call-arg]
    who = f"telegram:{dana.user.id}"
    assert await revoke(settings, "") == (
        "These are let in, and whoever is named in ADMINS:\n"
        f"- Dana ({who})\n\nLet somebody out with the id: /revoke {who}"
    )
    assert f"Dana ({who}) is let out." in await revoke(settings, who.replace(":", ": "))
    assert "Nobody is let in" in await revoke(settings, "")
    with pytest.raises(UserError, match="Nobody is let in as"):
        await revoke(settings, who)
    asked = len(town.asked)
    await town.start()
    await town.settled()
    assert len(town.asked) == asked


async def test_a_group_is_let_out_where_it_is_said(town: Town) -> None:
    await town.open("telegram", access="invite", admins=("telegram:1",))
    boss, ada = town.telegram.user(1, "Boss"), town.telegram.user(2, "Ada")
    group, bot = town.telegram.group("Chess club", [boss, ada]), town.telegram.bot.username
    await group.send(boss, f"/approve@{bot}")
    await group.until(lambda m: m.from_bot and "This group is approved" in m.text, timeout=TIMEOUT)
    gate = town.model.hold(after=1)
    await group.send(ada, f"@{bot} count, please")
    await gate.reached(1)
    await group.send(ada, f"/revoke@{bot}")
    await group.until(lambda m: m.from_bot and "Only an admin" in m.text, timeout=TIMEOUT)
    await group.send(boss, f"/revoke@{bot}")
    told = await group.until(lambda m: m.from_bot and "is let out" in m.text, timeout=TIMEOUT)
    assert "/approve there" in told.text
    await town.settled()
    gate.open()
    asked = len(town.asked)
    await group.send(ada, f"@{bot} Hello again")
    await group.send(boss, f"@{bot} Hello again")
    await group.until(lambda m: m.from_bot and "not approved yet" in m.text, timeout=TIMEOUT)
    assert len(town.asked) == asked


async def test_who_is_named_in_the_settings_is_let_out_there(town: Town) -> None:
    await town.open("telegram", "web", access="invite", admins=("telegram:1",))
    owner = await town.person("web")
    await owner.asks("/revoke telegram:1", "named in ADMINS")
    await owner.asks("/revoke telegram:2", "Nobody is let in as")


async def test_an_open_house_says_that_letting_out_changes_nothing(town: Town) -> None:
    await town.open("telegram", "web", access="open")
    owner, dana = await town.person("web"), await let_in(town)
    await owner.asks(f"/revoke telegram:{dana.user.id}", "ACCESS=open lets everybody in all the same")


async def test_whoever_is_let_out_of_the_page_is_signed_out(town: Town) -> None:
    await town.open("web", access="invite")
    owner = await town.person("web")
    assert isinstance(owner, WebPerson)
    await owner.says("Hello")
    await owner.hears("You said: Hello")
    message = {"id": str(uuid.uuid4()), "text": "/revoke web:owner"}
    assert (await owner.http.post(f"/api/sessions/{owner.session}/messages", json=message)).status_code == 202
    assert (await owner.http.get("/api/state")).status_code == 401


async def says(owner: WebPerson, text: str) -> None:
    """Sent from the page, whatever becomes of it."""
    message = {"id": str(uuid.uuid4()), "text": text}
    sent = await owner.http.post(f"/api/sessions/{owner.session}/messages", json=message)
    assert sent.status_code == 202, sent.text


async def asking(town: Town) -> tuple[WebPerson, Gate]:
    """Somebody on the page whose first question is being answered, and whose second one waits."""
    await town.open("web", access="invite")
    owner = await town.person("web")
    assert isinstance(owner, WebPerson)
    await owner.asks("Hello", "You said: Hello")
    await town.settled()
    gate = town.model.hold(after=1)
    await says(owner, "the first question")
    await gate.reached(1)
    await says(owner, "a question that waits")
    return owner, gate


async def test_what_waits_on_the_page_of_who_is_let_out_is_neither_asked_nor_seen(town: Town) -> None:
    owner, gate = await asking(town)
    asked = len(town.asked)
    assert owner._listening is not None
    await says(owner, "/revoke web:owner")
    async with asyncio.timeout(TIMEOUT):
        await owner._listening  # its stream of news ends at once, and not at the next look at its cookie
        await town.settled()
    gate.open()
    assert len(town.asked) == asked


async def test_the_command_line_ends_what_is_being_written_for_who_is_let_out(town: Town) -> None:
    _, gate = await asking(town)
    asked = len(town.asked)
    settings = Settings(_env_file=None, data_dir=town.folder)  # type: ignore[call-arg]
    assert "is let out" in await revoke(settings, "web:owner")
    await town.settled()
    gate.open()
    assert len(town.asked) == asked


async def test_the_command_line_ends_an_answer_in_a_chat(town: Town) -> None:
    await town.open("telegram", access="invite")
    ada, dana = await let_in(town, "Ada"), await let_in(town)
    gate = town.model.hold(after=2)
    await dana.says("count, please")
    await ada.says("count, please")
    await gate.reached(2)
    settings = Settings(_env_file=None, data_dir=town.folder)  # type: ignore[call-arg]
    await revoke(settings, f"telegram:{dana.user.id}")
    await dana.sees(lambda: town.waiting() == 1, "the end of one answer")
    gate.open()
    await town.settled()
    assert await ada.hears("You said: count, please")
    assert "You said: count, please" not in "".join(dana.heard())


async def test_discord_offers_who_is_in_to_admins_only(town: Town) -> None:
    boss, ada = town.discord.user("boss"), town.discord.user("ada")
    await town.open("discord", access="invite", admins=(f"discord:{boss.id}",))
    await town.house_grants("telegram:5", "Dana")
    channel = town.discord.guild("school", members=[boss, ada], admins=[boss, ada]).channel("general")
    await channel.slash(boss, "approve")
    await channel.until_shows("This group is approved", timeout=TIMEOUT)
    offered = await channel.autocomplete(boss, "revoke", who="dan")
    assert [(choice["value"], choice["name"]) for choice in offered] == [("telegram:5", "Dana (telegram:5)")]
    assert await channel.autocomplete(ada, "revoke", who="dan") == []
    await channel.slash(boss, "revoke", who="telegram:5")
    await channel.until_shows("is let out", timeout=TIMEOUT)
