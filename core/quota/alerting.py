"""Tells the admins how far a budget is used up: everybody's at once, those of people and groups gathered.

A bot with thousands of people would else write thousands of messages. `core.quota.quota` calls it for every bill. An
alert counts as told only when it was sent: what a kill or a platform that fails kept from the admins is told again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.errors import StoreError
from core.live.tasks import end
from core.observe.log import get_logger
from core.quota import words
from core.quota.limits import Limits
from core.store import Cap, Payer, Total, UsageTable

log = get_logger(__name__)

Alert = Callable[[str, str], Awaitable[bool]]

GATHER = 3600.0  # seconds between two messages about people and groups; the first one comes at once
SHOWN = 10  # of them in a message
CLOSING = 2.0  # seconds that what is being told has at the end


@dataclass(frozen=True, slots=True)
class News:
    """A limit of which the admins are to be told, and the percents that this tells of."""

    cap: Cap
    percents: tuple[int, ...]
    text: str


class Alerting:
    """alert: writes to the admins (a name, a text) and returns whether it was sent. now: unix seconds."""

    def __init__(self, usage: UsageTable, limits: Limits, alert: Alert, now: Callable[[], float]) -> None:
        self._usage, self._limits, self._alert, self._now = usage, limits, alert, now
        self._waiting: list[News] = []
        self._open: set[tuple[str, str, str, int]] = set()  # what waits or is being sent, by limit and percent
        self._telling: set[asyncio.Task[None]] = set()
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

    async def close(self) -> None:
        """Tell now what waits to be told, within two seconds: what was not sent by then is told at another time."""
        if self._timer is not None:
            self._timer.cancel()
            self._release()
        if self._telling:
            await asyncio.wait(set(self._telling), timeout=CLOSING)
        if self._timer is not None:
            self._timer.cancel()
        await end(*self._telling)

    async def _reached(self, cap: Cap, total: Total, gone: int) -> None:
        reached = [percent for percent in self._limits.alerts(cap) if gone * 100 >= cap.limit * percent]
        if not (reached and total.cost):
            return
        untold = await self._usage.untold(cap, reached)
        if news := tuple(percent for percent in untold if (cap.kind, cap.name, cap.period, percent) not in self._open):
            self._tell(News(cap, news, words.alert(cap, total, max(news), self._now())))

    def _tell(self, news: News) -> None:
        self._open |= _marks(news)
        if news.cap.kind == "house":
            self._send([news])
        elif self._timer is None:
            self._send([news])
            self._gather()
        else:
            log.info("the admins will be told, with what else comes until then", about="budget", text=news.text)
            self._waiting.append(news)

    def _gather(self) -> None:
        self._timer = self._timer or asyncio.get_running_loop().call_later(GATHER, self._release)

    def _release(self) -> None:
        waiting, self._waiting, self._timer = self._waiting, [], None
        if waiting:
            self._send(waiting)
            self._gather()

    def _send(self, news: Sequence[News]) -> None:
        task = asyncio.create_task(self._sent(news))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _sent(self, news: Sequence[News]) -> None:
        """Send it and remember that. What could not be sent waits for the next hour's."""
        if not await self._alert("budget", words.gathered([one.text for one in news], SHOWN)):
            self._waiting.extend(news)
            return self._gather()
        for one in news:
            try:
                await self._usage.tell(one.cap, one.percents)
            except StoreError as error:
                log.warning("the admins may be told of a budget twice", error=repr(error))
            self._open -= _marks(one)


def _marks(news: News) -> set[tuple[str, str, str, int]]:
    return {(news.cap.kind, news.cap.name, news.cap.period, percent) for percent in news.percents}
