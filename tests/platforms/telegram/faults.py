"""Faults that a test plants: the next (or nth) call of a method fails, is late, or loses its connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.platforms.telegram.rejected import Rejected, too_many


@dataclass
class Fault:
    """What happens to matching calls: `skip` go through first, then `times` are hit.

    method: one name, several, or "*". chat, contains: only calls to that chat, with that piece of text.
    status, description: refused with this instead of being applied. retry_after: refused with 429.
    before, after: seconds of delay before the call is applied, and between that and the answer.
    cut: the connection is closed without an answer, "before" or "after" the call is applied.
    """

    method: str | tuple[str, ...]
    chat: int | None = None
    contains: str = ""
    skip: int = 0
    times: int = 1
    status: int = 0
    description: str = ""
    retry_after: int = 0
    before: float = 0.0
    after: float = 0.0
    cut: Literal["", "before", "after"] = ""
    hits: int = 0

    def matches(self, method: str, params: dict[str, Any]) -> bool:
        names = (self.method,) if isinstance(self.method, str) else self.method
        wanted = {name.lower() for name in names}
        return (
            (method.lower() in wanted or "*" in wanted)
            and self.chat in (None, params.get("chat_id"))
            and self.contains in str(params.get("text") or params.get("caption") or "")
        )

    def lift(self) -> None:
        """No further call is hit."""
        self.times = self.hits

    def take(self) -> bool:
        """Whether this call is one of those that are hit."""
        if self.skip > 0:
            self.skip -= 1
            return False
        self.hits += 1
        return True

    def refusal(self) -> Rejected | None:
        if self.retry_after:
            return too_many(self.retry_after)
        if not self.status:
            return None
        rejected = Rejected("", self.status)
        rejected.description = self.description or DESCRIPTIONS.get(self.status, "Error")
        return rejected


DESCRIPTIONS = {
    400: "Bad Request: injected",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass
class Faults:
    """All planted faults; the oldest that matches a call wins and is used up. spoil: asked when there is none."""

    planted: list[Fault] = field(default_factory=list)
    spoil: Callable[[str, dict[str, Any]], Fault | None] = lambda method, params: None

    def add(self, fault: Fault) -> Fault:
        self.planted.append(fault)
        return fault

    def hit(self, method: str, params: dict[str, Any]) -> Fault | None:
        for fault in self.planted:
            if fault.hits < fault.times and fault.matches(method, params) and fault.take():
                return fault
        return self.spoil(method, params)
