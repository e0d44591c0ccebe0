"""Answers as buttons and edits find them: by the inbox row that a button carries, by the message that was edited.

`core.commands` asks here, before anything is changed, whether a press or an edit still has something to act on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from core.store.database import Database, Record, Transaction
from core.store.inbox import Row, row_of
from core.store.text import from_json, to_json
from core.store.turns import turn_of
from core.types import Address, Incoming, Lane, Turn

FOUND = (
    "SELECT t.*, i.lane, d.address, EXISTS (SELECT 1 FROM turns n JOIN inbox ni ON ni.id = n.inbox_row WHERE "
    "n.session = t.session AND n.seq > t.seq AND n.replaced = 0 AND ni.lane = i.lane) AS outdated "
    "FROM turns t JOIN inbox i ON i.id = t.inbox_row JOIN deliveries d ON d.inbox_row = t.inbox_row "
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A turn with where it is shown. outdated: the same lane has a newer turn in the same session."""

    turn: Turn
    lane: Lane
    address: Address
    outdated: bool


class Answers:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def of_row(self, row: int) -> Answer | None:
        """The answer to this inbox row."""
        rows = await self._db.read(FOUND + "WHERE t.inbox_row = :row", row=row)
        return _answer(rows[0]) if rows else None

    async def to_message(self, address: Address) -> Answer | None:
        """The newest answer to the message `address.reply_to` of that chat."""
        rows = await self._db.read(
            FOUND + "JOIN sessions s ON s.id = t.session WHERE t.message = :message AND s.platform = :platform "
            "AND s.bot = :bot AND s.chat = :chat ORDER BY t.inbox_row DESC LIMIT 1",
            message=address.reply_to,
            platform=address.platform,
            bot=address.bot,
            chat=address.chat,
        )
        return _answer(rows[0]) if rows else None

    async def waiting(self, lane: Lane) -> list[Row]:
        """The lane's unfinished rows, oldest first; `tries` says whether one was taken up."""
        rows = await self._db.read(
            "SELECT id, incoming, tries, received FROM inbox WHERE lane = :lane AND state = 'waiting' ORDER BY id",
            lane=str(lane),
        )
        return _readable((row, lane) for row in rows)

    async def live(self, lane: Lane) -> tuple[int, str] | None:
        """The row that is being answered in this lane, and who asked (the platform's id)."""
        begun = next((row for row in await self.waiting(lane) if row.tries), None)
        if begun is None:
            return None
        turns = await self._db.read(
            "SELECT asker FROM turns WHERE inbox_row IN (:row, :of) AND asker <> '' ORDER BY inbox_row DESC",
            row=begun.id,
            of=begun.incoming.of,
        )
        return begun.id, turns[0]["asker"] if turns else begun.incoming.author.id

    async def waiting_in(self, platform: str, bot: str) -> list[Row]:
        """The unfinished rows of all lanes of a bot, oldest first."""
        rows = await self._db.read(
            "SELECT id, lane, incoming, tries, received FROM inbox WHERE state = 'waiting' "
            "AND platform = :platform AND bot = :bot ORDER BY id",
            platform=platform,
            bot=bot,
        )
        return _readable((row, None) for row in rows)

    async def amend(self, row: int, incoming: Incoming) -> bool:
        """Put another message in the place of one that waits. False when it was taken up meanwhile."""

        async def work(tx: Transaction) -> bool:
            changed = await tx.execute(
                "UPDATE inbox SET incoming = :incoming WHERE id = :row AND state = 'waiting' AND tries = 0 "
                "AND NOT EXISTS (SELECT 1 FROM turns WHERE inbox_row = :row)",
                row=row,
                incoming=to_json(incoming.as_json()),
            )
            return changed == 1

        return await self._db.write(work)


def _readable(records: Iterable[tuple[Record, Lane | None]]) -> list[Row]:
    """What cannot be read was not written by Chinwag; the lane's drain says so and passes it over."""
    rows = []
    for record, lane in records:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            rows.append(row_of(record, lane or Lane.parse(record["lane"])))
    return rows


def _answer(row: Record) -> Answer:
    address = Address.from_json(from_json(row["address"]))
    return Answer(turn_of(row), Lane.parse(row["lane"]), address, bool(row["outdated"]))
