"""How many calls a place on a platform still takes: one budget per chat or channel, shared by all answers there.

A platform counts posts and edits of a place together (a Telegram group: 20 a minute, with all its topics), and the
bot's calls everywhere once more. Each live answer keeps calls in reserve, so that its complete text is never held up
by the edits before it. `core.live.delivery` asks here when a call may start, and says when it starts and ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil, inf

from core.surface import Limits, Rate

ANSWER = 20.0  # seconds: few answers end sooner, so in a shorter window not all of those that are live will end
ABRUPT = 2.0  # seconds: over before it matters how a window's calls are spread, so they are spread evenly
TOGETHER = 5.0  # seconds within which two places that are told to wait mean the bot
SURE = 0.25  # of the quickest round trip: the ways there and back take at least that together
KNOWN = 10  # round trips: after so many the slowest and the quickest differ at least as much as the ways there do
NONE = 1e-6  # seconds: a shorter wait is none. A clock may be too coarse to add it, and it would never be over


class Kind(Enum):
    """What a call is for."""

    FIRST = auto()  # an answer's first text
    EDIT = auto()  # a fresher one
    PAGE = auto()  # a page that is full
    END = auto()  # the complete text


@dataclass(slots=True, eq=False)
class Share:
    """One live answer's part in its place's budget.

    ends: the calls that it would take to complete the answer now: they are kept for it. gap: seconds between its
    edits, 0 before the first. due: when, by the budget's clock, it wants a call; first texts before all others.
    """

    ends: int = 1
    gap: float = 0.0
    due: tuple[bool, float] | None = None


@dataclass(slots=True, eq=False)
class _Call:
    """end: when it reached the platform at the latest; None while it is under way."""

    end: float | None


class Budget:
    """The calls of one place, or with `whole` None of a whole bot. `clock` is monotonic, in seconds.

    The platform counts a call when it arrives, between its start and its end. Here it counts as late as it can have
    arrived, and the next one as early. At first that holds however much longer one way there takes than another, up
    to four times; later the round trips tell how much they differ, and a steady connection wastes none of a window.
    """

    def __init__(self, rates: tuple[Rate, ...], clock: Callable[[], float], whole: Budget | None = None) -> None:
        self.rates = rates
        self._shares: list[Share] = []
        self._clock = clock
        self._whole = whole
        self._calls: deque[_Call] = deque()
        self._newest = -inf  # when the newest call started that the next edit keeps its distance from
        self._trips: deque[float] = deque(maxlen=2 * KNOWN)  # seconds that the newest calls took
        self._gate = self._gate_aside = 0.0
        self._gated_place: tuple[Budget, float] | None = None

    @property
    def live(self) -> int:
        """The answers that are being written here."""
        return len(self._shares)

    def join(self, share: Share) -> None:
        self._shares.append(share)

    def leave(self, share: Share) -> None:
        self._shares.remove(share)

    def wait(self, share: Share, kind: Kind = Kind.END, due: float = 0.0) -> float:
        """Seconds until a call of this answer may start, which it wants in `due` seconds (negative: since then).

        A complete text goes out before anything else. Any other call leaves to each live answer what its end takes;
        first texts go before edits, and then who has been due longest. Edits keep their distance from each other.
        """
        now = self._clock()
        waits, ahead = [self._gate - now], 0
        if kind is not Kind.END:
            share.due = (kind is not Kind.FIRST, now + due)
            ahead = sum(1 for other in self._shares if other.due and other.due < share.due and other.due[1] <= now)
            waits.append(due)
        if kind is Kind.EDIT:
            waits.append(self._newest + (ahead + 1) * self._distance() - now)
        for rate, kept in zip(self.rates, self._kept(kind), strict=True):
            waits.append(self._until_free(rate, kept, ahead))
        if self._whole:
            waits.append(self._whole.wait(share))
        return wait if (wait := max(waits)) > NONE else 0.0

    def supply(self) -> Iterator[tuple[float, float]]:
        """(seconds, calls): until so many seconds after the newest edit, so many may be made beside the reserve.

        One pair for each call that comes back, which is the last of them; one for a window from now on.
        """
        for rate, kept in zip(self.rates, self._reserve(self._ends()), strict=True):
            if rate.seconds > ABRUPT:
                used = self._used(rate)
                free = rate.calls - kept - len(used)
                yield from ((end + rate.seconds - self._newest, free + 1 + back) for back, end in enumerate(used))
                yield rate.seconds, rate.calls - kept

    def sustained(self) -> float:
        """Seconds between two calls with which this place can go on for ever."""
        kept = self._reserve(self._ends())
        late = self._late()
        each = ((rate.seconds + late) / max(rate.calls - n, 1) for rate, n in zip(self.rates, kept, strict=True))
        return max(each, default=0.0)

    def since(self) -> float:
        """Seconds since the newest call that the next edit keeps its distance from."""
        return self._clock() - self._newest

    @contextmanager
    def call(self, *, aside: bool = False) -> Iterator[None]:
        """Around a call, from its start to its end. aside: it shows nothing, and edits keep no distance from it."""
        start = self._clock()
        self._newest = self._newest if aside else start
        call = self._add(None)
        try:
            yield
        finally:
            self._trips.append(self._clock() - start)
            call.end = start + self._late()

    def spend(self, ago: float = 0.0) -> None:
        """A call ended `ago` seconds ago, before a restart."""
        self._add(self._clock() - ago)

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

    def gate_aside(self, seconds: float) -> None:
        """The platform said so to a call that no answer needs: answers go on, such calls wait."""
        self._gate_aside = max(self._gate_aside, self._clock() + seconds)

    def wait_aside(self, kind: Kind) -> float:
        """Seconds until a call may start that no answer needs."""
        return max(self.wait(Share(), kind), self._gate_aside - self._clock())

    @property
    def gated_aside(self) -> bool:
        """Whether the platform has asked such calls to wait."""
        return self._gate_aside > self._clock()

    @property
    def gated(self) -> bool:
        """Whether the platform has asked to wait."""
        return self._gate > self._clock() or (self._whole is not None and self._whole.gated)

    @property
    def idle(self) -> bool:
        """Whether forgetting this budget changes nothing."""
        gate = max(self._gate, self._gate_aside)
        return not self._shares and gate <= self._clock() and not any(map(self._used, self.rates))

    def _late(self) -> float:
        """Seconds by which the newest call may have been longer on its way there than the next one will be."""
        if not self._trips:
            return 0.0
        late = self._trips[-1] - SURE * min(self._trips)
        return min(late, max(self._trips) - min(self._trips)) if len(self._trips) >= KNOWN else late

    def _add(self, end: float | None) -> _Call:
        call = _Call(end)
        for budget in (self, self._whole) if self._whole else (self,):
            budget._remember(call)
        return call

    def _remember(self, call: _Call) -> None:
        self._calls.append(call)
        over = self._clock() - max((rate.seconds for rate in self.rates), default=0.0)
        while self._calls and (end := self._calls[0].end) is not None and end <= over:
            self._calls.popleft()

    def _kept(self, kind: Kind) -> list[int]:
        """The calls that each rate keeps from one of this kind. A full page is part of its answer's end."""
        if kind is Kind.END:
            return [0] * len(self.rates)
        kept = self._reserve(self._ends() - (kind is Kind.PAGE))
        abrupt = (
            kind is Kind.FIRST and rate.seconds <= ABRUPT for rate in self.rates
        )  # it is back before it is missed
        return [0 if short else reserve for short, reserve in zip(abrupt, kept, strict=True)]

    def _ends(self) -> int:
        """The calls that are kept for ends: the pages of all answers will hardly be full at the same moment."""
        return self.live + max((share.ends - 1 for share in self._shares), default=0)

    def _reserve(self, ends: int) -> list[int]:
        return [ceil(ends * min(rate.seconds / ANSWER, 1.0)) for rate in self.rates]

    def _distance(self) -> float:
        """Seconds between two edits here, so that the answers take turns."""
        return min((share.gap for share in self._shares if share.gap), default=0.0) / max(self.live, 1)

    def _used(self, rate: Rate) -> list[float]:
        """When the calls that this rate still counts reached the platform at the latest, oldest first."""
        now = self._clock()
        ends = (now if call.end is None else call.end for call in self._calls)
        return sorted(end for end in ends if end > now - rate.seconds)

    def _until_free(self, rate: Rate, kept: int, ahead: int) -> float:
        allowed = max(rate.calls - kept, 1) - ahead
        used = self._used(rate)
        return used[-max(allowed, 1)] + rate.seconds - self._clock() if used and len(used) >= allowed else 0.0


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
