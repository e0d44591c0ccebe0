"""Time as the loopback Discord sees it: real, or a `tests.clock`. Its ids carry it, as Discord's do."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

EPOCH = 1420070400.0  # Discord docs, Snowflakes: milliseconds since the first second of 2015


class Times:
    """Turns a clock's seconds into wall time, timestamps and ids that rise for ever."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._offset = time.time() - clock()
        self._last = 0

    def wall(self, at: float | None = None) -> float:
        """Unix seconds of a clock's reading (now when it is None)."""
        return (self.clock() if at is None else at) + self._offset

    def stamp(self, at: float | None = None) -> str:
        """The ISO form that every Discord object carries."""
        return datetime.fromtimestamp(self.wall(at), UTC).isoformat(timespec="microseconds")

    def snowflake(self) -> int:
        """A new id: larger than every one before it, and dated."""
        self._last = max(self._last + 1, int((self.wall() - EPOCH) * 1000) << 22)
        return self._last
