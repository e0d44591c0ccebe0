"""What happened: every call with its answer, every change on a screen, and how a test waits for the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Call:
    """One call of the Bot API. time: when it arrived; done: when it was answered (0.0 until then).

    status: HTTP status, 0 while it runs and when the connection was cut without an answer.
    screen: the text of the message it touched, as shown after it.
    """

    time: float
    method: str
    params: dict[str, Any]
    status: int = 0
    description: str = ""
    result: Any = None
    message_id: int | None = None
    screen: str = ""
    done: float = 0.0

    @property
    def chat(self) -> int | str | None:
        chat: int | str | None = self.params.get("chat_id")
        return chat

    @property
    def ok(self) -> bool:
        return self.status == 200


@dataclass(frozen=True)
class Event:
    """One line of a transcript. kind: post, edit, delete, draft, react, or a user's name."""

    time: float
    kind: str
    message: int
    text: str
    thread: int | None = None
    buttons: tuple[str, ...] = ()

    def line(self, zero: float) -> str:
        thread = f" [{self.thread}]" if self.thread else ""
        buttons = "".join(f" [{label}]" for label in self.buttons)
        return f"{self.time - zero:8.2f} {self.kind}{thread} #{self.message} {self.text!r}{buttons}"


@dataclass
class Bell:
    """Rings at every change, so that waiting needs no polling."""

    waiting: set[asyncio.Future[None]] = field(default_factory=set)

    def ring(self) -> None:
        for future in self.waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, predicate: Callable[[], Any], timeout: float, explain: Callable[[], str]) -> Any:
        """The first true value of `predicate`, looked at after every change; AssertionError when time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while not (value := predicate()):
            left = end - loop.time()
            if left <= 0:
                raise AssertionError(f"nothing came within {timeout} s\n{explain()}")
            await self._next(left)
        return value

    async def _next(self, timeout: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self.waiting.add(future)
        try:
            await asyncio.wait([future], timeout=timeout)
        finally:
            self.waiting.discard(future)
