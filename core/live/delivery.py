"""One answer, from the text so far to the messages on screen.

The model's reader calls `feed` and never waits. A painter task compares what should be on screen with what is,
and makes one platform call at a time: so at most one edit is in flight, and the latest text always wins. What
must arrive (new pages, full pages, the complete text) is tried until it does; what is merely fresher is dropped
when the place's budget is short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from math import inf

from core.errors import Moved, PlatformError
from core.live import pacer
from core.live.budget import Budget, Budgets, Kind, Share
from core.live.doubts import Doubts
from core.live.indicator import indicate
from core.live.journal import Fenced, Journal
from core.live.pause import mark
from core.live.saving import Saving
from core.live.screen import Deleted, Due, Page, Screen
from core.live.surplus import drop_surplus
from core.live.tasks import end, loop_time, unbroken
from core.live.times import Times
from core.live.trouble import Trouble
from core.observe import metrics
from core.observe.log import get_logger
from core.surface import Action, Doubt, Out, Rendered, Surface
from core.types import Address

log = get_logger(__name__)
__all__ = ["Deleted", "Delivery"]

MORE = Due(0, Rendered("", 0), final=False, done=False)  # some new text of an answer that goes on, whatever it is
MESSAGES = 8  # that one answer may have, unless the settings say otherwise
SAVE_EVERY = 1.0  # seconds between two savings of the partial text


class Delivery:
    """Show one growing answer on one surface: `feed` it as text comes, `finish` it at the end, `run` it beside both.

    `posted` are the ids of messages that an earlier process left on screen, and `before` the text it had saved:
    they are edited rather than posted again, and stay as they are until the new text is longer.
    With `streaming` off nothing is shown before the end. `nonce` (at most 20 characters) is unique to the answer.
    An answer of more than `most` messages ends with the whole of it as a file. `actions` are its buttons until its end.
    `question` is the id of the message that is answered; `doubts` are posts of earlier answers here, or of an earlier
    process, that the platform never answered.
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
        most: int = MESSAGES,
        actions: tuple[Action, ...] = (),
        question: str = "",
        doubts: Sequence[Doubt] = (),
    ) -> None:
        self._screen = Screen(surface, posted=posted, most=most, actions=actions)
        self._budgets = budgets
        self._journal = journal
        self._reopen = reopen
        self._nonce = nonce
        self._streaming = streaming
        self._hold = len(before) if posted else 0
        self._text = self._meanwhile = ""
        self._ended = self._left = False
        self._fed = asyncio.Event()
        self._wake = asyncio.Event()  # for what does not wait for the pace: the end, or a page that is full
        self._brim = inf  # the length of the text at which the page may be full
        self._times = Times(surface.limits.budget.partition(":")[0])
        self._saving = Saving(journal, self._times, before)
        self._share = Share()
        self._trouble = Trouble()
        self._doubts = Doubts(self._screen, journal, lambda: self._budget, question=question, inherited=doubts)

    def feed(self, text: str) -> None:
        """Append what the model said. Returns at once."""
        if text:
            self._times.text()
        self._text += text
        self._fed.set()
        if len(self._text) >= self._brim:
            self._wake.set()

    def anew(self) -> None:
        """What was fed is void, and the answer begins again: what is on screen stays until the new text is longer."""
        if self._screen.pages:
            self._hold = max(self._hold, len(self._text))
        self._text, self._times.began = "", None
        self._screen.begin_again()

    def meanwhile(self, text: str) -> None:
        """Show this, unkept, as long as nothing of the answer is said."""
        self._meanwhile = text
        self._fed.set()

    def finish(self, text: str | None = None, actions: tuple[Action, ...] = ()) -> None:
        """Nothing more comes. `text` is the complete text, if not what was fed; `actions` its buttons from now on."""
        self._text = self._text if text is None else text
        self._screen.actions = actions
        self._ended = True
        self._fed.set()
        self._wake.set()

    def leave(self) -> None:
        """Nothing more comes, and what is on screen stays as it is: another answer takes its place in a moment."""
        self._left = True
        self.finish()

    def cut(self) -> None:
        """The user has seen enough of the complete answer: what is not on screen yet is left out."""
        self._text = self._screen.cut(self._text)
        self._wake.set()

    async def pause(self, note: str) -> None:
        """The process ends in order, `run` was cancelled: keep the text, put `note` under it in one call at most."""
        try:
            await self._saving.write(self._to_keep())
            if await mark(self._screen, self._budget, self._saving.text, note):
                self._times.called()
                await self._saving.write(self._to_keep())
        except Exception as error:  # nothing is lost: most of the text was kept before
            log.warning("an answer that goes on later could not be marked", error=repr(error))

    async def run(self, typing_every: float = 4.0) -> None:
        """Show the answer until it is complete on screen.

        Raises Deleted when the user took the message away, Refused or Gone when it cannot be shown at all.
        Cancelling lets a platform call that has begun run to its end, so that its message is not lost.
        """
        painting = asyncio.create_task(self._paint())
        beside = [
            asyncio.create_task(indicate(self._screen, self._budgets, typing_every)),
            asyncio.create_task(self._save()),
            asyncio.create_task(self._doubts.look()),
        ]
        self._budget.join(self._share)
        try:
            with metrics.LIVE.labels(self._times.platform).track_inprogress():
                await asyncio.wait({painting, *beside[1:]}, return_when=asyncio.FIRST_COMPLETED)
            for ended in (painting, *beside[1:]):
                if ended.done():
                    return ended.result()
        finally:
            self._budget.leave(self._share)
            await end(painting, *beside)

    async def _paint(self) -> None:
        while (due := await self._next_due()) is not None:
            await self._step(due)
        await self._doubts.settle()
        if not self._left:
            await drop_surplus(self._screen, self._journal)
        await self._saving.write(self._to_keep())

    # What is to be done next

    async def _next_due(self) -> Due | None:
        """Wait until something on screen is not as it should be. None when all is, and nothing more comes."""
        while (due := await self._look()) is None:
            if self._ended:
                return None
            self._share.due = None
            self._fed.clear()
            await self._fed.wait()
        return due

    async def _look(self) -> Due | None:
        """What is due. A look is a rendering: one at an answer that goes on waits until a call may show it."""
        while self._streaming and self._times.first_shown is not None and not self._ended:
            if (seconds := self._wait(MORE)) <= 0 or await self._sleep(seconds):
                break
        return self._due()

    def _due(self) -> Due | None:
        held = self._left or (not self._ended and len(self._text) <= self._hold)
        if self._meanwhile and not (self._text.strip() or self._ended or self._hold):
            return self._screen.placeholder(self._meanwhile)
        return None if held else self._screen.due(self._text, self._ended)

    # When

    async def _step(self, due: Due | None) -> None:
        """Wait until a call may go out, then show the then latest text of the first page that needs it."""
        while due and (seconds := self._wait(due)) > 0:
            if await self._sleep(seconds) or self._wait(due) <= 0:
                due = self._due()
        self._share.due = None
        if due is None:
            return
        try:
            # From now on, and not when its task runs: others may wait for the same call.
            with self._budget.call(), self._times.call():
                await unbroken(self._show(due))
            self._trouble.over()
        except PlatformError as error:
            await self._recover(error, due)

    def _wait(self, due: Due) -> float:
        """Seconds until the call: what the place's budget allows, and the pace of an answer still being written."""
        now, budget, share, times = loop_time(), self._budget, self._share, self._times
        coming = share.gap * len(self._text) / max(times.waited, 1.0)  # characters, until the next edit
        share.ends = self._screen.ends(self._text, coming)
        if due.final:
            return budget.wait(share, Kind.END if self._ended else Kind.PAGE, times.last_start - now)
        if not self._streaming:
            return inf
        if due.placeholder:
            return budget.wait(share, Kind.EDIT, times.last_start + self._screen.surface.limits.interval - now)
        if times.first_shown is None:
            waited = times.waited
            first = self._screen.surface.limits.first
            return budget.wait(share, Kind.FIRST, -waited) if self._readable(waited) else max(first - waited, 0.01)
        share.gap = pacer.pause(budget, self._screen.surface.limits, now - times.first_shown)
        return budget.wait(share, Kind.EDIT, times.last_start + share.gap - now)

    def _readable(self, waited: float) -> bool:
        return pacer.readable(self._text, waited, self._screen.surface.limits)

    async def _sleep(self, seconds: float) -> bool:
        """Sleep until then, or until the first text is readable, a page full, the answer at its end: True for these."""
        if self._ended:
            await asyncio.sleep(seconds)
            return False
        first = self._streaming and self._times.first_shown is None and not self._readable(0.0)
        woken = self._fed if first else self._wake
        woken.clear()
        self._brim = self._screen.brim(self._text)
        try:
            async with asyncio.timeout(None if seconds == inf else seconds):
                return await woken.wait()
        except TimeoutError:
            return False

    # Doing it

    async def _show(self, due: Due) -> None:
        screen = self._screen
        beginning = screen.beginnings
        nonce = f"{self._nonce}-{due.number}" + (f"-{screen.lost}" if screen.lost else "")
        out = Out(due.rendered, due.number, nonce, due.final and self._ended, due.files, due.actions)
        if due.number < len(screen.pages) and not due.files:
            known = screen.pages[due.number]
            known.shown = None
            await self._journal.ours()
            await screen.surface.edit(known.id, out)
            known.shown, known.actions = due.rendered, due.actions
        else:
            id, doubt = await self._doubts.post(out)
            known = Page(id, due.rendered, actions=due.actions)
            screen.put(due.number, known)
            await self._journal.posted(due.number, known.id, doubt)
        known.done = due.done and beginning == screen.beginnings
        if self._times.first_shown is None and not due.placeholder:
            self._times.first_shown = self._times.last_start

    # When it goes wrong

    async def _recover(self, error: PlatformError, due: Due) -> None:
        if not isinstance(error, Moved):
            return await self._trouble.recover(error, due.number, self._screen, self._budget)
        await self._journal.moved(error.address)
        self._budget.leave(self._share)
        self._screen.move(self._reopen(error.address))
        self._doubts.move()
        self._budget.join(self._share)

    # Beside it

    async def _save(self) -> None:
        """Keep what is said so far. What cannot be written is tried again; only being fenced off ends the answer."""
        while True:
            await asyncio.sleep(SAVE_EVERY)
            try:
                await self._saving.write(self._to_keep() if self._saving.due else None)
            except Fenced:
                raise
            except Exception as error:
                log.error("the partial text could not be saved", error=repr(error))

    def _to_keep(self) -> str:
        if self._ended:  # the complete text is the caller's to keep, with what there is to say about it
            return self._saving.text
        return max(self._saving.text, self._text, key=len) if self._hold else self._text

    @property
    def _budget(self) -> Budget:
        return self._budgets.of(self._screen.surface.limits)
