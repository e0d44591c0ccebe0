"""Telegram's flood control on a clock that the test owns: how often a bot may write to a chat.

Sources: the Bot FAQ (1/s a chat with short bursts, 20/min a group, 30/s overall), a Telegram developer (edits count as
sends) and measurements in groups (topics share their supergroup's 20). Nobody published the burst of a private chat.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.platforms.telegram.rejected import too_many


@dataclass(frozen=True)
class Window:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float


@dataclass(frozen=True)
class Rates:
    """Every limit that the server enforces; None switches one off.

    penalty: a call made while blocked doubles the wait, up to `penalty_cap` seconds (lock-outs of 100-280 s were seen).
    drafts: drafts and chat actions together, per chat (one third party's numbers).
    """

    private_per_second: float | None = 1.0
    private_burst: int = 5
    group: Window | None = Window(20, 60)
    overall: Window | None = Window(30, 1)
    drafts: tuple[Window, ...] = (Window(20, 5), Window(40, 30))
    penalty: bool = False
    penalty_cap: float = 300.0

    @classmethod
    def unlimited(cls) -> Rates:
        return cls(private_per_second=None, group=None, overall=None, drafts=())


class Gauge(Protocol):
    def wait(self, now: float) -> float: ...

    def take(self, now: float) -> None: ...


class Sliding:
    """A sliding window: exact, as measured in groups."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.taken: deque[float] = deque()

    def wait(self, now: float) -> float:
        while self.taken and now - self.taken[0] >= self.window.seconds - 1e-9:
            self.taken.popleft()
        full = len(self.taken) >= self.window.calls
        return self.taken[0] + self.window.seconds - now if full else 0.0

    def take(self, now: float) -> None:
        self.taken.append(now)


class Bucket:
    """A token bucket: a steady rate with a burst on top."""

    def __init__(self, per_second: float, burst: int) -> None:
        self.per_second, self.burst = per_second, burst
        self.tokens, self.filled = float(burst), -math.inf

    def wait(self, now: float) -> float:
        self._fill(now)
        return 0.0 if self.tokens >= 1 - 1e-9 else (1 - self.tokens) / self.per_second

    def take(self, now: float) -> None:
        self._fill(now)
        self.tokens -= 1

    def _fill(self, now: float) -> None:
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.per_second)
        self.filled = now


@dataclass
class Block:
    until: float
    length: float


@dataclass
class Limits:
    """The state of every budget. `write` and `draft` raise 429 with whole seconds, or count the call."""

    rates: Rates
    clock: Callable[[], float]
    writes: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    gauges: dict[object, list[Gauge]] = field(default_factory=dict)
    blocks: dict[object, Block] = field(default_factory=dict)

    def write(self, chat: int) -> None:
        """A send or an edit in this chat; a supergroup's topics are one chat."""
        kind = "group" if chat < 0 else "private"
        self._charge(chat, [("overall", None), (kind, chat)])
        self.writes[chat] += 1

    def draft(self, chat: int) -> None:
        """A draft or a chat action in this chat."""
        self._charge(chat, [("drafts", chat)])

    def _charge(self, chat: int, keys: Sequence[tuple[str, int | None]]) -> None:
        now = self.clock()
        gauges = [gauge for key in keys for gauge in self._gauges(key)]
        wait = max((gauge.wait(now) for gauge in gauges), default=0.0)
        wait = max(wait, self._penalty(keys[-1], wait, now))
        if wait > 0:
            self.refused[chat] += 1
            raise too_many(max(1, math.ceil(wait - 1e-9)))
        for gauge in gauges:
            gauge.take(now)

    def _penalty(self, key: object, wait: float, now: float) -> float:
        """How long the chat stays shut because the client called again too early."""
        block = self.blocks.get(key)
        if not self.rates.penalty or (not block and not wait):
            return 0.0
        if not block or now >= block.until:
            length = float(math.ceil(wait - 1e-9))
        else:
            length = min(block.length * 2, self.rates.penalty_cap)
        self.blocks[key] = Block(now + length, length)
        return length

    def _gauges(self, key: tuple[str, int | None]) -> list[Gauge]:
        if key not in self.gauges:
            self.gauges[key] = list(self._made(key[0]))
        return self.gauges[key]

    def _made(self, kind: str) -> Sequence[Gauge]:
        rates = self.rates
        if kind == "private":
            steady = rates.private_per_second
            return [] if steady is None else [Bucket(steady, rates.private_burst)]
        windows = {"group": (rates.group,), "overall": (rates.overall,), "drafts": rates.drafts}[kind]
        return [Sliding(window) for window in windows if window]
