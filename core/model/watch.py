"""A watch on silence that costs a token next to nothing: one timer for many waits. `Reading` has one per answer.

asyncio.timeout makes a timer for every wait; with one token in each, that costs a third of reading the token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Watch:
    """Ends a wait that lasts longer than `limit` seconds. What happens between two waits is not watched.

    One task waits at a time. `close` must be called in the end.
    """

    def __init__(self, limit: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._task: asyncio.Task[object] | None = None  # who waits, and since when
        self._since = 0.0
        self._fired = False
        self._timer = self._loop.call_later(limit, self._look)

    def allow(self, limit: float) -> None:
        """From now on, wait this long."""
        if limit != self._limit:
            self._limit = limit
            self._timer.cancel()
            self._timer = self._loop.call_later(limit, self._look)

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Its result, or TimeoutError. A cancellation from outside stays one, also when both come at once."""
        task = asyncio.current_task()
        cancelling = task.cancelling() if task is not None else 0
        self._task, self._since = task, self._loop.time()
        try:
            return await awaitable
        except asyncio.CancelledError:
            if self._fired and task is not None and task.uncancel() <= cancelling:
                raise TimeoutError(f"silent for {self._limit:g} s") from None
            raise
        finally:
            self._task = None

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        due = (now if self._task is None else self._since) + self._limit
        if self._task is not None and due <= now:
            self._fired = True
            self._task.cancel()
        else:
            self._timer = self._loop.call_at(due, self._look)
