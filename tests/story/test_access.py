"""By invitation: strangers are told how to get in, admins let them in, and groups are approved as a whole."""

from __future__ import annotations

import re

import pytest

from bots.approve import approve
from core.errors import UserError
from core.settings import Settings
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
