"""setWebhook and the delivery of updates by POST: in order, again until the bot answers 2xx."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from tests.platforms.telegram.rejected import Rejected

if TYPE_CHECKING:
    from tests.platforms.telegram.server import TelegramServer

Params = dict[str, Any]
SECRET = "X-Telegram-Bot-Api-Secret-Token"


@dataclass
class Webhook:
    """What setWebhook was told, and how the last deliveries went."""

    server: TelegramServer
    url: str = ""
    secret: str = ""
    last_error: str = ""
    last_error_date: int = 0
    retry: float = 0.05
    statuses: list[int] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def set(self, p: Params) -> Any:
        url = str(p.get("url") or "")
        if url and urlsplit(url).scheme != "https":
            raise Rejected("bad webhook: An HTTPS URL must be provided for webhook")
        self.url, self.secret = url, str(p.get("secret_token") or "")
        updates = self.server.updates
        updates.webhook = bool(url)
        updates.allow(p.get("allowed_updates"))
        if p.get("drop_pending_updates"):
            updates.pending.clear()
        if url:
            updates.end_poll()
        self.stop()
        if url:
            self.task = asyncio.create_task(self._deliver())
        return True

    def delete(self, p: Params) -> Any:
        return self.set({"drop_pending_updates": p.get("drop_pending_updates")})

    def info(self) -> Any:
        pending = len(self.server.updates.pending)
        shown = {"url": self.url, "has_custom_certificate": False, "pending_update_count": pending}
        if self.last_error:
            shown |= {"last_error_message": self.last_error, "last_error_date": self.last_error_date}
        return shown

    def stop(self) -> None:
        if self.task:
            self.task.cancel()
            self.task = None

    async def _deliver(self) -> None:
        updates = self.server.updates
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
            while True:
                updates.arrived.clear()
                for update in [*updates.again, *updates.pending]:
                    while not await self._post(client, update):
                        await asyncio.sleep(self.retry)
                    updates.again = [u for u in updates.again if u is not update]
                    updates.pending = [u for u in updates.pending if u is not update]
                await updates.arrived.wait()

    async def _post(self, client: aiohttp.ClientSession, update: dict[str, Any]) -> bool:
        target = self.server.webhook_target or self.url
        if urlsplit(target).hostname != "127.0.0.1":
            return self._failed("the test gave no webhook_target on 127.0.0.1")
        try:
            async with client.post(target, json=update, headers={SECRET: self.secret}) as answer:
                self.statuses.append(answer.status)
                self.server.bell.ring()
                good = 200 <= answer.status < 300
                return good or self._failed(f"Wrong response from the webhook: {answer.status} {answer.reason}")
        except (aiohttp.ClientError, TimeoutError) as error:
            return self._failed(f"Connection failed: {type(error).__name__}")

    def _failed(self, why: str) -> bool:
        self.last_error, self.last_error_date = why, int(self.server.unix())
        return False
