"""A town for stories: the real Chinwag between loopback servers, and people who write to it."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bots.run import House
from core.settings import Settings
from core.store import Store
from tests.platforms import discord, telegram
from tests.platforms.model import ModelServer, Request
from tests.story.people import IDS, TIMEOUT, DiscordPerson, Person, TelegramPerson, WebPerson

__all__ = ["TIMEOUT", "Person", "Town", "WebPerson"]


@dataclass
class Town:
    """Everything that a story needs. `open` starts Chinwag, `restart` ends it and starts it on the same database."""

    folder: Path
    model: ModelServer
    telegram: telegram.TelegramServer
    discord: discord.DiscordServer
    settings: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    house: House | None = None
    web: WebPerson | None = None

    async def open(self, *platforms: str, **settings: Any) -> None:
        """Start Chinwag on these platforms ("telegram", "discord", "web"), open to everybody unless told otherwise."""
        self.settings = {
            "data_dir": self.folder,
            "openai_base_url": self.model.url,
            "access": "open",
            "telegram_bot_token": self.telegram.token if "telegram" in platforms else "",
            "telegram_api_url": self.telegram.url,
            "discord_bot_token": self.discord.token if "discord" in platforms else "",
            "discord_api_url": self.discord.api_url,
            "discord_gateway_url": self.discord.gateway_url,
            "web_enabled": "web" in platforms,
            "web_port": 0,
            **settings,
        }
        await self.start()

    async def restart(self) -> None:
        await self.close()
        await self.start()

    async def close(self) -> None:
        if self.house is not None:
            await self.house.close(grace=0.2)
        self.house = None

    async def start(self) -> None:
        self.house = House(Settings(_env_file=None, **self.settings), self.said.append)  # type: ignore[call-arg]
        await self.house.start()
        if self.settings["discord_bot_token"]:
            await self.discord.ready()
            await self.discord.until(lambda: self.discord.registry().named("ask"))
        self.settings["web_port"] = int(re.findall(r":(\d+)/", self.link)[0]) if "/?token=" in "".join(self.said) else 0

    @property
    def link(self) -> str:
        """The one-time link that was printed last."""
        return re.findall(r"http://\S+/\?token=\S+", "\n".join(self.said))[-1]

    async def person(self, platform: str, name: str = "Dana") -> Person:
        """Somebody with a private chat on this platform."""
        if platform == "telegram":
            return TelegramPerson(self.telegram, next(IDS), name)
        if platform == "discord":
            return DiscordPerson(self.discord, name)
        self.web = await WebPerson.sign_in(self.link)
        return self.web

    async def settled(self) -> None:
        """Wait until all that was said is answered and committed: what is on screen is a moment ahead of that."""
        async with asyncio.timeout(TIMEOUT):
            while self.waiting():
                await asyncio.sleep(0.01)

    def waiting(self) -> int:
        """How many messages are not answered yet."""
        with closing(sqlite3.connect(f"file:{self.folder}/chinwag.db?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT COUNT(*) FROM inbox WHERE state = 'waiting'").fetchone()[0])

    @property
    def asked(self) -> list[Request]:
        """The requests that the model got for an answer."""
        return [request for request in self.model.requests if "messages" in request.body]

    async def house_grants(self, subject: str, name: str = "") -> None:
        """Let somebody in without their asking."""
        store = await Store.open(f"sqlite+aiosqlite:///{self.folder}/chinwag.db")
        await store.access.grant(subject, "member", name=name)
        await store.close()

    async def deletes(self, session: str) -> None:
        """Delete a conversation while Chinwag is off."""
        store = await Store.open(f"sqlite+aiosqlite:///{self.folder}/chinwag.db")
        await store.sessions.delete(session)
        await store.close()

    @property
    def systems(self) -> list[str]:
        """The system prompt of each request that the model got."""
        return [request.messages[0]["content"] for request in self.asked]
