"""A surface that records what a person would see, with times, and does on demand what platforms do to bots."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import Gone, PlatformError, TooLong, Unknown
from core.live.journal import Fenced
from core.surface import Again, Doubt, File, Limits, Out, Rate, Rendered
from core.types import Address


@dataclass
class Shown:
    """One call as it went out: when (virtual seconds), what, to which message, with which text."""

    at: float
    call: str
    id: str
    text: str

    def __str__(self) -> str:
        return f"{self.at:7.2f} {self.call:<6} {self.id:<3} {self.text[:60]!r}"


@dataclass
class FakeSurface:
    """Renders Markdown as itself. `faults` are raised one per call, None meaning that the call works."""

    limits: Limits = field(default_factory=lambda: Limits(page=100, budget="here", rates=(Rate(20, 60.0),)))
    round_trip: float = 0.1
    faults: deque[PlatformError | None] = field(default_factory=deque)
    applied: bool = False  # whether a call that fails was applied all the same
    really: int = 0  # the page size that the platform enforces, when it is not the one that it tells
    calls: list[Shown] = field(default_factory=list)
    screen: dict[str, str] = field(default_factory=dict)
    typed: list[float] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    nonces: list[str] = field(default_factory=list)
    files: dict[str, tuple[File, ...]] = field(default_factory=dict)
    outage: tuple[float, float] = (0.0, 0.0)  # from when till when nothing is answered
    buttons: dict[str, list[str]] = field(default_factory=dict)  # their names, under each message
    suspected: list[str] | None = field(default_factory=list)  # what a post that nobody answered may have left
    notices: set[str] = field(default_factory=set)  # messages of the bot: asking about one takes two calls
    marks: list[str] = field(default_factory=list)  # those that the first of the two was made for
    once: bool = False  # whether a nonce is posted once, so that there are no copies to look for

    def render(self, markdown: str) -> Rendered:
        return Rendered(markdown, len(markdown))

    async def post(self, out: Out) -> str:
        self.nonces.append(out.nonce)
        id = f"m{len(self.nonces)}"
        if self.applied:
            self.screen[id] = out.rendered.text
        await self._call("post", id, out.rendered.text)
        self.screen[id] = out.rendered.text
        self.files[id] = out.files
        self.buttons[id] = [action.name for action in out.actions]
        return id

    async def edit(self, id: str, out: Out) -> None:
        if self.applied and id in self.screen:
            self.screen[id] = out.rendered.text
        await self._call("edit", id, out.rendered.text)
        if id not in self.screen:
            raise Gone
        self.screen[id] = out.rendered.text
        self.buttons[id] = [action.name for action in out.actions]

    async def delete(self, id: str) -> None:
        await self._call("delete", id, "")
        self.screen.pop(id, None)

    async def typing(self) -> None:
        self.typed.append(now())
        self._reach()

    @property
    def copies(self) -> FakeSurface | None:
        return None if self.once else self

    def suspects(self, doubt: Doubt) -> Sequence[str] | None:
        return self.suspected

    async def left_by(self, id: str, doubts: Sequence[Doubt]) -> Doubt | Again | None:
        await self._call("ask", id, "")
        if id in self.notices and id not in self.marks:
            self.marks.append(id)
            return "again"
        if id in self.marks:
            self.marks.remove(id)
        return next((doubt for doubt in doubts if doubt.out.rendered.text == self.screen.get(id)), None)

    def marked(self) -> Sequence[str]:
        return list(self.marks)

    def _reach(self) -> None:
        began, ended = self.outage
        if began <= now() < ended:
            raise Unknown

    async def _call(self, call: str, id: str, text: str) -> None:
        self.calls.append(Shown(now(), call, id, text))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self.round_trip)
        self.in_flight -= 1
        self._reach()
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            raise fault
        if self.really and len(text) > self.really:
            raise TooLong

    @property
    def text(self) -> str:
        """All that is on screen as one text; pages end without the space at which they were cut."""
        return " ".join(self.screen.values())

    def timeline(self) -> str:
        return "\n".join(map(str, self.calls))


@dataclass
class FakeJournal:
    """Remembers what was written down. fenced: from this (virtual) time on somebody else has taken over."""

    fenced: float = float("inf")
    ids: list[tuple[int, str]] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    saved_at: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)  # every post that was begun
    over: list[int] = field(default_factory=list)  # the numbers of those that are settled
    others: set[str] = field(default_factory=set)  # messages of other answers
    moves: list[tuple[float, Address]] = field(default_factory=list)

    async def ours(self) -> None:
        if now() >= self.fenced:
            raise Fenced

    async def posting(self, out: Out, after: str) -> Doubt:
        await self.ours()
        self.doubts.append(Doubt(out, after, len(self.doubts) + 1))
        return self.doubts[-1]

    async def posted(self, page: int, id: str, doubt: Doubt | None = None) -> None:
        self.ids.append((page, id))
        if doubt:
            await self.settled(doubt)

    async def settled(self, doubt: Doubt) -> None:
        self.over.append(doubt.number)

    async def known(self, ids: Sequence[str]) -> set[str]:
        return self.others & set(ids)

    async def moved(self, address: Address) -> None:
        await self.ours()
        self.moves.append((now(), address))

    async def dropped(self, page: int) -> None:
        self.ids = [(number, id) for number, id in self.ids if number < page]

    async def progress(self, text: str | None, calls: list[float]) -> None:
        if text is not None:
            self.saved.append(text)
            self.saved_at.append(now())
        self.calls += [now() - ago for ago in calls]


def now() -> float:
    return asyncio.get_running_loop().time()
