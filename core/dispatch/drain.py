"""Work through one lane: its rows in order, one at a time, under one lease."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from core.live.tasks import no_strays
from core.observe.log import get_logger
from core.store import Lease, Row
from core.types import Lane

log = get_logger(__name__)

Handle = Callable[[Row, Lease, asyncio.Event], Awaitable[bool]]


class Rows(Protocol):
    """The part of the inbox that a drain works through."""

    async def next(self, lease: Lease) -> Row | None: ...
    async def give_back(self, row: int, lease: Lease) -> None: ...


class Leasing(Protocol):
    """Where a drain gets its lease."""

    async def acquire(self, lane: Lane) -> Lease: ...


async def drain(lane: Lane, stop: asyncio.Event, *, rows: Rows, leases: Leasing, handle: Handle) -> None:
    """Handle the lane's waiting rows until there is none, or until a newer lease has taken over.

    `handle` returns whether the row is finished; when it is not, this drain has been fenced off and returns at once.
    `stop` is set by the user's /stop for the row that is being handled, and cleared before the next one.
    """
    lease = await leases.acquire(lane)
    while (row := await rows.next(lease)) is not None:
        try:
            with no_strays():
                finished = await handle(row, lease, stop)
        except asyncio.CancelledError:  # an orderly end is no failed try
            await asyncio.shield(rows.give_back(row.id, lease))
            raise
        if not finished:
            log.info("a newer lease took over", lane=str(lane))
            return
        stop.clear()
