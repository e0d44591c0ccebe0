"""Forgets what has served: rows of the inbox, deliveries with their messages, calls, and leases nobody works under.

`bots.run` has it done in the background. History (sessions, turns) is never touched. What is kept, and why:

- what waits, always;
- everything of the last `KEEP`: Telegram repeats an update for 24 hours, Discord replays a session for minutes, a page
  sends its message again for as long as it is open, and each is recognised by its inbox row;
- the newest `TURNS` turns of each session, however old: /retry, and the buttons under their messages, need their
  inbox row (whose lane asked) and their delivery (which messages). A button under an older message says that it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from core.observe.log import get_logger
from core.store.database import Database, Transaction
from core.store.deliveries import CALLS_KEPT

log = get_logger(__name__)

DAY = 24 * 3600.0
KEEP = 7 * DAY
TURNS = 10
STEP = 200  # rows that one transaction looks at: a few milliseconds
PAUSE = 0.05  # seconds between two transactions: others come first
EVERY = 3600.0

OLD_ROWS = """
    SELECT inbox.id, inbox.received, inbox.state = 'done' AND inbox.received < :old AND NOT EXISTS (
        SELECT 1 FROM turns JOIN sessions ON sessions.id = turns.session
        WHERE turns.inbox_row = inbox.id AND turns.seq > sessions.turns - :turns
    ) AS served
    FROM inbox WHERE inbox.id > :after ORDER BY inbox.id LIMIT :step
"""
OLD_LEASES = """
    SELECT lane, epoch < :old AND NOT EXISTS (
        SELECT 1 FROM inbox WHERE inbox.lane = leases.lane AND inbox.state = 'waiting'
    ) AS served
    FROM leases WHERE lane > :after ORDER BY lane LIMIT :step
"""


class Pruner:
    """now: unix seconds. sleep: between steps and rounds."""

    def __init__(
        self, db: Database, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._db = db
        self._now = now
        self._sleep = sleep

    async def serve(self) -> None:
        """For ever, a round every hour. What fails is tried again in the next."""
        while True:
            try:
                if gone := await self.once():
                    log.info("forgot what has served", rows=gone)
            except Exception as error:
                log.warning("could not forget what has served", error=repr(error))
            await self._sleep(EVERY)

    async def once(self) -> int:
        """One round over everything; returns how many rows were forgotten."""
        old = self._now() - KEEP
        return await self._rows(old) + await self._leases(old) + await self._calls()

    async def _rows(self, old: float) -> int:
        after, gone = 0, 0
        while True:

            async def step(tx: Transaction, after: int = after) -> tuple[int, int]:
                rows = await tx.fetch(OLD_ROWS, after=after, old=old, turns=TURNS, step=STEP)
                served = [row["id"] for row in rows if row["served"]]
                for id in served:
                    await tx.execute("DELETE FROM deliveries WHERE inbox_row = :id", id=id)  # and its posts and calls
                    await tx.execute("DELETE FROM inbox WHERE id = :id", id=id)
                more = len(rows) == STEP and rows[-1]["received"] < old
                return (rows[-1]["id"] if more else -1), len(served)

            after, count = await self._db.write(step)
            gone += count
            if after < 0:
                return gone
            await self._sleep(PAUSE)

    async def _leases(self, old: float) -> int:
        after, gone = "", 0
        while True:

            async def step(tx: Transaction, after: str = after) -> tuple[str, int]:
                rows = await tx.fetch(OLD_LEASES, after=after, old=old, step=STEP)
                served = [row["lane"] for row in rows if row["served"]]
                for lane in served:
                    await tx.execute("DELETE FROM leases WHERE lane = :lane", lane=lane)
                return (rows[-1]["lane"] if len(rows) == STEP else ""), len(served)

            after, count = await self._db.write(step)
            gone += count
            if not after:
                return gone
            await self._sleep(PAUSE)

    async def _calls(self) -> int:
        return await self._db.write(
            lambda tx: tx.execute("DELETE FROM calls WHERE at < :old", old=self._now() - CALLS_KEPT)
        )
