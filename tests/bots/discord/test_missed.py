"""Messages that came while no process ran are taken by the next one."""

from __future__ import annotations

import json

from structlog.testing import capture_logs

from tests.bots.discord.world import RecordingCore, Values, World, a_bot, running
from tests.platforms.discord import MESSAGE_CONTENT, DiscordServer

NOTE = 0.02


def a_discord() -> DiscordServer:
    return DiscordServer(privileged=MESSAGE_CONTENT)


async def noted(world: World, minimum: int) -> dict[str, object]:
    """Where the session stands, once it is written down that at least `minimum` events were read."""
    name = f"discord:session:{world.bot.bot}"
    await world.server.until(lambda: json.loads(world.values.get_now(name) or "{}").get("sequence", 0) >= minimum)
    return json.loads(world.values[name])  # type: ignore[no-any-return]


async def next_process(server: DiscordServer, values: Values) -> RecordingCore:
    """What a process that starts now is given, until it has caught up."""
    core = RecordingCore()
    bot = a_bot(server, core, values, note_every=NOTE)
    with capture_logs() as logs:
        await bot.start()
        await server.until(lambda: any("meanwhile" in entry["event"] for entry in logs))
        await server.until(lambda: core.got or not logs[-1].get("complete"))
    await bot.stop()
    return core


async def test_a_message_sent_while_no_process_ran_is_taken_by_the_next() -> None:
    async with a_discord() as server:
        async with running(server, note_every=NOTE) as world:
            await noted(world, 2)
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
        world.server.refuse_gateway(1000)
        await server.drop()  # the first process hears nothing more
        await world.dm.send(world.alice, "is anybody there?")
        world.server.refuse_gateway(0)
        core = await next_process(server, values)
        assert "is anybody there?" in [incoming.text for incoming in core.got]


async def test_a_session_that_is_forgotten_does_no_harm() -> None:
    async with a_discord() as server:
        async with running(server, note_every=NOTE) as world:
            await noted(world, 2)
        server.expire_sessions()
        with server.redirect(), capture_logs() as logs:
            assert (await next_process(server, world.values)).got == []
        assert logs == []


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
