"""Slash commands, autocomplete, buttons and forms under a real discord.py client, with Discord's deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.clock import Clock
from tests.platforms.discord import CannotDo, Channel, DiscordServer, Limits, User
from tests.platforms.discord.client import Bot, running


class Asking(Bot):
    """Commands of every kind. errors: what a refused answer was refused with."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.reached = asyncio.Event(), asyncio.Event()
        self.errors: list[tuple[int, int]] = []
        self.seen: list[int] = []
        for command in (ask, role, slow, menu, form, twice):
            self.tree.add_command(command)
        self.tree.error(self.refused)

    async def refused(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        cause = error.__cause__
        assert isinstance(cause, discord.HTTPException)
        self.errors.append((cause.status, cause.code))


@app_commands.command(description="Ask something")
async def ask(interaction: discord.Interaction[Asking], text: str) -> None:
    await interaction.response.defer(thinking=True)
    await interaction.edit_original_response(content=f"you said {text}")
    await interaction.followup.send("and more", ephemeral=True)


@app_commands.command(description="Choose a role")
@app_commands.describe(name="its name")
async def role(interaction: discord.Interaction[Asking], name: str, level: int = 1) -> None:
    await interaction.response.send_message(f"{name} {level} {interaction.locale}", ephemeral=True)


@role.autocomplete("name")
async def suggest(interaction: discord.Interaction[Asking], typed: str) -> list[app_commands.Choice[str]]:
    names = ["teacher", "tester", "poet"]
    return [app_commands.Choice(name=name.title(), value=name) for name in names if name.startswith(typed)]


@app_commands.command(description="Answers when it is told to")
@app_commands.choices(what=[app_commands.Choice(name=name, value=name) for name in ("ack", "edit", "follow")])
async def slow(interaction: discord.Interaction[Asking], what: str) -> None:
    bot = interaction.client
    bot.seen.append(interaction.id)
    if what != "ack":
        await interaction.response.defer(thinking=True)
    bot.reached.set()
    await bot.gate.wait()
    if what == "ack":
        await interaction.response.defer()
    elif what == "edit":
        await interaction.edit_original_response(content="late")
    else:
        await interaction.followup.send("filled in")


class Menu(discord.ui.View):
    @discord.ui.button(label="Stop", custom_id="stop")
    async def stop_it(self, interaction: discord.Interaction, button: discord.ui.Button[Menu]) -> None:
        await interaction.response.edit_message(content="stopped", view=None)

    @discord.ui.button(label="More", custom_id="more")
    async def more(self, interaction: discord.Interaction, button: discord.ui.Button[Menu]) -> None:
        await interaction.response.defer()
        await interaction.followup.send("more")


@app_commands.command(description="Shows buttons")
async def menu(interaction: discord.Interaction[Asking]) -> None:
    await interaction.response.send_message("choose", view=Menu(timeout=None))


class Form(discord.ui.Modal, title="Your role"):
    text: discord.ui.TextInput[Form] = discord.ui.TextInput(label="In your words", custom_id="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"You are {self.text.value}")


@app_commands.command(description="Opens a form")
async def form(interaction: discord.Interaction[Asking]) -> None:
    await interaction.response.send_modal(Form())


@app_commands.command(description="Answers twice")
async def twice(interaction: discord.Interaction[Asking]) -> None:
    await interaction.response.defer()
    interaction.response._response_type = None  # as a second process would
    await interaction.response.send_message("again")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[DiscordServer]:
    async with DiscordServer(clock=clock, limits=Limits.off()) as server:
        yield server


@pytest.fixture
def alice(server: DiscordServer) -> User:
    return server.user("alice", locale="de")


@pytest.fixture
def channel(server: DiscordServer, alice: User) -> Channel:
    return server.guild("school", members=[alice], admins=[server.user("root")]).channel("general")


@pytest.fixture
async def bot(server: DiscordServer, channel: Channel) -> AsyncIterator[Asking]:
    async with running(server, Asking()) as bot:
        await bot.tree.sync()
        yield bot


async def test_defer_edit_and_follow_up(bot, channel, alice) -> None:
    asked = await channel.slash(alice, "ask", text="hey")
    answer = await asked.answered()
    assert (answer.content, answer.kind, asked.acked) == ("you said hey", 20, 5)
    await asked.until(lambda asked: asked.follow_ups)
    assert asked.follow_ups[0].ephemeral
    assert [message.content for message in channel.messages] == ["you said hey", "and more"]
    assert "post" in channel.transcript()
    assert "loading" not in channel.transcript().splitlines()[-1]


async def test_commands_work_in_a_dm_and_carry_the_language(server, bot, alice) -> None:
    asked = await server.dm(alice).slash(alice, "role", name="poet", level=2)
    assert (await asked.answered()).content == "poet 2 de"
    assert asked.response.ephemeral


async def test_autocomplete_offers_what_fits(bot, channel, alice) -> None:
    choices = await channel.autocomplete(alice, "role", name="te")
    assert choices == [{"name": "Teacher", "value": "teacher"}, {"name": "Tester", "value": "tester"}]
    with pytest.raises(CannotDo):
        await channel.autocomplete(alice, "role", level="1")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("unknown", {}),
        ("role", {}),  # a required option is missing
        ("role", {"name": 3}),
        ("role", {"name": "x", "level": "high"}),
        ("role", {"name": "x", "other": 1}),
        ("slow", {"what": "else"}),  # not a choice
    ],
)
async def test_what_discord_s_client_would_not_send(bot, channel, alice, command, options: dict[str, Any]) -> None:
    with pytest.raises(CannotDo):
        await channel.slash(alice, command, **options)


async def test_an_answer_after_three_seconds_is_too_late(bot, clock, channel, alice) -> None:
    asked = await channel.slash(alice, "slow", what="ack")
    await bot.reached.wait()
    assert not asked.failed
    clock.advance(3.1)
    assert asked.failed
    bot.gate.set()
    await asked.until(lambda _: bot.errors)
    assert bot.errors == [(404, 10062)]
    assert asked.response is None


async def test_a_second_answer_is_refused(bot, channel, alice) -> None:
    asked = await channel.slash(alice, "twice")
    await asked.until(lambda _: bot.errors)
    assert bot.errors == [(400, 40060)]


async def test_the_token_runs_out_after_fifteen_minutes(bot, clock, channel, alice) -> None:
    asked = await channel.slash(alice, "slow", what="edit")
    await bot.reached.wait()
    clock.advance(901)
    bot.gate.set()
    await asked.until(lambda _: bot.errors)
    assert bot.errors == [(401, 50027)]
    assert asked.response.loading


async def test_the_first_follow_up_fills_in_a_deferred_answer(bot, channel, alice) -> None:
    asked = await channel.slash(alice, "slow", what="follow")
    await bot.reached.wait()
    bot.gate.set()
    assert (await asked.answered()).content == "filled in"
    assert (asked.follow_ups, len(channel.messages)) == ([], 1)


async def test_a_deferred_answer_that_the_user_deleted(bot, channel, alice) -> None:
    asked = await channel.slash(alice, "slow", what="edit")
    await bot.reached.wait()
    await asked.response.delete()
    bot.gate.set()
    await asked.until(lambda _: bot.errors)
    assert bot.errors == [(404, 10008)]


async def test_buttons(bot, channel, alice) -> None:
    shown = await (await channel.slash(alice, "menu")).answered()
    assert [button["label"] for button in shown.buttons] == ["Stop", "More"]
    pressed = await channel.press(alice, "More")
    await pressed.until(lambda pressed: pressed.follow_ups)
    assert (pressed.acked, pressed.response) == (6, shown)
    pressed = await shown.press(alice, "stop")
    await pressed.until(lambda pressed: pressed.acked)
    assert (pressed.acked, shown.content, shown.buttons) == (7, "stopped", [])
    with pytest.raises(CannotDo):
        await shown.press(alice, "stop")


async def test_a_form(bot, channel, alice) -> None:
    asked = await channel.slash(alice, "form")
    await asked.until(lambda asked: asked.form)
    with pytest.raises(CannotDo):
        await asked.submit(other="x")
    sent = await asked.submit(text="a poet")
    assert (await sent.answered()).content == "You are a poet"


async def test_the_same_interaction_twice(bot, channel, alice) -> None:
    asked = await channel.slash(alice, "slow", what="ack")
    await asked.deliver_again()
    await asked.until(lambda _: len(bot.seen) == 2)
    assert bot.seen == [asked.id, asked.id]
    bot.gate.set()
    await asked.until(lambda _: bot.errors)
    assert bot.errors == [(400, 40060)]


async def test_commands_for_admins_only(bot, channel, alice) -> None:
    @app_commands.command(description="Let somebody in")
    @app_commands.default_permissions()
    async def approve(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(str(interaction.permissions.administrator))

    bot.tree.add_command(approve, guild=discord.Object(channel.guild.id))
    await bot.tree.sync(guild=discord.Object(channel.guild.id))
    with pytest.raises(CannotDo):
        await channel.slash(alice, "approve")
    asked = await channel.slash(channel.guild.admins[0], "approve")
    assert (await asked.answered()).content == "True"


async def test_subcommands(bot, channel, alice) -> None:
    group = app_commands.Group(name="set", description="Settings")

    @group.command(description="Choose a language")
    async def language(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(name)

    bot.tree.add_command(group)
    await bot.tree.sync()
    asked = await channel.slash(alice, "set language", name="French")
    assert (await asked.answered()).content == "French"
    with pytest.raises(CannotDo):
        await channel.slash(alice, "set", name="French")
