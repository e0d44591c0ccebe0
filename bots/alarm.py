"""Tells the admins in their private chats what cannot wait, such as that nothing can be saved. `House` owns it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from core.errors import PlatformError
from core.observe.log import get_logger
from core.surface import Out, Surface
from core.types import Address

log = get_logger(__name__)

OVER = "I can save messages again. What waited is being answered."
QUIET = 600.0  # seconds: a disk that is full again and again is told of no more often
FINISHING = 2.0  # seconds
WITHIN = 20.0  # seconds for one try; the log has it in any case


class Reachable(Protocol):
    """A platform on which a person can be written to first."""

    name: str

    def open(self, address: Address) -> Surface: ...
    async def private(self, user: str) -> Address | None: ...


class Alarm:
    """Call it with each new trouble of the store, and with "" when it is over. admins: "telegram:123"."""

    def __init__(self, admins: Sequence[str], bots: Sequence[Reachable]) -> None:
        self._admins = admins
        self._bots = bots  # as they are when there is something to tell
        self._last = float("-inf")
        self._told = False
        self._telling: set[asyncio.Task[bool]] = set()

    def __call__(self, trouble: str) -> None:
        now = asyncio.get_running_loop().time()
        if trouble and now - self._last < QUIET:
            return
        if not trouble and not self._told:
            return
        self._told = bool(trouble)
        self._last = now if trouble else self._last
        self.tell("storage", f"⚠️ Nothing can be saved: {trouble}." if trouble else OVER)

    def tell(self, about: str, text: str) -> asyncio.Task[bool]:
        """Write this to the admins; returns at once. about: what the log calls it.

        The task ends with whether somebody was told; also True when nobody is named who could be, for the log has it.
        """
        log.warning("the admins are told", about=about, text=text)
        task = asyncio.create_task(self._tell(text))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return task

    async def finish(self) -> None:
        """Give what is being told two seconds: soon no bot is there to tell it with."""
        if self._telling:
            await asyncio.wait(set(self._telling), timeout=FINISHING)

    async def close(self) -> None:
        """What is not told by now is in the log."""
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _tell(self, text: str) -> bool:
        told = [self._write(bot, user, text) for bot in self._bots for user in self._of(bot)]
        return not told or any(await asyncio.gather(*told))

    def _of(self, bot: Reachable) -> list[str]:
        named = [admin.partition(":") for admin in self._admins]
        return [user for platform, _, user in named if platform == bot.name]

    async def _write(self, bot: Reachable, user: str, text: str) -> bool:
        try:
            async with asyncio.timeout(WITHIN):
                if address := await bot.private(user):
                    surface = bot.open(address)
                    await surface.post(Out(surface.render(text)))
                return True
        except (PlatformError, TimeoutError) as error:
            log.warning("an admin could not be told", admin=f"{bot.name}:{user}", error=repr(error))
            return False
