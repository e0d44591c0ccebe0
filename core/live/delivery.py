"""One answer, from the text so far to the messages on screen.

The model's reader calls `feed` and never waits. A painter task compares what should be on screen with what is,
and makes one platform call at a time: so at most one edit is in flight, and the latest text always wins. What
must arrive (new pages, full pages, the complete text) is tried until it does; what is merely fresher is dropped
when the place's budget is short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from core.errors import Gone, Moved, PlatformError, Refused, TooFast, TooLong, Unknown, Unreachable
from core.live import pacer
from core.live.budget import Budget, Budgets
from core.live.pages import START, Border, page, paginate
from core.live.unfinished import visible
from core.observe.log import get_logger
from core.surface import Out, Rendered, Surface
from core.types import Address

log = get_logger(__name__)
T = TypeVar("T")

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds between tries of a call that did not get through
SHORTEST = 5.0  # seconds that an answer is taken to go on at least; later, as long again as it has lasted
SAVE_EVERY = 1.0  # seconds between two savings of the partial text


class Journal(Protocol):
    """Where a delivery writes down what it did, so that a restart goes on in the same messages."""

    async def posted(self, page: int, id: str) -> None: ...
    async def progress(self, text: str, calls: list[float]) -> None:
        """The text so far, and how many seconds ago each call was made since the last time."""
        ...


class Deleted(Exception):
    """The user deleted a message of the answer while it was being written: they want it to stop."""


@dataclass(slots=True)
class Page:
    """A message on screen. shown is what it is known to show; done: complete, and not looked at again.

    inherited: an earlier process posted it.
    """

    id: str
    shown: Rendered | None = None
    done: bool = False
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """The first page on screen that is not as it should be. final: what must arrive, not what is merely fresher."""

    number: int
    rendered: Rendered
    final: bool


class Delivery:
    """Show one growing answer on one surface. Use as: `feed` as text comes, `finish` at its end, `run` beside both.

    `posted` are the ids of messages that an earlier process left on screen, and `before` the text it had saved:
    they are edited rather than posted again, and stay as they are until the new text is longer.
    With `streaming` off nothing is shown before the end. `nonce` (at most 20 characters) is unique to the answer.
    """

    def __init__(
        self,
        surface: Surface,
        budgets: Budgets,
        journal: Journal,
        *,
        reopen: Callable[[Address], Surface],
        nonce: str,
        streaming: bool = True,
        posted: tuple[str, ...] = (),
        before: str = "",
    ) -> None:
        self._surface = surface
        self._budgets = budgets
        self._journal = journal
        self._reopen = reopen
        self._nonce = nonce
        self._streaming = streaming
        self._pages = [Page(id, inherited=True) for id in posted]
        self._hold = len(before) if posted else 0
        self._borders: tuple[Border, ...] = START
        self._room = 1.0  # the part of the page limit that is used; less once the platform said "too long"
        self._text = ""
        self._saved = before
        self._ended = False
        self._fed = asyncio.Event()
        self._end = asyncio.Event()
        self._began: float | None = None  # loop time of the first text from the model
        self._first_shown: float | None = None
        self._last_start = 0.0
        self._calls: list[float] = []  # loop times of the calls that are not written down yet
        self._failures = 0
        self._lost = 0

    @property
    def text(self) -> str:
        return self._text

    def feed(self, text: str) -> None:
        """Append what the model said. Returns at once."""
        if text and self._began is None:
            self._began = _now()
        self._text += text
        self._fed.set()

    def finish(self, text: str | None = None) -> None:
        """Nothing more comes. `text`, when given, is the complete text; it begins with what was fed."""
        self._text = self._text if text is None else text
        self._ended = True
        self._fed.set()
        self._end.set()

    async def run(self, typing_every: float = 4.0) -> None:
        """Show the answer until it is complete on screen.

        Raises Deleted when the user took the message away, Refused or Gone when it cannot be shown at all.
        Cancelling lets a platform call that has begun run to its end, so that its message is not lost.
        """
        beside = [asyncio.create_task(self._type(typing_every)), asyncio.create_task(self._save())]
        self._budget.live += 1
        try:
            while not await self._settled():
                await self._step()
            await self._drop_surplus()
            await self._write_down()
        finally:
            self._budget.live -= 1
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    # What is to be done next

    async def _settled(self) -> bool:
        """Wait until something on screen is not as it should be. True when all is, and nothing more comes."""
        while self._due() is None:
            if self._ended:
                return True
            self._fed.clear()
            await self._fed.wait()
        return False

    def _due(self) -> Due | None:
        if not self._text.strip() or not (self._ended or len(self._text) > self._hold):
            return None
        self._borders = paginate(self._text, self._fits, self._borders)
        for number in range(len(self._borders)):
            known = self._pages[number] if number < len(self._pages) else None
            if known and known.done:
                continue
            final = self._ended or number < len(self._borders) - 1
            due = Due(number, self._render(number, final), final)
            if known is None:
                return due if due.rendered.size > 0 and due.rendered.text.strip() else None
            if known.shown != due.rendered or (final and self._surface.limits.marks_end):
                return due
            known.done = final
        return None

    def _render(self, number: int, final: bool) -> Rendered:
        markdown = page(self._text, self._borders, number)
        return self._surface.render(markdown if final else visible(markdown))

    def _fits(self, markdown: str) -> bool:
        """Whether one message can hold it, also while it is unfinished and open markers are closed for it."""
        size = max(self._surface.render(shape).size for shape in {markdown, visible(markdown)})
        return size <= self._surface.limits.page * self._room

    # When

    async def _step(self) -> None:
        """Wait until a call may go out, then show the then latest text of the first page that needs it."""
        while (due := self._due()) and (seconds := self._wait(due)) > 0:
            await self._sleep(seconds)
        if due is None:
            return
        try:
            await _unbroken(self._show(due))
            self._failures = 0
        except PlatformError as error:
            await self._recover(error, due.number)

    def _wait(self, due: Due) -> float:
        """Seconds until the call: what the place's budget allows, and the pace of an answer still being written."""
        allowed = self._budget.wait(final=due.final and self._ended)
        if due.final:
            return allowed
        if not self._streaming:
            return float("inf")
        limits = self._surface.limits
        if self._first_shown is None:
            waited = _now() - (self._began if self._began is not None else _now())
            return allowed if self._readable(waited) else max(limits.first - waited, 0.01)
        elapsed, budget = _now() - self._first_shown, self._budget
        gap = max(
            pacer.pause(elapsed, limits, budget.kept(), max(budget.live, 1)), budget.spread(max(elapsed, SHORTEST))
        )
        return max(allowed, self._last_start + gap - _now())

    def _readable(self, waited: float) -> bool:
        return pacer.readable(self._text, waited, self._surface.limits)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not past the end of the answer, nor past the moment its first text becomes readable."""
        if self._ended:
            await asyncio.sleep(seconds)
            return
        first = self._streaming and self._first_shown is None and not self._readable(0.0)
        if first:
            self._fed.clear()
        try:
            async with asyncio.timeout(None if seconds == float("inf") else seconds):
                await (self._fed if first else self._end).wait()
        except TimeoutError:
            pass

    # Doing it

    async def _show(self, due: Due) -> None:
        nonce = f"{self._nonce}-{due.number}" + (f"-{self._lost}" if self._lost else "")
        out = Out(due.rendered, page=due.number, nonce=nonce, final=due.final and self._ended)
        self._last_start = _now()
        self._calls.append(self._last_start)
        self._budget.spend()
        if due.number < len(self._pages):
            known = self._pages[due.number]
            known.shown = None
            await self._surface.edit(known.id, out)
            known.shown = due.rendered
        else:
            known = Page(await self._surface.post(out), due.rendered)
            self._pages.append(known)
            await self._journal.posted(due.number, known.id)
        known.done = due.final
        if self._first_shown is None:
            self._first_shown = self._last_start

    async def _drop_surplus(self) -> None:
        """Pages that an earlier try had filled and the complete text does not need."""
        for surplus in self._pages[len(self._borders) :]:
            try:
                await _unbroken(self._surface.delete(surplus.id))
            except PlatformError as error:
                log.warning("could not delete a surplus page", error=repr(error))

    # When it goes wrong

    async def _recover(self, error: PlatformError, number: int) -> None:
        match error:
            case TooFast():
                self._budget.gate(error.retry_after)
            case TooLong():
                self._shrink(number)
            case Moved():
                self._move(error.address)
            case Gone() if number < len(self._pages):
                self._lose(number)
            case Unknown() | Unreachable():
                await self._back_off(error)
            case _:
                raise error

    def _shrink(self, number: int) -> None:
        """Our measure was wrong: fill pages less, and move the borders from this page on."""
        if self._room < 0.05:
            raise Refused("the platform calls even short messages too long")
        self._room *= 0.75
        self._borders = self._borders[: number + 1]
        for later in self._pages[number:]:
            later.shown, later.done = None, False

    def _move(self, address: Address) -> None:
        """Go on at the new address. What was posted at the old one may not be there to be edited."""
        self._budget.live -= 1
        self._surface = self._reopen(address)
        self._budget.live += 1
        for known in self._pages:
            known.inherited = True

    def _lose(self, number: int) -> None:
        """A message is gone. One of ours from before a restart is posted anew; one of this run means stop."""
        if not self._pages[number].inherited:
            raise Deleted
        self._lost += 1
        del self._pages[number:]

    async def _back_off(self, error: PlatformError) -> None:
        wait = BACKOFF[min(self._failures, len(BACKOFF) - 1)]
        self._failures += 1
        log.warning("platform call failed, trying again", error=repr(error), wait=wait, tries=self._failures)
        await asyncio.sleep(wait)

    # Beside it

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            if self._calls or (self._text != self._saved and len(self._text) > self._hold):
                await self._write_down()

    async def _write_down(self) -> None:
        now, calls, self._calls = _now(), self._calls, []
        self._saved = max(self._saved, self._text, key=len) if self._hold else self._text
        await self._journal.progress(self._saved, [now - call for call in calls])

    async def _type(self, every: float) -> None:
        """Show that an answer is coming, until its first text is on screen."""
        while not self._pages:
            try:
                await self._surface.typing()
            except PlatformError as error:
                log.debug("typing was not shown", error=repr(error))
            await asyncio.sleep(every)

    @property
    def _budget(self) -> Budget:
        return self._budgets.of(self._surface.limits)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _unbroken(call: Coroutine[Any, Any, T]) -> T:
    """Await a call that has begun to its end, also when we are cancelled meanwhile."""
    task = asyncio.create_task(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
