"""A running Discord bot beside its loopback server, and the people there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bots.discord.world import World, running
from tests.platforms.discord import MESSAGE_CONTENT, DiscordServer


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A bot that may read every message, connected to a loopback Discord of its own."""
    async with DiscordServer(privileged=MESSAGE_CONTENT) as server, running(server) as world:
        yield world
