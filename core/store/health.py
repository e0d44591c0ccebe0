"""Whether the database takes writes: said once when it stops and once when it does again, however often it is tried.

`core.store.group` tells it how each commit fared; `bots.run` passes on to the admins what it says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.observe.log import get_logger

log = get_logger(__name__)

# Seconds without a failure before it counts as well again: a disk that is almost full takes every other write.
STEADY = 5.0


class Health:
    """trouble: what is wrong and its cure, for who runs the bot; "" when all is well.

    `told` is called in the event loop with each new trouble, and with "" when it is over.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self.told: list[Callable[[str], None]] = []
        self._over: asyncio.TimerHandle | None = None

    def fails(self, trouble: str) -> None:
        """A write failed."""
        if self._over is not None:
            self._over.cancel()
            self._over = None
        if not self.trouble:
            log.error(f"nothing can be saved: {trouble}")
            self._tell(trouble)

    def works(self) -> None:
        """A write got through."""
        if self.trouble and self._over is None:
            self._over = asyncio.get_running_loop().call_later(STEADY, self._well)

    def _well(self) -> None:
        self._over = None
        log.info("the database takes writes again; what waited goes on")
        self._tell("")

    def _tell(self, trouble: str) -> None:
        self.trouble = trouble
        for tell in self.told:
            tell(trouble)
