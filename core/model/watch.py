"""A watch on silence that costs a token next to nothing: one timer for many waits. `Reading` has one per answer.

asyncio.timeout makes a timer for every wait; with one token in each, that costs a third of reading the token.
"""

from __future__ import annotations

import asyncio


class Watch:
    """Ends a wait that lasts longer than `limit` seconds by cancelling whoever waits.

    Between `begin` and `pause` its task waits; a CancelledError that comes out of a wait is shown to `check`.
    What happens after `pause` is not watched. `close` must be called in the end.
    """

    def __init__(self, limit: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._task: asyncio.Task[object] | None = None  # who waits, since when, and how often it was cancelled then
        self._since = 0.0
        self._cancelling = 0
        self._fired: asyncio.Task[object] | None = None
        self._timer = self._loop.call_later(limit, self._look)

    def begin(self, limit: float) -> None:
        """A wait begins, which may take this many seconds."""
        self._since = self._loop.time()
        self._task = task = asyncio.current_task()
        self._cancelling = task.cancelling() if task is not None else 0
        if limit != self._limit:
            self._limit = limit
            self._timer.cancel()
            self._timer = self._loop.call_later(limit, self._look)

    def pause(self) -> None:
        """The wait is over."""
        self._task = None

    def check(self) -> None:
        """Raise TimeoutError when it was this watch that cancelled, and nobody else did too."""
        if self._fired is not None and self._fired.uncancel() <= self._cancelling:
            raise TimeoutError(f"silent for {self._limit:g} s") from None

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        due = (now if self._task is None else self._since) + self._limit
        if self._task is not None and due <= now:
            self._fired = self._task
            self._task.cancel()
        else:
            self._timer = self._loop.call_at(due, self._look)
