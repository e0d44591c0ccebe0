"""Time that stands still, for what asks a function for it; what sleeps has `virtual`."""

from __future__ import annotations


class Clock:
    """A clock that only the test moves."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
