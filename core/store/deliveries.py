"""Deliveries: how far an answer got on screen, so that it goes on in the same messages after a crash.

`core.live` records the delivery before its first post, each posted id at once, and the text so often that a
crash costs up to two seconds of it, and one more for each 50,000 characters (8 s at 300,000).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.store.database import Database, Record, Transaction
from core.store.inbox import settle
from core.store.leases import Lease, holds
from core.store.ledger import release
from core.store.text import from_json, to_json
from core.types import Address

CALLS_KEPT = 300.0  # seconds: no platform counts over a longer time


@dataclass(frozen=True, slots=True)
class Delivery:
    """One answer's messages. row: the inbox row; pages: the posted ids in page order; state: "open" or "final"."""

    row: int
    address: Address
    pages: tuple[str, ...]
    text: str
    state: str


class Deliveries:
    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    async def open(self, row: int, lease: Lease, address: Address, *, of: int = 0) -> Delivery | None:
        """The row's delivery: the one that exists (taken up after a crash), else a new one. None when fenced.

        of: the row whose messages a new one takes over, to show its answer in their place.
        """

        async def work(tx: Transaction) -> Delivery | None:
            if not await holds(tx, lease):
                return None
            made = await tx.execute(
                "INSERT INTO deliveries (inbox_row, address) VALUES (:row, :address) "
                "ON CONFLICT (inbox_row) DO NOTHING",
                row=row,
                address=to_json(address.as_json()),
            )
            if made and of:
                await tx.execute("UPDATE posts SET inbox_row = :row WHERE inbox_row = :of", row=row, of=of)
                await tx.execute("UPDATE doubts SET inbox_row = :row WHERE inbox_row = :of", row=row, of=of)
            found = await tx.fetch("SELECT * FROM deliveries WHERE inbox_row = :row", row=row)
            posts = await tx.fetch("SELECT id FROM posts WHERE inbox_row = :row ORDER BY page", row=row)
            return _delivery(found[0], posts)

        return await self._db.write(work)

    async def text(self, row: int) -> str:
        """What was kept of the row's answer; "" when nothing was, or it is final."""
        rows = await self._db.read("SELECT text FROM deliveries WHERE inbox_row = :row", row=row)
        return rows[0]["text"] if rows else ""

    async def held(self, lease: Lease) -> bool:
        """Whether nobody else has taken over, as far as is committed: a read, for what no transaction can guard."""
        rows = await self._db.read(
            "SELECT 1 FROM leases WHERE lane = :lane AND epoch = :epoch", lane=str(lease.lane), epoch=lease.epoch
        )
        return bool(rows)

    async def posted(self, row: int, lease: Lease, page: int, id: str, doubt: int = 0) -> bool:
        """Remember a page's message and the time. A page that was posted anew has the new id. False when fenced.

        doubt: the post's number among the doubts; there is none any more.
        """

        async def work(tx: Transaction) -> bool:
            if not await holds(tx, lease):
                return False
            await tx.execute(
                "INSERT INTO posts (inbox_row, page, id, posted) VALUES (:row, :page, :id, :now) "
                "ON CONFLICT (inbox_row, page) DO UPDATE SET id = excluded.id, posted = excluded.posted",
                row=row,
                page=page,
                id=id,
                now=self._now(),
            )
            await tx.execute("DELETE FROM doubts WHERE number = :doubt", doubt=doubt)
            return True

        return await self._db.write(work)

    async def moved(self, row: int, lease: Lease, address: Address) -> bool:
        """The answer goes on at this address. What it may have left at the old one is given up. False when fenced."""

        async def work(tx: Transaction) -> bool:
            if not await holds(tx, lease):
                return False
            there = to_json(address.as_json())
            await tx.execute("UPDATE deliveries SET address = :there WHERE inbox_row = :row", there=there, row=row)
            await tx.execute("DELETE FROM doubts WHERE inbox_row = :row", row=row)
            return True

        return await self._db.write(work)

    async def dropped(self, row: int, lease: Lease, page: int) -> bool:
        """The messages of this page and the later ones are no longer needed. False when fenced."""

        async def work(tx: Transaction) -> bool:
            if not await holds(tx, lease):
                return False
            await tx.execute("DELETE FROM posts WHERE inbox_row = :row AND page >= :page", row=row, page=page)
            return True

        return await self._db.write(work)

    async def progress(self, row: int, lease: Lease, text: str | None, calls: Sequence[float] = ()) -> bool:
        """Keep the text so far (None: as it was), and when the platform was called since the last time (unix seconds).

        An answer that gets further than before is no poison: its tries begin again. False when fenced, or when the
        delivery is not open.
        """

        async def work(tx: Transaction) -> bool:
            if not await holds(tx, lease):
                return False
            if not await tx.fetch("SELECT 1 FROM deliveries WHERE inbox_row = :row AND state = 'open'", row=row):
                return False
            if text is not None:
                await _keep(tx, row, text)
            for at in calls:
                await tx.execute("INSERT INTO calls (inbox_row, at) VALUES (:row, :at)", row=row, at=at)
            await tx.execute("DELETE FROM calls WHERE at < :old", old=self._now() - CALLS_KEPT)
            return True

        return await self._db.write(work)

    async def finish(self, row: int, lease: Lease) -> bool:
        """For answers without a turn: in one transaction the delivery is final and the inbox row done.

        False when fenced, or when the row was done before: nothing is written.
        """

        async def work(tx: Transaction) -> bool:
            if not await settle(tx, row, lease):
                return False
            await close_delivery(tx, row)
            await release(tx, row)
            return True

        return await self._db.write(work)

    async def recent_calls(self, since: float) -> list[tuple[Address, float]]:
        """Where and when the platforms were called since then (unix seconds), oldest first: budgets start from it."""
        rows = await self._db.read(
            "SELECT d.address, c.at FROM calls c JOIN deliveries d ON d.inbox_row = c.inbox_row "
            "WHERE c.at >= :since ORDER BY c.at, c.number",
            since=since,
        )
        return [(Address.from_json(from_json(row["address"])), row["at"]) for row in rows]


async def _keep(tx: Transaction, row: int, text: str) -> None:
    before = await tx.fetch("SELECT LENGTH(text) AS said FROM deliveries WHERE inbox_row = :row", row=row)
    await tx.execute("UPDATE deliveries SET text = :text WHERE inbox_row = :row", text=text, row=row)
    if len(text) > before[0]["said"]:
        await tx.execute("UPDATE inbox SET tries = 1 WHERE id = :row AND tries > 1", row=row)


async def close_delivery(tx: Transaction, row: int) -> None:
    """Make the row's delivery final, if it has one; the caller has checked the lease.

    Its text is dropped: the turn has what is to be kept, and a deleted session must leave nothing here.
    """
    await tx.execute("UPDATE deliveries SET text = '', state = 'final' WHERE inbox_row = :row", row=row)


def _delivery(row: Record, posts: list[Record]) -> Delivery:
    return Delivery(
        row=row["inbox_row"],
        address=Address.from_json(from_json(row["address"])),
        pages=tuple(post["id"] for post in posts),
        text=row["text"],
        state=row["state"],
    )
