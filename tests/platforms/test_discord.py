"""The loopback Discord, seen by a real discord.py client over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest
from discord import app_commands

from tests.platforms.discord import (
    DiscordServer,
    Interaction,
)


class Bot(discord.Client):
    """Keeps what it is told; its tree has one slash command with a defer and one with autocomplete."""

    def __init__(self, intents: discord.Intents | None = None, **options: object) -> None:
        super().__init__(intents=intents or discord.Intents.default(), guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.resumed = 0
        self.readies = 0

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message)

    async def on_ready(self) -> None:
        self.readies += 1

    async def on_resumed(self) -> None:
        self.resumed += 1

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py would sleep 5 s before it identifies again."""


@asynccontextmanager
async def running(server: DiscordServer, bot: Bot) -> AsyncIterator[Bot]:
    with server.redirect():
        await bot.login(server.token)
        task = asyncio.create_task(bot.connect())
        try:
            await asyncio.wait_for(bot.wait_until_ready(), 5)
            yield bot
        finally:
            await bot.close()
            await task


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


async def test_login_ready_and_a_message_in_a_guild_is_answered(server: DiscordServer) -> None:
    alice = server.user("alice")
    guild = server.guild("school", members=[alice])
    channel = guild.channel("general")
    async with running(server, Bot()) as bot:
        assert bot.user is not None
        assert bot.user.id == server.bot.id
        assert [g.name for g in bot.guilds] == ["school"]
        asked = await channel.send(alice, "hello", mention_bot=True)
        await server.until(lambda: bot.heard)
        heard = bot.heard[0]
        assert heard.content == f"<@{bot.user.id}> hello"
        assert heard.author.name == "alice"
        answer = await heard.reply("hi there")
        shown = await channel.until_shows("hi there")
        assert shown.reply_to is asked
        assert shown.id == answer.id
        await answer.edit(content="hi there, Alice")
        assert [edit.content for edit in shown.edits] == ["hi there, Alice"]
    assert server.gateway.identifies == 1


async def test_slash_defers_edits_and_follows_up(server: DiscordServer) -> None:
    alice = server.user("alice")
    channel = server.guild("school", members=[alice]).channel("general")
    bot = Bot()

    @bot.tree.command(description="Ask")
    async def ask(interaction: discord.Interaction, text: str) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content=f"you said {text}")
        await interaction.followup.send("and more", ephemeral=True)

    async with running(server, bot):
        await bot.tree.sync()
        asked: Interaction = await channel.slash(alice, "ask", text="hey")
        answer = await asked.answered()
        assert answer.content == "you said hey"
        assert asked.acked == 5
        await asked.until(lambda i: i.follow_ups)
        assert asked.follow_ups[0].ephemeral
        assert asked.follow_ups[0].content == "and more"
