"""Leases: who may write for a lane. A drain raises the epoch once; every write of a turn checks it.

So a worker that was cut off and comes back cannot write over the one that took its lane. The epoch rises per
drain, never per message: otherwise a revived worker and its successor fence each other for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.store.database import Database, Transaction
from core.types import Lane


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for a lane until somebody acquires it anew."""

    lane: Lane
    epoch: int


class Leases:
    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    async def acquire(self, lane: Lane) -> Lease:
        """The lane's new lease. Whoever held it before is fenced from now on.

        The epoch is the time in seconds, or one more than the last: so a lane that was pruned begins above whatever
        was ever issued for it, and the epoch tells how long nobody has worked there.
        """

        async def work(tx: Transaction) -> Lease:
            rows = await tx.fetch(
                "INSERT INTO leases (lane, epoch) VALUES (:lane, :now) "
                "ON CONFLICT (lane) DO UPDATE SET epoch = "
                "CASE WHEN leases.epoch < :now THEN :now ELSE leases.epoch + 1 END RETURNING epoch",
                lane=str(lane),
                now=int(self._now()),
            )
            return Lease(lane, rows[0]["epoch"])

        return await self._db.write(work)


async def holds(tx: Transaction, lease: Lease) -> bool:
    """Whether `lease` is still the lane's newest, and will be until `tx` is committed.

    An UPDATE that changes nothing: on PostgreSQL it locks the row until the commit. SQLite has one writer anyway.
    """
    changed = await tx.execute(
        "UPDATE leases SET epoch = epoch WHERE lane = :lane AND epoch = :epoch", lane=str(lease.lane), epoch=lease.epoch
    )
    return changed == 1
