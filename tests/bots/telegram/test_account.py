"""The command menu and the question who runs a group."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bots.telegram import TelegramBot
from core.commands import COMMANDS
from core.types import Address
from tests.bots.telegram.conftest import RecordingCore, eventually
from tests.clock import Clock
from tests.platforms.telegram import Chat, TelegramServer


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


@pytest.fixture
async def asking(server: TelegramServer, core: RecordingCore, clock: Clock) -> AsyncIterator[TelegramBot]:
    bot = TelegramBot(server.token, core, api_url=server.url, clock=clock)
    yield bot
    await bot.stop()


@pytest.fixture
def group(server: TelegramServer) -> Chat:
    return server.group("G", [server.user(7, "Ada")], admins=[server.user(1, "Owner"), server.user(2, "Admin")])


def place(group: Chat) -> Address:
    return Address("telegram", "1", str(group.id), private=False, space=str(group.id))


@pytest.mark.parametrize(("user", "runs_it"), [("1", True), ("2", True), ("7", False), ("99", False), ("x", False)])
async def test_who_runs_a_group(asking: TelegramBot, group: Chat, user: str, runs_it: bool) -> None:
    assert await asking.is_admin(place(group), user) is runs_it


async def test_nobody_runs_a_private_chat(asking: TelegramBot, server: TelegramServer) -> None:
    assert await asking.is_admin(Address("telegram", "1", "7"), "7") is False
    assert server.called("getChatMember") == []


async def test_telegram_is_asked_once_a_minute(
    asking: TelegramBot, server: TelegramServer, group: Chat, clock: Clock
) -> None:
    assert await asking.is_admin(place(group), "2")
    group.members[2] = "member"
    clock.now = 59.0
    assert await asking.is_admin(place(group), "2")
    clock.now = 60.0
    assert not await asking.is_admin(place(group), "2")
    assert len(server.called("getChatMember")) == 2


async def test_no_answer_means_no_admin_and_is_asked_again(
    asking: TelegramBot, server: TelegramServer, group: Chat
) -> None:
    server.fault("getChatMember", status=502)
    assert not await asking.is_admin(place(group), "2")
    assert await asking.is_admin(place(group), "2")


async def test_the_menu_has_the_public_commands_and_is_set_only_when_it_differs(
    server: TelegramServer, bot: TelegramBot
) -> None:
    await eventually(lambda: server.called("getUpdates"))
    names = [command["command"] for command in server.commands["default", ""]]
    assert names == [command.name for command in COMMANDS if not command.admin]
    assert "approve" not in names
    await bot.stop()
    await bot.start()
    await eventually(lambda: len(server.called("getMyCommands")) == 2)
    await eventually(lambda: len(server.called("getUpdates")) > 1)
    assert len(server.called("setMyCommands")) == 1


async def test_a_menu_that_cannot_be_set_does_not_keep_the_bot_from_answering(
    server: TelegramServer, idle: TelegramBot, core: RecordingCore, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault("setMyCommands", status=500)
    await idle.start()
    ada = server.user(7, "Ada")
    await server.private(ada).send(ada, "Hello")
    await eventually(lambda: core.taken)
    assert "menu was not set" in caplog.text
