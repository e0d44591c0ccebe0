"""Posts that were begun and whose answer never came: `core.live.doubts` looks for what they left on screen.

A row stands here from before a post until its id is known: a process that is killed in between leaves it to the next.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.store.database import Database, Record, Transaction
from core.store.leases import Lease, holds
from core.store.text import from_json, to_json
from core.surface import Action, Doubt, Out, Rendered
from core.types import Address


class DoubtTable:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, row: int, lease: Lease, out: Out, after: str) -> Doubt | None:
        """Before a post of this row's answer; `Deliveries.posted` ends it. None when fenced."""

        async def work(tx: Transaction) -> Doubt | None:
            if not await holds(tx, lease):
                return None
            made = await tx.fetch(
                "INSERT INTO doubts (inbox_row, page, sent, follows) VALUES (:row, :page, :sent, :after) "
                "RETURNING number",
                row=row,
                page=out.page,
                sent=to_json(_sent(out)),
                after=after,
            )
            return Doubt(out, after, made[0]["number"])

        return await self._db.write(work)

    async def unsettled(self, row: int, lease: Lease) -> tuple[Doubt, ...]:
        """What this row's answer left in doubt, and what others in its lane did, oldest first.

        Of others only copies of pages that are known: what may be all that is shown of an answer is not looked for.
        """
        rows = await self._db.read(
            "SELECT d.* FROM doubts d JOIN inbox i ON i.id = d.inbox_row WHERE i.lane = :lane AND (i.id = :row OR "
            "EXISTS (SELECT 1 FROM posts p WHERE p.inbox_row = d.inbox_row AND p.page = d.page)) ORDER BY d.number",
            lane=str(lease.lane),
            row=row,
        )
        return tuple(map(_doubt, rows))

    async def settled(self, number: int, lease: Lease) -> bool:
        """There is nothing more to look for. False when fenced."""

        async def work(tx: Transaction) -> bool:
            if not await holds(tx, lease):
                return False
            await tx.execute("DELETE FROM doubts WHERE number = :number", number=number)
            return True

        return await self._db.write(work)

    async def known(self, address: Address, ids: Sequence[str]) -> set[str]:
        """Those of the ids that are written down as messages of some answer in the same chat.

        For a private chat in any of them: on Telegram, where this is asked, a bot's private chats count together.
        """
        names = {f"id{at}": id for at, id in enumerate(ids)}
        rows = await self._db.read(
            "SELECT p.id, d.address FROM posts p JOIN deliveries d ON d.inbox_row = p.inbox_row "
            f"WHERE p.id IN ({', '.join(f':{name}' for name in names)})",
            **names,
        )
        found = ((row["id"], Address.from_json(from_json(row["address"]))) for row in rows)
        return {id for id, there in found if _place(there) == _place(address)}


def _place(address: Address) -> tuple[str, str, str]:
    return address.platform, address.bot, "" if address.private else address.chat


def _sent(out: Out) -> dict[str, object]:
    actions = [[action.name, action.label, action.data] for action in out.actions]
    return {"text": out.rendered.text, "actions": actions}


def _doubt(row: Record) -> Doubt:
    """Without its nonce: the next process begins the same post anew, and a surface must not take the two for one."""
    sent = from_json(row["sent"])
    rendered = Rendered(sent["text"], len(sent["text"]))
    actions = tuple(Action(*action) for action in sent["actions"])
    return Doubt(Out(rendered, row["page"], actions=actions), row["follows"], row["number"])
