"""Buttons under answers: stop, retry and continue act at once, past the lane, also after a restart.

A press is believed nothing but who pressed it and in which chat: what it carries may be forged, so whose answer it is
and whether it may still be changed is read from the store. `core.hub` calls this for every press.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from core.access import Access
from core.commands import actions
from core.store import Answer, Store
from core.surface import Pressed
from core.types import Address, Incoming, Lane, Press

STRANGER = Pressed("I only answer people I have been introduced to: write to me first.")
GONE = Pressed("I no longer know that answer. To have it anew, please ask again.")
ENDED = Pressed("This answer has ended already.")
ON_IT = Pressed("I am on it already.")
REPLACED = Pressed("A newer answer has taken the place of this one: please use its buttons.")
OUTDATED = Pressed("Only your newest question can be answered anew. For this one, please ask again.")
COMPLETE = Pressed("This answer is complete. Retry answers the question anew.")
STOPPED = Pressed("Stopped.", done=True)
BEGUN = {"retry": Pressed("I answer that anew.", done=True), "continue": Pressed("I go on.", done=True)}


class Presses:
    """stop: ends the answer to a row in a lane; False when it is not being written. now: unix seconds."""

    def __init__(
        self,
        store: Store,
        access: Access,
        *,
        is_group_admin: Callable[[Address, str], Awaitable[bool]],
        stop: Callable[[int, Lane], bool],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._access = access
        self._is_group_admin = is_group_admin
        self._stop = stop
        self._now = now

    async def take(self, press: Press) -> tuple[Pressed, Lane | None]:
        """What becomes of a press, and the lane that has new work."""
        meant = actions.read(press.data)
        answer = await self._store.answers.of_row(meant[1]) if meant else None
        if meant is None or answer is None or not _same_chat(answer.address, press.address):
            return GONE, None
        if not await self._may(press, answer):
            whose = f"Only {answer.turn.author}" if answer.turn.author else "Only who asked"
            return Pressed(f"{whose[:80]} can do that here, or an admin of the group."), None
        if meant[0] == "stop":
            return (STOPPED if self._stop(answer.turn.row, answer.lane) else ENDED), None
        refused = await self._refused(meant[0], answer)
        return (refused, None) if refused else await self._begin(meant[0], press, answer)

    async def _may(self, press: Press, answer: Answer) -> bool:
        """Whoever asked, and who runs the group. In a private chat there is nobody else."""
        if press.author.id == (answer.turn.asker or answer.lane.asker) or answer.address.private:
            return True
        if await self._access.is_admin(press.author.subject):
            return True
        return await self._is_group_admin(answer.address, press.author.id)

    async def _refused(self, name: str, answer: Answer) -> Pressed | None:
        """Why this answer cannot be had anew, None when it can."""
        newer = [row for row in await self._store.answers.waiting(answer.lane) if row.id > answer.turn.row]
        if any(row.incoming.of == answer.turn.row for row in newer):
            return ON_IT
        if answer.turn.replaced:
            return REPLACED
        if answer.outdated or newer:
            return OUTDATED
        if answer.turn.state == "open":  # its buttons are on screen a moment before it is committed: that comes first
            return None
        offered = {action.name for action in actions.under(answer.turn)}
        return None if name in offered else COMPLETE

    async def _begin(self, name: str, press: Press, answer: Answer) -> tuple[Pressed, Lane | None]:
        turn = answer.turn
        incoming = Incoming(
            event=f"again:{turn.row:x}",  # an answer is replaced once, however often and wherever it is pressed
            address=self._address(press, answer),
            author=press.author,
            sent=self._now(),
            session=turn.session,
            act=name,
            of=turn.row,
        )
        if await self._store.inbox.accept(incoming, answer.lane) is None:
            return ON_IT, None
        return BEGUN[name], answer.lane

    def _address(self, press: Press, answer: Answer) -> Address:
        """Where the answer stands. The token of the press reaches it when that of the answer has run out."""
        stored, pressed = answer.address, press.address
        if stored.expires and pressed.token and self._now() >= stored.expires:
            return replace(stored, token=pressed.token, expires=pressed.expires)
        return stored


def _same_chat(stored: Address, pressed: Address) -> bool:
    return (stored.platform, stored.bot, stored.chat) == (pressed.platform, pressed.bot, pressed.chat)
