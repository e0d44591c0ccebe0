"""The bot's queue of updates with Telegram's rules: an offset confirms, a poll is held, a second one ends the first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.telegram.record import Bell
from tests.platforms.telegram.rejected import Rejected

UNASKED = {"chat_member", "message_reaction", "message_reaction_count"}  # Bot API getUpdates: only when asked for
AHEAD = 10  # ids, TDLib TQueue.cpp
POLL_MAX = 50  # seconds, telegram-bot-api Client.h
CONFLICT = "terminated by other getUpdates request; make sure that only one bot instance is running"


@dataclass
class Updates:
    """Not yet confirmed updates, oldest first."""

    bell: Bell = field(default_factory=Bell)
    pending: list[dict[str, Any]] = field(default_factory=list)
    sent: dict[int, dict[str, Any]] = field(default_factory=dict)
    again: list[dict[str, Any]] = field(default_factory=list)
    allowed: set[str] | None = None
    confirmed: int = 0
    webhook: bool = False
    next_id: int = 100_001
    poll: asyncio.Future[str] | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, kind: str, payload: dict[str, Any]) -> int:
        """Queue one update and return its id; 0 when the bot did not ask for this kind."""
        wanted = kind not in UNASKED if self.allowed is None else kind in self.allowed
        if not wanted:
            return 0
        id, self.next_id = self.next_id, self.next_id + 1
        update = self.sent[id] = {"update_id": id, kind: payload}
        self.pending.append(update)
        self._wake("news")
        return id

    def repeat(self, update_id: int) -> None:
        """Deliver this update once more, confirmed or not: Telegram promises no exactly-once."""
        self.again.append(self.sent[update_id])
        self._wake("news")

    def allow(self, kinds: list[str] | None) -> None:
        """Remember what the bot asks for; an empty list means the usual kinds, None means no change."""
        if kinds is not None:
            self.allowed = set(kinds) or None

    def confirm(self, offset: int) -> None:
        """Forget everything below `offset`; a negative one keeps that many of the newest.

        One that is far ahead is "in the future", and the queue is answered from its head (TDLib, TQueue::get).
        """
        if offset < 0:
            self.pending = self.pending[offset:]
        elif 0 < offset <= self.next_id + AHEAD:
            self.pending = [u for u in self.pending if u["update_id"] >= offset]
            self.confirmed = max(self.confirmed, offset - 1)

    async def get(self, offset: int, limit: int, timeout: float) -> list[dict[str, Any]]:
        """One getUpdates: held up to `timeout` seconds while there is nothing."""
        if self.webhook:
            raise Rejected(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
                409,
            )
        self._wake("conflict")
        self.confirm(offset)
        if not (batch := self._batch(limit)) and timeout > 0:
            await self._hold(min(timeout, POLL_MAX))
            batch = self._batch(limit)
        return batch

    def _batch(self, limit: int) -> list[dict[str, Any]]:
        batch = (self.again + self.pending)[: min(max(limit, 1), 100)]
        self.again = [u for u in self.again if u not in batch]
        return batch

    async def _hold(self, timeout: float) -> None:
        mine: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.poll = mine
        self.bell.ring()
        try:
            await asyncio.wait([mine], timeout=timeout)
        finally:
            if self.poll is mine:
                self.poll = None
        if mine.done() and mine.result() == "conflict":
            raise Rejected(CONFLICT, 409)
        if mine.done() and mine.result() == "webhook":
            raise Rejected("terminated by setWebhook request", 409)

    def end_poll(self) -> None:
        """A webhook was set: the poll that is held ends."""
        self._wake("webhook")

    def close(self) -> None:
        """The server goes away: a held poll is answered with nothing."""
        self._wake("closed")

    def _wake(self, why: str) -> None:
        if self.poll and not self.poll.done():
            self.poll.set_result(why)
        self.arrived.set()
