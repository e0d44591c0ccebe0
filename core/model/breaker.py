"""Whether a model that keeps failing is asked at all. The router has one breaker for each of its models."""

from __future__ import annotations

import time
from collections.abc import Callable

OPENS_AFTER = 3  # failures in a row
FIRST_REST, LONGEST_REST = 30.0, 600.0  # seconds; each failed probe doubles it


class Breaker:
    """Closed while things go well. After failures in a row it opens: the model is skipped for a while, then one request
    at a time is let through to see whether it works again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._rests = 0
        self._until = 0.0
        self._probing = False

    @property
    def open(self) -> bool:
        return self._failures >= OPENS_AFTER

    def allows(self) -> bool:
        """Whether a request may be made now."""
        return not self.open or (self._clock() >= self._until and not self._probing)

    def begin(self) -> None:
        """A request is made: while the breaker is open, it is the one that finds out."""
        self._probing = self.open

    def abandoned(self) -> None:
        """The request ended without showing anything: its user stopped it."""
        self._probing = False

    def works(self) -> None:
        self._failures, self._rests, self._probing = 0, 0, False

    def failed(self, *, surely: bool = False) -> bool:
        """A request failed. surely: so would the next one. Returns whether the model is skipped from now on."""
        was_open = self.open
        self._failures = max(self._failures + 1, OPENS_AFTER if surely else 0)
        self._probing = False
        if not self.open:
            return False
        self._until = self._clock() + min(FIRST_REST * 2.0**self._rests, LONGEST_REST)
        self._rests = min(self._rests + 1, 20)
        return not was_open
