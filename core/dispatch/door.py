"""Between a drain and the turn: only who is still let in is answered, and whoever is let out is answered no further.

`core.access` decides when a message comes; this holds for what was taken before somebody was let out. Another process
may let out, too (`python -m bots revoke`): `watch` looks for that, as a task of the house.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from core.access import let_in_as
from core.dispatch.drain import Handle
from core.errors import StoreError
from core.observe.log import get_logger
from core.store import Lease, Row
from core.types import Incoming, Lane

log = get_logger(__name__)

LOOK = 1.0  # seconds between two looks at whether those who are being answered are still let in


class Door:
    """handle: answers a row. give_up: finishes one without a word. stop: ends what is being written in a lane.

    outside: who is not let in any more, of those by whose approval these messages came (`core.access.let_in_as`).
    """

    def __init__(
        self,
        allows: Callable[[Incoming], Awaitable[bool]],
        handle: Handle,
        give_up: Callable[[Row, Lease], Awaitable[bool]],
        stop: Callable[[Lane], bool],
        outside: Callable[[Iterable[Incoming]], Awaitable[set[str]]],
    ) -> None:
        self._allows = allows
        self._handle = handle
        self._give_up = give_up
        self._stop = stop
        self._outside = outside
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
            if not row.lane.express and subject == let_in_as(row.incoming):
                self._stop(row.lane)

    async def watch(self) -> None:
        """End within a second what is being written for whoever another process has let out. Runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            asked = [row.incoming for row in self._inside.values() if not row.lane.express]
            try:
                gone = await self._outside(asked) if asked else set()
            except Exception as error:
                if not isinstance(error, StoreError):  # which the store itself says
                    log.exception("could not look at who is still let in", error=repr(error))
                continue
            for subject in gone:
                self.let_out(subject)
