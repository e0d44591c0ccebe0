"""How many calls a place on a platform still takes: one budget per chat or channel, shared by all answers there.

A platform counts posts and edits of a place together (a Telegram group: 20 a minute, with all its topics), and the
bot's calls everywhere once more. Each live answer keeps a call in reserve, so that its complete text is never held up
by the edits before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import ceil

from core.surface import Limits, Rate

ANSWER = 20.0  # seconds: few answers end sooner, so in a shorter window not all of those that are live will end
TOGETHER = 5.0  # seconds within which two places that are told to wait mean the bot


class Budget:
    """The calls of one place, or with `whole` None of a whole bot. `clock` is monotonic, in seconds."""

    def __init__(self, rates: tuple[Rate, ...], clock: Callable[[], float], whole: Budget | None = None) -> None:
        self.rates = rates
        self.live = 0
        self._clock = clock
        self._whole = whole
        self._calls: deque[float] = deque()
        self._gate = 0.0
        self._gated_place: tuple[Budget, float] | None = None

    def wait(self, *, final: bool = False) -> float:
        """Seconds until a call may start. What is not final leaves a call for each live answer's end."""
        now = self._clock()
        kept = [0 if final else reserve for reserve in self.kept()]
        waits = [self._until_free(rate, reserve, now) for rate, reserve in zip(self.rates, kept, strict=True)]
        whole = self._whole.wait(final=True) if self._whole else 0.0
        return max(self._gate - now, whole, *waits, 0.0)

    def kept(self) -> list[int]:
        """The calls that each rate keeps for the ends of the live answers."""
        return [ceil(self.live * min(rate.seconds / ANSWER, 1.0)) for rate in self.rates]

    def spread(self, seconds: float) -> float:
        """The gap at which one of the live answers would use up in `seconds` what the place still takes until then."""
        now = self._clock()
        gap = 0.0
        for rate, kept in zip(self.rates, self.kept(), strict=True):
            spent = len([call for call in self._calls if call > now + seconds - rate.seconds])
            if seconds < rate.seconds:
                gap = max(gap, self.live * seconds / max(rate.calls - kept - spent, 0.5))
        return gap

    def spend(self, ago: float = 0.0) -> None:
        """A call starts now, or started `ago` seconds ago (before a restart)."""
        now = self._clock()
        self._calls.append(now - ago)
        longest = max((rate.seconds for rate in self.rates), default=0.0)
        while self._calls and self._calls[0] <= now - longest:
            self._calls.popleft()
        if self._whole:
            self._whole.spend(ago)

    def gate(self, seconds: float) -> None:
        """The platform said when the next call may come: nothing goes out here before.

        When another place of the same bot was told so within five seconds, it is the bot that is too fast.
        """
        now = self._clock()
        self._gate = max(self._gate, now + seconds)
        if self._whole is None:
            return
        other, self._whole._gated_place = self._whole._gated_place, (self, now)
        if other and other[0] is not self and now - other[1] <= TOGETHER:
            self._whole.gate(seconds)

    @property
    def gated(self) -> bool:
        """Whether the platform has asked to wait."""
        return self._gate > self._clock() or (self._whole is not None and self._whole.gated)

    @property
    def idle(self) -> bool:
        """Whether forgetting this budget changes nothing."""
        longest = max((rate.seconds for rate in self.rates), default=0.0)
        recent = self._calls and self._calls[-1] > self._clock() - longest
        return not self.live and not recent and self._gate <= self._clock()

    def _until_free(self, rate: Rate, kept: int, now: float) -> float:
        allowed = max(rate.calls - kept, 1)
        recent = [call for call in self._calls if call > now - rate.seconds]
        return recent[-allowed] + rate.seconds - now if len(recent) >= allowed else 0.0


class Budgets:
    """The budgets of this process, by the keys that the surfaces name. Idle ones are forgotten."""

    MANY = 1000

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._budgets: dict[str, Budget] = {}

    def of(self, limits: Limits) -> Budget:
        whole = self._named(limits.whole, limits.whole_rates, None) if limits.whole else None
        return self._named(limits.budget, limits.rates, whole)

    def _named(self, key: str, rates: tuple[Rate, ...], whole: Budget | None) -> Budget:
        budget = self._budgets.get(key)
        if budget is None:
            if len(self._budgets) >= self.MANY:
                self._budgets = {name: known for name, known in self._budgets.items() if not known.idle}
            budget = self._budgets[key] = Budget(rates, self._clock, whole)
        budget.rates = rates
        return budget
