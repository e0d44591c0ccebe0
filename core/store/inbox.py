"""The inbox: what a platform handed over and is not answered yet. It is committed before the platform is told.

`hub.receive` accepts, the lane's drain takes rows one by one; after a crash the rows that wait are drained again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.observe.log import get_logger
from core.store.database import Database, Record, Transaction
from core.store.leases import Lease, holds
from core.store.patient import Patient
from core.store.text import from_json, to_json
from core.types import Incoming, Lane

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """A message that waits. tries: how often it was taken up, this time included; received: unix seconds."""

    id: int
    lane: Lane
    incoming: Incoming
    tries: int
    received: float


OLDEST = (
    "UPDATE inbox SET tries = tries + 1 WHERE id = "
    "(SELECT MIN(id) FROM inbox WHERE lane = :lane AND state = 'waiting') "
    "RETURNING id, incoming, tries, received"
)


class Inbox:
    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._patient = Patient(db)
        self._now = now

    async def accept(self, incoming: Incoming, lane: Lane) -> int | None:
        """Keep a message; it is committed on return. None when this (platform, bot, event) was taken before."""

        async def work(tx: Transaction) -> int | None:
            rows = await tx.fetch(
                "INSERT INTO inbox (lane, platform, bot, event, incoming, received) "
                "VALUES (:lane, :platform, :bot, :event, :incoming, :received) "
                "ON CONFLICT (platform, bot, event) DO NOTHING RETURNING id",
                lane=str(lane),
                platform=incoming.address.platform,
                bot=incoming.address.bot,
                event=incoming.event,
                incoming=to_json(incoming.as_json()),
                received=self._now(),
            )
            return rows[0]["id"] if rows else None

        return await self._db.write(work)

    async def next(self, lease: Lease) -> Row | None:
        """The oldest waiting row of the lane, its `tries` raised by 1. None when none waits, or when fenced.

        The same row is returned until it is done. One that cannot be read is passed over for good.
        """

        async def work(tx: Transaction) -> Row | None:
            if not await holds(tx, lease):
                return None
            while rows := await tx.fetch(OLDEST, lane=str(lease.lane)):
                try:
                    return row_of(rows[0], lease.lane)
                except (ValueError, TypeError, KeyError) as error:  # nothing that Chinwag has written
                    await _pass_over(tx, rows[0]["id"], error)
            return None

        return await self._patient.write(work)

    async def give_back(self, row: int, lease: Lease) -> None:
        """The try that `next` counted was none: it was ended in order, before it could succeed or fail."""

        async def work(tx: Transaction) -> None:
            if await holds(tx, lease):
                await tx.execute("UPDATE inbox SET tries = tries - 1 WHERE id = :row AND tries > 0", row=row)

        await self._db.write(work)

    async def done(self, row: int, lease: Lease) -> bool:
        """The row needs no answer any more. False when fenced, or when the row does not wait."""

        async def work(tx: Transaction) -> bool:
            return await settle(tx, row, lease)

        return await self._patient.write(work)

    async def count(self) -> int:
        """How many messages are not answered yet."""
        rows = await self._db.read("SELECT COUNT(*) AS waiting FROM inbox WHERE state = 'waiting'")
        return int(rows[0]["waiting"])

    async def waiting(self) -> list[Lane]:
        """The lanes that have unfinished rows, the one with the oldest row first: what a boot has to wake."""
        rows = await self._db.read(
            "SELECT lane, MIN(id) AS oldest FROM inbox WHERE state = 'waiting' GROUP BY lane ORDER BY oldest"
        )
        return [lane for row in rows if (lane := _lane(row["lane"]))]

    async def seen(self, platform: str, bot: str, most: int) -> list[tuple[str, str]]:
        """The `most` places (thread, else chat) where a message was taken last, and the newest event of each.

        For platforms whose events are numbers that rise with time.
        """
        rows = await self._db.read(
            "SELECT lane, MAX(CAST(event AS INTEGER)) AS newest FROM inbox WHERE platform = :platform AND bot = :bot "
            "GROUP BY lane",
            platform=platform,
            bot=bot,
        )
        newest: dict[str, int] = {}
        for row in rows:
            if lane := _lane(row["lane"]):
                place = lane.key.thread or lane.key.chat
                newest[place] = max(newest.get(place, 0), row["newest"])
        latest = sorted(newest.items(), key=lambda item: item[1], reverse=True)
        return [(place, str(event)) for place, event in latest[:most]]


async def settle(tx: Transaction, row: int, lease: Lease) -> bool:
    """Mark the row done, if the lease holds and the row waits in its lane.

    The text is dropped with it: the turn has what is to be kept, and a deleted session must leave nothing here.
    """
    if not await holds(tx, lease):
        return False
    changed = await tx.execute(
        "UPDATE inbox SET state = 'done', incoming = '' WHERE id = :row AND lane = :lane AND state = 'waiting'",
        row=row,
        lane=str(lease.lane),
    )
    return changed == 1


async def drop(tx: Transaction, session: str) -> None:
    """What waits for a session that is deleted is asked no more. What was taken up ends in its drain."""
    await tx.execute(
        "UPDATE inbox SET state = 'done', incoming = '' "
        "WHERE state = 'waiting' AND tries = 0 AND incoming LIKE '%\"session\":\"' || :session || '\"%'",
        session=session,  # 24 hexadecimal digits; quotation marks within a text have a backslash before them
    )


async def _pass_over(tx: Transaction, row: int, error: Exception) -> None:
    """Its text stays, for whoever looks into it."""
    log.error("a message in the inbox cannot be read, and is passed over", row=row, error=repr(error))
    await tx.execute("UPDATE inbox SET state = 'done' WHERE id = :row", row=row)
    await tx.execute("UPDATE turns SET state = 'failed' WHERE inbox_row = :row AND state = 'open'", row=row)
    await tx.execute("UPDATE deliveries SET text = '', state = 'final' WHERE inbox_row = :row", row=row)


def _lane(text: str) -> Lane | None:
    """None for a lane that Chinwag has not written: it must not keep the others from being woken."""
    try:
        return Lane.parse(text)
    except ValueError as error:
        log.error("a lane in the inbox cannot be read, and is passed over", lane=text, error=str(error))
        return None


def row_of(row: Record, lane: Lane) -> Row:
    return Row(row["id"], lane, Incoming.from_json(from_json(row["incoming"])), row["tries"], row["received"])
