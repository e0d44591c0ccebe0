"""Slash commands on the loopback Discord: every one of the table, acknowledged in time, suggested while typed."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bots.discord.incoming import TOKEN_LIFE
from core.commands import COMMANDS, Command
from core.surface import Choice
from tests.bots.discord.world import RecordingCore, Values, World, a_bot, no_pause, out, running
from tests.platforms.discord import CALLBACK, MESSAGE_CONTENT, SYNC, CannotDo, DiscordServer

ADMIN_ONLY = [command for command in COMMANDS if command.admin]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
async def test_every_command_of_the_table_can_be_run(world: World, command: Command) -> None:
    alice = world.alice
    asked = await world.dm.slash(alice, command.name)
    incoming = await world.taken()
    assert (incoming.text, incoming.event) == (f"/{command.name}", str(asked.id))
    assert await asked.until(lambda asked: asked.acked) == 5
    for count, argument in enumerate(command.arguments, start=2):
        value = argument.choices[0] if argument.choices else "x"
        await world.dm.slash(alice, command.name, **{argument.name: value})
        assert (await world.taken(count)).text == f"/{command.name} {argument.prefix}{value}"


async def test_ask_with_a_role_for_this_one_turn(world: World) -> None:
    await world.channel.slash(world.alice, "ask", question="what is an atom?", role="teacher")
    incoming = await world.taken()
    assert (incoming.text, incoming.role) == ("what is an atom?", "teacher")
    assert incoming.author.language == "de"


async def test_the_address_of_an_interaction(world: World) -> None:
    asked = await world.channel.slash(world.alice, "help")
    address = (await world.taken()).address
    assert (address.chat, address.space) == (str(world.channel.id), str(world.guild.id))
    assert (address.token, address.private, address.reply_to) == (asked.token, False, "")
    assert address.expires == pytest.approx(world.server.times.wall(asked.created) + TOKEN_LIFE, abs=5)


async def test_in_a_thread_and_in_private(world: World) -> None:
    thread = world.channel.thread("about cats", world.alice)
    await thread.slash(world.alice, "help")
    address = (await world.taken()).address
    assert (address.chat, address.thread, address.private) == (str(world.channel.id), str(thread.id), False)
    await world.dm.slash(world.alice, "help")
    address = (await world.taken(2)).address
    assert (address.chat, address.thread, address.private) == (str(world.dm.id), "", True)


@pytest.mark.parametrize(("name", "seen"), [("help", False), ("stop", False), ("retry", True), ("ask", True)])
async def test_only_answers_of_the_model_are_shown_to_the_whole_channel(world: World, name: str, seen: bool) -> None:
    options = {"question": "why?"} if name == "ask" else {}
    asked = await world.channel.slash(world.alice, name, **options)
    await world.taken()
    assert (await asked.until(lambda asked: asked.response)).ephemeral is not seen
    in_private = await world.dm.slash(world.alice, name, **options)
    await world.taken(2)
    assert await in_private.until(lambda asked: asked.response)
    assert in_private.response
    assert not in_private.response.ephemeral


async def test_admin_commands_are_not_offered_to_everybody(world: World) -> None:
    boss = world.server.user("boss")
    world.guild.join(boss, admin=True)
    for command in ADMIN_ONLY:
        with pytest.raises(CannotDo):
            await world.channel.slash(world.alice, command.name)
        await world.channel.slash(boss, command.name)
    await world.taken(len(ADMIN_ONLY))


async def test_acknowledged_at_once_however_slow_the_core_is(world: World) -> None:
    world.core.hold = asyncio.Event()
    asked = await world.channel.slash(world.alice, "help")
    await asked.until(lambda asked: asked.acked)
    assert asked.response
    assert asked.response.loading
    assert world.core.got == []
    world.core.hold.set()
    incoming = await world.taken()
    surface = world.bot.open(incoming.address)
    id = await surface.post(out(surface, "done"))
    assert (await asked.answered()).content == "done"
    assert id == str(asked.response.id)


async def test_committed_before_it_is_acknowledged_and_answered_after(world: World) -> None:
    """One that Discord has been told of is never forgotten; and its answer fills in what the acknowledgement shows."""
    held = asyncio.Event()
    world.server.fault(CALLBACK, before=held)
    asked = await world.channel.slash(world.alice, "help")
    incoming = await world.taken()
    assert not asked.acked
    surface = world.bot.open(incoming.address)
    answer = asyncio.create_task(surface.post(out(surface, "done")))
    await asyncio.sleep(0.05)
    held.set()
    await answer
    assert asked.text == "done"


async def test_a_failing_acknowledgement_is_tried_again(world: World) -> None:
    world.server.fault(CALLBACK, status=500)
    asked = await world.channel.slash(world.alice, "help")
    await world.taken()
    assert await asked.until(lambda asked: asked.acked) == 5
    world.server.fault(CALLBACK, times=2, cut="before")
    lost = await world.channel.slash(world.alice, "help")
    await world.taken(2)  # it is not lost: the answer goes into the channel
    assert not lost.acked


async def test_an_acknowledgement_that_arrived_but_was_not_confirmed(world: World) -> None:
    world.server.fault(CALLBACK, after_status=500)
    asked = await world.channel.slash(world.alice, "help")
    incoming = await world.taken()
    surface = world.bot.open(incoming.address)
    await surface.post(out(surface, "done"))
    assert asked.text == "done"


async def test_the_same_interaction_twice_has_the_same_id(world: World) -> None:
    asked = await world.channel.slash(world.alice, "help")
    await asked.deliver_again()
    await world.taken(2)
    assert {incoming.event for incoming in world.core.got} == {str(asked.id)}


async def test_an_interaction_that_comes_again_while_it_is_taken_is_acknowledged_once(world: World) -> None:
    """A session that is replayed and the new one may both bring it; the core takes the same event once."""
    world.core.hold = asyncio.Event()
    with capture_logs() as logs:
        asked = await world.channel.slash(world.alice, "ask", question="hi")
        await asked.deliver_again()
        await asyncio.sleep(0.05)
        world.core.hold.set()
        await world.taken(2)
        assert await asked.until(lambda asked: asked.acked) == 5
        await world.dm.send(world.alice, "and they have ended")
        await world.taken(3)
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    assert len(world.server.calls_to(CALLBACK)) == 1


async def test_roles_are_suggested_while_typing(world: World) -> None:
    world.core.choices = [Choice("teacher", "Teacher"), Choice("poet", "P" * 120), Choice("", "never")]
    offered = await world.channel.autocomplete(world.alice, "role", name="te")
    assert offered == [{"name": "Teacher", "value": "teacher"}, {"name": "P" * 100, "value": "poet"}]
    incoming, kind = world.core.asked[0]
    assert (incoming.text, kind) == ("te", "roles")
    assert incoming.author.id == str(world.alice.id)
    assert world.core.got == []  # nothing was sent yet
    await world.channel.autocomplete(world.alice, "ask", question="why", role="p")
    assert world.core.asked[1][1] == "roles"
    await world.channel.autocomplete(world.alice, "language", name="")
    assert world.core.asked[2][1] == "languages"
    await world.channel.autocomplete(world.alice, "sessions", number="")
    assert world.core.asked[3][1] == "sessions"


async def test_no_more_suggestions_than_discord_takes(world: World) -> None:
    world.core.choices = [Choice(str(number), str(number)) for number in range(40)]
    assert len(await world.channel.autocomplete(world.alice, "role", name="")) == 25


async def test_when_nothing_can_be_suggested_typing_goes_on(world: World) -> None:
    world.core.error = OSError("no database")
    assert await world.channel.autocomplete(world.alice, "role", name="te") == []


async def test_commands_are_registered_once_and_anew_only_when_they_change() -> None:
    async with DiscordServer(privileged=MESSAGE_CONTENT) as server:
        async with running(server) as world:
            values = world.values
        with server.redirect():
            again = a_bot(server, RecordingCore(), values)
            await again.start()
            await server.ready()
            await again.stop()
        assert len(server.calls_to(SYNC)) == 1
        assert values.written.count(f"discord:commands:{server.bot.id}") == 1
        changed = Values({f"discord:commands:{server.bot.id}": "of another version"})
        with server.redirect():
            newer = a_bot(server, RecordingCore(), changed)
            await newer.start()
            await server.until(lambda: len(server.calls_to(SYNC)) == 2)
            name = f"discord:commands:{server.bot.id}"
            await server.until(lambda: changed[name] == values[name])
            await newer.stop()


async def test_registering_is_tried_until_it_works() -> None:
    async with DiscordServer(privileged=MESSAGE_CONTENT) as server:
        server.fault(SYNC, times=3, status=500)
        async with running(server, sleep=no_pause) as world:
            assert len(server.calls_to(SYNC)) == 4
            await world.channel.slash(world.alice, "help")
            await world.taken()
