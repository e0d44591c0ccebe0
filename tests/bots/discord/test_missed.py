"""Messages that came while no process ran are taken by the next one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from structlog.testing import capture_logs

from bots.discord import DiscordBot
from bots.discord.missed import read_back
from tests.bots.discord.world import RecordingCore, Values, World, a_bot, running
from tests.platforms.discord import GET_MESSAGES, MESSAGE_CONTENT, DiscordServer
from tests.virtual import run

NOTE = 0.02


def a_discord() -> DiscordServer:
    return DiscordServer(privileged=MESSAGE_CONTENT)


async def noted(world: World, minimum: int) -> dict[str, object]:
    """Where the session stands, once it is written down that at least `minimum` events were read."""
    name = f"discord:session:{world.bot.bot}"
    await world.server.until(lambda: json.loads(world.values.get_now(name) or "{}").get("sequence", 0) >= minimum)
    return json.loads(world.values[name])  # type: ignore[no-any-return]


async def ended(server: DiscordServer) -> World:
    """A process has run and ended in order."""
    async with running(server, note_every=NOTE) as world:
        await noted(world, 2)
    return world


async def lost_session(server: DiscordServer) -> tuple[World, Values]:
    """The same, and Discord has forgotten its session."""
    world = await ended(server)
    server.expire_sessions()
    return world, world.values


async def never_read(server: DiscordServer) -> tuple[World, Values]:
    """The same, and reading back what was missed meanwhile, "first", hangs: once, and for ever."""
    world, values = await lost_session(server)
    await world.dm.send(world.alice, "first")
    server.fault(GET_MESSAGES, before=asyncio.Event())
    return world, values


async def next_process(
    server: DiscordServer, values: Values, places: Sequence[tuple[str, str]] = (), **options: Any
) -> RecordingCore:
    """What a process that starts now is given, until it has caught up. places: what the core has seen."""
    core = RecordingCore()
    core.places = list(places)
    bot = a_bot(server, core, values, note_every=NOTE, **options)
    with capture_logs() as logs:
        await bot.start()
        await server.until(lambda: any("meanwhile" in entry["event"] for entry in logs))
    await bot.stop()
    return core


async def after_a_crash(world: World, values: Values) -> RecordingCore:
    """What the next process is given, when the one that runs does not hear a message. values: what it left."""
    world.server.refuse_gateway(1000)
    await world.server.drop()
    await world.dm.send(world.alice, "is anybody there?")
    world.server.refuse_gateway(0)
    return await next_process(world.server, values)


@asynccontextmanager
async def reading(world: World, values: Values) -> AsyncIterator[tuple[RecordingCore, DiscordBot]]:
    """The next process, from its start to its end. The core has seen the private chat."""
    core = RecordingCore()
    core.places = [(str(world.dm.id), "1")]
    with world.server.redirect():
        bot = a_bot(world.server, core, values, note_every=NOTE)
        await bot.start()
        try:
            yield core, bot
        finally:
            await bot.stop()


async def test_a_message_sent_while_no_process_ran_is_taken_by_the_next() -> None:
    async with a_discord() as server:
        world = await ended(server)
        await world.dm.send(world.alice, "is anybody there?")
        await world.channel.send(world.alice, "or here?", mention_bot=True)
        with server.redirect():
            core = await next_process(server, world.values)
        assert [incoming.text for incoming in core.got] == ["is anybody there?", "or here?"]
        assert [incoming.address.private for incoming in core.got] == [True, False]


async def test_after_a_crash_too() -> None:
    async with a_discord() as server, running(server, note_every=NOTE) as world:
        await noted(world, 2)
        values = Values(world.values)
        core = await after_a_crash(world, values)
        assert "is anybody there?" in [incoming.text for incoming in core.got]


async def test_a_session_that_is_forgotten_does_no_harm() -> None:
    async with a_discord() as server:
        _, values = await lost_session(server)
        with server.redirect():
            assert (await next_process(server, values)).got == []


async def test_nor_does_a_note_that_cannot_be_read() -> None:
    async with a_discord() as server:
        values = Values({f"discord:session:{server.bot.id}": "{}"})
        with server.redirect():
            assert (await next_process(server, values)).got == []


async def test_only_what_the_core_has_had_time_to_commit_is_noted() -> None:
    async with a_discord() as server, running(server, note_every=NOTE) as world:
        before = (await noted(world, 2))["sequence"]
        await world.dm.send(world.alice, "hello")
        assert (await noted(world, before + 1))["sequence"] == before + 1  # type: ignore[operator]


async def test_when_the_session_is_forgotten_the_channels_are_read_back() -> None:
    async with a_discord() as server:
        world, values = await lost_session(server)
        last = await world.dm.send(world.alice, "answered before")
        unknown = server.dm(server.user("bob"))
        await unknown.send(unknown.people[0], "of a channel never seen")
        await world.dm.send(world.alice, "is anybody there?")
        await world.channel.send(world.alice, "not for you")
        await world.channel.send(world.alice, "or here?", mention_bot=True)
        await world.dm.send(world.alice, "hello?")
        places = [(str(world.dm.id), str(last.id)), (str(world.channel.id), "1"), ("77", "1")]
        with server.redirect():
            core = await next_process(server, values, places=places)
        assert [i.text for i in core.got if i.address.private] == ["is anybody there?", "hello?"]
        assert [i.text for i in core.got if not i.address.private] == ["or here?"]
        assert {i.address.space for i in core.got} == {"", str(world.guild.id)}


FAILS: list[dict[str, Any]] = [{"status": 500}, {"cut": "before"}, {"retry_after": 0.01}]


@pytest.mark.parametrize("fault", FAILS)
async def test_a_channel_is_read_back_when_discord_fails_at_first(fault: dict[str, Any]) -> None:
    async with a_discord() as server:
        world, values = await lost_session(server)
        await world.dm.send(world.alice, "is anybody there?")
        server.fault(GET_MESSAGES, times=4, **fault)
        with server.redirect():
            core = await next_process(server, values, places=[(str(world.dm.id), "1")])
        assert [incoming.text for incoming in core.got] == ["is anybody there?"]


async def test_a_channel_that_is_never_given_keeps_nobody_waiting_for_ever() -> None:
    async with a_discord() as server:
        world, values = await lost_session(server)
        server.fault(GET_MESSAGES, times=100, status=500)
        with server.redirect():
            assert (await next_process(server, values, places=[(str(world.dm.id), "1")])).got == []
        assert len(server.calls_to(GET_MESSAGES)) == 5


async def test_a_session_is_replayed_when_the_connection_fails_at_first() -> None:
    """What came in a channel that was never seen is known by its session alone."""
    async with a_discord() as server:
        world = await ended(server)
        await world.dm.send(world.alice, "is anybody there?")
        handle, refused = server.gateway._resume, []

        def refuse(connection: Any, data: Any) -> None:
            if len(refused) < 2:
                refused.append(connection.cut())
                server.refuse_gateway(1)
            else:
                handle(connection, data)

        server.gateway._resume = refuse  # type: ignore[method-assign]
        with server.redirect():
            core = await next_process(server, world.values)
        assert len(refused) == 2
        assert [incoming.text for incoming in core.got] == ["is anybody there?"]


async def test_a_session_that_was_resumed_before_is_replayed_to_its_end() -> None:
    """Its earlier RESUMED is one of the events that come again, and what follows it is still missing."""
    async with a_discord() as server, running(server, note_every=NOTE) as world:
        await noted(world, 2)
        values = Values(world.values)
        await server.drop()
        await server.until(lambda: server.gateway.resumes)
        core = await after_a_crash(world, values)
        assert "is anybody there?" in [incoming.text for incoming in core.got]


async def test_one_that_dies_while_it_takes_what_was_missed_leaves_the_session_to_the_next() -> None:
    async with a_discord() as server:
        world = await ended(server)
        await world.dm.send(world.alice, "is anybody there?")
        values = Values(world.values)
        with server.redirect():
            await next_process(server, Values(values))
            core = await next_process(server, values)  # the first has noted nothing
        assert [incoming.text for incoming in core.got] == ["is anybody there?"]


async def test_reading_back_is_bounded_in_age_and_number() -> None:
    async with a_discord() as server:
        world, values = await lost_session(server)
        for number in range(5):
            await world.dm.send(world.alice, f"question {number}")
        places = [(str(world.dm.id), "1")]
        with server.redirect():
            core = await next_process(server, Values(values), places=places, back_messages=2)
            assert [incoming.text for incoming in core.got] == ["question 3", "question 4"]
        server.expire_sessions()
        with server.redirect():
            core = await next_process(server, Values(values), places=places, back_seconds=0.0)
            assert core.got == []


async def test_what_is_said_meanwhile_waits_for_what_was_missed() -> None:
    async with a_discord() as server:
        world, values = await lost_session(server)
        await world.dm.send(world.alice, "first")
        held = asyncio.Event()
        server.fault(GET_MESSAGES, before=held)
        async with reading(world, values) as (core, _):
            await server.until(lambda: server.calls_to(GET_MESSAGES))
            await world.dm.send(world.alice, "second")
            await asyncio.sleep(0.05)
            assert core.got == []
            held.set()
            await server.until(lambda: len(core.got) >= 2)
        texts = [incoming.text for incoming in core.got]
        assert list(dict.fromkeys(texts)) == ["first", "second"]


async def test_what_is_said_meanwhile_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the deadline the reading goes on beside it; where the session stands is noted only when it is done."""
    monkeypatch.setattr("bots.discord.catchup.HELD_WITHIN", 0.1)
    async with a_discord() as server:
        world, values = await lost_session(server)
        await world.dm.send(world.alice, "first")
        held, mark = asyncio.Event(), values.get_now(f"discord:session:{world.bot.bot}")
        server.fault(GET_MESSAGES, before=held)
        async with reading(world, values) as (core, bot):
            await server.until(lambda: server.calls_to(GET_MESSAGES))
            await world.dm.send(world.alice, "second")
            await server.until(lambda: core.got)
            assert [incoming.text for incoming in core.got] == ["second"]
            await asyncio.sleep(5 * NOTE)
            assert values.get_now(f"discord:session:{bot.bot}") == mark
            held.set()
            await server.until(lambda: "first" in [incoming.text for incoming in core.got])
            await server.until(lambda: values.get_now(f"discord:session:{bot.bot}") != mark)


async def test_what_is_taken_out_of_turn_does_not_hide_what_was_missed_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process ends before all is read back: the next reads from where the first began."""
    monkeypatch.setattr("bots.discord.catchup.HELD_WITHIN", 0.1)
    async with a_discord() as server:
        world, values = await never_read(server)
        async with reading(world, values) as (core, _):
            await server.until(lambda: server.calls_to(GET_MESSAGES))
            newest = await world.dm.send(world.alice, "second")
            await server.until(lambda: core.got)
            for told in (["first", "second"], []):
                server.expire_sessions()
                core = await next_process(server, values, places=[(str(world.dm.id), str(newest.id))])
                assert [incoming.text for incoming in core.got] == told


async def test_a_new_session_begins_the_reading_anew_and_is_not_held_up_by_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)
    monkeypatch.setattr("bots.discord.catchup.HELD_WITHIN", 0.1)
    async with a_discord() as server:
        world, values = await never_read(server)
        async with reading(world, values) as (core, bot):
            await server.until(lambda: bot._client and bot._client.current.is_set())
            server.expire_sessions()
            server.refuse_gateway(1)
            await server.drop()
            await world.dm.send(world.alice, "between the two")
            await server.until(lambda: len(core.got) >= 2)
        assert [incoming.text for incoming in core.got] == ["first", "between the two"]


class Places:
    """Channels that are read back in virtual time. fails: what asking for one of them raises, by its id."""

    user = SimpleNamespace(id=1)

    def __init__(self, fails: Callable[[int], Exception | None]) -> None:
        self.fails = fails
        self.asked: dict[int, list[float]] = {}

    def get_channel(self, id: int) -> None: ...

    async def fetch_channel(self, id: int) -> None:
        self.asked.setdefault(id, []).append(asyncio.get_running_loop().time())
        if (error := self.fails(id)) is not None:
            raise error

    async def read_back(self, count: int) -> float:
        """Seconds that it takes."""
        places = [(str(id), "1") for id in range(count)]
        await read_back(self, places, no_message, since=0, most=20)  # type: ignore[arg-type]
        return asyncio.get_running_loop().time()


async def no_message(message: discord.Message) -> None:
    raise AssertionError


DOWN = discord.DiscordServerError(SimpleNamespace(status=503, reason="x"), "down")  # type: ignore[arg-type]
TROUBLES = [(DOWN, 7.5), (discord.RateLimited(300.0), 1200.0), (KeyError("what discord.py could not read"), 0.0)]


@pytest.mark.parametrize(("fault", "seconds"), TROUBLES)
def test_places_that_fail_hold_up_neither_each_other_nor_the_rest(fault: Exception, seconds: float) -> None:
    places = Places(lambda id: fault if id < 200 else None)
    assert run(places.read_back(201)) == seconds
    assert len(places.asked) == 201
    assert places.asked[200] == [0.0]


async def test_who_comes_in_the_instant_in_which_the_wait_ends_comes_after_those_who_waited() -> None:
    async with a_discord() as server, running(server, note_every=NOTE) as world:
        client = world.bot._client
        assert client is not None
        taken: list[discord.Message] = []
        client.on_message, on_message = (lambda message: on_message(keep(message))), client.on_message  # type: ignore[method-assign]

        def keep(message: discord.Message) -> discord.Message:
            taken.append(message)
            return message

        for text in ("first", "second", "third"):
            await world.dm.send(world.alice, text)
        await server.until(lambda: len(world.core.got) == 3)
        world.core.got.clear()
        client.current.clear()
        first, second, third = taken
        client.dispatch("message", first)
        client.dispatch("message", second)
        await asyncio.sleep(0)
        client.dispatch("message", third)  # its turn to run comes before theirs to wake up
        client.current.set()
        await server.until(lambda: len(world.core.got) == 3)
        assert [incoming.text for incoming in world.core.got] == ["first", "second", "third"]


@pytest.mark.parametrize("where", ["dm", "server"])
async def test_an_edit_does_not_pass_its_own_question(where: str) -> None:
    async with a_discord() as server, running(server, note_every=NOTE) as world:
        client = world.bot._client
        assert client is not None
        await client.current.wait()
        client.current.clear()
        if where == "dm":
            message = await world.dm.send(world.alice, "What is 2+2?")
        else:
            message = await world.channel.send(world.alice, "What is 2+2?", mention_bot=True)
        await message.edit(message.content.replace("2+2", "3+3"))
        await asyncio.sleep(0.05)
        assert world.core.edits == []
        client.current.set()
        await server.until(lambda: world.core.edits)
        assert [incoming.text for incoming in world.core.got] == ["What is 2+2?"]
        assert [incoming.text for incoming in world.core.edits] == ["What is 3+3?"]


async def test_what_comes_in_one_burst_is_taken_in_its_order() -> None:
    async with a_discord() as server, running(server, note_every=NOTE) as world:
        client = world.bot._client
        assert client is not None
        await client.current.wait()
        came: list[tuple[str, Any]] = []
        state, dispatch = client._connection, client.dispatch
        state.dispatch = lambda event, *args: came.append((event, args))  # type: ignore[assignment, method-assign]
        await world.channel.slash(world.alice, "ask", question="first")
        await world.channel.send(world.alice, "second", mention_bot=True)
        await world.channel.slash(world.alice, "ask", question="third")
        wanted = ("interaction", "message")
        await server.until(lambda: len([event for event, _ in came if event in wanted]) == 3)
        for event, args in came:
            dispatch(event, *args)
        await server.until(lambda: len(world.core.got) == 3)
        assert [incoming.text for incoming in world.core.got] == ["first", "second", "third"]


@pytest.mark.parametrize("soon", [True, False])
async def test_a_slash_command_passes_nobody_who_waits_but_for_want_of_time(
    monkeypatch: pytest.MonkeyPatch, soon: bool
) -> None:
    """Discord waits three seconds for it, and it is acknowledged when it is committed."""
    monkeypatch.setattr("bots.discord.client.TURN_WITHIN", 2.0 if soon else 0.01)
    async with a_discord() as server, running(server, note_every=NOTE) as world:
        client = world.bot._client
        assert client is not None
        client.current.clear()
        await world.dm.send(world.alice, "first")
        command = await world.channel.slash(world.alice, "ask", question="second")
        if soon:
            await asyncio.sleep(0.05)
            assert world.core.got == []
            assert not command.acked
            client.current.set()
        await command.until(lambda command: command.acked)
        client.current.set()
        await server.until(lambda: len(world.core.got) == 2)
        assert [incoming.text for incoming in world.core.got] == (["first", "second"] if soon else ["second", "first"])


async def test_a_session_lost_while_running_is_made_good_from_the_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)
    async with a_discord() as server, running(server, note_every=NOTE) as world:
        world.core.places = [(str(world.dm.id), "1")]
        server.expire_sessions()
        server.refuse_gateway(1)
        await server.drop()
        await world.dm.send(world.alice, "while it was away")
        await server.until(lambda: world.core.got)
        assert {incoming.text for incoming in world.core.got} == {"while it was away"}


async def test_what_came_between_two_sessions_while_an_older_gap_was_being_filled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)
    async with a_discord() as server:
        world, values = await lost_session(server)
        held = asyncio.Event()
        server.fault(GET_MESSAGES, after=held)
        async with reading(world, values) as (core, _):
            await server.until(lambda: server.calls_to(GET_MESSAGES))
            server.expire_sessions()
            server.refuse_gateway(1)
            await server.drop()
            await world.dm.send(world.alice, "between the two")
            await server.until(lambda: server.gateway.ready)
            await world.dm.send(world.alice, "after it")
            await asyncio.sleep(3 * NOTE)
            held.set()
            await server.until(lambda: len(core.got) >= 2)
        assert list(dict.fromkeys(incoming.text for incoming in core.got)) == ["between the two", "after it"]


async def at_once(*_: object, **__: object) -> None:
    """In the place of the five seconds that discord.py waits before another session."""


async def test_the_place_of_a_new_session_is_noted_only_once_what_came_before_it_is_taken() -> None:
    """Killed while it still takes what was missed, the next process begins with the same old session."""
    async with a_discord() as server:
        world = await ended(server)
        mark = world.values.get_now(f"discord:session:{world.bot.bot}")
        await world.dm.send(world.alice, "missed")
        core = RecordingCore()
        core.hold = asyncio.Event()
        with server.redirect():
            bot = a_bot(server, core, world.values, note_every=NOTE)
            await bot.start()
            await server.until(lambda: server.gateway.resumes)
            await asyncio.sleep(5 * NOTE)
            assert world.values.get_now(f"discord:session:{world.bot.bot}") == mark
            core.hold.set()
            await server.until(lambda: core.got)
            await bot.stop()
