"""Tells the admins how far a budget is used up: everybody's at once, those of people and groups gathered.

A bot with thousands of people would else write thousands of messages. `core.quota.quota` calls it for every bill.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.observe.log import get_logger
from core.quota import words
from core.quota.limits import Limits
from core.store import Cap, Payer, Total, UsageTable

log = get_logger(__name__)

Alert = Callable[[str, str], None]

GATHER = 3600.0  # seconds between two messages about people and groups; the first one comes at once
SHOWN = 10  # of them in a message


class Alerting:
    """alert: writes to the admins (a name, a text). now: unix seconds."""

    def __init__(self, usage: UsageTable, limits: Limits, alert: Alert, now: Callable[[], float]) -> None:
        self._usage, self._limits, self._alert, self._now = usage, limits, alert, now
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    async def paid(self, payer: Payer) -> None:
        """A bill was paid: tell of every limit that is used up further than the admins know."""
        for cap in self._limits.caps(payer, self._now()):
            total = await self._usage.total(cap.kind, cap.name, cap.period)
            await self._reached(cap, total, total.cost)

    async def refused(self, cap: Cap) -> None:
        """Nothing is begun any more for want of money, though a rest may be left that is too small for an answer."""
        total = await self._usage.total(cap.kind, cap.name, cap.period)
        await self._reached(cap, total, max(total.cost, cap.limit))

    def close(self) -> None:
        """Tell now what waits to be told."""
        if self._timer is not None:
            self._timer.cancel()
            self._release()

    async def _reached(self, cap: Cap, total: Total, gone: int) -> None:
        reached = [percent for percent in self._limits.alerts(cap) if gone * 100 >= cap.limit * percent]
        if reached and total.cost and (news := await self._usage.tell(cap, reached)):
            self._tell(cap, words.alert(cap, total, max(news), self._now()))

    def _tell(self, cap: Cap, text: str) -> None:
        if cap.kind == "house":
            self._alert("budget", text)
        elif self._timer is None:
            self._alert("budget", text)
            self._timer = asyncio.get_running_loop().call_later(GATHER, self._release)
        else:
            log.info("the admins will be told, with what else comes until then", about="budget", text=text)
            self._waiting.append(text)

    def _release(self) -> None:
        waiting, self._waiting, self._timer = self._waiting, [], None
        if waiting:
            self._alert("budget", words.gathered(waiting, SHOWN))
            self._timer = asyncio.get_running_loop().call_later(GATHER, self._release)
