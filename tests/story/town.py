"""A town for stories: the real Chinwag between loopback servers, and people who write to it."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bots.run import House
from core.commands import parse
from core.settings import Settings
from core.store import Store
from tests.platforms import discord, telegram
from tests.platforms.model import ModelServer, Request

TIMEOUT = 10.0


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

    @property
    def asked(self) -> list[Request]:
        """The requests that the model got for an answer."""
        return [request for request in self.model.requests if "messages" in request.body]

    async def house_grants(self, subject: str) -> None:
        """Let somebody in without their asking."""
        store = await Store.open(f"sqlite+aiosqlite:///{self.folder}/chinwag.db")
        await store.access.grant(subject, "member")
        await store.close()

    @property
    def systems(self) -> list[str]:
        """The system prompt of each request that the model got."""
        return [request.messages[0]["content"] for request in self.asked]


IDS = itertools.count(1000)


class Person:
    """Somebody in a private chat. `says` writes; `hears` waits for a complete message of the bot with a text in it."""

    async def says(self, text: str) -> None:
        raise NotImplementedError

    def heard(self) -> list[str]:
        """The bot's messages since this person last wrote, as they are on screen now."""
        raise NotImplementedError

    def file(self) -> str:
        """The text of the file that came with the bot's last message."""
        raise NotImplementedError

    async def refresh(self) -> None:
        """Look again, where what is heard does not come by itself."""

    async def hears(self, part: str, timeout: float = TIMEOUT) -> str:
        """The first message since this person last wrote that has `part` in it."""
        return await self.sees(lambda: next((text for text in self.heard() if part in text), ""), part, timeout)

    async def asks(self, text: str, part: str) -> str:
        await self.says(text)
        return await self.hears(part)

    async def sees(self, look: Callable[[], Any], what: str, timeout: float = TIMEOUT) -> Any:
        try:
            async with asyncio.timeout(timeout):
                while True:
                    await self.refresh()
                    if found := look():
                        return found
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"waited for {what!r}, heard {self.heard()!r}") from None


class TelegramPerson(Person):
    """Writes to the bot in a private chat of Telegram."""

    def __init__(self, server: telegram.TelegramServer, id: int, name: str) -> None:
        self.user = server.user(id, name)
        self.chat = server.private(self.user)
        self._server = server
        self._since = 0

    async def says(self, text: str) -> None:
        self._since = (await self.chat.send(self.user, text)).id

    def heard(self) -> list[str]:
        return [m.text for m in self.chat.messages if m.from_bot and m.id > self._since]

    def file(self) -> str:
        document = self.chat.messages[-1].media["document"]
        return self._server.files.stored[document["file_id"]].data.decode()


class DiscordPerson(Person):
    """Writes direct messages, and uses slash commands where there is one."""

    def __init__(self, server: discord.DiscordServer, name: str) -> None:
        self.user = server.user(name)
        self.chat = server.dm(self.user)
        self._since = 0

    async def says(self, text: str) -> None:
        self._since = len(self.chat.log)
        if parse(text):
            name, _, argument = text[1:].partition(" ")
            await self.chat.slash(self.user, name, **self._options(name, argument))
        else:
            await self.chat.send(self.user, text)

    @staticmethod
    def _options(name: str, argument: str) -> dict[str, str]:
        if not argument:
            return {}
        if argument.startswith("custom "):
            return {"custom": argument.removeprefix("custom ")}
        option = {"sessions": "number", "stream": "mode", "approve": "code", "history": "action"}.get(name, "name")
        return {option: argument}

    def heard(self) -> list[str]:
        return [m.content for m in self.chat.log[self._since :] if m.by_bot and not m.deleted and not m.loading]

    def file(self) -> str:
        return self.chat.messages[-1].files[0].content.decode()


class WebPerson(Person):
    """Uses the page's API as the page does: one stream of events, and the view of a conversation."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.session = ""
        self.turns: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.toasts: list[str] = []
        self._before: set[str] = set()
        self._seen = 0
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def sign_in(cls, link: str) -> WebPerson:
        base, _, token = link.partition("/?token=")
        http = httpx.AsyncClient(base_url=base, headers={"Origin": base}, trust_env=False)
        answer = await http.get(f"/?token={token}")
        assert answer.status_code == 303, answer.text
        return cls(http)

    def listen(self) -> None:
        """Follow the page's events. The toasts are what is only said and not kept."""
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            async with self.http.stream("GET", "/api/events", timeout=None) as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data:") and (event := json.loads(line[5:]))["type"] == "toast":
                        self.toasts.append(event["text"])
        except httpx.HTTPError:
            pass  # the server restarts

    async def says(self, text: str) -> None:
        if self._listening is None or self._listening.done():
            self.listen()
        if not self.session:
            self.session = (await self.http.post("/api/sessions")).json()["session"]["id"]
        await self.refresh()
        self._seen = len(self.turns) if text != "/retry" else 0
        self._before = {message["id"] for message in self.messages}
        self.toasts.clear()
        body = {"id": str(uuid.uuid4()), "text": text}
        answer = await self.http.post(f"/api/sessions/{self.session}/messages", json=body)
        assert answer.status_code == 202, answer.text

    async def refresh(self) -> None:
        """Look at the conversation again; after /new or /sessions the page follows to the current one."""
        if self.session:
            view = (await self.http.get(f"/api/sessions/{self.session}")).json()
            if view["current"] != self.session:
                self.session, self._seen = view["current"], 0
                view = (await self.http.get(f"/api/sessions/{self.session}")).json()
            self.turns, self.messages = view["turns"], view["messages"]

    def heard(self) -> list[str]:
        said = [message["text"] for message in self.messages if message["id"] not in self._before]
        return [turn["answer"] for turn in self.turns[self._seen :] if turn["answer"]] + said + self.toasts

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.http.aclose()
