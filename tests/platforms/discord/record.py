"""What was asked of the loopback Discord and when, faults to answer instead, and waiting for things to happen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tests.platforms.discord.limits import TooMany
from tests.platforms.discord.routes import Route

if TYPE_CHECKING:
    from tests.platforms.discord.message import Message

T = TypeVar("T")


@dataclass(eq=False)
class Call:
    """One REST call. time, done: seconds of the server's clock when it came and when it was answered.

    status: 0 until answered, -1 when the connection was cut. code: Discord's JSON error code, or 0.
    text: what `message` showed once the call was applied; None when it touched no message.
    """

    time: float
    method: str
    path: str
    route: Route | None = None
    json: Any = None
    files: list[str] = field(default_factory=list)
    status: int = 0
    code: int = 0
    done: float = 0.0
    text: str | None = None
    message: Message | None = None
    applied: bool = False

    def __str__(self) -> str:
        return (
            f"{self.time:.3f} {self.method} {self.path} -> {self.status} {self.code or ''} {self.text or ''}".rstrip()
        )


Pause = float | asyncio.Event


@dataclass(eq=False)
class Fault:
    """What shall happen to the nth call of a route, counted from now, and to `times` calls from there on.

    status, body, code: answered instead of applying the call. retry_after: a 429 of that scope.
    before, after: seconds, or an Event to wait for, ahead of applying it and between that and the answer.
    cut: the connection ends without an answer, "before" or "after" the call is applied.
    after_status: applied, and yet answered with this status (a 500 that lied).
    """

    route: Route
    nth: int = 1
    times: int = 1
    status: int = 0
    body: Any = None
    code: int = 0
    retry_after: float | None = None
    scope: str = "user"
    before: Pause = 0.0
    after: Pause = 0.0
    cut: Literal["", "before", "after"] = ""
    after_status: int = 0
    seen: int = 0
    hit: int = 0

    def meets(self, route: Route) -> bool:
        if route != self.route:
            return False
        self.seen += 1
        met = self.nth <= self.seen < self.nth + self.times
        self.hit += met
        return met

    @property
    def too_many(self) -> TooMany | None:
        return None if self.retry_after is None else TooMany(self.retry_after, self.scope)


async def pause(length: Pause) -> None:
    if isinstance(length, asyncio.Event):
        await length.wait()
    elif length:
        await asyncio.sleep(length)


class Changes:
    """Wakes whoever waits for a condition each time that something happened."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, predicate: Callable[[], T], timeout: float, describe: Callable[[], str]) -> T:
        """The first true value of `predicate`; AssertionError with `describe()` after `timeout` real seconds."""
        ends = time.monotonic() + timeout
        while not (value := predicate()):
            left = ends - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not so after {timeout:g} s:\n{describe()}")
            try:  # looks again now and then, for a condition on something that is not the server's
                await asyncio.wait_for(self._event.wait(), min(left, 0.05))
            except TimeoutError:
                continue
        return value
