"""Everything that must survive: the inbox, leases, sessions, turns, deliveries, access, logins.

`Store.open` gives the rest of the core its one way to the database; SQL stands in this package only.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from core.store.access import AccessTable, Member, Pairing
from core.store.answers import Answer, Answers
from core.store.database import Database
from core.store.deliveries import CALLS_KEPT, Deliveries, Delivery
from core.store.doubts import DoubtTable
from core.store.inbox import Inbox, Row
from core.store.leases import Lease, Leases
from core.store.ledger import Bill, Charge, Payer, Total
from core.store.logins import Logins
from core.store.patient import Patient
from core.store.sessions import Sessions
from core.store.sqlite import SqliteDatabase
from core.store.turns import Turns
from core.store.usage import Cap, Granted, UsageTable, Wanted
from core.store.values import Values

__all__ = [
    "CALLS_KEPT",
    "Answer",
    "Bill",
    "Cap",
    "Charge",
    "Database",
    "Deliveries",
    "Delivery",
    "Granted",
    "Lease",
    "Member",
    "Pairing",
    "Payer",
    "Row",
    "Store",
    "Total",
    "UsageTable",
    "Wanted",
]


class Store:
    """The repositories over one open database. now: the clock of every time that is stored, in unix seconds."""

    def __init__(self, db: SqliteDatabase, now: Callable[[], float]) -> None:
        patient = Patient(db)
        self.db = db
        self.health = db.health
        self.inbox = Inbox(db, now)
        self.leases = Leases(patient, now)
        self.sessions = Sessions(db, now)
        self.turns = Turns(patient, now)
        self.answers = Answers(db)
        self.deliveries = Deliveries(patient, now)
        self.doubts = DoubtTable(patient)
        self.access = AccessTable(db, now)
        self.logins = Logins(db, now)
        self.values = Values(db)
        self.usage = UsageTable(db, now)

    @classmethod
    async def open(cls, url: str, *, now: Callable[[], float] = time.time) -> Store:
        """Open what DATABASE_URL names: folder and file are made, the schema is brought up to date.

        Raises SetupError, one line with the cure.
        """
        return cls(await SqliteDatabase.open(url, now), now)

    async def close(self) -> None:
        """Write what is queued, then let go of the database. Twice is harmless."""
        await self.db.close()
