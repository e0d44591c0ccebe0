"""A chat place on a virtual clock: an answer that grows in it, what it refuses, and how old its screen is.

For `tests.bench.freshness` and the schedules that it compares. The age at a moment is how long ago the oldest
character was generated that is not on screen. A call is judged half a round trip after it starts, and is on screen
when it returns. Refusing costs nobody more than the wait that is named, which is milder than the platforms are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, product, takewhile
from math import ceil
from random import Random
from typing import Any, TypeVar

from core.errors import TooFast
from core.surface import Limits, Rate
from tests.virtual import VirtualLoop

T = TypeVar("T")

SPEED = 50  # tokens a second
TOKEN = 4  # characters: three letters and a space, no two tokens alike
JUST = 1e-6  # seconds: two times that a float keeps apart, and a clock does not


class Loop(VirtualLoop):
    """Each look at the clock takes a nanosecond: else a wait too short for a float to add would never be over."""

    def time(self) -> float:
        self._virtual.now += 1e-9
        return super().time()


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)


def now() -> float:
    return asyncio.get_running_loop().time()


@cache
def words(count: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "".join(f"{a}{b}{c} " for (a, b, c), _ in zip(product(letters, repeat=3), range(count), strict=False))


@cache
def spoken(count: int) -> str:
    """The same without the spaces, which pages may lose at their ends."""
    return words(count).replace(" ", "")


@dataclass(frozen=True)
class Answer:
    """Text that a model says from `begun` on, for `seconds`: a token at the first moment, and one at the last."""

    begun: float
    seconds: float

    @property
    def tokens(self) -> int:
        return round(self.seconds * SPEED) + 1

    @property
    def whole(self) -> str:
        return words(self.tokens)

    @property
    def end(self) -> float:
        return self.begun + self.seconds

    @property
    def ended(self) -> bool:
        return now() >= self.end - JUST

    def text(self) -> str:
        """What has been said by now."""
        said = int((now() - self.begun) * SPEED + JUST) + 1
        return self.whole[: max(said, 0) * TOKEN]

    async def reaches(self, size: int) -> str:
        """The first `size` characters, once they have been said; all of it when it is shorter."""
        token = min(ceil(size / TOKEN), self.tokens) - 1
        await self.until(self.begun + token / SPEED)
        return self.whole[:size]

    async def until(self, when: float) -> None:
        """Sleep until `when`, but not past the end of the answer."""
        await asyncio.sleep(max(min(when, self.end) - now(), 0.0))


class Bucket:
    """A stricter limiter than any window: `burst` calls, given back at so many a second."""

    def __init__(self, burst: int, a_second: float) -> None:
        self.burst, self.a_second = burst, a_second
        self._left, self._at = float(burst), 0.0

    def wait(self, at: float) -> float:
        self._left, self._at = min(self.burst, self._left + (at - self._at) * self.a_second), at
        return max(1 - self._left - JUST, 0.0) / self.a_second

    def count(self, at: float) -> None:
        self._left -= 1


class Window:
    """At most `rate.calls` in any `rate.seconds`."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._calls: deque[float] = deque(maxlen=rate.calls)

    def wait(self, at: float) -> float:
        full = len(self._calls) == self.rate.calls
        free = self._calls[0] + self.rate.seconds if full else at
        return free - at if free - at > JUST else 0.0

    def count(self, at: float) -> None:
        self._calls.append(at)


@dataclass
class Guard:
    """What refuses calls of one place, or of a whole bot: over a limit, planned, or before the wait it named is over.

    plan: (moment, seconds): the first call from that moment on is refused for so long.
    whole_seconds: the waits it names are whole, as Telegram's are.
    """

    limits: list[Window | Bucket] = field(default_factory=list)
    plan: list[tuple[float, float]] = field(default_factory=list)
    whole_seconds: bool = True
    _until: float = 0.0

    def wait(self, at: float) -> float:
        """Seconds to wait, or 0. A call while one is waiting already makes nobody wait longer."""
        if at < self._until - JUST:
            return self._named(self._until - at)
        planned = [step for step in self.plan if step[0] <= at]
        self.plan = [step for step in self.plan if step not in planned]
        seconds = max([0.0, *(wait for _, wait in planned), *(limit.wait(at) for limit in self.limits)])
        self._until = at + self._named(seconds)
        return self._named(seconds)

    def _named(self, seconds: float) -> float:
        return float(ceil(seconds - JUST)) if self.whole_seconds else seconds

    def count(self, at: float) -> None:
        for limit in self.limits:
            limit.count(at)


@dataclass
class Talk:
    """One answer and its screen in a place; `say` is the only way to change it. The schedules are given this.

    shown: (moment, tokens on screen without a gap before them) after every call that was taken.
    """

    answer: Answer
    guards: list[Guard]
    round_trip: float
    limits: Limits
    group: bool = False
    uneven: Random | None = None  # the ways there and back take from 0.2 to 0.8 of a round trip each
    shown: list[tuple[float, int]] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    refused: int = 0
    complete: float | None = None  # since when exactly the whole text is on screen
    messages: dict[str, str] = field(default_factory=dict)

    async def say(self, text: str, message: str = "first") -> None:
        """Post the message, or edit it when it is there. Raises TooFast."""
        self.starts.append(now())
        await asyncio.sleep(self._way())
        at = now()
        wait = max(guard.wait(at) for guard in self.guards)
        for guard in self.guards if wait <= 0 else ():
            guard.count(at)
        await asyncio.sleep(self._way())
        if wait > 0:
            self.refused += 1
            raise TooFast(wait)
        self.show(message, text)

    def _way(self) -> float:
        return self.round_trip * (self.uneven.uniform(0.2, 0.8) if self.uneven else 0.5)

    def show(self, message: str, text: str | None) -> None:
        """text: None when the message is taken away."""
        self.messages[message] = text or ""
        letters, screen = spoken(self.answer.tokens), "".join("".join(self.messages.values()).split())
        self.shown.append((now(), _same(letters, screen) // (TOKEN - 1)))
        self.complete = None if screen != letters else self.complete or now()


def _same(letters: str, screen: str) -> int:
    """How many letters of the screen are right."""
    if letters.startswith(screen):
        return len(screen)
    low, high = 0, min(len(letters), len(screen))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if letters[:middle] == screen[:middle] else (low, middle - 1)
    return low


@dataclass(frozen=True)
class Ages:
    """Of one answer, in seconds. first: until the first text. tail: from its last token until all is on screen.

    None: never.
    """

    first: float | None
    mean: float
    worst: float
    tail: float | None


def ages(talk: Talk) -> Ages:
    answer = talk.answer
    steps = [(answer.begun, 0), *takewhile(lambda step: step[0] < answer.end, talk.shown), (answer.end, 0)]
    area = worst = 0.0
    for (start, tokens), (stop, _) in pairwise(steps):
        oldest = answer.begun + tokens / SPEED
        young, old = max(start - oldest, 0.0), max(stop - oldest, 0.0)
        area += (old**2 - young**2) / 2
        worst = max(worst, old)
    first = next((at - answer.begun for at, tokens in talk.shown if tokens), None)
    tail = None if talk.complete is None else talk.complete - answer.end
    return Ages(first, area / answer.seconds, worst, tail)
