"""Fetches updates and confirms them only when they are taken. `TelegramBot` runs one `Poller`.

python-telegram-bot's own Updater confirms as soon as updates are in memory, and ends for good when taking one fails.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bots.telegram.errors import describe, seconds
from core.errors import StoreError

Raw = Mapping[str, Any]
Sleep = Callable[[float], Awaitable[None]]

CONFLICT_WAIT = 30.0  # seconds: the other program polls too, and each poll ends the other's
TOKEN_WAIT = 60.0
log = logging.getLogger(__name__)


class Backoff:
    """Growing pauses with jitter, in seconds: about 1, 2, 4 ... 30."""

    def __init__(self, random: Callable[[], float], first: float = 1.0, most: float = 30.0) -> None:
        self._random, self._first, self._most = random, first, most
        self.tries = 0

    def next(self) -> float:
        pause: float = min(self._most, self._first * 2 ** min(self.tries, 16))
        self.tries += 1
        return pause * (0.5 + self._random() / 2)

    def reset(self) -> None:
        self.tries = 0


class Poller:
    """fetch(offset) returns the updates from `offset` on, which confirms those below it; take(update) commits one."""

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[Sequence[Raw]]],
        take: Callable[[Raw], Awaitable[None]],
        *,
        sleep: Sleep,
        random: Callable[[], float],
    ) -> None:
        self._fetch, self._take, self._sleep = fetch, take, sleep
        self._backoff, self._again = Backoff(random), Backoff(random)
        self._said = ""
        self._offset = 0
        self._closing = False
        self._taking = False
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until `stop`; nothing that Telegram or the network does ends it."""
        self._task = asyncio.current_task()
        while not self._closing:
            batch = await self._fetched()
            self._taking = True
            try:
                await self._take_all(batch)
            finally:
                self._taking = False
            self._offset = max([self._offset, *(_id(update) + 1 for update in batch)])

    def stop(self) -> None:
        """End the long poll at once; a batch that is being taken may finish."""
        self._closing = True
        if self._task is not None and not self._taking:
            self._task.cancel()

    async def _fetched(self) -> Sequence[Raw]:
        while True:
            try:
                batch = await self._fetch(self._offset)
            except TelegramError as error:
                await self._sleep(self._pause(error))
            else:
                self._say("", "Telegram answers again")
                self._backoff.reset()
                return batch

    def _pause(self, error: TelegramError) -> float:
        """How long to wait after a failed fetch; the reason is logged when it is a new one."""
        if isinstance(error, Conflict):
            self._say("conflict", "another program polls with this TELEGRAM_BOT_TOKEN: stop it, or use another token")
            return CONFLICT_WAIT
        if isinstance(error, InvalidToken):
            self._say("token", "Telegram no longer takes TELEGRAM_BOT_TOKEN: get the new one from @BotFather")
            return TOKEN_WAIT
        self._say("network", f"Telegram cannot be reached, trying on ({describe(error)})")
        asked = seconds(error.retry_after) if isinstance(error, RetryAfter) else 0.0
        return max(asked, self._backoff.next())

    def _say(self, trouble: str, message: str) -> None:
        if trouble != self._said:
            log.log(logging.WARNING if trouble else logging.INFO, message)
        self._said = trouble

    async def _take_all(self, batch: Sequence[Raw]) -> None:
        """Take every update, chats side by side, each chat in order; what fails is tried again until it is taken."""
        waiting: dict[Any, list[Raw]] = {}
        for update in batch:
            waiting.setdefault(_chat(update), []).append(update)
        self._again.reset()
        while waiting:
            failures = await asyncio.gather(*(self._take_chat(updates) for updates in waiting.values()))
            waiting = {chat: updates for chat, updates in waiting.items() if updates}
            if waiting:
                error = next(filter(None, failures), None)
                if not isinstance(error, StoreError):  # which the store itself says, and once
                    log.error("updates could not be taken, trying again: %s", describe(error) if error else "")
                await self._sleep(self._again.next())

    async def _take_chat(self, updates: list[Raw]) -> Exception | None:
        """Take the updates of one chat from the front of the list, and stop at the first that fails."""
        while updates:
            try:
                await self._take(updates[0])
            except Exception as error:  # whatever it is: unconfirmed, it is not lost
                return error
            del updates[0]
        return None


def _id(update: Raw) -> int:
    id = update.get("update_id")
    return id if isinstance(id, int) else -1


def _chat(update: Raw) -> Any:
    """What is taken one after the other: messages and their edits; presses wait for nothing."""
    message = update.get("message") or update.get("edited_message")
    chat = message.get("chat") if isinstance(message, Mapping) else None
    id = chat.get("id") if isinstance(chat, Mapping) else None
    return id if isinstance(id, int) else None
