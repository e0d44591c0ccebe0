"""The real client against the loopback server: what a test needs to play the bot itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import Bot
from telegram.ext import Application, ApplicationBuilder
from telegram.request import HTTPXRequest

from tests.platforms.telegram.server import TelegramServer


@asynccontextmanager
async def connected(server: TelegramServer, *, token: str = "", read_timeout: float = 5.0) -> AsyncIterator[Bot]:
    """A logged-in bot. read_timeout: seconds until a call that is not answered raises TimedOut."""
    async with bare(server, token=token, read_timeout=read_timeout) as bot:
        await bot.initialize()
        yield bot


@asynccontextmanager
async def bare(server: TelegramServer, *, token: str = "", read_timeout: float = 5.0) -> AsyncIterator[Bot]:
    """A bot that has not called anything yet."""
    requests = HTTPXRequest(read_timeout=read_timeout), HTTPXRequest(read_timeout=read_timeout)
    bot = Bot(
        token or server.token,
        base_url=server.base_url,
        base_file_url=server.base_file_url,
        request=requests[0],
        get_updates_request=requests[1],
    )
    try:
        yield bot
    finally:
        for request in requests:
            await request.shutdown()


@asynccontextmanager
async def polling(server: TelegramServer, *handlers: Any) -> AsyncIterator[Application[Any, Any, Any, Any, Any, Any]]:
    """An application that polls and handles updates, as a user of the library would write it."""
    builder = ApplicationBuilder().token(server.token).base_url(server.base_url).base_file_url(server.base_file_url)
    app = builder.build()
    app.add_handlers(handlers)
    updater = app.updater
    assert updater
    async with app:
        await app.start()
        await updater.start_polling()
        try:
            yield app
        finally:
            await updater.stop()
            await app.stop()
