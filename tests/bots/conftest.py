"""What tests of the running program share: a nest of processes, a world of loopback servers."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.bots.cli import Cli
from tests.bots.nest import Nest
from tests.bots.process import World
from tests.platforms.model import ModelServer
from tests.platforms.telegram import TelegramServer
from tests.story.town import TelegramPerson


@pytest.fixture(scope="session")
def nest() -> Iterator[Nest | None]:
    """None where nothing can be forked."""
    if sys.platform == "win32":
        yield None
    else:
        nest = Nest()
        yield nest
        nest.close()


@pytest.fixture
async def cli(tmp_path: Path, nest: Nest | None) -> AsyncIterator[Cli]:
    here = Cli(tmp_path, nest)
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
