from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bots.cli import Cli
from tests.bots.process import World
from tests.platforms.model import ModelServer
from tests.platforms.telegram import TelegramServer
from tests.story.town import TelegramPerson


@pytest.fixture
async def cli(tmp_path: Path) -> AsyncIterator[Cli]:
    here = Cli(tmp_path)
    yield here
    await here.end()


@pytest.fixture
async def world(cli: Cli) -> AsyncIterator[World]:
    async with TelegramServer() as telegram, ModelServer() as model:
        settings = {
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "OPENAI_BASE_URL": model.url,
            "ACCESS": "open",
            "WEB_ENABLED": "false",
            "STOP_GRACE": "1",
        }
        yield World(cli, telegram, model, TelegramPerson(telegram, 77, "Dana"), settings)
        await cli.end()
