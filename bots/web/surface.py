"""Where an answer appears on the page: posts and edits go onto the board and out to the open tabs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from bots.web.board import Board, Message, Place
from bots.web.bus import Bus
from core.errors import Gone
from core.store import Store
from core.surface import Limits, Out, Rate, Rendered
from core.types import Address, SessionKey, Turn

# Our own page has no limits of its own: these only keep one message and one second finite.
PAGE = 1_000_000
RATE = Rate(calls=10_000, seconds=1.0)
INTERVAL = 0.05  # twenty texts a second read as flowing; the page draws at its own frames


class WebSurface:
    """One answer on the page. The page renders Markdown itself, so rendering here changes nothing."""

    copies = None  # a nonce is posted once

    def __init__(self, address: Address, board: Board, bus: Bus, store: Store, now: Callable[[], float]) -> None:
        self._address = address
        self._place = Place(address.chat, address.thread)
        self._board = board
        self._bus = bus
        self._store = store
        self._now = now

    @property
    def limits(self) -> Limits:
        return Limits(
            PAGE,
            f"web:{self._address.chat}",
            (RATE,),
            first=INTERVAL,
            interval=INTERVAL,
            marks_end=True,
            markdown=True,
        )

    def render(self, markdown: str) -> Rendered:
        return Rendered(markdown, len(markdown))

    async def post(self, out: Out) -> str:
        id = out.nonce or uuid4().hex
        await self.edit(id, out)
        return id

    async def edit(self, id: str, out: Out) -> None:
        """A message that the board does not know is one from before a restart: it goes on under the same id.

        So does one in whose place another answer comes: that belongs to another turn.
        """
        if self._board.is_gone(self._place, id):
            raise Gone
        before = self._board.get(self._place, id)
        if before is None or before.answer != out.nonce:
            message = await self._begin(id, out, before.rev + 1 if before else 1)
        else:
            message = replace(before, text=out.rendered.text, final=out.final, rev=before.rev + 1, actions=out.actions)
        if message.asked.lower() == "/stop":
            self._bus.publish(self._place.person, ("toast", id), {"type": "toast", "text": message.text})
            return  # that an answer has stopped is seen on the answer
        self._board.put(self._place, message, self._address.reply_to)
        self._bus.publish(self._place.person, ("message", id), message)

    async def delete(self, id: str) -> None:
        self._board.take(self._place, id)
        gone = {"type": "gone", "id": id, "thread": self._place.thread}
        self._bus.publish(self._place.person, ("message", id), gone)

    async def typing(self) -> None:
        event = {"type": "typing", "thread": self._place.thread}
        self._bus.publish(self._place.person, ("typing", self._place.thread), event)

    async def _begin(self, id: str, out: Out, rev: int) -> Message:
        command = self._board.command_of(self._place, self._address.reply_to)
        session, turn = await self._being_answered()
        seq = turn.seq if turn and command is None else 0
        return Message(
            id,
            self._place.thread,
            session,
            out.rendered.text,
            out.final,
            self._now(),
            seq=seq,
            asked=command or "",
            rev=rev,
            actions=out.actions,
            answer=out.nonce,
        )

    async def _being_answered(self) -> tuple[str, Turn | None]:
        """The session that this belongs to, and its open turn; without an open turn the current session.

        Raises Gone when the conversation was deleted meanwhile: asking for its current session would begin a new one.
        """
        place = self._address
        key = SessionKey(place.platform, place.bot, place.chat, place.thread)
        for session in await self._store.sessions.list(key):
            for turn in reversed(await self._store.turns.all(session.id)):
                if turn.state == "open":
                    return session.id, turn
        current = await self._store.sessions.find(key)
        if current is None:
            raise Gone
        return current.id, None
