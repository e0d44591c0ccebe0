"""Between a drain and the turn: only who is still let in is answered, and whoever is let out is answered no further.

`core.access` decides when a message comes; this holds for what was taken before somebody was let out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from core.access import space_of
from core.dispatch.drain import Handle
from core.observe.log import get_logger
from core.store import Lease, Row
from core.types import Incoming, Lane

log = get_logger(__name__)


class Door:
    """handle: answers a row. give_up: finishes one without a word. stop: ends what is being written in a lane."""

    def __init__(
        self,
        allows: Callable[[Incoming], Awaitable[bool]],
        handle: Handle,
        give_up: Callable[[Row, Lease], Awaitable[bool]],
        stop: Callable[[Lane], bool],
    ) -> None:
        self._allows = allows
        self._handle = handle
        self._give_up = give_up
        self._stop = stop
        self._inside: dict[int, Row] = {}

    async def handle(self, row: Row, lease: Lease, stop: asyncio.Event) -> bool:
        """See `core.dispatch.drain.Handle`. A command has done what it does already: its answer is always shown."""
        self._inside[row.id] = row
        try:
            if row.lane.express or await self._allows(row.incoming):
                return await self._handle(row, lease, stop)
            log.info("whoever asked was let out meanwhile", lane=str(row.lane))
            return await self._give_up(row, lease)
        finally:
            del self._inside[row.id]

    def let_out(self, subject: str) -> None:
        """End the answers that are being written for this person in private, or in this group."""
        for row in self._inside.values():
            if not row.lane.express and subject == _let_in_as(row.incoming):
                self._stop(row.lane)


def _let_in_as(incoming: Incoming) -> str:
    """Whose approval this message came in by."""
    return incoming.author.subject if incoming.address.private else space_of(incoming.address)
