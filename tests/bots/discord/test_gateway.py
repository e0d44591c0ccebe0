"""Logging in and staying connected, whatever Discord does."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bots.discord.gateway import LONGEST, Pauses
from core.errors import SetupError, Unreachable
from core.types import Address, Incoming
from tests.bots.discord.world import RecordingCore, Values, World, a_bot, no_pause, out, running
from tests.platforms.discord import GET_ME, MESSAGE_CONTENT, POST_MESSAGE, DiscordServer


class Sleeps(list[float]):
    """A sleep that takes no time and remembers how long it should have been."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("token", ["wrong", "MTIz.wrong.token", "two\nlines", ""])
async def test_a_wrong_token_is_said_at_once(token: str) -> None:
    async with DiscordServer() as server:
        with server.redirect(), pytest.raises(SetupError) as raised:
            await a_bot(server, RecordingCore(), Values(), token=token).start()
        assert "DISCORD_BOT_TOKEN" in str(raised.value)
        assert "https://discord.com/developers" in str(raised.value)
        assert not token or token not in str(raised.value)


async def test_blanks_around_the_token_do_no_harm() -> None:
    async with (
        DiscordServer(privileged=MESSAGE_CONTENT) as server,
        running(server, token=f" {server.token}\n") as world,
    ):
        assert world.bot.title == "chinwag"


async def test_a_discord_that_is_down_at_start_is_tried_until_it_is_up() -> None:
    async with DiscordServer(privileged=MESSAGE_CONTENT) as server:
        server.fault(GET_ME, times=3, status=502)
        sleeps = Sleeps()
        async with running(server, sleep=sleeps) as world:
            await world.dm.send(world.alice, "hello")
            await world.taken()
        assert set(sleeps) >= {1.0, 2.0}


async def test_while_discord_is_down_nothing_can_be_posted_yet() -> None:
    async with DiscordServer() as server:
        bot = a_bot(server, RecordingCore(), Values(), sleep=asyncio.sleep)
        server.fault(GET_ME, times=100, cut="before")
        with server.redirect():
            await bot.start()
            assert (bot.bot, bot.title) == (str(server.bot.id), "not reached yet, trying on")
            surface = bot.open(Address("discord", bot.bot, "1"))
            with pytest.raises(Unreachable):
                await surface.post(out(surface, "hello"))
            await bot.stop()


async def test_a_gateway_that_refuses_at_first() -> None:
    async with DiscordServer(privileged=MESSAGE_CONTENT) as server:
        server.refuse_gateway(3)
        sleeps = Sleeps()
        async with running(server, sleep=sleeps) as world:
            await world.dm.send(world.alice, "hello")
            await world.taken()
        assert sleeps[:3] == [1.0, 2.0, 4.0]
        assert server.gateway.identifies == 1


async def test_a_dropped_connection_is_resumed_and_nothing_is_missed(world: World) -> None:
    for code in (0, 4000):
        resumes = world.server.gateway.resumes
        await world.server.drop(code)
        await world.dm.send(world.alice, f"while you were away {code}")
        await world.server.until(lambda before=resumes: world.server.gateway.resumes > before)
    await world.taken(2)
    assert [incoming.text for incoming in world.core.got] == ["while you were away 0", "while you were away 4000"]
    assert world.server.gateway.identifies == 1


async def test_an_answer_goes_on_while_the_gateway_is_away(world: World) -> None:
    surface = await world.surface()
    world.server.refuse_gateway(50)
    await world.server.drop()
    id = await surface.post(out(surface, "one"))
    await surface.edit(id, out(surface, "two"))
    assert world.dm.from_bot[0].content == "two"


async def test_discord_asks_to_reconnect(world: World) -> None:
    world.server.reconnect()
    await world.server.until(lambda: world.server.gateway.resumes)
    await world.dm.send(world.alice, "hello")
    assert (await world.taken()).text == "hello"


async def test_a_long_outage_ends_with_the_session_resumed(world: World) -> None:
    world.server.refuse_gateway(8)
    await world.server.drop()
    await world.dm.send(world.alice, "hello")
    assert (await world.taken()).text == "hello"
    assert world.server.gateway.resumes == 1


async def test_the_content_intent_is_given_up_when_it_is_refused() -> None:
    async with DiscordServer() as server:
        with capture_logs() as logs:
            async with running(server):
                pass
        said = [entry["event"] for entry in logs if "Message Content Intent" in entry["event"]]
        assert len(said) == 1
        assert "https://discord.com/developers" in said[0]
        assert server.gateway.identifies == 1


async def test_a_token_that_is_replaced_while_running_is_said_and_tried_again() -> None:
    async with DiscordServer(privileged=MESSAGE_CONTENT) as server:
        with capture_logs() as logs:
            async with running(server) as world:
                good, server.token = server.token, "another"
                await server.drop(4004)
                await server.until(lambda: any("DISCORD_BOT_TOKEN" in entry["event"] for entry in logs))
                server.token = good
                await server.ready()
                await world.dm.send(world.alice, "back again")
                await server.until(lambda: world.core.got)  # from the session before too: the core takes it once
                assert {incoming.text for incoming in world.core.got} == {"back again"}
        assert good not in str(logs)


async def test_nothing_is_left_behind_by_stop() -> None:
    async with DiscordServer(privileged=MESSAGE_CONTENT) as server:
        before = asyncio.all_tasks()
        async with running(server) as world:
            await world.bot.stop()
            await server.until(lambda: not server.gateway.connections)
            await world.bot.stop()  # twice is as good
        left = {task for task in asyncio.all_tasks() - before if "discord" in repr(task.get_coro()).lower()}
        assert not {task for task in left if "tests" not in repr(task)}


async def test_what_has_come_is_taken_before_the_bot_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    receive, began = world.core.receive, asyncio.Event()

    async def slow(incoming: Incoming) -> None:
        began.set()
        await asyncio.sleep(0.05)
        await receive(incoming)

    monkeypatch.setattr(world.core, "receive", slow)
    await world.dm.send(world.alice, "just now")
    await began.wait()
    await world.bot.stop()
    assert [incoming.text for incoming in world.core.got] == ["just now"]


async def test_stop_before_start() -> None:
    async with DiscordServer() as server:
        await a_bot(server, RecordingCore(), Values()).stop()
        assert server.calls == []


async def test_two_accounts_in_one_process_have_their_own_surfaces(world: World) -> None:
    second = a_bot(world.server, RecordingCore(), Values(world.values), sleep=no_pause)
    await second.start()
    surface = second.open(Address("discord", second.bot, str(world.dm.id)))
    await surface.post(out(surface, "from the second"))
    await second.stop()
    first = world.bot.open(Address("discord", world.bot.bot, str(world.dm.id)))
    await first.post(out(first, "from the first"))
    assert len(world.server.calls_to(POST_MESSAGE)) == 2


def test_pauses_grow_and_begin_anew() -> None:
    pauses = Pauses(lambda: 0.0)
    assert [pauses.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 64, LONGEST]
    pauses.reset()
    assert [pauses.next(at_once=True) for _ in range(3)] == [0, 2, 4]
    assert Pauses(lambda: 1.0).next() == 0.5
