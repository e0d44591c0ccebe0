"""What a delivery writes down while it shows an answer, so that a restart goes on in the same messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.store import Lease, Store
from core.surface import Doubt, Out
from core.types import Address


class Fenced(Exception):
    """A newer lease has taken over: nothing more of this answer may be written or shown here."""


class Journal(Protocol):
    """Where a delivery writes down what it did. Every method raises Fenced when somebody else has taken over."""

    async def ours(self) -> None:
        """Asked before each call to the platform, so that a process that was frozen cannot show anything either."""
        ...

    async def posting(self, out: Out, after: str) -> Doubt:
        """Before a post that may be applied without our learning of it; includes the question of `ours`."""
        ...

    async def posted(self, page: int, id: str, doubt: Doubt | None = None) -> None:
        """doubt: what `posting` made of this post, which is over with this."""
        ...

    async def settled(self, doubt: Doubt) -> None:
        """It left nothing, or nothing that is still there, or it is given up."""
        ...

    async def known(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids that are messages of some answer here."""
        ...

    async def moved(self, address: Address) -> None:
        """Before anything is posted there: whoever goes on with the answer must look there for what was."""
        ...

    async def dropped(self, page: int) -> None:
        """The messages from this page on are deleted."""
        ...

    async def progress(self, text: str | None, calls: list[float]) -> None:
        """The text so far (None: as it was), and how many seconds ago each call was made since the last time."""
        ...


class Kept:
    """Keeps it in the store, under the turn's lease. `now` is unix seconds."""

    def __init__(self, store: Store, row: int, lease: Lease, address: Address, now: Callable[[], float]) -> None:
        self._deliveries, self._doubts = store.deliveries, store.doubts
        self._address = address
        self._row = row
        self._lease = lease
        self._now = now

    async def ours(self) -> None:
        if not await self._deliveries.held(self._lease):
            raise Fenced

    async def posting(self, out: Out, after: str) -> Doubt:
        doubt = await self._doubts.begin(self._row, self._lease, out, after)
        if doubt is None:
            raise Fenced
        return doubt

    async def posted(self, page: int, id: str, doubt: Doubt | None = None) -> None:
        if not await self._deliveries.posted(self._row, self._lease, page, id, doubt.number if doubt else 0):
            raise Fenced

    async def settled(self, doubt: Doubt) -> None:
        if not await self._doubts.settled(doubt.number, self._lease):
            raise Fenced

    async def known(self, ids: Sequence[str]) -> set[str]:
        return await self._doubts.known(self._address, ids)

    async def moved(self, address: Address) -> None:
        if not await self._deliveries.moved(self._row, self._lease, address):
            raise Fenced
        self._address = address

    async def dropped(self, page: int) -> None:
        if not await self._deliveries.dropped(self._row, self._lease, page):
            raise Fenced

    async def progress(self, text: str | None, calls: list[float]) -> None:
        now = self._now()
        if not await self._deliveries.progress(self._row, self._lease, text, [now - ago for ago in calls]):
            raise Fenced


class Unwritten:
    """For what is said once and need not survive a restart."""

    async def ours(self) -> None:
        return

    async def posting(self, out: Out, after: str) -> Doubt:
        return Doubt(out, after)

    async def posted(self, page: int, id: str, doubt: Doubt | None = None) -> None:
        return

    async def settled(self, doubt: Doubt) -> None:
        return

    async def known(self, ids: Sequence[str]) -> set[str]:
        return set()

    async def moved(self, address: Address) -> None:
        return

    async def dropped(self, page: int) -> None:
        return

    async def progress(self, text: str | None, calls: list[float]) -> None:
        return
