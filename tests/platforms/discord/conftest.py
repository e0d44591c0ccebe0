"""A loopback Discord without limits, with one guild, and a real discord.py client that is in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.platforms.discord import Channel, DiscordServer, Limits, User
from tests.platforms.discord.client import Bot, running


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(limits=Limits.off()) as server:
        yield server


@pytest.fixture
def alice(server: DiscordServer) -> User:
    return server.user("alice")


@pytest.fixture
def channel(server: DiscordServer, alice: User) -> Channel:
    return server.guild("school", members=[alice]).channel("general")


@pytest.fixture
async def bot(server: DiscordServer, channel: Channel) -> AsyncIterator[Bot]:
    async with running(server, Bot()) as bot:
        yield bot
