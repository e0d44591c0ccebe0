"""One town per story."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.failures import hurried
from tests.platforms.discord import DiscordServer
from tests.platforms.model import ModelServer
from tests.platforms.telegram import TelegramServer
from tests.story.town import Person, Town

PLATFORMS = ["telegram", "discord", "web"]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with ModelServer() as model, TelegramServer() as telegram, DiscordServer() as discord:
        here = Town(tmp_path, model, telegram, discord)
        yield here
        await here.close()
        if here.web is not None:
            await here.web.close()


@pytest.fixture
def hurry() -> Iterator[None]:
    """Retries of the model come at once. Must be asked for before the house is opened, that is before `dana`."""
    with hurried():
        yield


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def dana(town: Town, platform: str) -> Person:
    """Dana, in a private chat, once on each platform."""
    await town.open(platform)
    return await town.person(platform)
