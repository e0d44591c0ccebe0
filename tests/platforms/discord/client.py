"""A small discord.py bot that the loopback Discord's own tests talk through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands

from tests.patience import PATIENCE
from tests.platforms.discord.server import DiscordServer


class Bot(discord.Client):
    """Keeps the messages of others that it hears, and counts how often it was ready and resumed."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        super().__init__(intents=intents or discord.Intents.default(), guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.readies = self.resumed = 0

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message)

    async def on_ready(self) -> None:
        self.readies += 1

    async def on_resumed(self) -> None:
        self.resumed += 1

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py would sleep 5 s before it identifies again."""

    async def say(self, channel: int, text: str, **more: Any) -> discord.Message:
        """Post by the channel's id, as an adapter does that has only an address."""
        return await self.get_partial_messageable(channel).send(text, **more)


@asynccontextmanager
async def running(server: DiscordServer, bot: Bot) -> AsyncIterator[Bot]:
    """The bot logged in, connected and ready; closed at the end."""
    with server.redirect():
        await bot.login(server.token)
        task = asyncio.create_task(bot.connect())
        try:
            await asyncio.wait_for(bot.wait_until_ready(), PATIENCE)
            yield bot
        finally:
            await bot.close()
            await task
