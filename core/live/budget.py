"""How many calls a place on a platform still takes: one budget per chat or channel, shared by all answers there.

A platform counts posts and edits of a place together (a Telegram group: 20 a minute, with all its topics). Each
live answer keeps one call in reserve, so that its complete text is never held up by the edits before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from core.surface import Limits, Rate


class Budget:
    """The calls of one place. `clock` is monotonic, in seconds."""

    def __init__(self, rates: tuple[Rate, ...], clock: Callable[[], float]) -> None:
        self.rates = rates
        self.live = 0
        self._clock = clock
        self._calls: deque[float] = deque()
        self._gate = 0.0

    def wait(self, *, final: bool = False) -> float:
        """Seconds until a call may start. What is not final leaves one call for each live answer."""
        now = self._clock()
        kept = max(self.live - 1, 0) if final else self.live
        return max(self._gate - now, *(self._until_free(rate, kept, now) for rate in self.rates), 0.0)

    def spend(self) -> None:
        """A call starts now."""
        now = self._clock()
        self._calls.append(now)
        longest = max((rate.seconds for rate in self.rates), default=0.0)
        while self._calls and self._calls[0] <= now - longest:
            self._calls.popleft()

    def gate(self, seconds: float) -> None:
        """The platform said when the next call may come: nothing goes out before."""
        self._gate = max(self._gate, self._clock() + seconds)

    def pace(self) -> float:
        """The seconds between two calls of one answer that this place sustains for ever, shared by all live there."""
        shortest = max((rate.seconds / rate.calls for rate in self.rates), default=0.0)
        return shortest * max(self.live, 1)

    def _until_free(self, rate: Rate, kept: int, now: float) -> float:
        allowed = max(rate.calls - kept, 1)
        recent = [call for call in self._calls if call > now - rate.seconds]
        return recent[-allowed] + rate.seconds - now if len(recent) >= allowed else 0.0


class Budgets:
    """The budgets of this process, by the key that the surface names."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._budgets: dict[str, Budget] = {}

    def of(self, limits: Limits) -> Budget:
        budget = self._budgets.get(limits.budget)
        if budget is None:
            budget = self._budgets[limits.budget] = Budget(limits.rates, self._clock)
        budget.rates = limits.rates
        return budget
