"""What came before a session is taken before what comes in it, but holds that up for a short time only.

`DiscordBot` runs one `CatchUp`; how it finds what was missed is in `missed`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Protocol

from bots.discord.client import Client
from bots.discord.gateway import Link
from bots.discord.incoming import NAME
from bots.discord.missed import Sleep, Values, know_guilds, note, read_back, replay
from core.observe.log import get_logger
from core.surface import Core

log = get_logger(__name__)

HELD_WITHIN = 20.0  # seconds that what is said now waits for what was missed


class Connection(Protocol):
    """What is connected now, if anything is, and as which bot."""

    @property
    def bot(self) -> str: ...
    @property
    def connected(self) -> tuple[Client, Link] | None: ...


class CatchUp:
    """back: how old in seconds, and how many in a channel, the messages may be that are read back.

    clock: unix seconds. sleep: for the pauses between tries.
    """

    def __init__(
        self,
        core: Core,
        values: Values,
        connection: Connection,
        *,
        back: tuple[float, int],
        clock: Callable[[], float],
        sleep: Sleep,
    ) -> None:
        self._core, self._values, self._connection = core, values, connection
        self._back, self._clock, self._sleep = back, clock, sleep
        self._begun = asyncio.Event()
        self._taking: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """A session has begun, and lets its messages wait."""
        self._begun.set()

    async def run(self) -> None:
        """For ever. A session that begins while what came before the last is still being taken begins that anew: what
        was missed is counted from where the last one that was taken to its end stood, and is taken once."""
        try:
            while True:
                await self._begun.wait()
                self._begun.clear()
                await self._give_up()
                if connected := self._connection.connected:
                    self._start(*connected)
        finally:
            await self._give_up()

    async def note(self, every: float) -> None:
        """Write down, every so many seconds and for ever, how far the event stream was read."""

        def mark() -> str:
            done = self._taking is None or self._taking.done()  # else the next process needs the place before
            connected = self._connection.connected
            return connected[1].mark if connected and done and connected[0].current.is_set() else ""

        def busy() -> set[asyncio.Task[None]]:
            connected = self._connection.connected
            return connected[0].handling if connected else set()

        await note(self._values, self._mark, mark, every, busy)

    def _start(self, client: Client, link: Link) -> None:
        self._deadline = asyncio.get_running_loop().call_later(HELD_WITHIN, self._hold_no_longer, client)
        self._taking = asyncio.create_task(self._take(client, link.first_mark))

    async def _give_up(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        if self._taking:
            self._taking.cancel()
            await asyncio.gather(self._taking, return_exceptions=True)

    def _hold_no_longer(self, client: Client) -> None:
        if not self._begun.is_set():  # else what came before that session comes first
            log.warning("not all that was missed is read yet: new messages no longer wait for it", seconds=HELD_WITHIN)
            client.current.set()

    async def _take(self, client: Client, first: str) -> None:
        try:
            await self._catch_up(client, first)
        except Exception:
            log.exception("what came meanwhile could not be taken")
        if self._deadline:
            self._deadline.cancel()
        if not self._begun.is_set():
            client.current.set()

    async def _catch_up(self, client: Client, first: str) -> None:
        """From the session before, or when Discord has forgotten it, from the channels themselves.

        first: where the one began that has begun now, even if it has ended meanwhile.
        """
        places = await self._places()
        await know_guilds(client)
        mark = await self._values.get(self._mark)
        complete = bool(mark) and await replay(client, mark or "", self._sleep)
        if not complete:
            seconds, most = self._back
            await read_back(client, places, client.take, since=self._clock() - seconds, most=most, sleep=self._sleep)
        await client.missed_taken()
        await self._values.set(self._mark, first)
        await self._values.set(self._unread, "")
        log.info("took what came meanwhile", complete=complete)

    async def _places(self) -> list[tuple[str, str]]:
        """Where somebody has spoken to the bot, and how far each is read without a gap.

        Kept until all is read: what is taken out of turn must not hide what was missed before it.
        """
        seen = dict(await self._core.seen(NAME, self._connection.bot))
        places = seen | json.loads(await self._values.get(self._unread) or "{}")
        await self._values.set(self._unread, json.dumps(places))
        return list(places.items())

    @property
    def _unread(self) -> str:
        return f"discord:unread:{self._connection.bot}"

    @property
    def _mark(self) -> str:
        return f"discord:session:{self._connection.bot}"
