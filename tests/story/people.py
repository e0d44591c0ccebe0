"""People who write to Chinwag, the same on each platform: they write, change what they wrote, and press buttons."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from core.commands import parse
from tests.patience import PATIENCE
from tests.platforms import discord, telegram

TIMEOUT = PATIENCE
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

    async def edits(self, text: str) -> None:
        """Change what was said last."""
        raise NotImplementedError

    def buttons(self) -> dict[str, str]:
        """The buttons under the bot's newest message: what each carries, by its name."""
        raise NotImplementedError

    async def sends(self, data: str) -> str:
        """Press a button that carries this, whether or not it is on screen; returns what only the presser reads."""
        raise NotImplementedError

    async def presses(self, name: str) -> str:
        """Press this button under the newest message, once it is there."""
        await self.sees(lambda: name in self.buttons(), f"the button {name}")
        return await self.sends(self.buttons()[name])

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
        self.last = await self.chat.send(self.user, text)
        self._since = self.last.id

    async def edits(self, text: str) -> None:
        await self.chat.edit(self.last, text)

    def buttons(self) -> dict[str, str]:
        shown = [m for m in self.chat.messages if m.from_bot]
        return named(data for _, data in shown[-1].buttons) if shown else {}

    async def sends(self, data: str) -> str:
        message = [m for m in self.chat.messages if m.from_bot][-1]
        press = await self.chat.press(self.user, message, data, forged=True)
        return str((await press.answered()).get("text", ""))

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
            self.last = await self.chat.send(self.user, text)

    async def edits(self, text: str) -> None:
        await self.last.edit(text)

    def buttons(self) -> dict[str, str]:
        shown = [m for m in self.chat.from_bot if not m.ephemeral]
        return named(button["custom_id"] for button in shown[-1].buttons) if shown else {}

    async def sends(self, data: str) -> str:
        message = [m for m in self.chat.from_bot if not m.ephemeral][-1]
        press = await message.press(self.user, data, forged=True)
        await press.until(lambda i: i.acked)
        return press.text if press.response is not message else ""

    @staticmethod
    def _options(name: str, argument: str) -> dict[str, str]:
        if not argument:
            return {}
        if argument.startswith("custom "):
            return {"custom": argument.removeprefix("custom ")}
        if name == "set":
            words = argument.split()
            return dict(zip(words[::2], words[1::2], strict=True))
        option = {"sessions": "number", "stream": "mode", "approve": "code", "revoke": "who", "history": "action"}.get(
            name, "name"
        )
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
        assert "Open Chinwag" in (await http.get(f"/?token={token}")).text
        answer = await http.post("/", data={"token": token})  # what its button does
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
        self.last = str(uuid.uuid4())
        answer = await self.http.post(f"/api/sessions/{self.session}/messages", json={"id": self.last, "text": text})
        assert answer.status_code == 202, answer.text

    async def edits(self, text: str) -> None:
        body = {"id": str(uuid.uuid4()), "of": self.last, "text": text}
        answer = await self.http.post(f"/api/sessions/{self.session}/edits", json=body)
        assert answer.status_code == 202, answer.text

    def buttons(self) -> dict[str, str]:
        live = [message["actions"] for message in self.messages if message["seq"]]
        shown = live or [turn["actions"] for turn in self.turns[-1:]]
        return named(action["data"] for action in shown[-1]) if shown else {}

    async def sends(self, data: str) -> str:
        pressed = (await self.http.post("/api/press", json={"data": data})).json()
        return "" if pressed["done"] else str(pressed["text"])

    async def refresh(self) -> None:
        """Look at the conversation again; after /new or /sessions the page follows to the current one."""
        if self.session:
            view = (await self.http.get(f"/api/sessions/{self.session}")).json()
            if view["current"] != self.session:
                self.session, self._seen = view["current"], 0
                view = (await self.http.get(f"/api/sessions/{self.session}")).json()
            self.turns, self.messages = view["turns"], view["messages"]

    def heard(self) -> list[str]:
        fresh = [message for message in self.messages if message["id"] not in self._before]
        live = {message["seq"] for message in fresh if message["seq"]}  # history follows what is on screen
        told = [turn["answer"] for turn in self.turns[self._seen :] if turn["answer"] and turn["seq"] not in live]
        return told + [message["text"] for message in fresh] + self.toasts

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.http.aclose()


def named(data: Iterable[str]) -> dict[str, str]:
    """What buttons carry, by the name before the colon."""
    return {carried.partition(":")[0]: carried for carried in data}
