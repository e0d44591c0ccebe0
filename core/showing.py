"""How an inbox row gets onto the screen: its delivery, in the messages that it has already, and short notices.

`core.chat` opens the delivery of each answer here, shows notices, and gives up rows that cannot be answered.
"""

from __future__ import annotations

from collections.abc import Callable

from core.live.budget import Budgets
from core.live.delivery import Deleted, Delivery
from core.live.journal import Fenced, Kept
from core.live.thoughts import quoted, unquoted
from core.observe.log import get_logger
from core.store import Lease, Row, Store
from core.surface import Action, Platforms
from core.types import Turn, with_note

log = get_logger(__name__)


class Showing:
    """most: the messages that one answer may have. now: unix seconds."""

    def __init__(
        self, store: Store, platforms: Platforms, budgets: Budgets, *, most: int, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._budgets = budgets
        self._most = most
        self._now = now

    async def deliver(
        self, row: Row, lease: Lease, streaming: bool, buttons: tuple[Action, ...] = (), text: str = ""
    ) -> tuple[Delivery, str]:
        """The delivery of this row, and what its messages say: from an earlier try, or `text` when it takes over."""
        known = await self._store.deliveries.open(row.id, lease, row.incoming.address, of=row.incoming.of)
        if known is None:
            raise Fenced
        before = max(known.text, text, key=len)
        surface = self._platforms.open(known.address)
        delivery = Delivery(
            surface,
            self._budgets,
            Kept(self._store, row.id, lease, known.address, self._now),
            reopen=self._platforms.open,
            # Unique for the bot, not only for this database: one that was begun anew counts from 1 again.
            nonce=f"{int(row.received * 1000) % 16**8:08x}{row.id:x}",
            streaming=streaming,
            posted=known.pages,
            before=before,
            most=self._most,
            actions=buttons,
            question=known.address.reply_to,
            doubts=() if surface.copies is None else await self._store.doubts.unsettled(row.id, lease),
        )
        return delivery, before

    async def notice(self, row: Row, lease: Lease, text: str) -> bool:
        """Show a short text, and finish a row that has no turn. False when a newer lease took over."""
        await self._show(row, lease, text)
        return await self._store.deliveries.finish(row.id, lease)

    async def give_up(self, row: Row, lease: Lease, why: str = "") -> bool:
        """Finish a row that cannot be answered: the lane must go on, and no turn stays open in history.

        What was said of the answer stays on screen and in history.

        why: what its user is told; "" where nothing can be shown. False when a newer lease took over.
        """
        turn = await self._store.turns.of_row(row.id)
        if turn is None and row.incoming.of:  # an answer that was to be had anew is on screen as it was
            return await self._store.inbox.done(row.id, lease)
        thoughts, answer = await self._partial(row, turn)
        if why:
            await self._tell(row, lease, quoted(thoughts) + answer if answer else "", why)
        if turn is None:
            return await self._store.deliveries.finish(row.id, lease)
        return await self._store.turns.finish(
            row.id, lease, turn, answer=answer, thoughts=thoughts, state="failed", note=why
        )

    async def old(self, row: Row) -> Turn | None:
        """The turn in whose place a retry was to bring another answer: it stays when none is had."""
        return await self._store.turns.of_row(row.incoming.of) if row.incoming.act == "retry" else None

    async def _partial(self, row: Row, turn: Turn | None) -> tuple[str, str]:
        """The thoughts and the answer that are left of a row: what there was before it, or what it had come to."""
        thoughts, said = unquoted(await self._store.deliveries.text(row.id))
        known = turn.answer if turn else ""
        if not known and (old := await self.old(row)):
            return old.thoughts, old.answer
        if len(known) >= len(said):
            return turn.thoughts if turn else "", known
        return thoughts, said

    async def _tell(self, row: Row, lease: Lease, answer: str, why: str) -> None:
        """Show the answer with the note; the note alone when that fails, perhaps as it did before."""
        for text in dict.fromkeys((with_note(answer, why), with_note("", why))):
            try:
                return await self._show(row, lease, text)
            except Fenced:
                raise
            except Exception as error:
                log.error("what was said could not be shown at the end", lane=str(row.lane), error=repr(error))

    async def _show(self, row: Row, lease: Lease, text: str) -> None:
        delivery, _ = await self.deliver(row, lease, streaming=True)
        delivery.finish(text)
        try:
            await delivery.run(self._platforms.of(row.incoming.address).typing_every)
        except Deleted:
            log.info("a notice was deleted while it was being shown")
