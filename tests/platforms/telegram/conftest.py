"""A loopback Telegram without limits, with one private chat, and a real python-telegram-bot client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import telegram

from tests.platforms.telegram import Chat, Rates, TelegramServer, User
from tests.platforms.telegram.client import connected


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """RetryAfter.retry_after as a timedelta; as an int the library warns, which is an error here."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(rates=Rates.unlimited()) as server:
        yield server


@pytest.fixture
def ada(server: TelegramServer) -> User:
    return server.user(7, "Ada", username="ada")


@pytest.fixture
def chat(server: TelegramServer, ada: User) -> Chat:
    return server.private(ada)


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[telegram.Bot]:
    async with connected(server) as bot:
        yield bot
