"""What requests to models cost, the limits on it, and what is set aside for answers that are being written.

`core.quota` reserves before the model is asked; `Turns.finish` pays in the transaction that ends the turn. Money is
in nano-dollars. A period is a day ("2026-11-22") or a month ("2026-11").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.store.database import Database, Transaction
from core.store.leases import Lease, holds
from core.store.ledger import Bill, Payer, Total, add, pay, total_of

LASTS = 3600.0  # seconds: no answer is written for longer, so what is set aside for one is a crash's leftover


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on what one of a kind ("house", "user", "chat") may spend in a period."""

    kind: str
    name: str
    period: str
    limit: int


@dataclass(frozen=True, slots=True)
class Granted:
    """What was set aside. hit: the cap that leaves no more than this; spent: what is spent of that cap already."""

    cost: int
    hit: Cap | None = None
    spent: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an earlier try at a row had set aside."""

    model: str
    prompt: int
    cost: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer may cost at most, and the least that is worth beginning it for."""

    cost: int
    least: int
    model: str
    prompt: int
    caps: Sequence[Cap] = field(default=())


class UsageTable:
    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now

    async def reserve(self, row: int, lease: Lease, payer: Payer, wanted: Wanted) -> Granted | None:
        """Set aside what an answer may cost, or as much as every cap leaves, if that is `least`; else nothing.

        Again for the same row replaces what was set aside before. None when fenced.
        """

        async def work(tx: Transaction) -> Granted | None:
            if not await holds(tx, lease):
                return None
            granted = await self._granted(tx, row, wanted)
            if not granted.refused:
                await self._set_aside(tx, row, payer, wanted, granted.cost)
            return granted

        return await self._db.write(work)

    async def reservation(self, row: int) -> Reservation | None:
        """What is set aside for this row: a process that died has left it there, if this one did not."""
        rows = await self._db.read("SELECT * FROM reservations WHERE inbox_row = :row", row=row)
        return Reservation(rows[0]["model"], rows[0]["prompt_tokens"], rows[0]["cost"]) if rows else None

    async def pay(self, row: int, lease: Lease, bill: Bill) -> bool:
        """Write what a row has used, and release what was set aside. False when fenced."""

        async def work(tx: Transaction) -> bool:
            if not await holds(tx, lease):
                return False
            await pay(tx, row, bill, self._now())
            return True

        return await self._db.write(work)

    async def note(self, bill: Bill) -> None:
        """Write what was used by work that no turn asked for."""
        await self._db.write(lambda tx: pay(tx, 0, bill, self._now()))

    async def total(self, kind: str, name: str, period: str) -> Total:
        """What one of a kind has spent in a period."""
        rows = await self._db.read(
            "SELECT * FROM sums WHERE kind = :kind AND name = :name AND period = :period",
            kind=kind,
            name=name,
            period=period,
        )
        return total_of(rows[0]) if rows else Total(name)

    async def top(self, kind: str, period: str, limit: int) -> list[Total]:
        """Who of a kind has spent most in a period; the dearest first."""
        rows = await self._db.read(
            "SELECT * FROM sums WHERE period = :period AND kind = :kind "
            "ORDER BY cost DESC, prompt_tokens + completion_tokens DESC, name LIMIT :limit",
            kind=kind,
            period=period,
            limit=limit,
        )
        return [total_of(row) for row in rows]

    async def untold(self, cap: Cap, percents: Sequence[int]) -> list[int]:
        """Those of these that the admins were not told of yet."""
        rows = await self._db.read(
            "SELECT percent FROM budget_alerts WHERE kind = :kind AND name = :name AND period = :period",
            kind=cap.kind,
            name=cap.name,
            period=cap.period,
        )
        told = {row["percent"] for row in rows}
        return [percent for percent in percents if percent not in told]

    async def tell(self, cap: Cap, percents: Sequence[int]) -> None:
        """Remember that the admins were told of these."""

        async def work(tx: Transaction) -> None:
            for percent in percents:
                await _told(tx, cap, percent)

        await self._db.write(work)

    async def move(self, old: str, new: str) -> None:
        """A group has another id now: what it spent moves with it."""

        async def work(tx: Transaction) -> None:
            rows = await tx.fetch("DELETE FROM sums WHERE kind = 'chat' AND name = :old RETURNING *", old=old)
            for row in rows:
                await add(tx, "chat", new, row["period"], total_of(row))
            await tx.execute("UPDATE usage SET chat = :new WHERE chat = :old", old=old, new=new)
            await tx.execute("UPDATE reservations SET chat = :new WHERE chat = :old", old=old, new=new)

        await self._db.write(work)

    async def _granted(self, tx: Transaction, row: int, wanted: Wanted) -> Granted:
        granted = Granted(wanted.cost)
        for cap in wanted.caps:
            spent = await _sum(tx, cap)
            left = cap.limit - spent - await self._aside(tx, row, cap)
            if left < granted.cost:
                granted = Granted(left, cap, spent)
        return granted if granted.cost >= wanted.least else Granted(0, granted.hit, granted.spent, refused=True)

    async def _aside(self, tx: Transaction, row: int, cap: Cap) -> int:
        """What other answers have set aside that count for the same cap."""
        whose = {"user": "AND subject = :name", "chat": "AND chat = :name"}.get(cap.kind, "AND :name = :name")
        rows = await tx.fetch(
            f"SELECT COALESCE(SUM(cost), 0) AS cost FROM reservations WHERE inbox_row <> :row AND at > :since {whose}",
            row=row,
            since=self._now() - LASTS,
            name=cap.name,
        )
        return int(rows[0]["cost"])

    async def _set_aside(self, tx: Transaction, row: int, payer: Payer, wanted: Wanted, cost: int) -> None:
        await tx.execute(
            "INSERT INTO reservations (inbox_row, subject, chat, model, prompt_tokens, cost, at) "
            "VALUES (:row, :subject, :chat, :model, :prompt, :cost, :now) ON CONFLICT (inbox_row) DO UPDATE SET "
            "model = excluded.model, prompt_tokens = excluded.prompt_tokens, cost = excluded.cost, at = excluded.at",
            row=row,
            subject=payer.subject,
            chat=payer.chat,
            model=wanted.model,
            prompt=wanted.prompt,
            cost=cost,
            now=self._now(),
        )


async def _sum(tx: Transaction, cap: Cap) -> int:
    rows = await tx.fetch(
        "SELECT cost FROM sums WHERE kind = :kind AND name = :name AND period = :period",
        kind=cap.kind,
        name=cap.name,
        period=cap.period,
    )
    return int(rows[0]["cost"]) if rows else 0


async def _told(tx: Transaction, cap: Cap, percent: int) -> None:
    await tx.execute(
        "INSERT INTO budget_alerts (kind, name, period, percent) VALUES (:kind, :name, :period, :percent) "
        "ON CONFLICT (kind, name, period, percent) DO NOTHING",
        kind=cap.kind,
        name=cap.name,
        period=cap.period,
        percent=percent,
    )
