"""What a delivery writes down while it shows an answer, so that a restart goes on in the same messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from core.store import Deliveries, Lease


class Fenced(Exception):
    """A newer lease has taken over: nothing more of this answer may be written or shown here."""


class Journal(Protocol):
    """Where a delivery writes down what it did. Every method raises Fenced when somebody else has taken over."""

    async def ours(self) -> None:
        """Asked before each call to the platform, so that a process that was frozen cannot show anything either."""
        ...

    async def posted(self, page: int, id: str) -> None: ...
    async def dropped(self, page: int) -> None:
        """The messages from this page on are deleted."""
        ...

    async def progress(self, text: str, calls: list[float]) -> None:
        """The text so far, and how many seconds ago each call was made since the last time."""
        ...


class Kept:
    """Keeps it in the store, under the turn's lease. `now` is unix seconds."""

    def __init__(self, deliveries: Deliveries, row: int, lease: Lease, now: Callable[[], float]) -> None:
        self._deliveries = deliveries
        self._row = row
        self._lease = lease
        self._now = now

    async def ours(self) -> None:
        if not await self._deliveries.held(self._lease):
            raise Fenced

    async def posted(self, page: int, id: str) -> None:
        if not await self._deliveries.posted(self._row, self._lease, page, id):
            raise Fenced

    async def dropped(self, page: int) -> None:
        if not await self._deliveries.dropped(self._row, self._lease, page):
            raise Fenced

    async def progress(self, text: str, calls: list[float]) -> None:
        now = self._now()
        if not await self._deliveries.progress(self._row, self._lease, text, [now - ago for ago in calls]):
            raise Fenced


class Unwritten:
    """For what is said once and need not survive a restart."""

    async def ours(self) -> None:
        return

    async def posted(self, page: int, id: str) -> None:
        return

    async def dropped(self, page: int) -> None:
        return

    async def progress(self, text: str, calls: list[float]) -> None:
        return
