"""How fast one person may ask: so many questions a minute, which may also come all at once (GCRA)."""

from __future__ import annotations

from collections.abc import Callable

MINUTE = 60.0
MANY = 1000  # people remembered before those are forgotten who may ask anyway


class Pace:
    """per_minute: 0 for no limit. clock: seconds, monotonic."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._full: dict[str, float] = {}  # when each person may again ask all at once

    def take(self, user: str) -> float:
        """Count a question. Seconds until this user may ask, and nothing is counted, when that is too fast; else 0."""
        if not self.per_minute:
            return 0.0
        now, each = self._clock(), MINUTE / self.per_minute
        full = max(self._full.get(user, now), now) + each
        if full - now > MINUTE + 1e-6:
            return full - now - MINUTE
        if len(self._full) >= MANY:
            self._full = {name: at for name, at in self._full.items() if at > now}
        self._full[user] = full
        return 0.0
