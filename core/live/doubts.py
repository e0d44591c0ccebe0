"""Posts that the platform did not answer: what each left on screen is found and taken away, so that one copy stands.

`Delivery` makes its posts here. A surface without `copies` posts a nonce once, and there is nothing to look for.
Elsewhere a post is written down before it is made; when no answer comes, it is made again, and the messages up to the
new one are asked about, beside the answer and with calls that it does not need. One that is found earlier is the page
itself. What stays in doubt is looked for once more with the next answer in the lane, in this process or another. A
complete answer does not wait for any of this longer than a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from core.errors import PlatformError, TooFast, Unknown, Unreachable
from core.live.budget import Budget, Kind
from core.live.journal import Fenced, Journal
from core.live.screen import Page, Screen
from core.live.tasks import loop_time, unbroken
from core.observe import metrics
from core.observe.log import get_logger
from core.surface import Again, Copies, Doubt, Out

log = get_logger(__name__)

BESIDE = 4  # calls of one search while an answer is being written
MOST = 8  # when it is complete
PATIENCE = 5.0  # seconds that a search beside the answer waits for the place to take such calls
LAST = 1.0  # seconds that the one at its end takes, at most: what comes next in the lane waits for it
FAILURES = 3  # calls without an answer until a search is over
AT_ONCE = 500  # ids that the journal is asked about, at most
PAUSE = 0.5  # seconds before what failed is tried again


class Doubts:
    """The posts of one answer. `inherited`: what earlier answers here, or an earlier process, left unsettled."""

    def __init__(
        self,
        screen: Screen,
        journal: Journal,
        budget: Callable[[], Budget],
        *,
        question: str = "",
        inherited: Sequence[Doubt] = (),
    ) -> None:
        self._screen = screen
        self._journal = journal
        self._budget = budget
        self._question = question
        self._inherited = list(inherited)
        self._open = list(inherited)
        self._asked: set[str] = set()
        self._others: set[str] = set()  # known to be messages of other answers
        self._found: dict[str, Doubt] = {}
        self._news = asyncio.Event()
        self._searching = asyncio.Lock()
        self._complete = asyncio.Event()
        if inherited or self._marked():
            self._news.set()

    async def post(self, out: Out) -> tuple[str, Doubt | None]:
        """The new message's id, and what its `posted` is to be told. Raises what the surface raises, and Fenced."""
        surface = self._screen.surface
        if surface.copies is None:
            await self._journal.ours()
            return await surface.post(out), None
        after = self._screen.pages[out.page - 1].id if out.page else self._question
        doubt = await self._journal.posting(out, after)
        try:
            id = await surface.post(out)
        except Unknown:
            self._open.append(doubt)
            self._news.set()
            raise
        except PlatformError:
            await self._journal.settled(doubt)
            raise
        if self._open:
            self._news.set()
        return id, doubt

    def move(self) -> None:
        """The answer goes on elsewhere, where none of it is."""
        self._open, self._found, self._question = [], {}, ""

    async def look(self) -> None:
        """Beside the answer, for ever: whenever a newer message stands, look between it and the doubtful ones."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._search(BESIDE, Kind.EDIT)

    async def settle(self) -> None:
        """At the end: the complete answer is on screen. What would have to be waited for is left to the next answer."""
        self._complete.set()
        if not self._open and not self._marked():
            return
        try:
            async with asyncio.timeout(LAST):
                await self._search(MOST, Kind.PAGE)
        except TimeoutError:
            log.info("the search for what a post may have left was broken off, the next answer goes on with it")
        if not self._budget().gated_aside:
            for doubt in self._open:
                await self._conclude(doubt)

    # Looking

    async def _search(self, most: int, kind: Kind) -> None:
        async with self._searching:
            failures, deadline = 0, loop_time() + PATIENCE
            while failures < FAILURES and (self._found or most > 0) and loop_time() < deadline:
                if kind is Kind.EDIT and self._complete.is_set():
                    return
                most -= not self._found
                try:
                    if not await self._step(kind, deadline):
                        return
                except TooFast as error:
                    return self._budget().gate_aside(error.retry_after)
                except (Unknown, Unreachable):
                    failures += 1
                    await asyncio.sleep(PAUSE)
                except PlatformError as error:
                    log.info("what a post may have left was not looked for", error=repr(error))
                    return
                except Fenced:
                    raise
                except Exception as error:  # the store: the answer itself will say so
                    log.error("what a post may have left was not looked for", error=repr(error))
                    return

    async def _step(self, kind: Kind, deadline: float) -> bool:
        """One call, which may be broken off: it is repeated without harm. False: nothing to call, or no time for it."""
        if (copies := self._copies) is None:
            return False
        found = next(iter(self._found), None)
        id = found or next(iter(self._marked()), None) or (await self._suspect(deadline) if self._open else None)
        if id is None or not await self._may_call(kind, deadline):
            return False
        await self._journal.ours()
        with self._budget().call(aside=True):
            left = await (self._screen.surface.delete(id) if found else copies.left_by(id, self._open))
        await unbroken(self._deleted(id) if found else self._told(id, left))
        return True

    @property
    def _copies(self) -> Copies | None:
        return self._screen.surface.copies

    def _marked(self) -> list[str]:
        """What a search has not left as it was. A page on screen gets its buttons with its next text."""
        shown = {page.id for page in self._screen.pages}
        return [id for id in self._copies.marked() if id not in shown] if self._copies else []

    async def _suspect(self, deadline: float) -> str | None:
        """The next message to ask about."""
        while (ids := await self._unasked(self._open)) is None:
            if not await self._pause(PAUSE, deadline):
                return None
        return ids[0] if ids else None

    async def _unasked(self, doubts: Sequence[Doubt]) -> list[str] | None:
        """What these posts may have left and was not asked about. None: it cannot be told just now."""
        lists = [self._copies.suspects(doubt) for doubt in doubts] if self._copies else []
        found = dict.fromkeys(id for ids in lists if ids for id in ids)
        new = [id for id in found if id not in self._asked and id not in self._others]
        if new:
            self._others |= await self._journal.known(new[:AT_ONCE])
        return None if None in lists else [id for id in new if id not in self._others]

    async def _may_call(self, kind: Kind, deadline: float) -> bool:
        """Wait until the place takes a call that no answer needs. False when that would be too late."""
        while (seconds := self._budget().wait_aside(kind)) > 0:
            if not await self._pause(seconds, deadline):
                return False
        return True

    async def _pause(self, seconds: float, deadline: float) -> bool:
        """False, without waiting any longer, when the answer is complete, or would end later than that."""
        if loop_time() + seconds > deadline:
            return False
        try:
            async with asyncio.timeout(seconds):
                await self._complete.wait()
        except TimeoutError:
            return True
        return False

    async def _told(self, id: str, left: Doubt | Again | None) -> None:
        if left == "again":
            return
        self._asked.add(id)
        if not isinstance(left, Doubt):
            return
        if self._is_missing(left):
            self._screen.put(left.out.page, Page(id, inherited=True))
            self._open = [other for other in self._open if other is not left]
            return await self._journal.posted(left.out.page, id, left)
        self._found[id] = left

    def _is_missing(self, doubt: Doubt) -> bool:
        """Whether it left the very page that was not made again yet: then that is shown there."""
        pages, page = self._screen.pages, doubt.out.page
        return page == len(pages) and doubt.after == (pages[page - 1].id if page else self._question)

    async def _deleted(self, id: str) -> None:
        doubt = self._found.pop(id)
        self._open = [other for other in self._open if other is not doubt]
        await self._journal.settled(doubt)
        log.info("deleted the copy that an unanswered post had left", id=id)

    async def _conclude(self, doubt: Doubt) -> None:
        """What was made in this answer is looked for once more, with the next one: it may be applied only now."""
        if not any(doubt is inherited for inherited in self._inherited):
            return
        left = await self._unasked([doubt])
        if left is None or (left and not self._asked):
            return  # nobody could look: the next answer does
        if left or doubt in self._found.values():
            metrics.ORPHANS.inc()
            log.warning("a post that was not answered may have left a copy on screen", page=doubt.out.page)
        await self._journal.settled(doubt)
