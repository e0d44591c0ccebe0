"""Updates that Telegram posts to us, instead of being asked for them. `TelegramBot` runs one `Webhook` for that.

Telegram takes a 2xx for the receipt, and posts everything else again, each chat's updates in order: so the answer is
only given when an update is taken, or passed over (Bot API, setWebhook).
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping

from telegram.error import TelegramError

from bots.telegram.errors import describe
from bots.telegram.polling import Backoff, Raw, Sleep, update_id
from bots.telegram.tries import Tries

SECRET = "x-telegram-bot-api-secret-token"
log = logging.getLogger(__name__)


class Webhook:
    """register() tells Telegram where to post and with which secret; take(update) commits one update."""

    def __init__(
        self,
        register: Callable[[], Awaitable[object]],
        secret: str,
        take: Callable[[Raw], Awaitable[None]],
        *,
        sleep: Sleep,
        random: Callable[[], float],
    ) -> None:
        self._register, self._secret, self._take, self._sleep = register, secret, take, sleep
        self._backoff = Backoff(random)
        self._tries = Tries()
        self._stopped = asyncio.Event()
        self._taking: set[asyncio.Future[None]] = set()

    async def run(self) -> None:
        """Until `stop`, and until what was posted before is taken."""
        registering = asyncio.create_task(self._registered())
        await self._stopped.wait()
        registering.cancel()
        await asyncio.gather(registering, return_exceptions=True)
        if self._taking:
            await asyncio.wait(self._taking)

    def stop(self) -> None:
        """Take nothing more; Telegram posts it again to the next process."""
        self._stopped.set()

    async def post(self, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status that a posted update is answered with. headers: their names in lower case."""
        if not hmac.compare_digest(headers.get(SECRET, "").encode(), self._secret.encode()):
            return 403
        if self._stopped.is_set():
            return 503
        try:
            update = json.loads(body)
        except ValueError:
            update = None
        if not isinstance(update, dict):
            return 400
        task = asyncio.ensure_future(self._take(update))
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)
        try:
            await asyncio.shield(task)
        except Exception as error:
            passed = self._tries.failed(update_id(update), error, again="Telegram posts it again")
            return 200 if passed else 500
        self._tries.taken(update_id(update))
        return 200

    async def _registered(self) -> None:
        said = ""
        while True:
            try:
                await self._register()
                return
            except TelegramError as error:
                if said != (said := describe(error)):
                    log.warning("Telegram did not take TELEGRAM_WEBHOOK_URL, trying on (%s)", said)
                await self._sleep(self._backoff.next())
