"""Questions that their author changes: the one asked last is answered anew in the same messages, others stay.

`core.hub` calls this for every edit of a message that is said to the bot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core import context
from core.commands.table import parse
from core.store import Row, Store
from core.types import Incoming, Lane

FRESH = 600.0  # seconds: a message that only an edit addresses to the bot is answered if it is not older


class Edits:
    """supersede: ends the answer to a row in a lane if it is being written, and leaves it on screen for the new one."""

    def __init__(self, store: Store, *, supersede: Callable[[int, Lane], None], now: Callable[[], float]) -> None:
        self._store = store
        self._supersede = supersede
        self._now = now

    async def take(self, incoming: Incoming, lane: Lane) -> Lane | None:
        """Commit what follows from an edit; returns the lane that has new work."""
        if parse(incoming.text) or not incoming.text.strip():
            return None
        waiting = await self._store.answers.waiting(lane)
        asked = [row for row in waiting if await self._asks(row, incoming.address.reply_to)]
        if asked:
            return await self._while_waiting(incoming, asked[-1], newest=asked[-1] is waiting[-1])
        return None if waiting else await self._when_answered(incoming)

    async def is_new(self, incoming: Incoming, lane: Lane) -> bool:
        """Whether this message was not said to the bot before it was edited, and just now: it is a question then."""
        if incoming.address.private or self._now() - incoming.sent > FRESH:
            return False
        waiting = await self._store.answers.waiting(lane)
        known = [row for row in waiting if await self._asks(row, incoming.address.reply_to)]
        return not known and await self._store.answers.to_message(incoming.address) is None

    async def _while_waiting(self, incoming: Incoming, row: Row, *, newest: bool) -> Lane | None:
        """It is not answered yet: asked as edited. It is being answered: begun again, unless a newer one waits."""
        if await self._question(row) == context.question(incoming):
            return None
        act = "edit" if row.incoming.of else ""
        changed = replace(row.incoming, text=incoming.text, attachments=incoming.attachments, act=act)
        if await self._store.answers.amend(row.id, changed) or not newest:
            return None
        return await self._again(incoming, row.id, row.lane, row.incoming.session)

    async def _asks(self, row: Row, message: str) -> bool:
        """Whether this row is about the message: as it came, or to be answered anew."""
        if row.incoming.address.reply_to == message:
            return True
        turn = await self._store.turns.of_row(row.id)
        return turn is not None and turn.message == message

    async def _question(self, row: Row) -> str:
        """What is asked with this row."""
        turn = await self._store.turns.of_row(row.id)
        if turn is None and row.incoming.act in {"retry", "continue"}:
            turn = await self._store.turns.of_row(row.incoming.of)
        return turn.question if turn else context.question(row.incoming)

    async def _when_answered(self, incoming: Incoming) -> Lane | None:
        answer = await self._store.answers.to_message(incoming.address)
        if answer is None or answer.outdated or answer.turn.replaced:
            return None
        current = await self._store.sessions.find(answer.lane.key)
        mine = answer.turn.asker == incoming.author.id and current is not None and current.id == answer.turn.session
        if not mine or answer.turn.question == context.question(incoming):
            return None
        return await self._again(incoming, answer.turn.row, answer.lane, answer.turn.session)

    async def _again(self, incoming: Incoming, of: int, lane: Lane, session: str) -> Lane | None:
        row = await self._store.inbox.accept(replace(incoming, session=session, act="edit", of=of), lane)
        if row is None:
            return None
        self._supersede(of, lane)
        return lane
