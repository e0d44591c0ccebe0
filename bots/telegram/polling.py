"""Fetches updates and confirms them only when they are taken. `TelegramBot` runs one `Poller`.

python-telegram-bot's own Updater confirms as soon as updates are in memory, and ends for good when taking one fails.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bots.telegram.errors import describe, seconds
from bots.telegram.tries import Tries

Raw = Mapping[str, Any]
Sleep = Callable[[float], Awaitable[None]]

CONFLICT_WAIT = 30.0  # seconds: the other program polls too, and each poll ends the other's
TOKEN_WAIT = 60.0
HELD_UP = 1.0  # seconds that the next fetch waits for what is being taken; the same offset again sooner gets less
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
    """fetch(offset) returns the updates from `offset` on, which confirms those before them; take(update) commits one.

    What holds one chat up holds up no other: updates are taken side by side, each chat's in order, and more are
    fetched meanwhile, without confirming past the oldest that is not taken (Telegram repeats what comes after it, 100
    at most). `Tries` says when one is passed over.
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[Sequence[Raw]]],
        take: Callable[[Raw], Awaitable[None]],
        *,
        sleep: Sleep,
        random: Callable[[], float],
    ) -> None:
        self._fetch, self._take, self._sleep, self._random = fetch, take, sleep, random
        self._backoff = Backoff(random)
        self._tries = Tries()
        self._said = ""
        self._offset = 0
        self._open: dict[int, bool] = {}  # what came since the offset, in Telegram's order: whether it is taken
        self._chats: dict[Any, deque[Raw]] = {}
        self._taking: set[asyncio.Task[None]] = set()
        self._closing = False
        self._fetching: asyncio.Task[Sequence[Raw]] | None = None

    async def run(self) -> None:
        """Until `stop`; nothing that Telegram or the network does ends it."""
        try:
            while not self._closing:
                self._begin(await self._fetched())
                if self._taking:
                    await asyncio.wait(self._taking, timeout=HELD_UP)
                self._confirm()
            if self._taking:
                await asyncio.wait(self._taking)
        finally:
            for task in self._taking:
                task.cancel()

    def stop(self) -> None:
        """End the long poll at once; updates that are being taken may finish."""
        self._closing = True
        if self._fetching is not None:
            self._fetching.cancel()

    async def _fetched(self) -> Sequence[Raw]:
        """Nothing when it is stopped meanwhile."""
        self._fetching = asyncio.create_task(self._fetch_on())
        try:
            await asyncio.wait([self._fetching])
            return () if self._fetching.cancelled() else self._fetching.result()
        finally:
            self._fetching.cancel()
            self._fetching = None

    async def _fetch_on(self) -> Sequence[Raw]:
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

    def _begin(self, batch: Sequence[Raw]) -> None:
        """Take what is new in a batch."""
        for update in batch:
            if (id := update_id(update)) in self._open:
                continue
            self._open[id] = False
            if (chat := _chat(update)) in self._chats:
                self._chats[chat].append(update)
                continue
            self._chats[chat] = deque([update])
            task = asyncio.create_task(self._take_chat(chat))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    def _confirm(self) -> None:
        """Move the offset behind what is taken. Not to the highest id: after a quiet week Telegram begins anew
        anywhere (Bot API, Update), and what is far ahead of it confirms nothing.
        """
        for id, taken in list(self._open.items()):
            if not taken:
                self._offset = id
                return
            self._offset = id + 1
            del self._open[id]

    async def _take_chat(self, chat: Any) -> None:
        """Take the updates of one chat, one after the other."""
        updates, again = self._chats[chat], Backoff(self._random)
        while updates:
            try:
                await self._take(updates[0])
            except Exception as error:
                if self._closing:
                    return
                if not self._tries.failed(update_id(updates[0]), error, again="trying again"):
                    await self._sleep(again.next())
                    continue
            else:
                self._tries.taken(update_id(updates[0]))
            self._open[update_id(updates.popleft())] = True
            again.reset()
        del self._chats[chat]


def update_id(update: Raw) -> int:
    id = update.get("update_id")
    return id if isinstance(id, int) else -1


def _chat(update: Raw) -> Any:
    """What is taken one after the other: messages and their edits; presses wait for nothing, nor for each other."""
    message = update.get("message") or update.get("edited_message")
    chat = message.get("chat") if isinstance(message, Mapping) else None
    id = chat.get("id") if isinstance(chat, Mapping) else None
    return id if isinstance(id, int) else ("alone", update_id(update))
